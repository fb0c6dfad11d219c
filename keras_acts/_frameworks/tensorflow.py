"""TensorFlow: a custom gradient on tensors."""

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from keras_acts._frameworks.engine import Engine, pulled
from keras_acts._frameworks.kernels import SHARED, Function, Guarded


def attach(value: Function, derivatives: Sequence[Function], pull: Function | Guarded | None) -> Function:
    def function(*inputs: Any) -> Any:
        def backward(gradient: Any) -> Any:
            return [
                pulled(gradient, derivative, inputs, tensor) for derivative, tensor in zip(derivatives, inputs, strict=True)
            ]

        return value(*inputs), backward

    with_gradient = tf.custom_gradient(function)
    # A variable has to become a tensor before: inside, TensorFlow would ask for its gradient in another way.
    return lambda *inputs: with_gradient(*map(tf.convert_to_tensor, inputs))


def keep(probabilities: Any, logits: Any) -> None:
    probabilities._keras_logits = logits


def fixed_point(step: Function, start: Any, most: int) -> Any:
    def moves(before: Any, after: Any) -> Any:
        return tf.reduce_any(tf.logical_and(before != after, after == after))  # not if after is NaN

    # the result has no gradient: without this, TensorFlow would keep what one of the loop needs
    steps = tf.while_loop(moves, lambda before, after: (after, step(after)), (start, step(start)), maximum_iterations=most - 1)
    return tf.stop_gradient(steps[1])


ENGINE = Engine(
    attach,
    (tf.Tensor,),
    kernels=SHARED,
    keep_logits=keep,
    fixed_point=fixed_point,
    formats=("tf_saved_model", "onnx", "litert", "openvino"),
)
