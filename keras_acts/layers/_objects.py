"""What the configuration of a layer may hold beside numbers: Keras's own initializers, regularizers and constraints.

A file is not to be trusted: nothing of another module is built from it, and no number in it is taken as it is.
"""

import math
import numbers
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

import keras
import numpy as np

from keras_acts._record.parameters import Integer, Optional, shown

SEED = Optional(Integer(0, 2**31 - 1))
MAX_PARAMETERS = 2**24  # of one weight, so that a file can't ask for all memory

# What each weight has, in the order in which constructors take it: an argument called <weight>_<kind>
KINDS = {"initializer": keras.initializers, "regularizer": keras.regularizers, "constraint": keras.constraints}
KERAS_OBJECTS = (keras.initializers.Initializer, keras.regularizers.Regularizer, keras.constraints.Constraint)


class Layer(keras.layers.Layer):
    """Base of the layers here: what a file says of them is looked through before Keras makes anything of it."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Layer":
        """The reverse of `get_config`; refuses whatever is no configuration."""
        if not isinstance(config, Mapping) or not all(isinstance(key, str) for key in config):
            raise TypeError(f"{cls.__name__}: a configuration is a dictionary; got {shown(config, 200)}.")
        _check_dtype(cls.__name__, config.get("dtype"))
        for argument, kind in {"name": str, "trainable": bool}.items():
            if not isinstance(config.get(argument), kind | None):
                what = {"name": "a string", "trainable": "True or False"}[argument]
                raise TypeError(f"{cls.__name__}: {argument} must be {what}; got {shown(config[argument])}.")
        layer: Layer = super().from_config(checked_kwargs(cls.__name__, config))
        return layer


def _check_dtype(owner: str, dtype: Any) -> None:
    """Refuse what is neither a name nor the configuration of one of Keras's own policies."""
    if dtype is None or isinstance(dtype, str):
        return
    known = (
        isinstance(dtype, Mapping)
        and isinstance(getattr(keras.dtype_policies, str(dtype.get("class_name")), None), type)
        and dtype.get("module") == "keras"
        and dtype.get("registered_name") is None
        and _plain(dtype.get("config"))
    )
    if not known:
        raise ValueError(
            f"{owner}: dtype must be a name such as 'float32' or the configuration of one of Keras's own dtype policies; "
            f"got {shown(dtype, 200)}."
        )


def checked_kwargs(owner: str, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """What Keras's own layer is given: its regularizer of activities is an object too."""
    argument, module = "activity_regularizer", keras.regularizers
    return {**kwargs, argument: _built_in(owner, argument, module, kwargs[argument])} if argument in kwargs else dict(kwargs)


def take(layer: keras.layers.Layer, weights: Mapping[str, tuple[Any, Any, Any]]) -> None:
    """Give a layer the initializer, regularizer and constraint of each of its weights as attributes."""
    for name, given in weights.items():
        for (kind, module), value in zip(KINDS.items(), given, strict=True):
            argument = f"{name}_{kind}"
            setattr(layer, argument, _built_in(type(layer).__name__, argument, module, value))


def taken(layer: keras.layers.Layer, name: str) -> dict[str, Any]:
    """The initializer, regularizer and constraint of one weight, as `add_weight` takes them."""
    return {kind: getattr(layer, f"{name}_{kind}") for kind in KINDS}


def serialized(layer: keras.layers.Layer, names: Iterable[str]) -> dict[str, Any]:
    """The initializers, regularizers and constraints of the weights, for the configuration."""
    return {
        f"{name}_{kind}": module.serialize(getattr(layer, f"{name}_{kind}")) for name in names for kind, module in KINDS.items()
    }


def _built_in(owner: str, argument: str, module: ModuleType, value: Any) -> Any:
    """One of Keras's own objects, from a name, a configuration or an instance: a file must not bring in anything else."""
    if isinstance(value, Mapping):
        _refuse_foreign(owner, argument, module, value)
    if type(value) is keras.initializers.Constant and (isinstance(value.value, np.ndarray) or keras.ops.is_tensor(value.value)):
        value = keras.initializers.Constant(keras.ops.convert_to_numpy(value.value).tolist())  # which a file can hold
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
    if not known or config.get("registered_name") not in (None, class_name) or not _plain(config.get("config")):
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


def _plain(value: Any, depth: int = 4) -> bool:
    """Whether a configuration holds finite numbers, short strings and shallow lists of them only."""
    if isinstance(value, Mapping | list | tuple):
        items = value.values() if isinstance(value, Mapping) else value
        return depth > 0 and "class_name" not in value and all(_plain(item, depth - 1) for item in items)
    if isinstance(value, numbers.Real):
        return math.isfinite(value)
    return value is None or (
        isinstance(value, str) and value.isidentifier() and value.lower() not in {"nan", "inf", "infinity"}
    )
