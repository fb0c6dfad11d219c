"""Makes the catalogue known to Keras: what is saved is found again, and strings name our activations.

Keras looks a string up in one private dictionary and in nothing else. This file alone touches it, guarded: where a future
Keras hides it, strings stop working with a message that says so, and everything else goes on.
"""

import threading
import types
import warnings
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

import keras

from keras_acts import layers, losses
from keras_acts._call.forms import ActivationOperation, Parameterised
from keras_acts._record.record import Record, records
from keras_acts._record.register import PACKAGE

# Our default slope is the paper's 0.01, Keras's is 0.2: the name must not change its meaning under a user.
NEVER_REPLACED = frozenset({"leaky_relu", "lrelu"})

_active: list["Replacement"] = []
_displaced: dict[str, Any] = {}  # what stood in Keras's dictionary where a replacement is active
LOCK = threading.RLock()  # of what Keras keeps for the whole process: a handle may be made and undone by any thread


def register() -> None:
    """Make every name known to Keras, for strings and for files; `import keras_acts` does it.

    Call it again after ``keras.saving.get_custom_objects().clear()``. A name that Keras has keeps meaning Keras's function:
    see `replace_builtins`.
    """
    public = [getattr(module, name) for module in (layers, losses) for name in module.__all__]
    for saveable in (Parameterised, ActivationOperation, *public):
        keras.saving.register_keras_serializable(PACKAGE)(saveable)
    custom_objects = keras.saving.get_custom_objects()
    for record in records():
        keras.saving.register_keras_serializable(PACKAGE)(record.function)
        for alias in record.aliases:
            custom_objects[f"{PACKAGE}>{alias}"] = record.function
    strings = dictionary()
    if strings is None:
        warnings.warn(f"{_hidden()} Everything else of {PACKAGE} works.", RuntimeWarning, stacklevel=2)
        return
    with LOCK:
        for name, function in _by_name().items():
            strings[f"{PACKAGE}>{name}"] = function
            if name not in strings or _ours(strings[name]):
                strings[name] = _as_string(function)
        _refresh()


def replace_builtins(*, except_: Iterable[str] = ()) -> "Replacement":
    """Let Keras's own names mean this package's functions wherever Keras takes a string, such as ``"softsign"``.

    It works on the whole process, from the call on, until the returned handle is undone; models built before keep their
    functions, and models built meanwhile keep ours and save them as ours. Functions passed as functions are not touched.
    Layers whose default is a string get ours too: LSTM and GRU then run without their cuDNN kernel, because Keras chooses
    that by its own tanh and sigmoid. ``leaky_relu`` is left alone, since its default slope differs (0.01 here, 0.2 there).

    Args:
        except_: Names to leave to Keras.

    Returns:
        A handle with ``undo()``, which is also a context manager. Replacements nest.

    Raises:
        ValueError: If `except_` holds a name that would not be replaced.
        RuntimeError: If this Keras hides its dictionary of names.

    >>> import keras, keras_acts
    >>> with keras_acts.replace_builtins():
    ...     layer = keras.layers.Dense(64, activation="softsign")
    >>> layer.activation is keras_acts.activations.softsign
    True
    """
    if dictionary() is None:
        raise RuntimeError(_hidden())
    replaceable = {name for name in _by_name() if _stock(name) is not None} - NEVER_REPLACED
    left = {except_} if isinstance(except_, str) else set(except_)
    if unknown := sorted(left - replaceable):
        raise ValueError(f"except_: {unknown[0]!r} is not replaced anyway. Replaced are {', '.join(sorted(replaceable))}.")
    return Replacement(frozenset(replaceable - left))


