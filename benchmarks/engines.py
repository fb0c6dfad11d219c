"""How each framework runs an activation: compiled the way Keras would, forward, forward and backward, and in training."""

import functools
import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import keras_acts

LAYERS, BATCH, WIDTH = 12, 4096, 256

# Where each framework keeps its own functions, and under which names where they differ from Keras's.
OWN: dict[str, dict[str, str]] = {
    "jax": {
        "": "jax.nn",
        **{"softsign": "soft_sign", "linear": "identity", "gelu_tanh": "gelu", "erf": "jax.scipy.special.erf"},
        **{name: f"jax.numpy.{name}" for name in ("abs", "sin", "cos", "sinc", "sinh", "sign")},
        **{"atan": "jax.numpy.arctan", "asinh": "jax.numpy.arcsinh", "exponential": "jax.numpy.exp"},
    },
    "torch": {
        "": "torch.nn.functional",
        **{name: name.replace("_", "") for name in ("log_sigmoid", "hard_sigmoid", "hard_tanh", "hard_shrink")},
        **{"soft_shrink": "softshrink", "tanh_shrink": "tanhshrink", "hard_silu": "hardswish", "gelu_tanh": "gelu"},
        **{name: f"torch.{name}" for name in ("abs", "sin", "cos", "sinc", "sinh", "sign", "erf", "atan", "asinh", "exp")},
        "exponential": "torch.exp",
        **dict.fromkeys(("bilinear", "linear", "prelu"), "torch.none"),  # functions of weights there
    },
    "tensorflow": {
        "": "tensorflow.nn",
        "gelu_tanh": "gelu",
        **{name: f"tensorflow.{name}" for name in ("abs", "sin", "cos", "sinh", "sign")},
        **{
            "erf": "tensorflow.math.erf",
            "atan": "tensorflow.atan",
            "asinh": "tensorflow.asinh",
            "exponential": "tensorflow.exp",
        },
    },
}
# Arguments that make a framework's function the same as ours.
ARGUMENTS: dict[tuple[str, str], dict[str, Any]] = {
    ("jax", "gelu"): {"approximate": False},
    ("torch", "gelu_tanh"): {"approximate": "tanh"},
    ("tensorflow", "gelu_tanh"): {"approximate": True},
    ("tensorflow", "leaky_relu"): {"alpha": 0.01},
    ("torch", "threshold"): {"threshold": 0.5, "value": 0.0},
    **{("torch", name): {"dim": -1} for name in ("softmax", "log_softmax", "softmin")},
}

SHAPES = {"softmax2d": (-1, 16, 8, 8)}  # what takes no matrix


def own(name: str) -> Callable[[Any], Any] | None:
    """The framework's own activation of that name, if it has one."""
    backend = keras.backend.backend()
    path = OWN[backend].get(name, name)
    module, _, attribute = path.rpartition(".")
    place: Any = importlib.import_module("tensorflow" if backend == "tensorflow" else (module or OWN[backend][""]))
    if backend == "tensorflow":
        for part in (module or OWN[backend][""]).split(".")[1:]:
            place = getattr(place, part)
    function = getattr(place, attribute, None)
    return function and functools.partial(function, **ARGUMENTS.get((backend, name), {}))


def stock(record: keras_acts.Record) -> Callable[[Any], Any] | None:
    """Keras's own activation of that name, with the same parameters."""
    name = {"gelu_tanh": "gelu"}.get(record.name, record.name)
    function = getattr(keras.activations, name, None)
    given = {"gelu_tanh": {"approximate": True}, "leaky_relu": {"negative_slope": 0.01}}.get(record.name, record.example)
    return function and functools.partial(function, **given)


def variants(record: keras_acts.Record) -> dict[str, Callable[[Any], Any]]:
    """Our function, Keras's own and that of the framework, as far as they exist."""
    ours = functools.partial(record.function, **record.example) if record.example else record.function
    found = {"ours": ours, "stock": stock(record), "own": own(record.name)}
    return {key: f for key, f in found.items() if f is not None}


class Jax:
    """Compiled by XLA, as `fit` does."""

    mode = "jax.jit"

    def __init__(self) -> None:
        import jax

        self.jax = jax

    def array(self, x: np.ndarray, dtype: str = "float32") -> Any:
        return self.jax.numpy.asarray(x, dtype=dtype)

    def forward(self, f: Callable, x: Any) -> Callable[[], Any]:
        run = self.jax.jit(f)
        return lambda: run(x).block_until_ready()

    def copy(self, x: Any) -> Callable[[], Any]:
        run = self.jax.jit(self.jax.numpy.negative)
        return lambda: run(x).block_until_ready()

    def both(self, f: Callable, x: Any) -> Callable[[], Any]:
        def value_and_gradient(x, upstream):
            y, pull = self.jax.vjp(f, x)
            return y, pull(upstream)[0]

        run = self.jax.jit(value_and_gradient)
        upstream = self.jax.numpy.ones_like(f(x))
        return lambda: self.jax.block_until_ready(run(x, upstream))

    def gradient(self, f: Callable, x: Any) -> Any:
        return self.jax.grad(lambda x: f(x).sum())(x)

    def step(self, f: Callable, x: Any, weights: list[Any]) -> Callable[[], Any]:
        run = self.jax.jit(self._update(f))
        return lambda: self.jax.block_until_ready(run(weights, x))

    def kept(self, f: Callable, x: Any, weights: list[Any]) -> float:
        """Temporary memory of the compiled training step, in tensors a layer."""
        memory = self.jax.jit(self._update(f)).lower(weights, x).compile().memory_analysis()
        return memory.temp_size_in_bytes / (LAYERS * x.nbytes)

    def eager(self, f: Callable, x: Any) -> Callable[[], Any]:
        return lambda: f(x).block_until_ready()

    def _update(self, f: Callable) -> Callable:
        def loss(weights, x):
            for weight in weights:
                x = f(x @ weight)
            return (x * x).mean()

        def update(weights, x):
            return [w - 0.01 * g for w, g in zip(weights, self.jax.grad(loss)(weights, x), strict=True)]

        return update


