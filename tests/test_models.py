"""Portable models: the same predictions where this package is not installed."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._frameworks.door import as_operations
from keras_acts.conformance import backends, cases, tolerances
from keras_acts.models import make_portable, portability
from tests import everything, kinds

BACKENDS = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
SAMPLE = (("tensorflow", "torch"),)  # of who writes and who loads
ELSEWHERE = """
import json, sys
sys.modules["keras_acts"] = None  # an import would fail
import keras, numpy as np
with np.load(sys.argv[1]) as saved:
    x, *expected = (saved[name] for name in saved.files)
found = {}
for path in sys.argv[2:]:
    if path.endswith(".keras"):
        model = keras.models.load_model(path, compile=False)
    else:
        model = keras.models.model_from_json(open(path).read())
        model.load_weights(path.replace(".json", ".weights.h5"))
    results = model.predict(x, verbose=0)
    found[path] = [float(np.abs(y - e).max() / max(np.abs(e).max(), 1e-30)) for y, e in zip(results, expected, strict=True)]
print(json.dumps(found))
"""


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")), "float64")


def assert_same_predictions(model, portable, x, tolerance=2e-6):
    expected, got = (everything.predict(of, x) for of in (model, portable))
    for one, other in zip(map(numbers, expected), map(numbers, got), strict=True):
        assert np.abs(one - other).max() <= tolerance * max(np.abs(one).max(), 1e-30)
    assert "keras_acts" not in portable.to_json()


@pytest.fixture(scope="module", params=kinds.TOGETHER)
def both(request):
    """A model with activations in every form and every layer, and its portable form."""
    model = everything.model_of(request.param)
    return model, make_portable(model)


@pytest.mark.parametrize(
    "backend",
    [pytest.param(name, marks=() if (backends.NAME, name) in SAMPLE else pytest.mark.full) for name in BACKENDS],
)
def test_everything_loads_without_the_package(both, backend, tmp_path):
    model, portable = both
    x = everything.inputs()
    np.savez(tmp_path / "expected.npz", x, *everything.predict(model, x))
    paths = [str(tmp_path / "model.keras"), str(tmp_path / "model.json")]
    portable.save(paths[0])
    Path(paths[1]).write_text(portable.to_json())
    portable.save_weights(tmp_path / "model.weights.h5")
    command = [sys.executable, "-c", ELSEWHERE, str(tmp_path / "expected.npz"), *paths]
    run = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    found = json.loads(run.stdout.splitlines()[-1])
    for path in paths:
        assert len(found[path]) == len(model.outputs)
        grown = zip(model.output_names, found[path], strict=True)
        assert max(each / everything.GROWTH.get(name, 1.0) for name, each in grown) <= 5e-6


@pytest.mark.any_backend
def test_weights_are_the_same_and_as_many(both):
    model, portable = both
    for of in ("trainable_weights", "non_trainable_weights"):
        before, after = (sum(int(np.prod(weight.shape)) for weight in getattr(each, of)) for each in (model, portable))
        assert before == after


def test_report_has_each_layer_in_order():
    x = keras.Input((4, 3))
    y = keras_acts.activations.snake(keras.layers.Dense(4, activation="mish")(x))
    nested = [keras.layers.Dense(3, activation="lisht", name="inner"), keras_acts.layers.Softmax(name="inner_softmax")]
    y = keras_acts.layers.GumbelSoftmax()(keras.Sequential(nested, name="nested")(y))
    model = keras.Model(x, keras_acts.layers.PReLU()(y))
    found = portability(model)
    assert not found.problems
    names = [layer.name for layer in found.layers if "/" not in layer.name]
    assert names == [op.name for op in model.operations if op.name in names]
    assert {op.name for op in model.operations} - set(names) == {"nested", model.operations[0].name}
    text = str(found)
    assert text.splitlines()[0].split() == ["layer", "class", "needs", "exports", "portable", "as"]
    assert "nested/inner " in text
    assert "operations; not random in training any more" in text
    assert found.difference <= 2e-6
    assert f"predictions differ by {found.difference:.1e}" in text
    assert {layer.name: layer.exports for layer in found.layers}["nested/inner"] == "all"
    assert text.splitlines()[-1].startswith(f"all formats, by keras_acts.models.export on {backends.NAME}: ")


SAMPLES = [[0.5, -1.25, 3.0, 0.0, 7.0, -30.0], [0.0] * 6, [np.nan] * 6, [np.inf] * 6, [-np.inf] * 6]
SAMPLES += [[1.0, np.inf, 3.0, -np.inf, 2.0, 2.0], [1.0, 1e30, -1e30, 0.0, 1e-30, -1e-30], [5.0, 5.0, 1.0, -0.5, 5.0, 1.0]]


@pytest.mark.any_backend
def test_operations_compute_what_the_activation_does(record):
    """Down to infinity and NaN, after the file."""
    image = record.name == "softmax2d"
    rows = np.array(SAMPLES, "float32")
    if record.elementwise:
        more = cases.inputs("float32")
        rows = np.concatenate([rows, np.resize(more, (len(more) // 6 + 1, 6)).astype("float32")])
    if image:
        rows = np.moveaxis(rows[:, None, None, :], -1, 1)
    x = keras.Input(rows.shape[1:])
    with as_operations():
        model = keras.Model(x, record.function(x, **record.example))
    got = numbers(keras.models.model_from_json(model.to_json())(rows))
    expected = numbers(record.function(rows, **record.example))
    with np.errstate(invalid="ignore"):
        terms = np.maximum(np.abs(expected), 0.1 if record.name in tolerances.CROSSING else 1e-30)
        close = np.abs(got - expected) <= 3e-6 * terms
    wrong = ~(close | (got == expected) | (np.isnan(got) & np.isnan(expected)))
    assert not wrong.any(), (got[wrong][:3], expected[wrong][:3])


def test_the_package_is_gone_from_a_model_only_inside():
    x = keras.Input((4,))
    with as_operations():
        inside = keras_acts.activations.snake(x)
    assert "keras_acts" not in keras.Model(x, inside).to_json()
    assert "keras_acts" in keras.Model(x, keras_acts.activations.snake(x)).to_json()


# ---- kinds of models


def test_nested_shared_and_several_inputs():
    shared = keras.layers.Dense(4, activation="snake", name="shared")
    inner = keras.Sequential([keras.Input((4,)), shared, keras_acts.layers.Snake(name="learned")], name="inner")
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    y = keras.layers.Add()([inner(a), inner(b), shared(a)])
    model = keras.Model({"a": a, "b": b}, {"sum": y, "gate": keras_acts.activations.glu(y)}, name="both")
    portable = make_portable(model)
    random = np.random.default_rng(0)
    x = {name: random.normal(0, 1, (3, 4)).astype("float32") for name in "ab"}
    assert_same_predictions(model, portable, x)
    assert set(portable(x)) == {"sum", "gate"}
    assert len(portable.trainable_weights) == len(model.trainable_weights)


def test_layers_are_not_shared_with_the_model_before():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(2, activation="snake")])
    portable = make_portable(model)
    x = np.ones((1, 3), "float32")
    before = numbers(portable(x))
    model.set_weights([0.0 * w for w in model.get_weights()])
    np.testing.assert_array_equal(numbers(portable(x)), before)


def test_time_distributed_layer():
    inner = keras.layers.Dense(5, activation=keras_acts.layers.Snake(), name="step")
    model = keras.Sequential([keras.Input((7, 3)), keras.layers.TimeDistributed(inner, name="each")])
    portable = make_portable(model)
    assert_same_predictions(model, portable, np.random.default_rng(0).normal(0, 1, (2, 7, 3)).astype("float32"))
    assert [layer.name for layer in portability(model).layers] == ["each/step"]


@pytest.mark.any_backend
def test_image_model_of_any_size_with_weights_for_each_channel():
    layers = [
        keras.Input((None, None, 3)),
        keras.layers.Conv2D(4, 3, activation="mish"),
        keras_acts.layers.SnakeBeta(shared_axes=[1, 2]),
        keras.layers.DepthwiseConv2D(3, activation="keras_acts>hard_mish"),
        keras_acts.layers.Activation("maxout", pool_size=2),
        keras.layers.BatchNormalization(),
        keras_acts.layers.XIELU(),
    ]
    model = keras.Sequential(layers)
    portable = make_portable(model)
    assert portability(model).difference < 1e-6
    for size in (8, 11):
        x = np.random.default_rng(0).normal(0, 1, (2, size, size, 3)).astype("float32")
        assert_same_predictions(model, portable, x)


def test_predictions_that_can_not_be_compared():
    model = keras.Sequential([keras.Input((None, 2)), keras.layers.Reshape((10,)), keras.layers.Dense(2, activation="snake")])
    assert "portable; predictions were not compared, for want of an input shape.\n" in str(portability(model))
    assert_same_predictions(model, make_portable(model), np.ones((2, 5, 2), "float32"))


@pytest.mark.any_backend
@pytest.mark.parametrize("policy", ["mixed_float16", pytest.param("mixed_bfloat16", marks=pytest.mark.full)])
def test_mixed_precision(policy):
    layers = [
        keras.Input((6,)),
        keras.layers.Dense(8, activation="snake"),
        keras_acts.layers.Activation("sparsemax"),
        keras.layers.Dense(8, activation="keras_acts>gelu_tanh"),
        keras_acts.layers.PReLU(),
        keras_acts.layers.SwishBeta(),
        keras_acts.layers.GatedFeedForward(dropout=0.5),
        keras.layers.Dense(3, dtype="float32"),
    ]
    for layer in layers[1:-1]:
        layer.dtype_policy = policy
    model = keras.Sequential(layers)
    x = np.random.default_rng(0).normal(0, 1, (16, 6)).astype("float32")
    step = {"mixed_float16": 2.0**-10, "mixed_bfloat16": 2.0**-7}[policy]
    assert_same_predictions(model, make_portable(model), x, tolerance=4 * step)


def test_mask_as_an_input():
    x, kept = keras.Input((4,)), keras.Input((4,), dtype="bool")
    model = keras.Model([x, kept], [keras_acts.activations.sparsemax(x, mask=kept), keras_acts.layers.Softmax()(x, mask=kept)])
    rows = np.random.default_rng(0).normal(0, 1, (3, 4)).astype("float32")
    assert_same_predictions(model, make_portable(model), [rows, rows > 0])


def test_keras_takes_over_where_it_computes_the_same():
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            keras.layers.Dense(4, activation="keras_acts>silu", name="dense"),
            keras.layers.LSTM(4, activation="keras_acts>tanh", recurrent_activation="keras_acts>sigmoid", name="lstm"),
            keras.layers.Dense(4, activation=keras_acts.get("leaky_relu", negative_slope=0.05), name="leaky"),
            keras_acts.layers.Activation("sparsemax", name="sparse"),
        ]
    )
    portable = make_portable(model)
    assert portable.get_layer("dense").activation is keras.activations.silu
    assert portable.get_layer("lstm").activation is keras.activations.tanh
    assert any(isinstance(layer, keras.layers.LeakyReLU) for layer in portable.layers)
    becomes = {layer.name: layer.becomes for layer in portability(model).layers}
    assert becomes["sparse"] == "sparsemax as operations"  # Keras's own is wrong
    assert becomes["lstm"] == "LSTM with Keras's own tanh and Keras's own sigmoid"
    written = portability(model, tolerance=1e-12)
    exactly = "Dense with Keras's own silu" if backends.NAME == "torch" else "Dense, then silu as operations"
    assert {layer.name: layer.becomes for layer in written.layers}["dense"] == exactly  # torch's kernel is ours there too


@pytest.mark.parametrize("dtype", ["float32", pytest.param("mixed_bfloat16", marks=pytest.mark.full)])
def test_recurrent_layers_take_operations_inside(dtype, tmp_path):
    snake = keras_acts.get("snake", alpha=2.0)
    cells = [keras.layers.LSTMCell(3, activation="lisht"), keras.layers.SimpleRNNCell(3, activation=snake)]
    model = keras.Sequential(
        [
            keras.Input((5, 3)),
            keras.layers.LSTM(4, activation=snake, recurrent_activation="sparse_sigmoid", return_sequences=True, dtype=dtype),
            keras.layers.Bidirectional(keras.layers.GRU(4, activation="sparsemax", return_sequences=True, dtype=dtype)),
            keras.layers.RNN(cells, name="stack"),  # Keras's own fails in bfloat16
            keras.layers.Dense(2, dtype="float32"),
        ]
    )
    portable = make_portable(model)
    portable.save(tmp_path / "portable.keras")
    rows = np.random.default_rng(0).normal(0, 1, (3, 5, 3)).astype("float32")
    assert_same_predictions(model, portable, rows)
    assert_same_predictions(portable, keras.models.load_model(tmp_path / "portable.keras"), rows)
    assert "keras_acts" not in portable.to_json()
    assert "snake as operations" in portability(model).layers[0].becomes
    portable.compile("sgd", "mse")
    before = portable.evaluate(rows, np.ones((3, 2)), verbose=0)
    portable.fit(rows, np.ones((3, 2)), epochs=3, verbose=0)
    assert portable.evaluate(rows, np.ones((3, 2)), verbose=0) < before


@pytest.mark.full
@pytest.mark.parametrize("rank", [1, 2])
def test_convolutional_recurrent_layers_take_operations_inside(rank):
    layer = getattr(keras.layers, f"ConvLSTM{rank}D")(2, 3, activation="snake")
    model = keras.Sequential([keras.Input((4, *(6,) * rank, 3)), layer])
    rows = np.random.default_rng(0).normal(0, 1, (2, 4, *(6,) * rank, 3)).astype("float32")
    assert_same_predictions(model, make_portable(model), rows)


def test_learned_weights_go_on_learning(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras_acts.layers.SnakeBeta(), keras.layers.Dense(1)])
    model.compile("adam", keras_acts.losses.SparsemaxLoss())
    portable = make_portable(model)
    assert not portable.compiled
    portable.compile(keras.optimizers.Adam(0.1), "mse")
    before = [keras.ops.convert_to_numpy(w) for w in portable.trainable_weights]
    x = np.random.default_rng(0).normal(0, 1, (32, 3)).astype("float32")
    portable.fit(x, x[:, :1] ** 2, verbose=0)
    assert len(before) == 6
    for old, new in zip(before, portable.trainable_weights, strict=True):
        assert (old != keras.ops.convert_to_numpy(new)).any()
    portable.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(numbers(keras.models.load_model(tmp_path / "m.keras")(x)), numbers(portable(x)))


def test_arguments_of_weights_come_along():
    layer = keras_acts.layers.Snake(alpha_regularizer="l2", alpha_constraint="non_neg", shared_axes=[1], name="wave")
    model = keras.Sequential([keras.Input((5, 3)), layer])
    layer.trainable = False
    holder = make_portable(model).get_layer("wave_alpha")
    assert isinstance(holder.kernel_regularizer, keras.regularizers.L2)
    assert isinstance(holder.kernel_constraint, keras.constraints.NonNeg)
    assert not holder.trainable


def test_penalty_on_outputs_stays_behind_the_activation():
    layers = [
        keras.layers.Dense(4, activation="snake", activity_regularizer="l1"),
        keras.layers.Activation("mish", activity_regularizer="l2"),
        keras_acts.layers.SwishBeta(activity_regularizer="l1"),
        keras_acts.layers.ELU(activity_regularizer="l2"),
    ]
    model = keras.Sequential([keras.Input((3,)), *layers])
    portable = make_portable(model)
    x = np.random.default_rng(0).normal(0, 1, (8, 3)).astype("float32")
    sums = []
    for each in (model, portable):
        each(x)
        assert len(each.losses) == 4
        sums.append(sorted(float(loss) for loss in each.losses))
    np.testing.assert_allclose(*sums, rtol=1e-5)


def test_half_precision_before_an_output_in_float32():
    layers = [keras.layers.Dense(64, activation="keras_acts>silu", dtype="mixed_bfloat16") for _ in range(4)]
    model = keras.Sequential([keras.Input((16,)), *layers, keras.layers.Dense(1, dtype="float32")])
    assert portability(model).difference < 0.1


# ---- what can't be portable


def test_recurrent_layer_with_a_learned_activation_is_refused():
    memory = keras.layers.LSTM(4, activation=keras_acts.layers.Snake(), name="memory")
    model = keras.Sequential([keras.Input((5, 3)), memory], name="sequence")
    with pytest.raises(
        ValueError, match=r"'sequence' can't do without keras_acts:\n- memory \(LSTM\): LSTM applies 'Snake' inside"
    ):
        make_portable(model)
    found = portability(model)
    assert [layer.name for layer in found.problems] == ["memory"]
    assert found.difference is None
    assert "sequence: not portable.\n" in str(found)


def test_mask_that_would_get_lost_is_refused():
    layers = [keras.layers.Embedding(5, 4, mask_zero=True), keras.layers.Dense(4, activation="snake", name="wave")]
    model = keras.Sequential([keras.Input((6,), dtype="int32"), *layers, keras.layers.GlobalAveragePooling1D()])
    with pytest.raises(ValueError, match=r"wave \(Dense\): the mask that comes with its input would end"):
        make_portable(model)
    layers[1] = keras.layers.Dense(4, activation="keras_acts>silu")
    model = keras.Sequential([keras.Input((6,), dtype="int32"), *layers, keras.layers.GlobalAveragePooling1D()])
    assert_same_predictions(model, make_portable(model), np.array([[1, 2, 0, 0, 3, 0]]))


def test_model_that_is_not_built_or_not_functional_is_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="subclassed model"):
        make_portable(Own(name="own"))
    with pytest.raises(ValueError, match="'flat' has no input shapes yet"):
        make_portable(keras.Sequential([keras.layers.Dense(2)], name="flat"))
    with pytest.raises(TypeError, match=r"a model is needed, such as keras.Sequential; got Dense"):
        make_portable(keras.layers.Dense(2))


@pytest.mark.parametrize("tolerance", [0, -1e-6, 1.0, float("nan"), True, "1e-6", None])
def test_tolerance_out_of_range_is_refused(tolerance):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="tolerance must be a number above 0 and below 1; got"):
        make_portable(model, tolerance)


@keras.saving.register_keras_serializable("someone")
class Holder(keras.layers.Layer):
    """Of another package."""

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = keras.activations.get(activation)

    def call(self, x):
        return self.activation(x)

    def get_config(self):
        return {**super().get_config(), "activation": keras.activations.serialize(self.activation)}


def test_names_like_ours_are_no_obstacle():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="snake", name="keras_acts_head")])
    assert make_portable(model).get_layer("keras_acts_head").activation is keras.activations.linear


def test_layers_of_other_packages_stay():
    model = keras.Sequential([keras.Input((2,)), Holder("relu", name="theirs"), keras.layers.Dense(2, name="dense")])
    assert {layer.name: layer.needs for layer in portability(model).layers} == {"theirs": "someone>Holder", "dense": "Keras"}
    assert {layer.name: layer.exports for layer in portability(model).layers} == {"theirs": "not known", "dense": "as in Keras"}
    assert_same_predictions(model, make_portable(model), np.ones((1, 2), "float32"))
    model = keras.Sequential([keras.Input((2,)), Holder("snake", name="theirs")])
    with pytest.raises(ValueError, match=r"theirs \(Holder\): Holder applies 'snake' inside"):
        make_portable(model)


@pytest.mark.parametrize(
    "layer",
    [keras_acts.layers.Snake, keras_acts.layers.GumbelSoftmax, lambda **kinds: keras_acts.layers.Activation("celu", **kinds)],
)
def test_a_step_computes_in_the_dtype_of_its_layer(layer):
    """Also where its input has another one."""
    x = np.linspace(-2.0, 2.0, 12, dtype="float32").reshape(3, 4)
    model = keras.Sequential([keras.Input((4,)), layer(dtype="mixed_bfloat16")])
    before, after = model(x), keras_acts.models.make_portable(model)(x)
    assert keras.backend.standardize_dtype(after.dtype) == keras.backend.standardize_dtype(before.dtype) == "bfloat16"
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(keras.ops.cast(y, "float32")) for y in (before, after)))
