"""What the conformance run and the tests need of a framework: arrays in and out, gradients, compilation, float64, transforms.

Tensors are made on the framework's default device. `TRANSFORMS` are what users do to functions beside calling them: each takes
a function and a tensor x, and gives the derivative of its order at each number in x. Beside `_frameworks` the one place of the
package that knows backends by name.
"""

import contextlib
import functools

import keras
import numpy as np

NAME = keras.backend.backend()
MODES = ("eager", "graph", "compiled") if keras.backend.backend() == "tensorflow" else ("eager", "compiled")


def _of_dtype(array, dtype):
    """A float64 array in a dtype that holds its numbers; bit by bit, since a cast may flush subnormals."""
    if dtype != "bfloat16":
        return np.asarray(array, np.float64).astype(dtype)
    return (np.asarray(array, np.float64).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)


if NAME == "jax":
    import jax
    import ml_dtypes
    from jax.experimental import jet

    VERSION = jax.__version__

    def tensor(array, dtype):
        array = _of_dtype(array, dtype)
        return jax.numpy.asarray(array.view(ml_dtypes.bfloat16) if dtype == "bfloat16" else array)

    def array(tensor):
        return np.asarray(tensor).astype(np.float64)

    def value_and_gradient(function, again=True):
        def of(x):
            y, pull = jax.vjp(function, x)
            return y, pull(jax.numpy.ones_like(y))[0]

        return of

    def compiled(function, whole=True):
        return jax.jit(function)

    @contextlib.contextmanager
    def _wide():
        with jax.enable_x64(True):
            yield

    def device():
        return jax.devices()[0].device_kind

    def _sum_of(function):
        return lambda x: function(x).sum()

    def _forward(function):
        return jax.jit(lambda x: jax.jvp(function, (x,), (jax.numpy.ones_like(x),))[1])

    def _diagonal(jacobian):
        return jax.jit(lambda x: jax.numpy.diagonal(jacobian(x)))

    def _nested(function, order):
        for _ in range(order):
            function = jax.grad(function)
        return jax.jit(jax.vmap(function))

    def _taylor(function, x):
        none = jax.numpy.zeros_like(x)
        _, terms = jet.jet(function, (x,), ((jax.numpy.ones_like(x), none, none),))
        return terms[2]

    def _on_parts(function, x):
        mesh = jax.sharding.Mesh(jax.devices()[:1], ("parts",))
        spec = jax.sharding.PartitionSpec("parts")
        return jax.jit(jax.shard_map(function, mesh=mesh, in_specs=spec, out_specs=spec))(x)

    TRANSFORMS = {
        "jit": (0, lambda function, x: jax.jit(function)(x)),
        "vmap": (0, lambda function, x: jax.jit(jax.vmap(function))(x)),
        "scan": (0, lambda function, x: jax.lax.scan(lambda carry, row: (carry, function(row)), 0, x)[1]),
        "shard_map": (0, _on_parts),
        "jvp": (1, lambda function, x: _forward(function)(x)),
        "linearize": (1, lambda function, x: jax.linearize(function, x)[1](jax.numpy.ones_like(x))),
        "vmap of grad": (1, lambda function, x: jax.jit(jax.vmap(jax.grad(function)))(x)),
        "jacfwd": (1, lambda function, x: _diagonal(jax.jacfwd(function))(x)),
        "jacrev": (1, lambda function, x: _diagonal(jax.jacrev(function))(x)),
        "checkpoint": (1, lambda function, x: jax.jit(jax.grad(_sum_of(jax.checkpoint(function))))(x)),
        "grad of grad": (2, lambda function, x: _nested(function, 2)(x)),
        "hessian": (2, lambda function, x: _diagonal(jax.hessian(_sum_of(function)))(x)),
        "jet": (3, _taylor),
        "grad, 3 times": (3, lambda function, x: _nested(function, 3)(x)),
        "grad, 4 times": (4, lambda function, x: _nested(function, 4)(x)),
    }

