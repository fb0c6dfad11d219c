"""Exports in the runtimes that they are for: all activations in one model; `python -m tests.exports` takes each by itself."""

import math

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._frameworks import door
from keras_acts._math import ops
from keras_acts.conformance import backends, cases, tolerances
from keras_acts.models import export
from tests import exports

SAMPLE = {"tensorflow": ["LiteRT"], "jax": [], "torch": ["ONNX"]}[backends.NAME]
NEEDS = {"SavedModel": "tensorflow", "ONNX": "onnxruntime", "LiteRT": "ai_edge_litert", "OpenVINO": "openvino"}


def skip_without_runtime(form):
    for needed in (NEEDS.get(form), "jax2onnx" if (backends.NAME, form) == ("jax", "ONNX") else None):
        if needed:
            pytest.importorskip(needed)


@pytest.fixture(scope="module")
def everything():
    model = exports.many(exports.all_names())
    model(exports.inputs())
    return model


@pytest.mark.parametrize(
    "form", [form if form in SAMPLE else pytest.param(form, marks=pytest.mark.full) for form in exports.FORMATS]
)
def test_model_with_everything_makes_the_round_trip(form, everything, tmp_path):
    skip_without_runtime(form)
    with exports.silence():
        run = exports.FORMATS[form](export, everything, tmp_path)
        assert exports.difference(run, everything) <= exports.WORKS


def test_operations_that_export_compute_what_the_activation_does(elementwise):
    """Down to infinity and NaN."""
    x = cases.inputs("float32").astype("float32")
    function = cases.function(elementwise)
    expected = backends.array(function(backends.tensor(x, "float32")))
    with door.for_export():
        assert door.exported()
        got = backends.array(function(backends.tensor(x, "float32")))
    with np.errstate(invalid="ignore"):
        terms = np.maximum(np.abs(expected), 0.1 if elementwise.name in tolerances.CROSSING else 1e-37)
        close = np.abs(got - expected) <= 2e-6 * terms + 1e-37  # subnormal numbers may become 0
    wrong = ~(close | (got == expected) | (np.isnan(got) & np.isnan(expected)))
    assert not wrong.any(), (x[wrong][:3], got[wrong][:3], expected[wrong][:3])


STAND_INS = {  # with the points at which they are asked for
    "expm1": (np.expm1, np.linspace(-30.0, 5.0, 1001)),
    "log1p": (np.log1p, np.concatenate([np.linspace(0.0, 3.0, 1001), np.logspace(-12, 12, 49)])),
    "erf_of_small": (np.vectorize(math.erf), np.linspace(-1.0, 1.0, 1001)),
    "arctan": (np.arctan, np.linspace(-9.0, 9.0, 1001)),
    "arcsinh": (np.arcsinh, np.concatenate([np.linspace(-9.0, 9.0, 1001), np.logspace(-12, 12, 49)])),
}


@pytest.mark.parametrize("name", STAND_INS)
def test_what_stands_in_for_an_operation_is_exact_in_float64(name):
    exact, x = STAND_INS[name]
    with backends.floats("float64"), door.for_export():
        got = backends.array(getattr(ops, name)(backends.tensor(x, "float64")))
    np.testing.assert_allclose(got, exact(x), rtol=2e-15, atol=1e-300)


@pytest.mark.skipif(backends.NAME == "jax", reason="ONNX takes jax2onnx there")
def test_model_that_was_loaded_and_never_called_is_exported(tmp_path):
    x = {name: keras.Input((3,), name=name) for name in ("a", "b")}
    model = keras.Model(x, keras_acts.activations.elu(keras.layers.Add()([x["a"], x["b"]])))
    model.save(tmp_path / "model.keras")
    before = model.to_json()
    for each in (
        keras.models.load_model(tmp_path / "model.keras"),
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]),
    ):
        with exports.silence():
            export(each, str(tmp_path / "model.onnx"), format="onnx")
        assert (tmp_path / "model.onnx").stat().st_size > 100
        (tmp_path / "model.onnx").unlink()
    assert model.to_json() == before


def test_after_an_export_everything_is_as_before(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="elu")])
    with exports.silence(), pytest.raises(ValueError, match="no format"):
        export(model, tmp_path / "model", format="no format")
    assert not door.exported()


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"a model is needed, such as keras.Sequential; got Dense"):
        export(keras.layers.Dense(2), tmp_path / "model")


@pytest.mark.parametrize("name", ["elu", "asinh", "sparsemax"] if backends.NAME == "torch" else ["asinh"])
@pytest.mark.parametrize("form", exports.FORMATS)
def test_activation_by_itself(form, name):
    """On torch, Keras's own export does as well."""
    skip_without_runtime(form)
    way = exports.KERAS if backends.NAME == "torch" else exports.OURS
    difference, problem = exports.tried(form, way, exports.model_of(name))
    assert difference <= exports.WORKS, problem


def test_activation_inside_a_recurrent_layer_or_a_subclassed_model(tmp_path):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.memory = keras.layers.LSTM(4, activation=keras_acts.activations.elu, name="memory")
            self.head = keras.layers.Dense(3, activation="softsign")

        def call(self, x):
            return self.head(self.memory(x))

    form = next(iter(exports.FORMATS))
    pytest.importorskip(NEEDS[form])
    model = Own()
    x = np.random.default_rng(0).normal(size=(3, 5, 6)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(x))
    with exports.silence():
        run = exports.FORMATS[form](export, model, tmp_path)
        got = run(x)
    np.testing.assert_allclose(got[0], expected, atol=2e-6)
