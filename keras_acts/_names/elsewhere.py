"""Names that activations have elsewhere, and how `get` reads them.

A name of the catalogue always means what the catalogue says. What `get` finds nowhere else is read here: first by spelling
(``"SiLU"`` is silu), then as a name of another library, with the parameters that it has there. Configurations of saved models
don't come this way: they hold names of the catalogue only.
"""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from keras_acts import layers
from keras_acts._catalogue import resolve
from keras_acts._record import register
from keras_acts._record.parameters import shown
from keras_acts._record.record import records
from keras_acts._record.register import PACKAGE, unknown

Found = tuple[str, dict[str, Any]]  # a canonical name or an alias, and the parameters that differ from its defaults


@dataclass(frozen=True)
class Home:
    """Another library and its names.

    Those in `same` are found by their spelling and have our defaults; those in `other` are ours under another name or with
    other parameters; those in `layers` are layers here, written as one that starts like theirs. `under` says which it has
    under another prefix than the first.
    """

    title: str
    prefixes: tuple[str, ...]
    same: str
    other: Mapping[str, Found] = field(default_factory=dict)
    layers: Mapping[str, str] = field(default_factory=dict)
    under: Mapping[str, str] = field(default_factory=dict)

    def full(self, name: str) -> str:
        """One of its names with the prefix that it has there."""
        return next((prefix for prefix, names in self.under.items() if name in names.split()), self.prefixes[0]) + name

    @property
    def names(self) -> tuple[str, ...]:
        """All its names, as it spells them."""
        return (*self.same.split(), *self.other, *self.layers)

    def find(self, name: str, prefix: str) -> Found:
        """What the name of this library that stands after `prefix` is here."""
        alike = [name] if name in self.names else _alike(name, self.names)
        if len(alike) != 1:
            raise ValueError(f"unknown activation {shown(prefix + name)}.{_suggest(name, alike or self.names, prefix)}")
        spelt = alike[0]
        if spelt in self.layers:
            raise ValueError(_is_a_layer(prefix + name, self.layers[spelt]))
        return self.other.get(spelt) or (_spelt_here(spelt) or spelt, {})


_GELU_TANH: Found = ("gelu_tanh", {})

