"""Names of other libraries: what `get` makes of them, against the libraries themselves, and files of TensorFlow Addons."""

import contextlib
import functools
import inspect
import io
import json
import math
import re
import runpy
import warnings
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import ActivationOperation, Parameterised
from keras_acts._names import elsewhere
from keras_acts._record import register, spelling
from keras_acts.conformance import backends

ROOT = Path(__file__).parent.parent
X = np.linspace(-4.0, 4.0, 48, dtype="float32").reshape(4, 12)
IMAGE = (2, 3, 2, 4)
VERTEX = 10.0  # rows whose sparsemax has one entry: Keras's is wrong for others
FOREIGN = [name for library in elsewhere.LIBRARIES for name in elsewhere.names_in(library)]
NAMES = [name.library.prefixes[0] + name.name for name in FOREIGN if not name.layer]
LAYERS = [(name.library.prefixes[0] + name.name, name.layer) for name in FOREIGN if name.layer]


def given_for(name):
    """Parameters for what has no defaults, by names of ours."""
    given = {"threshold": {"threshold": 0.5, "default_value": -1.0}, "maxout": {"num_units": 3}}
    return given.get(re.split("[.>]", name)[-1].lower(), {})


def by(name):
    return keras_acts.get(name, **given_for(name))


def in_numpy(y):
    return keras.ops.convert_to_numpy(y)


def erf(x):
    return np.vectorize(math.erf)(x)


# ---- without prefix


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("SiLU", "silu"),
        ("Hardswish", "hard_silu"),
        ("HardSwish", "hard_silu"),
        ("hard swish", "hard_silu"),
        ("log-sigmoid", "log_sigmoid"),
        ("LogSigmoid", "log_sigmoid"),
        ("LEAKY_RELU", "leaky_relu"),
        ("LeakyReLU", "leaky_relu"),
        ("Tanhshrink", "tanh_shrink"),
        ("ReLU6", "relu6"),
        ("ReLU2", "squared_relu"),
        ("Softmax2d", "softmax2d"),
        ("SoftSign", "softsign"),
        ("ThresholdedReLU", "thresholded_relu"),
        ("sqrtsoftplus", "sqrt_softplus"),
        ("gelu_new", "gelu_tanh"),
        ("gelu_fast", "gelu_tanh"),
        ("gelu_accurate", "gelu_tanh"),
        ("gelu_pytorch_tanh", "gelu_tanh"),
        ("gelu_python_tanh", "gelu_tanh"),
        ("gelu_approx", "gelu_tanh"),
        ("gelu_python", "gelu"),
        ("gelu_fast_approx", "quick_gelu"),
        ("gelu_10", "clipped_gelu"),
        ("Snake", "snake"),
    ],
)
def test_spelling_does_not_matter_where_it_leaves_no_doubt(theirs, ours):
    assert keras_acts.get(theirs) is keras_acts.get(ours)


def test_name_of_the_catalogue_means_what_the_catalogue_says():
    """Other libraries have another slope, or another function, under these names."""
    assert keras_acts.get("leaky_relu") is keras_acts.activations.leaky_relu
    assert keras_acts.get("LeakyReLU") is keras_acts.activations.leaky_relu
    assert keras_acts.get("HardSigmoid") is keras_acts.activations.hard_sigmoid
    for name in keras_acts.names(aliases=True):
        assert (
            keras_acts.get("keras_acts>" + name, **keras_acts.describe(name).example).__name__ == keras_acts.describe(name).name
        )


def test_parameters_are_ours_and_win_over_theirs():
    assert keras_acts.get("SELU") is keras_acts.activations.selu
    assert keras_acts.get("ELU", alpha=2.0) == keras_acts.get("elu", alpha=2.0)
    assert keras_acts.get("tf.nn.leaky_relu", negative_slope=0.1) == keras_acts.get("leaky_relu", negative_slope=0.1)
    with pytest.raises(TypeError, match="leaky_relu has no parameter 'alpha'"):
        keras_acts.get("tf.nn.leaky_relu", alpha=0.1)


def test_spelling_that_fits_several_is_refused_with_all_of_them(monkeypatch):
    monkeypatch.setattr(register, "_functions", dict.fromkeys(("s_relu", "srelu", "softsign")))
    monkeypatch.setattr(register, "_aliases", {})
    with pytest.raises(ValueError, match="the name 'SReLU' could be 's_relu' or 'srelu': write which"):
        elsewhere.translate("SReLU")
    assert elsewhere.translate("SoftSign") == ("softsign", {})


