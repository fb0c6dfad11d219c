"""The forms an activation takes: a call, a node in a functional model, an object with its parameters set."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from keras_acts._call import compute
from keras_acts._frameworks import door
from keras_acts._precision import float_dtype
from keras_acts._record.parameters import MASK, Fixed, shown
from keras_acts._record.record import Record, Settings, Shape, look_up
from keras_acts._record.register import PACKAGE


@door.as_written
def call(record: Record, x: Any, given: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """The activation at `x`, with parameters as a call gives them."""
    parameters = dict(named)
    mask = parameters.pop(MASK, None)
    return apply(record, x, record.bind(given, parameters), mask)


@door.as_written
def apply(record: Record, x: Any, settings: Settings, mask: Any = None) -> Any:
    """The activation at `x`: a node or operations in the graph of a functional model, or a value."""
    if mask is not None and not record.takes_mask:
        raise TypeError(f"{record.name} takes no mask. {record.signature}")
    if not isinstance(x, keras.KerasTensor):
        return compute.value(record, x, settings, mask)
    if door.left_as_operations():
        return compute.operations(record, x, settings, mask)
    return ActivationOperation(record.name, settings.numbers(record.name))(x, **({} if mask is None else {MASK: mask}))


class Parameterised:
    """An activation with its parameters set: what `keras_acts.get(name, **parameters)` returns.

    Two are equal if they have the same name and parameters.
    """

    def __init__(self, activation: str, parameters: Mapping[str, Any]) -> None:
        record = look_up(activation).record
        self._settings = record.check(parameters)
        self.activation = record.name
        self.parameters = Fixed(self._settings.numbers(record.name))
        self.__name__ = record.name

    def __call__(self, x: Any, mask: Any = None) -> Any:
        """The activation at `x`; a `mask` only if the activation takes one."""
        return apply(look_up(self.activation).record, x, self._settings, mask)

    def derivative(self, x: Any) -> Any:
        """The derivative at `x`."""
        return look_up(self.activation).derivative(x, **self.parameters)

    def output_shape(self, shape: Sequence[int | None]) -> Shape:
        """The shape of the result for an input of `shape`; raises if the parameters don't fit it."""
        return compute.output_shape(look_up(self.activation).record, self._settings, shape)

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
        return cls(**read_config(cls.__name__, config))


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
        if not isinstance(x, keras.KerasTensor):
            raise TypeError(f"{self.form.activation} takes a tensor; got {shown(x)}.")
        return keras.KerasTensor(self.form.output_shape(x.shape), float_dtype(self.form.activation, x.dtype))

    def get_config(self) -> dict[str, Any]:
        """The name and the parameters of the activation, and the name of the node."""
        return {**self.form.get_config(), "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "ActivationOperation":
        """The reverse of `get_config`; refuses whatever the catalogue does not know."""
        config = dict(config)
        name = config.pop("name", None)
        form = Parameterised(**read_config(cls.__name__, config))  # before Keras walks through the arguments
        return cls(form.activation, form.parameters, name=name)


# The module name goes into every saved file: it must be the public one.
Parameterised.__module__ = ActivationOperation.__module__ = PACKAGE


def read_config(owner: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """A name and its parameters as read from a file, if they are nothing else; values are checked where they are used."""
    activation_name, parameters = config.get("activation"), config.get("parameters", {})
    extra = sorted(set(config) - {"activation", "parameters"})
    if extra or not isinstance(activation_name, str) or not isinstance(parameters, Mapping):
        raise ValueError(
            f"{owner}: the saved configuration must hold an activation's name and its parameters"
            + (f"; it also holds {extra[0]!r}." if extra else f"; got {shown(dict(config), 200)}.")
        )
    return {"activation": activation_name, "parameters": dict(parameters)}


def _node_name(prefix: str) -> str:
    """`prefix`, then `prefix_1` …: counted together with Keras's own layer names, so that none is given twice."""
    count = keras.backend.get_uid(prefix)
    return prefix if count == 1 else f"{prefix}_{count - 1}"
