"""Element-wise functions in graphs that nobody compiles: as one kernel of XLA, or operation by operation in their order."""

import functools
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager import record  # whether a tape records, which has no public name
from tensorflow.python.ops import control_flow_util
from tensorflow.python.saved_model import save_context

from keras_acts._frameworks.fusion import fusion
from keras_acts._frameworks.kernels import Function

LARGE = 2**15  # numbers in a tensor that is worth a kernel
# XLA compiles for each size anew. A tensor whose size is not known when its graph is made is padded to one of these.
SIZES = tuple(sorted(size for power in range(15, 31) for size in (2**power, 3 * 2 ** (power - 1))))


def fused(function: Function, of_value: bool = True) -> Function:
    """`function`, of tensors of one shape, as one kernel where that is wanted and the tensors are large.

    Args:
        function: An element-wise function of tensors of one shape and dtype.
        of_value: Whether it is the value of an activation. That is fused for training only unless more is asked for, and its
            gradient is not that of its operations.
    """

    @functools.cache
    def kernel(count: int, dtype: Any) -> Any:
        signature = [tf.TensorSpec([None], dtype)] * count
        return tf.function(function, signature, autograph=False, jit_compile=True)

    def compiled(*tensors: Any) -> Any:
        run = kernel(len(tensors), tensors[-1].dtype)
        if not of_value:
            return run(*tensors)
        with record.stop_recording():  # or TensorFlow would have it compute what the gradient of its operations needs
            return run(*tensors)

    def run(*tensors: Any) -> Any:
        if not all(isinstance(tensor, tf.Tensor) for tensor in tensors) or _in_program():
            return function(*tensors)
        if not _wanted(tensors, of_value):
            return _in_order(function, tensors)
        last = tensors[-1]
        flat = [tf.reshape(tensor, [-1]) for tensor in tensors]
        known = last.shape.num_elements()
        if known is not None:
            y = compiled(*flat)
        else:
            count = tf.size(last, tf.int64)
            y = tf.cond(
                (count >= LARGE) & (count <= SIZES[-1]),
                lambda: _padded(compiled, flat, count),
                lambda: _in_order(function, flat),
            )
        y = tf.reshape(y, tf.shape(last))
        y.set_shape(last.shape)
        return y

    return run


def _padded(kernel: Function, flat: list[Any], count: Any) -> Any:
    size = tf.gather(tf.constant(SIZES, tf.int64), tf.searchsorted(tf.constant(SIZES, tf.int64), count[None])[0])
    fits = tf.equal(size, count)
    padded = [tf.cond(fits, lambda x=x: x, lambda x=x: tf.pad(x, [[0, size - count]])) for x in flat]
    return kernel(*padded)[:count]


def _in_order(function: Function, tensors: Sequence[Any]) -> Any:
    """The function as it is written. TensorFlow multiplies in another order where it knows shapes, and loses tiny numbers."""
    if tf.executing_eagerly():
        return function(*tensors)
    unknown = [tf.raw_ops.PlaceholderWithDefault(input=tensor, shape=tf.TensorShape(None)) for tensor in tensors]
    for tensor, same in zip(tensors, unknown, strict=True):
        same.set_shape(tensor.shape)
    return function(*unknown)


def _in_program() -> bool:
    """Whether XLA compiles what is around anyway."""
    return not tf.executing_eagerly() and control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())


def _wanted(tensors: Sequence[Any], of_value: bool) -> bool:
    if fusion.mode == "off":
        return False
    eager = tf.executing_eagerly()
    if fusion.mode == "auto" and (eager or (of_value and not record.could_possibly_record())):
        return False
    if save_context.in_save_context() or tf.distribute.has_strategy() or _on_accelerator():
        return False
    known = tensors[-1].shape.num_elements()
    return known is None or known >= LARGE


@functools.cache
def _on_accelerator() -> bool:
    return any(device.device_type != "CPU" for device in tf.config.list_logical_devices())
