"""What the tests need of a framework: arrays in and out, gradients, compilation, float64. The one place, beside
test_transforms.py, that knows backends by name."""

import contextlib

import keras
import numpy as np
import pytest

NAME = keras.backend.backend()
MODES = ("eager", "compiled")
# Keras's losses break torch's graphs: compiling one takes a dozen seconds
LOSS_MODES = ("eager", pytest.param("compiled", marks=pytest.mark.full)) if NAME == "torch" else MODES
# torch.compile has no double backward
TWICE_MODES = ("eager",) if NAME == "torch" else MODES


def _of_dtype(array, dtype):
    """A float64 array in a dtype that holds its numbers; bit by bit, since a cast may flush subnormals."""
    if dtype != "bfloat16":
        return np.asarray(array, np.float64).astype(dtype)
    return (np.asarray(array, np.float64).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


if NAME == "jax":
    import jax
    import ml_dtypes

    def tensor(array, dtype):
        array = _of_dtype(array, dtype)
        return jax.numpy.asarray(array.view(ml_dtypes.bfloat16) if dtype == "bfloat16" else array)

    def array(tensor):
        return np.asarray(tensor).astype(np.float64)

    def gradient(function):
        def of(x):
            y, pull = jax.vjp(function, x)
            return pull(jax.numpy.ones_like(y))[0]

        return of

    def compiled(function, whole=True):
        return jax.jit(function)

    @contextlib.contextmanager
    def _wide():
        with jax.enable_x64(True):
            yield

elif NAME == "torch":
    import torch

    def tensor(array, dtype):
        array = torch.from_numpy(np.array(_of_dtype(array, dtype)))
        return array.view(torch.bfloat16) if dtype == "bfloat16" else array

    def array(tensor):
        return tensor.detach().to(torch.float64).numpy()

    def gradient(function, again=True):
        def of(x):
            x = x if x.requires_grad else x.detach().requires_grad_()
            y = function(x)
            if not y.requires_grad:
                return torch.zeros_like(x)
            return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=again)[0]

        return of

    def compiled(function, whole=True):
        torch._dynamo.reset()  # all activations share one code object, and it may be compiled a few times only
        return torch.compile(function, backend="aot_eager", fullgraph=whole, dynamic=False)

    _wide = contextlib.nullcontext

else:
    import ml_dtypes
    import tensorflow as tf

    def tensor(array, dtype):
        array = _of_dtype(array, dtype)
        return tf.constant(array.view(ml_dtypes.bfloat16) if dtype == "bfloat16" else array)

    def array(tensor):
        return tensor.numpy().astype(np.float64)

    def gradient(function):
        def of(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return tape.gradient(y, x, unconnected_gradients="zero")

        return of

    def compiled(function, whole=True):
        return tf.function(function, jit_compile=True)

    _wide = contextlib.nullcontext


def in_mode(function, mode, whole=True):
    """`function` as it is, or compiled: to one graph if it is to be whole."""
    return compiled(function, whole) if mode == "compiled" else function


def gradient_in_mode(function, mode, whole=True):
    """Backpropagation of ones through `function`, compiled as users of the framework do."""
    if mode == "eager":
        return gradient(function)
    return gradient(compiled(function, whole), again=False) if NAME == "torch" else compiled(gradient(function), whole)


@contextlib.contextmanager
def floats(dtype):
    """Keras and the framework ready to compute in `dtype`."""
    if dtype != "float64":
        yield
        return
    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    try:
        with _wide():
            yield
    finally:
        keras.config.set_floatx(before)
