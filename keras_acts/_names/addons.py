"""TensorFlow Addons: the names that Keras is to find in the files that were saved with it."""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import keras

from keras_acts import layers
from keras_acts._names import keras_names
from keras_acts._names.elsewhere import ADDONS, get, names_in
from keras_acts._record.parameters import Flag
from keras_acts.layers._kinds import KINDS


@dataclass(frozen=True)
class AddonsLayer:
    """Stands in Keras's register for a layer of TensorFlow Addons: turns its configuration into a layer of ours."""

    ours: type[keras.layers.Layer]
    translated: Callable[[dict[str, Any]], dict[str, Any]]

    def from_config(self, config: Mapping[str, Any]) -> keras.layers.Layer:
        """The layer that takes the place of the saved one."""
        config = {name: value for name, value in config.items() if name != "batch_input_shape"}  # Keras 3 has no such argument
        return self.ours.from_config(self.translated(config))


def _gelu(config: dict[str, Any]) -> dict[str, Any]:
    approximate = Flag().check("Addons>GELU", "approximate", config.pop("approximate", True))
    return {**config, "activation": "gelu_tanh" if approximate else "gelu"}


def _snake(config: dict[str, Any]) -> dict[str, Any]:
    return _placed({"alpha_initializer": config.pop("frequency_initializer", "ones")}) | config


def _sparsemax(config: dict[str, Any]) -> dict[str, Any]:
    return {"activation": "sparsemax", **config}


def _maxout(config: dict[str, Any]) -> dict[str, Any]:
    return {"activation": "maxout", "layout": "strided", **config}


def _placed(config: dict[str, Any]) -> dict[str, Any]:
    """The configuration with Keras's own objects as files of today hold them: older ones leave out their module."""
    modules = {f"_{kind}": {"module": f"keras.{kind}s", "registered_name": None} for kind in KINDS}
    return {
        name: {**modules.get(name[name.rfind("_") :], {}), **value} if isinstance(value, Mapping) else value
        for name, value in config.items()
    }


LAYERS = {
    "GELU": AddonsLayer(layers.Activation, _gelu),
    "Maxout": AddonsLayer(layers.Activation, _maxout),
    "Sparsemax": AddonsLayer(layers.Activation, _sparsemax),
    "Snake": AddonsLayer(layers.Snake, _snake),
    "TLU": AddonsLayer(layers.TLU, _placed),
}
RRELU_MEAN_SLOPE = (1 / 8 + 1 / 3) / 2

_known: list["AddonsNames"] = []
_before: list[tuple[MutableMapping[str, Any], dict[str, Any]]] = []


def _stores() -> list[tuple[MutableMapping[str, Any], dict[str, Any]]]:
    """Where Keras looks names up, with what is to be found there under those of TensorFlow Addons."""
    functions = {each.full: get(each.full) for each in names_in(ADDONS) if not each.layer and each.name not in LAYERS}
    functions["Addons>rrelu"] = get("leaky_relu", negative_slope=RRELU_MEAN_SLOPE)
    found = {f"Addons>{name}": layer for name, layer in LAYERS.items()}
    strings = keras_names.dictionary()
    stores: list[tuple[MutableMapping[str, Any], dict[str, Any]]] = [] if strings is None else [(strings, functions)]
    return [*stores, (keras.saving.get_custom_objects(), functions | found)]


def register_addons() -> "AddonsNames":
    """Let Keras find TensorFlow Addons' activations in the models that were saved with them.

    Call it once before `keras.models.load_model`. Strings such as ``"Addons>mish"`` and the layers GELU, Maxout, Snake,
    Sparsemax and TLU are then read as ours, with Addons' defaults; saved again, the model holds our names and needs no such
    call any more. ``"Addons>rrelu"`` becomes what it is at inference, a leaky ReLU of slope 11/48: to go on training with
    random slopes, put `keras_acts.layers.RReLU` in its place.

    Returns:
        A handle with ``undo()``, which is also a context manager. Calls nest.

    >>> import keras, keras_acts
    >>> with keras_acts.register_addons():
    ...     layer = keras.layers.Dense.from_config({"units": 8, "activation": "Addons>softshrink"})
    >>> layer.activation is keras_acts.activations.soft_shrink
    True
    """
    return AddonsNames()


class AddonsNames:
    """Names of TensorFlow Addons that Keras knows until `undo`."""

    def __init__(self) -> None:
        with keras_names.LOCK:
            _known.append(self)
            for store, names in _stores():
                if len(_known) == 1:
                    _before.append((store, {name: store[name] for name in names if name in store}))
                store.update(names)

    def undo(self) -> None:
        """Forget the names, unless another call still needs them. Doing it twice does nothing more."""
        with keras_names.LOCK:
            if self not in _known:
                return
            _known.remove(self)
            if not _known:
                for store, names in _stores():
                    for name in names:
                        store.pop(name, None)
                while _before:
                    store, others = _before.pop()
                    store.update(others)

    def __enter__(self) -> "AddonsNames":
        return self

    def __exit__(self, *exception: object) -> None:
        self.undo()

    def __repr__(self) -> str:
        return f"<{'known' if self in _known else 'forgotten'} names of TensorFlow Addons>"