HOMES = (
    Home(
        "PyTorch",
        ("torch.nn.", "torch.nn.functional.", "torch."),
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh Identity LeakyReLU LogSigmoid LogSoftmax Mish ReLU ReLU6 "
        "SELU SiLU Sigmoid Softmax Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold "
        "abs asinh arcsinh atan arctan cos erf exp sign sin sinc sinh",
        layers={
            "PReLU": "PReLU(keras.initializers.Constant(0.25), num_parameters=1)",
            "RReLU": "RReLU()",
            "gumbel_softmax": "GumbelSoftmax()",
        },
        under={
            "torch.": "abs asinh arcsinh atan arctan cos erf exp sign sin sinc sinh",
            "torch.nn.functional.": "gumbel_softmax",
        },
    ),
    Home(
        "JAX",
        ("jax.nn.",),
        "celu elu glu hard_sigmoid hard_silu hard_swish hard_tanh identity leaky_relu log_sigmoid log_softmax mish relu relu6 "
        "selu sigmoid silu soft_sign softmax softplus sparse_plus sparse_sigmoid squareplus standardize swish tanh",
        other={"gelu": _GELU_TANH},
    ),
    Home(
        "Flax",
        ("flax.linen.", "flax.nnx."),
        "celu elu glu hard_sigmoid hard_silu hard_swish hard_tanh identity leaky_relu log_sigmoid log_softmax relu relu6 "
        "selu sigmoid silu soft_sign softmax softplus standardize swish tanh",
        other={"gelu": _GELU_TANH},
        layers={"PReLU": "PReLU(keras.initializers.Constant(0.01), num_parameters=1)"},
    ),
    Home(
        "TensorFlow",
        ("tf.nn.", "tf.math.", "tensorflow.nn.", "tensorflow.math."),
        "abs asinh atan cos crelu elu erf exp gelu log_sigmoid log_softmax relu relu6 selu sigmoid sign silu sin sinh softmax "
        "softplus softsign swish tanh",
        other={"leaky_relu": ("leaky_relu", {"negative_slope": 0.2})},
        under={"tf.math.": "abs asinh atan cos erf exp log_sigmoid sign sin sinh"},
    ),
    Home(
        "TensorFlow Addons",
        (
            "Addons>",
            "tfa.activations.",
            "tfa.layers.",
            "tensorflow_addons.activations.",
            "tensorflow_addons.layers.",
        ),
        "hardshrink lisht mish snake softshrink sparsemax tanhshrink",
        other={"gelu": _GELU_TANH, "Maxout": ("maxout", {"layout": "strided"})},
        layers={"rrelu": "RReLU()", "Snake": "Snake()", "TLU": "TLU()"},
    ),
    Home(
        "keras.activations",
        ("keras.activations.", "tf.keras.activations.", "tensorflow.keras.activations."),
        "celu elu exponential gelu glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh linear log_sigmoid log_softmax "
        "mish relu relu6 selu sigmoid silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax "
        "squareplus swish tanh tanh_shrink threshold",
        other={"leaky_relu": ("leaky_relu", {"negative_slope": 0.2})},
    ),
    Home(
        "keras.ops",
        ("keras.ops.", "keras.ops.nn."),
        "abs absolute arcsinh arctan celu cos elu erf exp glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh "
        "log_sigmoid log_softmax relu relu6 selu sigmoid sign silu sin sinc sinh soft_shrink softmax softplus softsign "
        "sparse_plus sparse_sigmoid sparsemax squareplus swish tanh tanh_shrink threshold",
        other={"gelu": _GELU_TANH, "leaky_relu": ("leaky_relu", {"negative_slope": 0.2})},
    ),
    Home(
        "keras.layers",
        ("keras.layers.", "tf.keras.layers.", "tensorflow.keras.layers."),
        "ELU ReLU Softmax",
        other={"LeakyReLU": ("leaky_relu", {"negative_slope": 0.3})},
        layers={"PReLU": "PReLU()"},
    ),
    Home(
        "Keras 2",
        ("tf_keras.activations.", "tf_keras.layers."),
        "elu exponential gelu linear log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign swish tanh "
        "ThresholdedReLU",
        other={
            "hard_sigmoid": ("hard_sigmoid_02", {}),
            "leaky_relu": ("leaky_relu", {"negative_slope": 0.2}),
            "LeakyReLU": ("leaky_relu", {"negative_slope": 0.3}),
        },
        layers={"PReLU": "PReLU()"},
        under={"tf_keras.layers.": "LeakyReLU PReLU ThresholdedReLU"},
    ),
    Home(
        "Transformers",
        ("transformers.", "ACT2FN."),
        "gelu gelu_10 gelu_accurate gelu_fast gelu_new gelu_pytorch_tanh hardswish laplace leaky_relu linear mish quick_gelu "
        "relu relu2 relu6 sigmoid silu sqrtsoftplus swish tanh",
        other={"gelu_python": ("gelu", {}), "gelu_python_tanh": _GELU_TANH},
        layers={"prelu": "PReLU(keras.initializers.Constant(0.25), num_parameters=1)", "xielu": "XIELU()"},
    ),
    Home(
        "timm",
        ("timm.layers.", "timm."),
        "celu elu gelu gelu_tanh hard_mish hard_sigmoid hard_swish identity leaky_relu mish quick_gelu relu relu6 selu sigmoid "
        "silu swish tanh",
        layers={"prelu": "PReLU(keras.initializers.Constant(0.25), num_parameters=1)"},
    ),
    Home(
        "ONNX",
        ("onnx.", "ai.onnx."),
        "Abs Asinh Atan Celu Cos Elu Erf Exp Gelu HardSwish Hardmax Identity LeakyRelu LogSoftmax LpNormalization Mish Relu "
        "Selu Shrink Sigmoid Sign Sin Sinh Softmax Softplus Softsign Swish Tanh ThresholdedRelu",
        other={"HardSigmoid": ("hard_sigmoid_02", {})},
        layers={"PRelu": "PReLU()"},
    ),
    Home(
        "MLX",
        ("mlx.nn.",),
        "celu elu gelu glu hard_shrink hard_tanh hardswish leaky_relu log_sigmoid log_softmax mish relu relu2 relu6 selu "
        "sigmoid silu softmax softmin softplus softshrink softsign tanh",
        other={"gelu_approx": _GELU_TANH, "gelu_fast_approx": ("quick_gelu", {})},
        layers={"prelu": "PReLU(keras.initializers.Constant(0.25), num_parameters=1)"},
    ),
)

