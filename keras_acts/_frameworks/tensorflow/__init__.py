"""TensorFlow: a custom gradient on tensors."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from keras_acts._frameworks.engine import Engine, pulled
from keras_acts._frameworks.kernels import SHARED, Function, Guarded
from keras_acts._frameworks.tensorflow.fused import fused


def attach(name: str, value: Function, derivatives: Sequence[Function], pull: Function | Guarded | None) -> Function:
    only = _pull(derivatives[0]) if len(derivatives) == 1 else None

    def function(*inputs: Any) -> Any:
        def backward(gradient: Any) -> Any:
            if only is not None:
                return only(gradient, *inputs)
            return [
                pulled(gradient, derivative, inputs, tensor) for derivative, tensor in zip(derivatives, inputs, strict=True)
            ]

        return value(*inputs), backward

    with_gradient = tf.custom_gradient(function)
    # A variable has to become a tensor before: inside, TensorFlow would ask for its gradient in another way.
    return lambda *inputs: with_gradient(*map(tf.convert_to_tensor, inputs))


def _pull(derivative: Function) -> Function:
    """The backward pass of a function of one tensor."""
    return fused(lambda gradient, x: pulled(gradient, derivative, (x,), x), of_value=False)


def keep(probabilities: Any, logits: Any) -> None:
    probabilities._keras_logits = logits


def fixed_point(step: Function, start: Any, most: int) -> Any:
    def moves(before: Any, after: Any) -> Any:
        return tf.reduce_any(tf.logical_and(before != after, after == after))  # not if after is NaN

    # the result has no gradient: without this, TensorFlow would keep what one of the loop needs
    steps = tf.while_loop(moves, lambda before, after: (after, step(after)), (start, step(start)), maximum_iterations=most - 1)
    return tf.stop_gradient(steps[1])


def absolute(x: Any) -> Any:
    return tf.nn.leaky_relu(x, alpha=-1.0)  # TensorFlow's own has the derivative 0 at 0


def negative_part(x: Any) -> Any:
    return tf.minimum(x, tf.zeros([], x.dtype))


def parts(owner: str, x: Any, elementwise: bool, single: bool) -> tuple[Any, Function] | None:
    """The values of a ragged tensor, or those of a tensor of unknown or high rank in a row, which some operations refuse."""
    if isinstance(x, tf.RaggedTensor):
        if not elementwise:
            raise TypeError(
                f"{owner} works along an axis and takes dense tensors; got a ragged one. Give x.to_tensor() and a mask."
            )
        return x.flat_values, x.with_flat_values
    if elementwise and single and isinstance(x, tf.Tensor) and (x.shape.rank is None or x.shape.rank > HIGHEST_RANK):
        shape = tf.shape(x)

        def whole(y: Any) -> Any:
            y = tf.reshape(y, shape)
            y.set_shape(x.shape)
            return y

        return tf.reshape(x, [-1]), whole
    return None


HIGHEST_RANK = 8  # that TensorFlow's `where` takes

ENGINE = Engine(
    attach,
    (tf.Tensor,),
    parts=parts,
    kernels=replace(SHARED, by_autodiff=SHARED.by_autodiff - {"leaky_relu"}),  # which takes three passes in a graph
    in_pieces=fused,
    keep_logits=keep,
    fixed_point=fixed_point,
    absolute=absolute,
    negative_part=negative_part,
    as_written=tf.autograph.experimental.do_not_convert,  # it takes AutoGraph two seconds to read what gelu calls
    formats=("tf_saved_model", "onnx", "litert", "openvino"),
)
