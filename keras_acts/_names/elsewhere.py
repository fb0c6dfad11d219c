"""Names that activations have elsewhere, and how `get` reads them.

A name of the catalogue always means what the catalogue says. What `get` finds nowhere else is read here: first by spelling
(``"SiLU"`` is silu), then as a name of another library, with the parameters that it has there. Configurations of saved models
don't come this way: they hold names of the catalogue only.

The names stand in elsewhere.tsv, one a line, in the order of `LIBRARIES`: theirs with its prefix, then ours, or a layer of this
package as it is called to start like theirs, then the parameters that differ from our defaults, as JSON.
"""

import functools
import importlib.resources
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from keras_acts import layers
from keras_acts._call.forms import Parameterised
from keras_acts._catalogue import resolve
from keras_acts._record import register
from keras_acts._record.parameters import shown
from keras_acts._record.record import Record
from keras_acts._record.register import PACKAGE, unknown
from keras_acts._record.spelling import LONGEST, Spellings, did_you_mean, spelling

Meaning = tuple[str, dict[str, Any]]  # a name of the catalogue, and the parameters that differ from its defaults


@dataclass(frozen=True)
class Library:
    """Another library, and what its names begin with."""

    title: str
    prefixes: tuple[str, ...]


ADDONS = Library(
    "TensorFlow Addons",
    ("Addons>", "tfa.activations.", "tfa.layers.", "tensorflow_addons.activations.", "tensorflow_addons.layers."),
)
LIBRARIES = (
    Library("PyTorch", ("torch.nn.", "torch.nn.functional.", "torch.")),
    Library("JAX", ("jax.nn.",)),
    Library("Flax", ("flax.linen.", "flax.nnx.")),
    Library("TensorFlow", ("tf.nn.", "tf.math.", "tensorflow.nn.", "tensorflow.math.")),
    ADDONS,
    Library("keras.activations", ("keras.activations.", "tf.keras.activations.", "tensorflow.keras.activations.")),
    Library("keras.ops", ("keras.ops.", "keras.ops.nn.")),
    Library("keras.layers", ("keras.layers.", "tf.keras.layers.", "tensorflow.keras.layers.")),
    Library("Keras 2", ("tf_keras.activations.", "tf_keras.layers.")),
    Library("Transformers", ("transformers.", "ACT2FN.")),
    Library("timm", ("timm.layers.", "timm.")),
    Library("ONNX", ("onnx.", "ai.onnx.")),
    Library("MLX", ("mlx.nn.",)),
)
PREFIXES = {prefix: library for library in LIBRARIES for prefix in library.prefixes}


@dataclass(frozen=True)
class ForeignName:
    """A name that a library has, and what it is here: an activation with parameters, or a layer."""

    library: Library
    prefix: str
    name: str
    ours: str
    parameters: Mapping[str, Any]

    @property
    def full(self) -> str:
        """The name with the prefix that it has there."""
        return self.prefix + self.name

    @property
    def layer(self) -> str:
        """The layer of this package, written as one that starts like theirs; empty if the name means a function."""
        return self.ours.removeprefix("layers.") if self.ours.startswith("layers.") else ""

    def meaning(self, asked: str) -> Meaning:
        """What it is here. The error says so if it is a layer."""
        if self.layer:
            raise ValueError(_is_a_layer(asked, self.layer))
        return self.ours, dict(self.parameters)


class ForeignNames:
    """All names of other libraries: by library, by spelling, and by what they are here."""

    def __init__(self, names: Iterable[ForeignName]) -> None:
        self.by_library: dict[Library, dict[str, ForeignName]] = {}
        self.by_meaning: dict[str, list[ForeignName]] = {}
        for each in names:
            self.by_library.setdefault(each.library, {})[each.name] = each
            self.by_meaning.setdefault(each.ours, []).append(each)
        self.spellings = {library: Spellings(known) for library, known in self.by_library.items()}

    def alike(self, name: str) -> list[ForeignName]:
        """The names of all libraries with the spelling of `name`."""
        return [self.by_library[library][each] for library, known in self.spellings.items() for each in known.alike(name)]

    def after_prefix(self, prefix: str, name: str) -> ForeignName:
        """The one that `prefix` and `name` together mean."""
        library = PREFIXES[prefix]
        names, spellings = self.by_library[library], self.spellings[library]
        alike = [name] if name in names else spellings.alike(name)
        if len(alike) != 1:
            near = [prefix + each for each in alike or spellings.near(name)]
            raise ValueError(f"unknown activation {shown(prefix + name)}.{did_you_mean(near)}")
        return names[alike[0]]


@functools.cache
def foreign_names() -> ForeignNames:
    """The names of other libraries, read at the first that is asked for."""
    return ForeignNames(_read())


def _read() -> Iterator[ForeignName]:
    """Each line of the data file: their name, ours or a layer, and parameters if they differ from our defaults."""
    lines = importlib.resources.files(__package__).joinpath("elsewhere.tsv").read_text(encoding="utf-8").splitlines()
    for line in lines[1:]:
        theirs, ours, *parameters = line.split("\t")
        prefix = _prefix(theirs)
        given = json.loads(parameters[0]) if parameters else {}
        yield ForeignName(PREFIXES[prefix], prefix, theirs.removeprefix(prefix), ours, given)


def names_of(record: Record) -> list[ForeignName]:
    """The names that other libraries have for an activation, with the parameters that make it theirs."""
    return foreign_names().by_meaning.get(record.name, [])