class Replacement:
    """Keras's names that mean this package's functions until `undo`."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        with LOCK:
            _active.append(self)
            _refresh()

    def undo(self) -> None:
        """Give the names back to Keras, unless another replacement still holds them. Doing it twice does nothing more."""
        with LOCK:
            if self in _active:
                _active.remove(self)
                _refresh()

    def __enter__(self) -> "Replacement":
        return self

    def __exit__(self, *exception: object) -> None:
        self.undo()

    def __repr__(self) -> str:
        state = "active" if self in _active else "undone"
        return f"<{state} replacement of {', '.join(sorted(self.names))}>"


def _by_name() -> dict[str, Callable[..., Any]]:
    """Names and aliases that need no parameters, with their functions."""

    def names(record: Record) -> tuple[str, ...]:
        return (record.name, *record.aliases) if record.callable_by_name else ()

    return {name: record.function for record in records() for name in names(record)}


class Refused:
    """Stands in Keras's dictionary for an activation that changes the shape, which a layer of Keras has no room for."""

    __module__ = f"{PACKAGE}.activations"

    def __init__(self, record: Record) -> None:
        gated = any(parameter.name == "gate" for parameter in record.parameters)
        in_its_place = f", or keras_acts.layers.GatedDense(units, activation={record.name!r}) in its place" if gated else ""
        self.message = (
            f"activation={record.name!r}: it changes the size of an axis, for which Keras's layers make no room. "
            f"Put keras_acts.layers.Activation({record.name!r}) behind the layer{in_its_place}."
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise ValueError(self.message)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        # A layer asks for the class of what it is given: so the error comes where the name is, and not at the first call.
        raise ValueError(self.message)


def _as_string(function: Callable[..., Any]) -> Callable[..., Any]:
    """What a bare name means in Keras's layers."""
    record: Record = function.record  # type: ignore[attr-defined]
    return Refused(record) if record.changes_shape else function


def _refresh() -> None:
    """Write Keras's names as the active replacements want them. What others have written there comes back, or stays."""
    strings = dictionary()
    if strings is None:
        return
    replaced: set[str] = set().union(*(replacement.names for replacement in _active))
    for name, function in _by_name().items():
        stock = _stock(name)
        if stock is None:
            continue
        if name in replaced:
            if not _ours(strings.get(name)):
                _displaced[name] = strings.get(name, stock)
            strings[name] = function
        elif _ours(strings.get(name)):
            strings[name] = _displaced.pop(name, stock)


def stock_activations(config: Any) -> Any:
    """A configuration of Keras in which the names of Keras's activations mean Keras's, whatever is replaced meanwhile."""
    if isinstance(config, Mapping):
        return {
            key: stock_activation(value) if key.endswith("activation") else stock_activations(value)
            for key, value in config.items()
        }
    if isinstance(config, list | tuple):
        return type(config)(map(stock_activations, config))
    return config


def stock_activation(name: Any) -> Any:
    """Keras's own activation of a name, as a configuration holds it whatever is replaced; what is no such name stays."""
    if not isinstance(name, str) or _stock(name) is None or not _ours((dictionary() or {}).get(name)):
        return stock_activations(name)
    return {"module": "keras.activations", "class_name": "function", "config": name, "registered_name": name}


def _stock(name: str) -> Callable[..., Any] | None:
    """Keras's own activation of that name, if it has one."""
    function = getattr(keras.activations, name, None)
    known = isinstance(function, types.FunctionType) and name not in {"get", "serialize", "deserialize"}
    return function if known else None


def _ours(function: Any) -> bool:
    return getattr(function, "__module__", None) == f"{PACKAGE}.activations"


def dictionary() -> MutableMapping[str, Any] | None:
    """Keras's dictionary of activation names, or None if this Keras hides it."""
    found = getattr(keras.activations.get, "__globals__", {}).get("ALL_OBJECTS_DICT")
    return found if isinstance(found, dict) else None


def _hidden() -> str:
    return (
        f"Keras {keras.__version__} hides its dictionary of activation names, so strings such as activation='snake' can't "
        f"mean {PACKAGE}'s functions. Pass functions: activation=keras_acts.get('snake')."
    )