def test_name_that_libraries_don_t_agree_on_is_refused_with_all_of_them(monkeypatch):
    def only(slopes):
        monkeypatch.setattr(elsewhere, "PREFIXES", {f"{title}.": elsewhere.Library(title, (f"{title}.",)) for title in slopes})
        names = [
            elsewhere.ForeignName(library, prefix, "Ramp", "leaky_relu", {"negative_slope": slopes[library.title]})
            for prefix, library in elsewhere.PREFIXES.items()
        ]
        monkeypatch.setattr(elsewhere, "foreign_names", lambda: elsewhere.ForeignNames(names))

    only({"one": 0.1, "two": 0.2, "three": 0.2})
    with pytest.raises(ValueError, match=r"the name 'ramp' could be 'one.Ramp' or 'two.Ramp' or 'three.Ramp': write which"):
        keras_acts.get("ramp")
    assert keras_acts.get("one.ramp") == keras_acts.get("leaky_relu", negative_slope=0.1)
    only({"two": 0.2, "three": 0.2})
    assert keras_acts.get("ramp") == keras_acts.get("leaky_relu", negative_slope=0.2)


# ---- what a name costs


class Endless(str):
    """A name that is too long to be read: whatever looks at more than its start fails."""

    def refuse(self, *_):
        raise AssertionError("the whole name was read")

    lower = upper = casefold = translate = replace = removeprefix = removesuffix = split = strip = encode = refuse
    __hash__ = __eq__ = __contains__ = __iter__ = __str__ = __repr__ = __format__ = __add__ = __radd__ = refuse


@pytest.mark.parametrize("start", ["x", "silu" + " " * 100, "torch.nn.", "keras_acts>", "Other>", "jax.nn.silu-"])
@pytest.mark.parametrize("way", [keras_acts.get, keras_acts.describe, keras_acts.layers.Activation])
def test_name_of_any_length_is_refused_by_its_start(start, way):
    with pytest.raises(ValueError, match="unknown activation") as error:
        way(Endless(start + "-" * 1000))
    assert len(str(error.value)) < 200


@pytest.fixture
def spelt(monkeypatch):
    """The names that are indexed or looked up by their spelling, in order."""
    seen = []
    known = spelling.spelling
    monkeypatch.setattr(spelling, "spelling", lambda name: seen.append(name) or known(name))
    return seen


@pytest.mark.parametrize("name", ["softsgn", "SoftSign", "Tanhshrink", "gelu_pythn"])
def test_name_is_looked_up_without_going_through_all_others(name, spelt):
    def look_up():
        with contextlib.suppress(ValueError):
            keras_acts.get(name)

    look_up()
    spelt.clear()
    look_up()
    assert set(spelt) == {name}


def test_catalogue_is_indexed_again_only_when_it_has_changed(monkeypatch, spelt):
    assert keras_acts.get("SoftSign") is keras_acts.activations.softsign
    spelt.clear()
    monkeypatch.setattr(register, "_functions", {**register._functions, "brand_new": keras_acts.activations.softsign})
    assert keras_acts.get("BrandNew") is keras_acts.activations.softsign
    assert sorted(spelt) == sorted([*register._functions, *register._aliases, "BrandNew"])


def test_data_file_is_read_once_at_the_first_foreign_name(monkeypatch):
    read = []
    known = elsewhere._read
    monkeypatch.setattr(elsewhere, "_read", lambda: read.append("elsewhere.tsv") or known())
    monkeypatch.setattr(elsewhere, "foreign_names", functools.cache(elsewhere.foreign_names.__wrapped__))
    keras_acts.get("SoftSign")
    assert read == []
    for name in ("torch.nn.SiLU", "tf.nn.leaky_relu", "gelu_python"):
        keras_acts.get(name)
    assert read == ["elsewhere.tsv"]


def test_every_line_of_the_data_file_says_what_this_package_has():
    _, *lines = (Path(elsewhere.__file__).parent / "elsewhere.tsv").read_text(encoding="utf-8").splitlines()
    assert [line.split("\t")[0] for line in lines] == [name.full for name in FOREIGN]
    for name in FOREIGN:
        assert name.layer.partition("(")[0] in keras_acts.layers.__all__ if name.layer else name.ours in keras_acts.names()


# ---- after the name of a library


@pytest.mark.any_backend
@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_every_library_resolves(name):
    assert callable(by(name))


@pytest.mark.any_backend
@pytest.mark.parametrize("prefix", [prefix for library in elsewhere.LIBRARIES for prefix in library.prefixes])
def test_every_prefix_leads_to_its_library(prefix):
    library = next(library for library in elsewhere.LIBRARIES if prefix in library.prefixes)
    for name in names_of(library.title):
        assert by(prefix + name) == by(library.prefixes[0] + name)