# other names of layers, as `_spelling` leaves them
_LAYER_NAMES = {"concrete": "GumbelSoftmax", "randomizedleakyrelu": "RReLU"}


def get(name: Any, **parameters: Any) -> Any:
    """The activation called `name`; with parameters, a callable that saves with its model.

    Other libraries' names are understood too: in any spelling where that leaves no doubt (``"SiLU"``), and after the library's
    own name with its defaults (``"tf.nn.leaky_relu"`` has slope 0.2). Saved models and Keras's layers take names of the
    catalogue only.

    Args:
        name: A canonical name, an alias, either after ``"keras_acts>"``, another library's name, or what `get` returned before.
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
    if isinstance(name, str) and not register.holds(name):
        ours, theirs = translate(name)
        try:
            return resolve(ours, **{**theirs, **parameters})
        except TypeError as error:
            raise TypeError(f"{error} {shown(name)} is {ours!r} here; parameters go with the names of this package.") from None
    return resolve(name, **parameters)


def translate(name: str) -> Found:
    """A name that the catalogue lacks, as one that it has and the parameters that belong to it.

    Raises:
        ValueError: If nobody has such a name, it means several things, or it is a layer here.
    """
    prefix, home = _home(name)
    if home is not None:
        return home.find(name[len(prefix) :], prefix)
    if not name.startswith(f"{PACKAGE}>") and any(mark in name for mark in ".>"):
        known = ", ".join(home.prefixes[0] for home in HOMES)
        raise ValueError(f"unknown activation {shown(name)}. Names of other libraries begin with {known}.")
    ours = _spelt_here(name)
    return (ours, {}) if ours else _elsewhere(name)


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
    known = {each: record.name for record in records() for each in (record.name, *record.aliases)}
    alike = _alike(name, known)
    if len({known[each] for each in alike}) > 1:
        raise ValueError(_ambiguous(name, alike))
    return known[alike[0]] if alike else None


def _elsewhere(name: str) -> Found:
    """A name without prefix that only other libraries have, if they agree what it is."""
    found = {}
    for home in HOMES:
        for spelt in _alike(name, home.names):
            if spelt in home.layers:
                raise ValueError(_is_a_layer(name, home.layers[spelt]))
            found[home.prefixes[0] + spelt] = home.find(spelt, home.prefixes[0])
    if not found:
        if ours := _alike(_LAYER_NAMES.get(_spelling(name), name), layers.__all__):
            raise ValueError(_is_a_layer(name, f"{ours[0]}(…)"))
        raise unknown(name)
    meanings = list(found.values())
    if any(meaning != meanings[0] for meaning in meanings):
        raise ValueError(_ambiguous(name, found))
    return meanings[0]


def _home(name: str) -> tuple[str, Home | None]:
    """The library that a name begins with, and what of the name says so."""
    matches = [(prefix, home) for home in HOMES for prefix in home.prefixes if name.startswith(prefix)]
    return max(matches, key=lambda match: len(match[0]), default=("", None))


def _spelling(name: str) -> str:
    """What is left of a name if neither case nor what separates its words counts."""
    return name.lower().translate(str.maketrans("", "", "_- "))


def _alike(name: str, known: Iterable[str]) -> list[str]:
    return [each for each in known if _spelling(each) == _spelling(name)]


def _suggest(name: str, known: Iterable[str], prefix: str) -> str:
    spelt = {_spelling(each): prefix + each for each in known}
    near = difflib.get_close_matches(_spelling(name[:80]), spelt, n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(spelt[each]) for each in near)}?" if near else ""


def _ambiguous(name: str, meanings: Iterable[str]) -> str:
    return f"the name {name!r} could be {' or '.join(map(repr, meanings))}: write which."


def _is_a_layer(name: str, layer: str) -> str:
    return f"{name!r} is a layer here, which holds what it learns or draws: {PACKAGE}.layers.{layer}."


register.explain_unknown_names(not_ours)