elif NAME == "torch":
    import torch

    VERSION = torch.__version__

    def tensor(array, dtype):
        array = torch.from_numpy(np.array(_of_dtype(array, dtype)))
        return keras.ops.convert_to_tensor(array.view(torch.bfloat16) if dtype == "bfloat16" else array)

    def array(tensor):
        return tensor.detach().cpu().to(torch.float64).numpy()

    def value_and_gradient(function, again=True):
        def of(x):
            x = x if x.requires_grad else x.detach().requires_grad_()
            y = function(x)
            if not y.requires_grad:
                return y, torch.zeros_like(x)
            return y, torch.autograd.grad(y, x, torch.ones_like(y), create_graph=again)[0]

        return of

    def compiled(function, whole=True):
        torch._dynamo.reset()  # all activations share one code object, and it may be compiled a few times only
        return torch.compile(function, backend="aot_eager", fullgraph=whole, dynamic=False)

    _wide = contextlib.nullcontext

    def device():
        x = tensor([0.0], "float32")
        return torch.cuda.get_device_name(x.device) if x.is_cuda else x.device.type

    def _sum_of(function):
        return lambda x: function(x).sum()

    def _forward(function, x):
        with torch.autograd.forward_ad.dual_level():
            y = function(torch.autograd.forward_ad.make_dual(x, torch.ones_like(x)))
            return torch.autograd.forward_ad.unpack_dual(y).tangent

    def _hessian(function, x):
        return torch.func.jacfwd(torch.func.jacrev(_sum_of(function)))(x).diagonal()

    def _pushed(function):
        return lambda x: torch.func.jvp(function, (x,), (torch.ones_like(x),))[1]

    def _backward(function, order):
        for _ in range(order):
            function = gradient(function)
        return function

    class _Module(torch.nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    def _exported(function, x):
        return torch.export.export(_Module(function), (x,), strict=False).module()(x)

    def _in_autocast(function, x):
        with torch.autocast(x.device.type, torch.bfloat16):
            return function(x)

    def _checkpointed(function, x):
        again = functools.partial(torch.utils.checkpoint.checkpoint, function, use_reentrant=False)
        return gradient(again, again=False)(x)

    def _jagged(function, x):
        rows = torch.nested.nested_tensor([x[:3], x[3:]], layout=torch.jagged)
        return function(rows).values()

    TRANSFORMS = {
        "compile": (0, lambda function, x: compiled(function)(x)),
        "compile of backward": (1, lambda function, x: gradient(compiled(function), again=False)(x)),
        "export": (0, _exported),
        "autocast": (0, _in_autocast),
        "vmap": (0, lambda function, x: torch.func.vmap(function)(x)),
        "jagged": (0, _jagged),
        "forward mode": (1, _forward),
        "checkpoint": (1, _checkpointed),
        "vmap of grad": (1, lambda function, x: torch.func.vmap(torch.func.grad(function))(x)),
        "jacrev": (1, lambda function, x: torch.func.jacrev(function)(x).diagonal()),
        "double backward": (2, lambda function, x: _backward(function, 2)(x)),
        "forward over reverse": (2, _hessian),
        "jvp of jvp": (2, lambda function, x: _pushed(_pushed(function))(x)),
        "backward, 3 times": (3, lambda function, x: _backward(function, 3)(x)),
        "backward, 4 times": (4, lambda function, x: _backward(function, 4)(x)),
    }

else:
    import ml_dtypes
    import tensorflow as tf

    VERSION = tf.__version__

    def tensor(array, dtype):
        array = _of_dtype(array, dtype)
        return tf.constant(array.view(ml_dtypes.bfloat16) if dtype == "bfloat16" else array)

    def array(tensor):
        return tensor.numpy().astype(np.float64)

    def value_and_gradient(function, again=True):
        def of(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return y, tape.gradient(y, x, unconnected_gradients="zero")

        return of

    def compiled(function, whole=True):
        return tf.function(function, jit_compile=True)

    graph = tf.function

    _wide = contextlib.nullcontext

    def device():
        return tf.DeviceSpec.from_string(tensor([0.0], "float32").device).device_type.lower()

    def _forward(function, x):
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            y = function(x)
        return accumulator.jvp(y, unconnected_gradients="zero")

    def _jacobian(function, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tf.linalg.diag_part(tape.jacobian(y, x, unconnected_gradients="zero"))

    def _tapes(function, order):
        for _ in range(order):
            function = gradient(function)
        return function

    def _ragged(function, x):
        return function(tf.RaggedTensor.from_row_lengths(x, [3, 0, x.shape[0] - 3])).flat_values

    TRANSFORMS = {
        "graph": (0, lambda function, x: tf.function(function)(x)),
        "XLA": (0, lambda function, x: compiled(function)(x)),
        "XLA of tape": (1, lambda function, x: compiled(gradient(function))(x)),
        "vectorized_map": (0, lambda function, x: tf.vectorized_map(function, x)),
        "ragged": (0, _ragged),
        "forward accumulator": (1, _forward),
        "jacobian by pfor": (1, _jacobian),
        "nested tapes": (2, lambda function, x: _tapes(function, 2)(x)),
        "forward over reverse": (2, lambda function, x: _forward(gradient(function), x)),
        "3 tapes": (3, lambda function, x: _tapes(function, 3)(x)),
        "4 tapes": (4, lambda function, x: _tapes(function, 4)(x)),
    }


FOR_ELEMENTWISE = {"jagged", "ragged"}  # which activations along an axis refuse


def gradient(function, again=True):
    """Backpropagation of ones through `function`, to be differentiated `again` or else as in training."""
    both = value_and_gradient(function, again)
    return lambda x: both(x)[1]


def in_mode(function, mode, whole=True):
    """`function` as it is, as a graph of TensorFlow, or compiled: to one graph if it is to be whole."""
    return compiled(function, whole) if mode == "compiled" else graph(function) if mode == "graph" else function


def gradient_in_mode(function, mode, whole=True):
    """Backpropagation of ones through `function`, compiled as users of the framework do."""
    return _differentiated(gradient, function, mode, whole)


def value_and_gradient_in_mode(function, mode, whole=True):
    """Both, of one program."""
    return _differentiated(value_and_gradient, function, mode, whole)


def _differentiated(by, function, mode, whole):
    if mode == "eager":
        return by(function, again=False)
    return by(compiled(function, whole), again=False) if NAME == "torch" else in_mode(by(function), mode, whole)


@contextlib.contextmanager
def floats(dtype):
    """The framework ready to compute in `dtype`. Keras's `floatx` stays as it is: users mix dtypes."""
    with _wide() if dtype == "float64" else contextlib.nullcontext():
        yield
