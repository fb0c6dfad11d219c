"""The door to the frameworks: attaches exact derivatives to formulas. Only the module of Keras's own backend is imported."""

import contextlib
import functools
import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import keras

from keras_acts._frameworks.engine import FOR_EXPORT, Engine, repeat
from keras_acts._frameworks.kernels import Function, Guarded
from keras_acts._precision import HALF, widened

_AS_OPERATIONS: ContextVar[bool] = ContextVar("as_operations", default=False)


def differentiable(
    name: str,
    formula: Function,
    derivatives: Sequence[Function],
    kernel: Function | Guarded | None = None,
    backward: Function | Guarded | None = None,
) -> Function:
    """``formula(x, *parameters)`` for any float dtype, with `derivatives` (one for each argument) as its gradient.

    Args:
        name: Name of the activation.
        formula: Its value.
        derivatives: Derivatives in `x` and the parameters; empty if the framework is to differentiate the formula.
        kernel: The framework's own kernel, which then stands in for the formula; if it is `Guarded`, for some tensors.
        backward: A backward pass ``(gradient, x)`` that stands in for the derivative where it is not differentiated again.
    """
    if kernel is not None and not isinstance(kernel, Guarded):
        value = attachable = kernel
        if name in ENGINE.by_autodiff:
            return value
    else:
        value = widened(formula)
        attachable = ENGINE.in_pieces(value) if len(derivatives) == 1 else value
        if kernel is not None:
            attachable = ENGINE.guard(kernel, attachable)
    if not derivatives:
        return or_recorded(ENGINE.compile(value), value)
    attached = ENGINE.attach(name, attachable, derivatives, backward)
    if name not in ENGINE.by_autodiff or len(derivatives) > 1:  # which says nothing of learned parameters
        return attached
    compiled = ENGINE.compile(value)

    def choose(x: Any, *parameters: Any) -> Any:
        # In half precision automatic differentiation would keep the widened copy of x, twice its size.
        half = keras.backend.standardize_dtype(x.dtype) in HALF
        return (attached if half else compiled)(x, *parameters)

    return choose


def kernels(name: str, parameters: Mapping[str, Any]) -> tuple[Function | Guarded | None, Function | Guarded | None]:
    """The framework's own kernel and backward pass for an activation with these parameters, where there is a right one."""
    return ENGINE.kernels.bind(name, parameters)


def check_kernels(records: Iterable[Any]) -> None:
    """Raise unless each kernel of the framework is declared for one of these activations, with the parameters that it has."""
    ENGINE.kernels.check({record.name: [parameter.name for parameter in record.parameters] for record in records})


def keep_logits(probabilities: Any, logits: Any) -> None:
    """Leave the logits where Keras's cross-entropies look for them (they do on TensorFlow only)."""
    ENGINE.keep_logits(probabilities, logits)


def _engine() -> Engine:
    name = keras.backend.backend()
    module = name if name in {"jax", "torch", "tensorflow"} else "inference"
    engine: Engine = importlib.import_module(f"keras_acts._frameworks.{module}").ENGINE
    return engine


@contextlib.contextmanager
def as_operations() -> Iterator[None]:
    """Inside, an activation leaves the operations of its formula in a functional model, not a node of this package."""
    token = _AS_OPERATIONS.set(True)
    try:
        yield
    finally:
        _AS_OPERATIONS.reset(token)


@contextlib.contextmanager
def for_export() -> Iterator[None]:
    """Inside, formulas consist of operations that every export format knows, with no derivative of their own."""
    token = FOR_EXPORT.set(True)
    try:
        yield
    finally:
        FOR_EXPORT.reset(token)


def left_as_operations() -> bool:
    """Whether this runs inside `as_operations`."""
    return _AS_OPERATIONS.get()


def recorded(x: Any) -> bool:
    """Whether operations on `x` are only written down: in a functional model, or by an exporter."""
    return isinstance(x, keras.KerasTensor) or exported()


def or_recorded(function: Function, plain: Function) -> Function:
    """`function`; where operations are only written down, `plain`."""
    return _chosen(function, plain, recorded)


def or_symbolic(function: Function, plain: Function) -> Function:
    """`function`, which exporters know too; in a functional model, `plain`."""
    return _chosen(function, plain, lambda x: isinstance(x, keras.KerasTensor))


def _chosen(function: Function, plain: Function, is_plain: Callable[[Any], bool]) -> Function:
    if function is plain:
        return function

    @functools.wraps(function)
    def run(x: Any, *others: Any, **settings: Any) -> Any:
        return (plain if is_plain(x) else function)(x, *others, **settings)

    return run


def fixed_point(step: Function, start: Any, most: int) -> Any:
    """What `start` becomes under a step that is repeated until nothing changes, at most so often."""
    return (repeat if recorded(start) else ENGINE.fixed_point)(step, start, most)


# Not behind a cached function: torch.compile traces through a cache, and a constant it takes as it is.
ENGINE = _engine()
cached = ENGINE.cached
as_written = ENGINE.as_written
exported = ENGINE.exporting  # whether what is computed is recorded by an exporter
