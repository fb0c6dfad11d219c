"""What the arguments of layers may be beside numbers: Keras's own objects, axes, activations.

A file is not to be trusted: nothing of another module is built from it, and no number in it is taken as it is.
"""

import numbers
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Annotated, Any

import keras
import numpy as np

from keras_acts._call.forms import Parameterised
from keras_acts._catalogue import resolve
from keras_acts._record.parameters import MAX_RANK, Integer, Kind, Optional, Real, shown

MAX_PARAMETERS = 2**24  # of one weight, so that a file can't ask for all memory
KERAS_OBJECTS = (keras.initializers.Initializer, keras.regularizers.Regularizer, keras.constraints.Constraint)


@dataclass(frozen=True)
class KerasObject(Kind):
    """One of Keras's own initializers, regularizers or constraints, by name, as an instance or as a configuration."""

    module: ModuleType
    optional: bool = True

    def __str__(self) -> str:
        return f"one of Keras's own {_short(self.module)}{' or None' if self.optional else ''}"

    def check(self, owner: str, name: str, value: Any) -> Any:
        """The object, if it is Keras's own and holds finite numbers only."""
        if value is None and self.optional:
            return None
        return _built_in(owner, name, self.module, value)

    def save(self, value: Any) -> Any:
        """Its configuration."""
        return self.module.serialize(value)


Initializer = Annotated[str | keras.initializers.Initializer, KerasObject(keras.initializers, optional=False)]
OptionalInitializer = Annotated[str | keras.initializers.Initializer | None, KerasObject(keras.initializers)]
Regularizer = Annotated[str | keras.regularizers.Regularizer | None, KerasObject(keras.regularizers)]
Constraint = Annotated[str | keras.constraints.Constraint | None, KerasObject(keras.constraints)]

# What each weight has, in the order in which constructors take it: an argument called <weight>_<kind>
KINDS = ("initializer", "regularizer", "constraint")


def kinds_of(layer: keras.layers.Layer, weight: str) -> dict[str, Any]:
    """The initializer, regularizer and constraint of a weight, as `add_weight` takes them."""
    return {kind: getattr(layer, f"{weight}_{kind}") for kind in KINDS}


@dataclass(frozen=True)
class SharedAxes(Kind):
    """The axes along which one entry of a weight serves all, counted from 1 as in Keras's `PReLU`: 0 is the batch."""

    def __str__(self) -> str:
        return "an integer, a list of them or None"

    def check(self, owner: str, name: str, value: Any) -> list[int] | None:
        """The axes as a list."""
        axes: Any = [value] if isinstance(value, numbers.Integral) else value
        if axes is None:
            return None
        if isinstance(axes, str) or not isinstance(axes, Sequence) or not all(_is_integer(axis) for axis in axes):
            raise TypeError(f"{owner}: {name} must be {self}; got {shown(value)}.")
        if not axes or len(set(axes)) < len(axes) or not all(1 <= axis < MAX_RANK for axis in axes):
            raise ValueError(f"{owner}: {name} must be different axes from 1 on (0 is the batch); got {shown(value)}.")
        return [int(axis) for axis in axes]

    def save(self, value: list[int] | None) -> list[int] | None:
        """A copy, so that the configuration can be changed without the layer."""
        return None if value is None else list(value)


