"""A call on a tensor: from a record, the settings of its parameters and an input to a value, a derivative or a shape."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras

from keras_acts._frameworks import door
from keras_acts._precision import cast, check_broadcast, float_dtype, has_rank, receive, receive_mask, widened
from keras_acts._record.parameters import MASK
from keras_acts._record.record import Pairs, Record, Settings, Shape


def value(record: Record, x: Any, settings: Settings, mask: Any = None) -> Any:
    """The activation at a tensor `x`."""
    parts = _parts(record, x, settings)
    if parts:
        inner, whole = parts
        return whole(value(record, inner, settings, mask))
    tensor = receive(record.name, x, door.ENGINE.tensors)
    output_shape(record, settings, tensor.shape)
    masks = () if mask is None else (receive_mask(record.name, mask, tensor.shape),)
    if door.exported():
        return _plain(record, settings.fixed, settings.learned_names, bool(masks))(tensor, *settings.tensors, *masks)
    y = _attached(record, settings.fixed, settings.learned_names, bool(masks))(tensor, *settings.tensors, *masks)
    if record.keeps_logits and not masks:
        door.keep_logits(y, tensor)
    return y


def operations(record: Record, x: keras.KerasTensor, settings: Settings, mask: Any) -> Any:
    """The operations of the formula in a functional model."""
    output_shape(record, settings, x.shape)
    masks = () if mask is None else (mask,)
    compute = _plain(record, settings.fixed, settings.learned_names, bool(masks))
    return compute(cast(x, float_dtype(record.name, x.dtype)), *(value for _, value in settings.learned), *masks)


@door.as_written
def derivative(record: Record, x: Any, settings: Settings) -> Any:
    """The derivative of the activation at a tensor `x`."""
    parts = _parts(record, x, settings)
    if parts:
        inner, whole = parts
        return whole(derivative(record, inner, settings))
    slope = _slope(record, settings.fixed, settings.learned_names)
    tensor = receive(record.name, x, door.ENGINE.tensors)
    output_shape(record, settings, tensor.shape)
    return slope(tensor, *settings.tensors)


def _parts(record: Record, x: Any, settings: Settings) -> tuple[Any, Callable[[Any], Any]] | None:
    """The dense tensor inside an `x` of another kind, and what makes the same kind of the result."""
    if door.ENGINE.parts is None:
        return None
    single = all(len(tensor.shape) == 0 for _, tensor in settings.learned)
    return door.ENGINE.parts(record.name, x, record.elementwise, single)


def output_shape(record: Record, settings: Settings, shape: Sequence[int | None]) -> Shape:
    """The shape of the result for an input of `shape`; raises if a parameter does not go with it."""
    if not has_rank(shape):
        return shape  # type: ignore[return-value]
    for name, kind in record.axes:
        kind.fit(record.name, name, dict(settings.fixed)[name], shape)
    for name, tensor in settings.learned:
        check_broadcast(record.name, name, tensor.shape, shape)
    if record.output_shape is None:
        return shape  # type: ignore[return-value]
    return record.output_shape(tuple(shape), **dict(settings.fixed))


@door.cached
def gated(record: Record, parameters: Pairs = ()) -> Callable[[Any, Any], Any]:
    """``a · f(b)`` for an element-wise f, rounded once; f brings its exact derivative."""
    fixed = dict(record.check(dict(parameters)).fixed)
    return door.differentiable(f"gated {record.name}", lambda a, b: a * record.function(b, **fixed), [])


@door.cached
def pairwise(product: Callable[..., Any], parameters: Pairs = ()) -> Callable[[Any, Any], Any]:
    """``product(a, b, **parameters)`` of two tensors, rounded once; what it calls brings its derivative."""
    return door.differentiable(product.__name__, lambda a, b: product(a, b, **dict(parameters)), [])


@door.cached
def _attached(record: Record, fixed: Pairs, learned: tuple[str, ...], masked: bool) -> Callable[..., Any]:
    """The formula with its derivatives, for one setting of its parameters, as a function of tensors."""
    tensors = (*learned, MASK) if masked else learned
    kernel, backward = (None, None) if tensors else door.kernels(record.name, dict(fixed))
    exact = [_derivative(record, name) for name in ("x", *learned)]
    derivatives = [] if None in exact else [_of_tensors(each, fixed, learned) for each in exact if each is not None]
    formula = _of_tensors(record.compute, fixed, tensors)
    if record.takes_half:
        kernel = kernel or formula
    return door.differentiable(record.name, formula, derivatives, kernel, backward)


def _derivative(record: Record, name: str) -> Callable[..., Any] | None:
    """The formula of the derivative by `x`, by a parameter, or by a coefficient of a vector."""
    vector, bracket, place = name.removesuffix("]").partition("[")
    formula = record.derivatives.get(vector)
    return functools.partial(formula, entry=int(place)) if formula is not None and bracket else formula


def _plain(record: Record, fixed: Pairs, learned: tuple[str, ...], masked: bool) -> Callable[..., Any]:
    """The formula alone, as a function of tensors."""
    return widened(_of_tensors(record.compute, fixed, (*learned, MASK) if masked else learned))


@door.cached
def _slope(record: Record, fixed: Pairs, learned: tuple[str, ...]) -> Callable[..., Any]:
    """The derivative in x, for one setting of the parameters."""
    if "x" not in record.derivatives:
        raise TypeError(
            f"{record.name} is not element-wise: its derivative is a matrix for each row. "
            f"Use the backend's automatic differentiation."
        )
    return widened(_of_tensors(record.derivatives["x"], fixed, learned))


def _of_tensors(formula: Callable[..., Any], fixed: Pairs, learned: tuple[str, ...]) -> Callable[..., Any]:
    """``formula(x, **parameters)`` as a function of tensors only; what is learned of a vector is a tuple of them."""
    numbers = dict(fixed)
    vectors = dict.fromkeys(name.partition("[")[0] for name in learned if "[" in name)

    def of_tensors(x: Any, *tensors: Any) -> Any:
        values = dict(zip(learned, tensors, strict=True))
        for name in vectors:
            values[name] = tuple(values.pop(each) for each in learned if each.startswith(f"{name}["))
        return formula(x, **numbers, **values)

    return of_tensors