class Torch:
    """Eager, as `fit` does."""

    mode = "eager"

    def __init__(self) -> None:
        import torch

        self.torch = torch

    def array(self, x: np.ndarray, dtype: str = "float32") -> Any:
        return self.torch.tensor(x, dtype=getattr(self.torch, dtype))

    def forward(self, f: Callable, x: Any) -> Callable[[], Any]:
        def run():
            with self.torch.no_grad():
                return f(x)

        return run

    def copy(self, x: Any) -> Callable[[], Any]:
        return lambda: self.torch.neg(x)

    def both(self, f: Callable, x: Any) -> Callable[[], Any]:
        x = x.clone().requires_grad_()
        upstream = self.torch.ones_like(f(x))

        def run():
            x.grad = None
            f(x).backward(upstream)

        return run

    def gradient(self, f: Callable, x: Any) -> Any:
        x = x.clone().requires_grad_()
        f(x).sum().backward()
        return x.grad

    def step(self, f: Callable, x: Any, weights: list[Any]) -> Callable[[], Any]:
        weights = [w.clone().requires_grad_() for w in weights]

        def run():
            y = x
            for weight in weights:
                y = f(y @ weight)
            (y * y).mean().backward()
            for weight in weights:
                weight.grad = None

        return run

    def kept(self, f: Callable, x: Any, weights: list[Any]) -> float:
        """What autograd keeps of one call, in tensors, beyond the output."""
        x = x.clone().requires_grad_()
        saved = {}

        def note(tensor):
            saved[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with self.torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            y = f(x)
        saved.pop(y.untyped_storage().data_ptr(), None)
        return sum(saved.values()) / x.untyped_storage().nbytes()

    def eager(self, f: Callable, x: Any) -> Callable[[], Any]:
        return lambda: f(x)


class TensorFlow:
    """A graph, compiled by XLA as `fit` does where there is a GPU, or not, as on a CPU."""

    def __init__(self, compiler: bool = True) -> None:
        import tensorflow

        self.tf = tensorflow
        self.function = functools.partial(tensorflow.function, jit_compile=compiler)
        self.mode = "tf.function(jit_compile=True)" if compiler else "tf.function"

    def array(self, x: np.ndarray, dtype: str = "float32") -> Any:
        return self.tf.cast(self.tf.constant(x), dtype)

    def forward(self, f: Callable, x: Any) -> Callable[[], Any]:
        run = self.function(f)
        return lambda: run(x)

    def copy(self, x: Any) -> Callable[[], Any]:
        run = self.function(self.tf.negative)
        return lambda: run(x)

    def both(self, f: Callable, x: Any) -> Callable[[], Any]:
        @self.function
        def run(x, upstream):
            with self.tf.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            return y, tape.gradient(y, x, output_gradients=upstream)

        upstream = self.tf.ones_like(f(x))
        return lambda: run(x, upstream)

    def gradient(self, f: Callable, x: Any) -> Any:
        with self.tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        return tape.gradient(y, x)

    def step(self, f: Callable, x: Any, weights: list[Any]) -> Callable[[], Any]:
        @self.function
        def run(weights, x):
            with self.tf.GradientTape() as tape:
                tape.watch(weights)
                y = x
                for weight in weights:
                    y = f(y @ weight)
                loss = self.tf.reduce_mean(y * y)
            return [w - 0.01 * g for w, g in zip(weights, tape.gradient(loss, weights), strict=True)]

        return lambda: run(weights, x)

    kept = None

    def eager(self, f: Callable, x: Any) -> Callable[[], Any]:
        return lambda: f(x)


def engine(compiler: bool = True) -> Any:
    """The engine of the backend that Keras runs on; without `compiler`, as it runs where nobody asks for one."""
    name = keras.backend.backend()
    return TensorFlow(compiler) if name == "tensorflow" else {"jax": Jax, "torch": Torch}[name]()


def programs() -> int:
    """How many programs the framework has compiled or traced so far in this process."""
    return _counted[keras.backend.backend()]()


def _of_jax() -> int:
    import jax

    if not _compiled:
        jax.monitoring.register_event_duration_secs_listener(
            lambda event, *_, **__: event.endswith("backend_compile_duration") and _compiled.append(event)
        )
        _compiled.append("start")
    return len(_compiled)


def _of_torch() -> int:
    from torch._dynamo.utils import counters

    return counters["stats"]["unique_graphs"]


def _of_tensorflow() -> int:
    import tensorflow as tf

    if not _compiled:
        kept = tf.compat.v1.Graph.__init__

        def counting(*arguments: Any, **named: Any) -> None:
            _compiled.append("graph")
            kept(*arguments, **named)

        tf.compat.v1.Graph.__init__ = counting
        _compiled.append("start")
    return len(_compiled)


_compiled: list[str] = []
_counted = {"jax": _of_jax, "torch": _of_torch, "tensorflow": _of_tensorflow}


def interleaved(runs: dict[str, Callable[[], Any]], rounds: int, inner: int = 1) -> dict[str, float]:
    """Median seconds of each run, called in turn so that a drift of the machine meets all of them alike."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            for _ in range(inner):
                run()
            times[name].append((time.perf_counter() - start) / inner)
    return {name: statistics.median(samples) for name, samples in times.items()}