@dataclass(frozen=True)
class CatalogueActivation(Kind):
    """An activation of the catalogue: its name, a function, or what `keras_acts.get` returns."""

    optional: bool = False

    def __str__(self) -> str:
        return f"an activation of the catalogue{' or None' if self.optional else ''}"

    def check(self, owner: str, name: str, value: Any) -> Any:
        """The function or the parameterised form; the identity for None."""
        if value is None and self.optional:
            return resolve("linear")
        try:
            return resolve(Parameterised.from_config(value) if isinstance(value, Mapping) else value)
        except (ValueError, TypeError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{owner}: {name}: {error}") from None

    def save(self, value: Any) -> Any:
        """Its name, or its name and parameters."""
        return value.get_config() if isinstance(value, Parameterised) else value.__name__


SharedAxesOrNone = Annotated[int | Sequence[int] | None, SharedAxes()]
ParameterCount = Annotated[int | None, Optional(Integer(1, MAX_PARAMETERS))]
Seed = Annotated[int | None, Optional(Integer(0, 2**31 - 1))]
Width = Annotated[int, Integer(1, 2**24)]
OptionalWidth = Annotated[int | None, Optional(Integer(1, 2**24))]
Share = Annotated[float, Real(0.0, 1.0, learnable=False)]
FixedNonNegative = Annotated[float, Real(low=0.0, learnable=False)]
AnyActivation = Annotated[Any, CatalogueActivation()]
AnyActivationOrNone = Annotated[Any, CatalogueActivation(optional=True)]


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _built_in(owner: str, argument: str, module: ModuleType, value: Any) -> Any:
    """One of Keras's own objects, from a name, a configuration or an instance: a file must not bring in anything else."""
    if isinstance(value, Mapping):
        _refuse_foreign(owner, argument, module, value)
    if type(value) is keras.initializers.Constant and (isinstance(value.value, np.ndarray) or keras.ops.is_tensor(value.value)):
        value = keras.initializers.Constant(keras.ops.convert_to_numpy(value.value).tolist())  # which a file can hold
    names = getattr(module.get, "__globals__", {}).get("ALL_OBJECTS_DICT")
    if isinstance(value, str) and names is not None and value not in names:
        raise ValueError(_foreign(owner, argument, module, value))  # before Keras makes an object of somebody's class
    try:
        found = module.get(value)
    except ValueError as error:
        raise ValueError(_foreign(owner, argument, module, value)) from error
    if found is None and module is keras.initializers:
        raise TypeError(_foreign(owner, argument, module, value))
    if found is not None:
        if not isinstance(found, KERAS_OBJECTS):
            raise TypeError(_foreign(owner, argument, module, value))
        if isinstance(value, str) and getattr(module, type(found).__name__, None) is type(found):
            return found  # at its defaults; to serialise it, Keras would import TensorFlow
        _refuse_foreign(owner, argument, module, module.serialize(found))
    return found


def _refuse_foreign(owner: str, argument: str, module: ModuleType, config: Any) -> None:
    class_name = config.get("class_name") if isinstance(config, Mapping) else None
    known = isinstance(getattr(module, str(class_name), None), type) and config.get("module") == f"keras.{_short(module)}"
    if not known or config.get("registered_name") not in (None, class_name) or not plain(config.get("config")):
        raise ValueError(_foreign(owner, argument, module, config))


def _foreign(owner: str, argument: str, module: ModuleType, value: Any) -> str:
    bare = module is keras.initializers and isinstance(value, numbers.Real | list | tuple | np.ndarray)
    way_out = f" For these numbers give keras.initializers.Constant({shown(value)})." if bare else ""
    return (
        f"{owner}: {argument} must be one of Keras's own {_short(module)} with finite numbers as arguments, "
        f"as a name, an instance or its configuration; got {shown(value, 200)}.{way_out}"
    )


def _short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def plain(value: Any, depth: int = 4) -> bool:
    """Whether a configuration holds finite numbers, short strings and shallow lists of them only."""
    if isinstance(value, Mapping | list | tuple):
        items = value.values() if isinstance(value, Mapping) else value
        return depth > 0 and "class_name" not in value and all(plain(item, depth - 1) for item in items)
    if isinstance(value, numbers.Real):
        return bool(abs(value) <= sys.float_info.max)  # type: ignore[operator]  # math.isfinite fails at an integer of 400 digits
    return value is None or (
        isinstance(value, str) and value.isidentifier() and value.lower() not in {"nan", "inf", "infinity"}
    )