def test_what_differs_by_defaults_only_says_so():
    assert repr(keras_acts.get("tf.nn.leaky_relu")) == "keras_acts.get('leaky_relu', negative_slope=0.2)"
    assert repr(keras_acts.get("keras.layers.LeakyReLU")) == "keras_acts.get('leaky_relu', negative_slope=0.3)"
    assert keras_acts.get("torch.nn.LeakyReLU") is keras_acts.activations.leaky_relu
    assert keras_acts.get("jax.nn.gelu") is keras_acts.activations.gelu_tanh
    assert keras_acts.get("torch.nn.GELU") is keras_acts.activations.gelu


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("torch.nn.SiLUU", "unknown activation 'torch.nn.SiLUU'. Did you mean 'torch.nn.SiLU'"),
        ("torch.nn.functional.hard_swsh", "Did you mean 'torch.nn.functional.Hardswish'"),
        ("tf.nn.PReLU", "unknown activation 'tf.nn.PReLU'. Did you mean 'tf.nn.relu'"),
        ("Addons>mesh", "Did you mean 'Addons>mish'"),
        ("jax.nn.qqqqqqq", r"unknown activation 'jax.nn.qqqqqqq'\.$"),
        ("torch.nn.", r"unknown activation 'torch.nn.'\.$"),
        ("paddle.nn.ReLU", "Names of other libraries begin with torch.nn., jax.nn."),
        ("Other>mish", "unknown activation 'Other>mish'. Names of other libraries begin with"),
        ("keras_acts>SiLU", "unknown activation 'keras_acts>SiLU'"),
        ("hardswih", "Did you mean 'hardswish'"),
        ("snak", r"Did you mean 'snake' or 'snake_beta'\?$"),
        ("nope", r"unknown activation 'nope'\.$"),
    ],
)
def test_name_that_a_library_lacks_is_refused_with_its_nearest(wrong, message):
    with pytest.raises(ValueError, match=message):
        keras_acts.get(wrong)


@pytest.mark.parametrize(("name", "layer"), LAYERS)
def test_what_is_a_layer_here_is_refused_with_the_layer(name, layer):
    with pytest.raises(ValueError, match="is a layer here") as error:
        keras_acts.get(name)
    expression = str(error.value).split(": ")[1].removesuffix(".")
    assert expression == f"keras_acts.layers.{layer}"
    made = eval(expression)
    assert made(X).shape == X.shape


@pytest.mark.parametrize("name", ["RReLU", "rrelu", "gumbel_softmax", "GumbelSoftmax"])
def test_layer_without_prefix_is_refused_with_the_layer(name):
    with pytest.raises(ValueError, match=f"{name!r} is a layer here.*keras_acts.layers.(RReLU|GumbelSoftmax)"):
        keras_acts.get(name)


# ---- files and Keras


@pytest.mark.parametrize("name", ["SiLU", "hard swish", "torch.nn.SiLU", "tf.nn.leaky_relu", "gelu_python", "Addons>lisht"])
def test_files_and_keras_take_names_of_the_catalogue_only(name):
    assert callable(keras_acts.get(name))
    config = {"activation": name, "parameters": {}}
    for refuses in (
        lambda: Parameterised.from_config(config),
        lambda: ActivationOperation.from_config({**config, "name": "node"}),
        lambda: keras_acts.layers.Activation.from_config({"name": "layer", "activation": name}),
        lambda: Parameterised(name, {}),
        lambda: keras_acts.describe(name),
        lambda: keras.layers.Dense(2, activation=name),
    ):
        with pytest.raises((ValueError, TypeError), match=r"unknown activation|Could not interpret"):
            refuses()


@pytest.mark.parametrize("name", ["SiLU", "tf.nn.leaky_relu", "jax.nn.gelu", "onnx.HardSigmoid"])
def test_model_with_another_library_s_name_is_saved_under_ours(name, tmp_path):
    model = keras.Sequential([keras.Input((12,)), keras.layers.Dense(3, activation=keras_acts.get(name))])
    model.save(tmp_path / "m.keras")
    assert name not in zipfile.ZipFile(tmp_path / "m.keras").read("config.json").decode()
    np.testing.assert_array_equal(*(in_numpy(of(X)) for of in (model, keras.models.load_model(tmp_path / "m.keras"))))


# ---- against the libraries


@functools.cache
def at(activation, shape, scale):
    return in_numpy(activation(scale * X.reshape(shape)))


