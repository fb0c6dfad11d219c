"""The forms an activation takes: a call on a tensor, a node in a functional model, an object with its parameters set."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Any

import keras

from keras_acts import _calculus
from keras_acts._parameters import MASK, shown
from keras_acts._precision import cast, check_broadcast, float_dtype, receive, receive_mask, widened
from keras_acts._records import PACKAGE, Pairs, Record, Settings, Shape, look_up

_written_out: ContextVar[bool] = ContextVar("written_out", default=False)


def apply(record: Record, x: Any, settings: Settings, mask: Any = None) -> Any:
    """The activation at `x`: a node in the graph of a functional model, or a value."""
    if mask is not None and not record.takes_mask:
        raise TypeError(f"{record.name} takes no mask. {record.signature}")
    if isinstance(x, keras.KerasTensor):
        if _written_out.get():
            return _operations(record, x, settings, mask)
        return ActivationOperation(record.name, settings.numbers(record.name))(x, **({} if mask is None else {MASK: mask}))
    tensor = receive(record.name, x, _calculus.ENGINE.tensors)
    output_shape(record, settings, tensor.shape)
    masks = () if mask is None else (receive_mask(record.name, mask, tensor.shape),)
    if _calculus.exported():
        return _plain(record, settings.fixed, settings.learned_names, bool(masks))(tensor, *settings.tensors, *masks)
    y = _attached(record, settings.fixed, settings.learned_names, bool(masks))(tensor, *settings.tensors, *masks)
    if record.keeps_logits and not masks:
        _calculus.keep_logits(y, tensor)
    return y


@contextlib.contextmanager
def written_out() -> Iterator[None]:
    """Inside, an activation leaves the operations of its formula in a functional model, not a node of this package."""
    token = _written_out.set(True)
    try:
        yield
    finally:
        _written_out.reset(token)


def _operations(record: Record, x: keras.KerasTensor, settings: Settings, mask: Any) -> Any:
    output_shape(record, settings, x.shape)
    masks = () if mask is None else (mask,)
    compute = _plain(record, settings.fixed, settings.learned_names, bool(masks))
    return compute(cast(x, float_dtype(record.name, x.dtype)), *(value for _, value in settings.learned), *masks)


def apply_derivative(record: Record, x: Any, settings: Settings) -> Any:
    """The derivative of the activation at `x`."""
    slope = _slope(record, settings.fixed, settings.learned_names)
    tensor = receive(record.name, x, _calculus.ENGINE.tensors)
    output_shape(record, settings, tensor.shape)
    return slope(tensor, *settings.tensors)


class Parameterised:
    """An activation with its parameters set: what `keras_acts.get(name, **parameters)` returns.

    Two are equal if they have the same name and parameters.
    """

    def __init__(self, activation: str, parameters: Mapping[str, Any]) -> None:
        record = look_up(activation).record
        self._settings = record.check(parameters)
        self.activation = record.name
        self.parameters = self._settings.numbers(record.name)
        self.__name__ = record.name

    def __call__(self, x: Any, mask: Any = None) -> Any:
        """The activation at `x`; a `mask` only if the activation takes one."""
        return apply(look_up(self.activation).record, x, self._settings, mask)

    def derivative(self, x: Any) -> Any:
        """The derivative at `x`."""
        return look_up(self.activation).derivative(x, **self.parameters)

    def output_shape(self, shape: Sequence[int | None]) -> Shape:
        """The shape of the result for an input of `shape`; raises if the parameters don't fit it."""
        return output_shape(look_up(self.activation).record, self._settings, shape)

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"{PACKAGE}.get({self.activation!r}{given})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameterised):
            return NotImplemented
        return (self.activation, self._settings) == (other.activation, other._settings)

    def __hash__(self) -> int:
        return hash((self.activation, self._settings))

    def get_config(self) -> dict[str, Any]:
        """The name and the parameters."""
        return {"activation": self.activation, "parameters": dict(self.parameters)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Parameterised":
        """The reverse of `get_config`; refuses whatever the catalogue does not know."""
        return cls(**saved(cls.__name__, config))


class ActivationOperation(keras.Operation):
    """The node that an activation leaves in a functional model, named after it."""

    def __init__(self, activation: str, parameters: Mapping[str, Any], name: str | None = None) -> None:
        self.form = Parameterised(activation, parameters)
        super().__init__(name=name or _node_name(self.form.activation))

    def call(self, x: Any, mask: Any = None) -> Any:
        """The activation at `x`."""
        return self.form(x, mask)

    def compute_output_spec(self, x: Any, mask: Any = None) -> keras.KerasTensor:
        """The dtype is that of the input; integers become `floatx`."""
        return keras.KerasTensor(self.form.output_shape(x.shape), float_dtype(self.form.activation, x.dtype))

    def get_config(self) -> dict[str, Any]:
        """The name and the parameters of the activation, and the name of the node."""
        return {**self.form.get_config(), "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "ActivationOperation":
        """The reverse of `get_config`; refuses whatever the catalogue does not know."""
        config = dict(config)
        name = config.pop("name", None)
        form = Parameterised(**saved(cls.__name__, config))  # before Keras walks through the arguments
        return cls(form.activation, form.parameters, name=name)


# The module name goes into every saved file: it must be the public one.
Parameterised.__module__ = ActivationOperation.__module__ = PACKAGE


def saved(owner: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A name and its parameters as read from a file, if they are nothing else; values are checked where they are used."""
    activation_name, parameters = config.get("activation"), config.get("parameters", {})
    extra = sorted(set(config) - {"activation", "parameters"})
    if extra or not isinstance(activation_name, str) or not isinstance(parameters, Mapping):
        raise ValueError(
            f"{owner}: the saved configuration must hold an activation's name and its parameters"
            + (f"; it also holds {extra[0]!r}." if extra else f"; got {shown(dict(config), 200)}.")
        )
    return {"activation": activation_name, "parameters": dict(parameters)}


def output_shape(record: Record, settings: Settings, shape: Sequence[int | None]) -> Shape:
    """The shape of the result for an input of `shape`; raises if a parameter does not go with it."""
    for name, kind in record.axes:
        kind.fit(record.name, name, dict(settings.fixed)[name], shape)
    for name, value in settings.learned:
        check_broadcast(record.name, name, value.shape, shape)
    if record.output_shape is None:
        return shape  # type: ignore[return-value]  # as it is: in a graph of TensorFlow its rank may be unknown
    return record.output_shape(tuple(shape), **dict(settings.fixed))


@_calculus.remember
def _attached(record: Record, fixed: Pairs, learned: tuple[str, ...], masked: bool) -> Callable[..., Any]:
    """The formula with its derivatives, for one setting of its parameters, as a function of tensors."""
    tensors = (*learned, MASK) if masked else learned
    kernel, lean = (None, None) if tensors else _calculus.native(record.name, dict(fixed))
    exact = [record.derivatives[name] for name in ("x", *learned) if name in record.derivatives]
    derivatives = [_fix(each, fixed, learned) for each in exact] if len(exact) == 1 + len(learned) else []
    formula = _fix(record.compute, fixed, tensors)
    if record.takes_half:
        kernel = kernel or formula
    return _calculus.differentiable(record.name, formula, derivatives, kernel, lean)


def _plain(record: Record, fixed: Pairs, learned: tuple[str, ...], masked: bool) -> Callable[..., Any]:
    """The formula alone, as a function of tensors."""
    return widened(_fix(record.compute, fixed, (*learned, MASK) if masked else learned))


@_calculus.remember
def _slope(record: Record, fixed: Pairs, learned: tuple[str, ...]) -> Callable[..., Any]:
    """The derivative in x, for one setting of the parameters."""
    if "x" not in record.derivatives:
        raise TypeError(
            f"{record.name} is not element-wise: its derivative is a matrix for each row. "
            f"Use the backend's automatic differentiation."
        )
    return widened(_fix(record.derivatives["x"], fixed, learned))


def _fix(formula: Callable[..., Any], fixed: Pairs, learned: tuple[str, ...]) -> Callable[..., Any]:
    """``formula(x, **parameters)`` as a function of tensors only."""
    numbers = dict(fixed)

    def of_tensors(x: Any, *tensors: Any) -> Any:
        return formula(x, **numbers, **dict(zip(learned, tensors, strict=True)))

    return of_tensors


def _node_name(prefix: str) -> str:
    """`prefix`, then `prefix_1` …: counted together with Keras's own layer names, so that none is given twice."""
    count = keras.backend.get_uid(prefix)
    return prefix if count == 1 else f"{prefix}_{count - 1}"