def names_in(library: Library) -> list[ForeignName]:
    """The names of a library."""
    return list(foreign_names().by_library[library].values())


# further names of layers, as `spelling` leaves them
_LAYER_NAMES = {"concrete": "GumbelSoftmax", "randomizedleakyrelu": "RReLU"}
_LAYERS = Spellings(layers.__all__)


def get(name: Any, **parameters: Any) -> Any:
    """The activation called `name`; with parameters, a callable that saves with its model.

    Other libraries' names are understood too: in any spelling where that leaves no doubt (``"SiLU"``), and after the library's
    own name with its defaults (``"tf.nn.leaky_relu"`` has slope 0.2). Saved models and Keras's layers take names of the
    catalogue only.

    Args:
        name: A canonical name, an alias, either after ``"keras_acts>"``, another library's name, or what `get` returned before;
            as in Keras's own `get` also what ``keras.activations.serialize`` makes of these, and None for the identity.
        **parameters: Parameters of that activation as numbers; see `describe`.

    Returns:
        The function itself if no parameters are given, else a `Parameterised` activation. Both have `.derivative`.

    Raises:
        ValueError: For an unknown name, with the nearest ones, or a parameter outside its range.
        TypeError: For an unknown parameter or one of the wrong type.

    >>> import keras_acts
    >>> keras_acts.get("leaky_relu") is keras_acts.activations.leaky_relu
    True
    >>> keras_acts.get("leaky_relu", negative_slope=0.05)
    keras_acts.get('leaky_relu', negative_slope=0.05)
    >>> keras_acts.get("keras.layers.LeakyReLU")
    keras_acts.get('leaky_relu', negative_slope=0.3)
    """
    if name is None:
        return resolve("linear", **parameters)
    if isinstance(name, Mapping):
        return _from_configuration(name, parameters)
    if isinstance(name, str) and not register.holds(name):
        ours, theirs = translate(name)
        try:
            return resolve(ours, **{**theirs, **parameters})
        except TypeError as error:
            raise TypeError(f"{error} {shown(name)} is {ours!r} here; parameters go with the names of this package.") from None
    return resolve(name, **parameters)


def _from_configuration(config: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """The activation that ``keras.activations.serialize`` has written down."""
    inside = config.get("config")
    if isinstance(inside, Mapping) and config.get("class_name") == Parameterised.__name__:
        return resolve(Parameterised.from_config(inside), **parameters)
    if isinstance(inside, str) and config.get("class_name") == "function":
        return resolve(inside, **parameters)
    return resolve(config)  # which refuses it


def translate(name: str) -> Meaning:
    """A name that the catalogue lacks, as one that it has and the parameters that belong to it.

    Raises:
        ValueError: If nobody has such a name, it means several things, or it is a layer here.
    """
    if len(name) > LONGEST:
        raise unknown(name)
    prefix = _prefix(name)
    if prefix:
        return foreign_names().after_prefix(prefix, name.removeprefix(prefix)).meaning(name)
    if not name.startswith(f"{PACKAGE}>") and any(mark in name for mark in ".>"):
        known = ", ".join(library.prefixes[0] for library in LIBRARIES)
        raise ValueError(f"unknown activation {shown(name)}. Names of other libraries begin with {known}.")
    ours = _spelt_here(name)
    return (ours, {}) if ours else _without_prefix(name)


def not_ours(name: str) -> ValueError:
    """The error where only names of the catalogue are taken, with what `get` makes of another one."""
    try:
        ours, theirs = translate(name)
    except ValueError as error:
        return error
    if not theirs and not any(mark in name for mark in ".>"):
        return ValueError(f"unknown activation {shown(name)}. Did you mean {ours!r}?")
    set_ = " and ".join(f"{parameter}={value!r}" for parameter, value in theirs.items())
    here = f"{ours!r} with {set_}" if theirs else repr(ours)
    return ValueError(f"unknown activation {shown(name)}. {PACKAGE}.get({shown(name)}) reads it: here it is {here}.")


def _spelt_here(name: str) -> str | None:
    """The canonical name of what the catalogue has under `name`, however that is spelt."""
    alike = register.spelt_like(name)
    meanings = {register.canonical(each) for each in alike}
    if len(meanings) > 1:
        raise ValueError(_ambiguous(name, alike))
    return meanings.pop() if meanings else None


def _without_prefix(name: str) -> Meaning:
    """A name that only other libraries have, if they agree what it is."""
    found = {each.library.prefixes[0] + each.name: each.meaning(name) for each in foreign_names().alike(name)}
    if not found:
        if ours := _LAYERS.alike(_LAYER_NAMES.get(spelling(name), name)):
            raise ValueError(_is_a_layer(name, f"{ours[0]}(…)"))
        raise unknown(name)
    first, *others = found.values()
    if any(other != first for other in others):
        raise ValueError(_ambiguous(name, found))
    return first


def _prefix(name: str) -> str:
    """The longest prefix of a library that a name begins with, or nothing."""
    return max((prefix for prefix in PREFIXES if name.startswith(prefix)), key=len, default="")


def _ambiguous(name: str, meanings: Iterable[str]) -> str:
    return f"the name {name!r} could be {' or '.join(map(repr, meanings))}: write which."


def _is_a_layer(name: str, layer: str) -> str:
    return f"{name!r} is a layer here, which holds what it learns or draws: {PACKAGE}.layers.{layer}."


register.explain_unknown_names(not_ours)