def assert_alike(name, theirs, shape=X.shape, scale=1.0):
    """Ours at their defaults is theirs, but for the roundings of both."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch is not told along which axis its softmax goes
        exact = theirs(np.float32(scale) * X.reshape(shape))
    np.testing.assert_allclose(at(by(name), shape, scale), exact, rtol=2e-5, atol=2e-6)


def one_tensor_in_one_out(module, tensor):
    """What of a module takes one tensor and returns one of floats: what is or may be an activation."""
    for name in dir(module):
        if not name.startswith("_") and callable(getattr(module, name)) and not inspect.isclass(getattr(module, name)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    y = getattr(module, name)(tensor())
                except Exception:
                    continue
            if "float" in str(getattr(y, "dtype", "")):
                yield name


def assert_complete(prefix, exported, left_out):
    """Each exported activation resolves or is called a layer, but those left out, each of which exists."""
    missing = []
    for name in exported:
        try:
            by(prefix + name)
        except (ValueError, TypeError) as error:
            missing += [name] if "is a layer here" not in str(error) else []
    assert sorted(missing) == sorted(left_out)


def names_of(title):
    return [name.name for name in FOREIGN if name.library.title == title and not name.layer]


@pytest.mark.parametrize("name", names_of("keras.activations"))
def test_name_of_keras_activations_is_what_it_is_there(name):
    scale = VERTEX if name == "sparsemax" else 1.0
    assert_alike(f"keras.activations.{name}", lambda x: in_numpy(called(keras.activations, name)(x)), scale=scale)


@pytest.mark.parametrize("name", names_of("keras.ops"))
def test_name_of_keras_ops_is_what_it_is_there(name):
    scale = VERTEX if name == "sparsemax" else 1.0
    assert_alike(f"keras.ops.{name}", lambda x: in_numpy(called(keras.ops, name)(x)), scale=scale)


@pytest.mark.parametrize("name", names_of("keras.layers"))
def test_name_of_keras_layers_is_what_it_is_there(name):
    assert_alike(f"keras.layers.{name}", lambda x: in_numpy(getattr(keras.layers, name)()(x)))


def called(module, name):
    """A function of a library with values for what has no default there."""
    function = getattr(module, name)
    return lambda x: function(keras.ops.convert_to_tensor(x), *given_for(name).values())


def test_every_activation_of_keras_has_a_name_here():
    functions = [name for name, value in vars(keras.activations).items() if inspect.isfunction(value)]
    assert_complete("keras.activations.", set(functions) - {"get", "serialize", "deserialize"}, {})
    of_layers = [
        name for name, value in vars(keras.layers).items() if ".layers.activations." in getattr(value, "__module__", "")
    ]
    assert_complete("keras.layers.", of_layers, {"Activation"})  # takes the name of one


if backends.NAME == "torch":
    import torch

    @pytest.mark.parametrize("name", names_of("PyTorch"))
    def test_name_of_torch_is_what_it_is_there(name):
        shape = IMAGE if name == "Softmax2d" else X.shape
        if inspect.isclass(made := getattr(torch.nn, name, None)):
            theirs = made(*given_for(name).values())
        else:
            theirs = getattr(torch, name)
        assert_alike(f"torch.nn.{name}", lambda x: theirs(torch.from_numpy(x)).numpy(), shape)

    @pytest.mark.parametrize("name", [name for name in names_of("PyTorch") if hasattr(torch.nn.functional, name.lower())])
    def test_name_of_torch_s_functions_is_what_it_is_there(name):
        theirs = getattr(torch.nn.functional, name.lower())
        given = given_for(name).values()
        assert_alike(f"torch.nn.functional.{name.lower()}", lambda x: theirs(torch.from_numpy(x), *given).numpy())

    def test_every_activation_of_torch_has_a_name_here():
        of_modules = [*torch.nn.modules.activation.__all__, "Identity"]
        assert_complete("torch.nn.", of_modules, {"MultiheadAttention"})  # a block of several layers
        left_out = {
            "alpha_dropout": "drops",
            "dropout": "drops",
            "dropout1d": "drops",
            "dropout2d": "drops",
            "dropout3d": "drops",
            "feature_alpha_dropout": "drops",
            "normalize": "along axis 1, with a threshold of its own: keras_acts.get('lp_normalization', axis=1)",
            "pdist": "distances between rows",
        }
        functions = [*one_tensor_in_one_out(torch.nn.functional, lambda: torch.from_numpy(X.copy())), "threshold", "prelu"]
        assert_complete("torch.nn.functional.", functions, left_out)


if backends.NAME == "jax":
    import jax

    @pytest.mark.parametrize("name", names_of("JAX"))
    def test_name_of_jax_is_what_it_is_there(name):
        assert_alike(f"jax.nn.{name}", lambda x: np.asarray(getattr(jax.nn, name)(x)))

    def test_every_activation_of_jax_has_a_name_here():
        left_out = {
            "log1mexp": "log(1 - exp(-x)), for probabilities, not for units",
            "logmeanexp": "one number for all",
            "logsumexp": "one number for all",
        }
        assert_complete("jax.nn.", one_tensor_in_one_out(jax.nn, lambda: jax.numpy.asarray(X)), left_out)


if backends.NAME == "tensorflow":
    import tensorflow as tf

    @pytest.mark.parametrize("name", names_of("TensorFlow"))
    def test_name_of_tensorflow_is_what_it_is_there(name):
        module = tf.nn if hasattr(tf.nn, name) else tf.math
        assert_alike(f"tf.nn.{name}", lambda x: getattr(module, name)(tf.constant(x)).numpy())

    def test_every_activation_of_tensorflow_has_a_name_here():
        left_out = {
            "compute_average_loss": "one number for all",
            "l2_loss": "one number for all",
            "l2_normalize": "over the whole tensor, not along an axis, unless told",
            "scale_regularization_loss": "one number for all",
            "zero_fraction": "one number for all",
        }
        assert_complete("tf.nn.", one_tensor_in_one_out(tf.nn, lambda: tf.constant(X)), left_out)


# libraries that are not installed with any backend, by their formulas


def gelu(x):
    return x * 0.5 * (1 + erf(x / math.sqrt(2)))


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return np.exp(x) / np.exp(x).sum(-1, keepdims=True)


def sparsemax(x):
    """The threshold by bisection."""
    low, high = x.min(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        enough = np.maximum(x - middle, 0).sum(-1, keepdims=True) >= 1
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    return np.maximum(x - low, 0)


FORMULAS = {
    "abs": np.abs,
    "asinh": np.arcsinh,
    "atan": np.arctan,
    "celu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "cos": np.cos,
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "erf": erf,
    "exp": np.exp,
    "exponential": np.exp,
    "gelu": gelu,
    "gelu10": lambda x: np.clip(gelu(x), -10, 10),
    "geluaccurate": gelu_tanh,
    "geluapprox": gelu_tanh,
    "gelufast": gelu_tanh,
    "gelufastapprox": lambda x: x * sigmoid(1.702 * x),
    "gelunew": gelu_tanh,
    "gelupython": gelu,
    "gelupythontanh": gelu_tanh,
    "gelupytorchtanh": gelu_tanh,
    "gelutanh": gelu_tanh,
    "glu": lambda x: x[..., :6] * sigmoid(x[..., 6:]),
    "hardmax": lambda x: np.eye(x.shape[-1])[x.argmax(-1)],
    "hardmish": lambda x: 0.5 * x * np.clip(x + 2, 0, 2),
    "hardshrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "hardsigmoid": lambda x: np.clip(x / 6 + 0.5, 0, 1),
    "hardsilu": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hardswish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "identity": lambda x: x,
    "laplace": lambda x: 0.5 * (1 + erf((x - 0.707107) / (0.282095 * math.sqrt(2)))),
    "leakyrelu": lambda x: np.where(x > 0, x, 0.01 * x),
    "linear": lambda x: x,
    "lisht": lambda x: x * np.tanh(x),
    "logsigmoid": lambda x: -np.log1p(np.exp(-x)),
    "logsoftmax": lambda x: np.log(softmax(x)),
    "lpnormalization": lambda x: x / np.sqrt((x**2).sum(-1, keepdims=True)),
    "maxout": lambda x: x.reshape(-1, 4, 3).max(1),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "quickgelu": lambda x: x * sigmoid(1.702 * x),
    "relu": lambda x: np.maximum(x, 0),
    "relu2": lambda x: np.maximum(x, 0) ** 2,
    "relu6": lambda x: np.clip(x, 0, 6),
    "selu": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "sigmoid": sigmoid,
    "sign": np.sign,
    "silu": lambda x: x * sigmoid(x),
    "sin": np.sin,
    "sinh": np.sinh,
    "snake": lambda x: x + (1 - np.cos(2 * x)) / 2,
    "softmax": softmax,
    "softmin": lambda x: softmax(-x),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "softshrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "sparsemax": sparsemax,
    "sqrtsoftplus": lambda x: np.sqrt(np.log1p(np.exp(x))),
    "standardize": lambda x: (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5),
    "swish": lambda x: x * sigmoid(x),
    "tanh": np.tanh,
    "tanhshrink": lambda x: x - np.tanh(x),
    "thresholdedrelu": lambda x: np.where(x > 1, x, 0),
}
DIFFERENT = {
    "Flax": {"gelu": gelu_tanh},
    "TensorFlow Addons": {"gelu": gelu_tanh},
    "ONNX": {"HardSigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1)},
    "Keras 2": {
        "hard_sigmoid": lambda x: np.clip(0.2 * x + 0.5, 0, 1),
        "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
        "LeakyReLU": lambda x: np.where(x > 0, x, 0.3 * x),
    },
}
BY_FORMULA = [
    (title, name)
    for title in ("Flax", "TensorFlow Addons", "Keras 2", "Transformers", "timm", "ONNX", "MLX")
    for name in names_of(title)
]


@pytest.mark.parametrize(("title", "name"), BY_FORMULA)
def test_name_of_a_library_that_is_not_installed_is_what_its_formula_says(title, name):
    spelling = name.lower().replace("_", "")
    formula = DIFFERENT.get(title, {}).get(name) or FORMULAS[spelling]
    library = next(library for library in elsewhere.LIBRARIES if library.title == title)
    assert_alike(library.prefixes[0] + name, lambda x: formula(x.astype("float64")))


# ---- files written by Keras 2 with TensorFlow Addons

WEIGHTS = {
    "kernel": np.linspace(-1.5, 1.4, 24, dtype="float32").reshape(4, 6),
    "bias": np.linspace(-0.4, 0.6, 6, dtype="float32"),
}
INPUT = np.linspace(-2.0, 2.0, 12, dtype="float32").reshape(3, 4)
BEFORE = INPUT.astype("float64") @ WEIGHTS["kernel"] + WEIGHTS["bias"]
ADDONS = {
    **{name: FORMULAS[name] for name in ("hardshrink", "lisht", "mish", "snake", "softshrink", "sparsemax", "tanhshrink")},
    "gelu": gelu_tanh,
    "rrelu": lambda x: np.where(x >= 0, x, (1 / 8 + 1 / 3) / 2 * x),
}


def initializer(kind, newer):
    config = {"class_name": kind, "config": {}}
    return {"module": "keras.initializers", **config, "registered_name": None} if newer else {**config, "shared_object_id": 1}


def dense(newer, activation="linear"):
    """A dense layer as Keras 2 wrote it: with strings in .h5 files, with objects in .keras files."""
    if newer and ">" in activation:
        activation = {"module": "builtins", "class_name": "function", "config": activation, "registered_name": "function"}
    config = {"name": "dense", "trainable": True, "dtype": "float32", "units": 6, "activation": activation, "use_bias": True}
    for weight, kind in (("kernel", "GlorotUniform"), ("bias", "Zeros")):
        config |= {f"{weight}_initializer": initializer(kind, newer), f"{weight}_regularizer": None}
        config |= {f"{weight}_constraint": None}
    return ("Dense", config, WEIGHTS)


def sequential(layers, newer):
    batch = {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "ragged": False, "name": "input_1"}
    configs = []
    for name, config, _ in [("InputLayer", batch, {}), *layers]:
        package, _, bare = name.rpartition(">")
        if newer and package:
            place = {"module": f"tensorflow_addons.layers.{bare.lower()}", "registered_name": name}
            place["build_config"] = {"input_shape": [None, 6]}
        else:
            place = {"module": "keras.layers", "registered_name": None} if newer else {}
        configs.append({**place, "class_name": bare if newer else name, "config": config})
    model = {"class_name": "Sequential", "config": {"name": "sequential", "layers": configs}}
    return {"module": "keras", **model, "registered_name": None} if newer else model


def functional(layers):
    batch = {"batch_input_shape": [None, 4], "dtype": "float32", "sparse": False, "ragged": False, "name": "input_1"}
    configs = [{"class_name": "InputLayer", "config": batch, "name": "input_1", "inbound_nodes": []}]
    for name, config, _ in layers:
        before = [[[configs[-1]["name"], 0, 0, {}]]]
        configs.append({"class_name": name, "config": config, "name": config["name"], "inbound_nodes": before})
    ends = {"input_layers": [["input_1", 0, 0]], "output_layers": [[configs[-1]["name"], 0, 0]]}
    return {"class_name": "Functional", "config": {"name": "model", "trainable": True, "layers": configs, **ends}}


def write_h5(path, layers, model):
    with h5py.File(path, "w") as file:
        file.attrs.update({"keras_version": "2.15.0", "backend": "tensorflow", "model_config": json.dumps(model)})
        group = file.create_group("model_weights")
        group.attrs.update({"keras_version": "2.15.0", "backend": "tensorflow"})
        group.attrs["layer_names"] = [b"input_1", *(config["name"].encode() for _, config, _ in layers)]
        group.create_group("input_1").attrs["weight_names"] = []
        group.create_group("top_level_model_weights").attrs["weight_names"] = []
        for _, config, weights in layers:
            of_layer = group.create_group(config["name"])
            of_layer.attrs["weight_names"] = [f"{config['name']}/{name}:0".encode() for name in weights]
            for name, value in weights.items():
                of_layer[f"{config['name']}/{name}:0"] = value


def write_keras(path, layers, model):
    weights = io.BytesIO()
    with h5py.File(weights, "w") as file:
        for name, _, of_layer in layers:
            bare = name.rpartition(">")[2].lower()
            group = file.create_group(f"_layer_checkpoint_dependencies/{bare}/vars")
            for index, value in enumerate(of_layer.values()):
                group[str(index)] = value
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "2.15.0"}))
        archive.writestr("config.json", json.dumps(model))
        archive.writestr("model.weights.h5", weights.getvalue())


@pytest.fixture(params=["sequential.h5", "functional.h5", "sequential.keras"])
def saved(request, tmp_path):
    """Writes a model of layers, each given as a function of whether the format is the newer one."""
    newer = request.param.endswith(".keras")

    def save(*makers):
        path = tmp_path / request.param
        layers = [make(newer) for make in makers]
        if newer:
            write_keras(path, layers, sequential(layers, newer))
        else:
            write_h5(path, layers, sequential(layers, newer) if "seq" in request.param else functional(layers))
        return path

    return save


def layer(name, weights=(), **config):
    own = {"name": name.lower(), "trainable": True, "dtype": "float32"}
    return lambda newer: (
        f"Addons>{name}",
        {**own, **{key: value(newer) if callable(value) else value for key, value in config.items()}},
        dict(weights),
    )


def predicted(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras 2 listed the inputs of a functional model even if there is one
        return in_numpy(model(INPUT))


def load(path):
    return keras.models.load_model(path, compile=False)


def assert_loads_and_is_ours_from_then_on(path, exact, tmp_path):
    """The model predicts as the formula says, and once saved again it needs no names of Addons."""
    with pytest.raises((ValueError, TypeError), match=r"Addons>|activation"):
        load(path)
    with keras_acts.register_addons():
        model = load(path)
    np.testing.assert_allclose(predicted(model), exact, rtol=1e-5, atol=1e-5)
    assert "Addons" not in model.to_json()
    for name in ("again.keras", "again.h5"):
        model.save(tmp_path / name)
        np.testing.assert_array_equal(predicted(load(tmp_path / name)), predicted(model))
    return model


@pytest.mark.any_backend
@pytest.mark.parametrize("name", ADDONS)
def test_model_with_a_function_of_addons_loads(name, saved, tmp_path):
    path = saved(lambda newer: dense(newer, f"Addons>{name}"))
    model = assert_loads_and_is_ours_from_then_on(path, ADDONS[name](BEFORE), tmp_path)
    if name == "rrelu":
        assert model.layers[-1].activation == keras_acts.get("leaky_relu", negative_slope=11 / 48)
    else:
        assert model.layers[-1].activation is keras_acts.get(f"Addons>{name}")


def test_plain_sparsemax_of_early_addons_loads_as_ours_where_keras_s_names_are_replaced(tmp_path):
    layers = [dense(False, "sparsemax")]
    write_h5(tmp_path / "m.h5", layers, sequential(layers, False))
    with keras_acts.replace_builtins():
        model = load(tmp_path / "m.h5")
    np.testing.assert_allclose(predicted(model), sparsemax(BEFORE), rtol=1e-5, atol=1e-5)


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("make", "exact"),
    [
        (layer("GELU", approximate=True), gelu_tanh(BEFORE)),
        (layer("GELU", approximate=False), gelu(BEFORE)),
        (layer("Sparsemax", axis=-1), sparsemax(BEFORE)),
        (layer("Sparsemax", axis=1), sparsemax(BEFORE)),
        (layer("Maxout", num_units=3, axis=-1), BEFORE.reshape(3, 2, 3).max(1)),
        (layer("Maxout", num_units=2, axis=1), BEFORE.reshape(3, 3, 2).max(1)),
        (
            layer("Snake", {"frequency": np.float32(2.5)}, frequency_initializer=lambda newer: initializer("Ones", newer)),
            BEFORE + (1 - np.cos(2 * 2.5 * BEFORE)) / (2 * 2.5),
        ),
        (
            layer(
                "TLU",
                {"tau": np.linspace(-1, 1, 6, dtype="float32")},
                tau_initializer=lambda newer: initializer("Zeros", newer),
                tau_regularizer=None,
                tau_constraint=None,
                affine=False,
            ),
            np.maximum(BEFORE, np.linspace(-1, 1, 6)),
        ),
        (
            layer(
                "TLU",
                {"tau": np.linspace(-1, 1, 6, dtype="float32"), "alpha": np.linspace(0, 0.5, 6, dtype="float32")},
                **{
                    f"{weight}_{argument}": (lambda newer: initializer("Zeros", newer)) if argument == "initializer" else None
                    for weight in ("tau", "alpha")
                    for argument in ("initializer", "regularizer", "constraint")
                },
                affine=True,
            ),
            np.maximum(BEFORE, np.linspace(0, 0.5, 6) * BEFORE + np.linspace(-1, 1, 6)),
        ),
    ],
    ids=["GELU", "GELU exact", "Sparsemax", "Sparsemax axis", "Maxout", "Maxout axis", "Snake", "TLU", "TLU affine"],
)
def test_model_with_a_layer_of_addons_loads(make, exact, saved, tmp_path):
    model = assert_loads_and_is_ours_from_then_on(saved(dense, make), exact, tmp_path)
    assert type(model.layers[-1]).__module__ == "keras_acts.layers"
    assert model.layers[-1].name == make(False)[1]["name"]


@pytest.mark.parametrize("tampered", [{"approximate": 1}, {"approximate": "yes"}, {"surprise": 1}])
def test_tampered_configuration_of_an_addons_layer_is_refused(tampered, saved):
    path = saved(dense, layer("GELU", **{"approximate": True, **tampered}))
    with keras_acts.register_addons(), pytest.raises((TypeError, ValueError), match=r"approximate|surprise"):
        load(path)


def test_initializer_of_an_addons_layer_must_be_keras_s_own(saved):
    foreign = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
    path = saved(dense, layer("Snake", {"frequency": np.float32(1)}, frequency_initializer=foreign))
    with (
        keras_acts.register_addons(),
        pytest.raises((TypeError, ValueError), match="alpha_initializer must be one of Keras's own"),
    ):
        load(path)


def test_addons_name_inside_a_wrapper_loads():
    config = keras.saving.serialize_keras_object(keras.layers.Bidirectional(keras.layers.LSTM(3)))
    for direction in ("layer", "backward_layer"):
        if direction in config["config"]:
            config["config"][direction]["config"]["activation"] = "Addons>softshrink"
    with keras_acts.register_addons():
        wrapper = keras.saving.deserialize_keras_object(config)
    assert wrapper.forward_layer.activation is keras_acts.activations.soft_shrink


def test_addons_names_are_known_between_the_call_and_undo():
    stores = [keras.saving.get_custom_objects(), keras.activations.get.__globals__["ALL_OBJECTS_DICT"]]
    before = [dict(store) for store in stores]
    names = keras_acts.register_addons()
    assert "known" in repr(names)
    assert keras.activations.get("Addons>lisht") is keras_acts.activations.lisht
    with keras_acts.register_addons() as again:
        again.undo()
        assert "forgotten" in repr(again)
        assert keras.activations.get("Addons>lisht") is keras_acts.activations.lisht
    names.undo()
    names.undo()
    assert [dict(store) for store in stores] == before
    with pytest.raises(ValueError, match="Addons>lisht"):
        keras.activations.get("Addons>lisht")


def test_addons_name_that_somebody_else_registered_is_given_back():
    def theirs(x):
        return x

    custom_objects = keras.saving.get_custom_objects()
    custom_objects["Addons>mish"] = theirs
    try:
        with keras_acts.register_addons():
            assert custom_objects["Addons>mish"] is keras_acts.activations.mish
        assert custom_objects["Addons>mish"] is theirs
    finally:
        del custom_objects["Addons>mish"]


def test_addons_names_can_be_registered_again_after_keras_forgot_them():
    with keras_acts.register_addons():
        custom_objects = keras.saving.get_custom_objects()
        del custom_objects["Addons>lisht"]
        with keras_acts.register_addons():
            assert custom_objects["Addons>lisht"] is keras_acts.activations.lisht


def test_addons_names_do_without_keras_s_dictionary(monkeypatch):
    monkeypatch.setattr(keras.activations, "get", len)
    with keras_acts.register_addons():
        assert keras.saving.get_custom_objects()["Addons>lisht"] is keras_acts.activations.lisht
    assert "Addons>lisht" not in keras.saving.get_custom_objects()


def test_the_code_of_the_page_on_migration_runs(tmp_path, monkeypatch):
    layers = [dense(False, "Addons>mish"), layer("GELU", approximate=True)(False)]
    write_h5(tmp_path / "old.h5", layers, sequential(layers, False))
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "migrating.md").read_text(), re.DOTALL)
    space = {}
    for block in blocks:
        exec(compile(block, "migrating.md", "exec"), space)
    space["names"].undo()
    assert len(blocks) == 2
    assert space["layer"].activation is keras_acts.activations.gelu_tanh
    assert load("new.keras").layers[0].activation is keras_acts.activations.mish


def test_the_migration_tables_are_those_of_today():
    tables = runpy.run_path(str(ROOT / "docs" / "tables.py"), run_name="tools")
    assert (ROOT / tables["MIGRATING"]).read_text() == tables["migrating"](), (
        "docs/migrating.md is out of date: run `make tables`"
    )
