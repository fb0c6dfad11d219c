"""Keras's cross-entropies behind our sigmoid and softmax do what they do behind Keras's own."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends
from tests import marks

LOGITS = np.array([-100.0, -30.0, -20.5, -4.0, -0.3, 0.0, 1e-3, 2.0, 17.0, 25.0, 100.0])
ROWS = np.array([[100.0, -100.0, 0.0], [-100.0, 100.0, 99.0], [0.5, -0.25, 0.1], [30.0, 0.0, -30.0], [0.0, 0.0, 0.0]])
CLASSES = np.array([1, 0, 2, 2, 0])
EXACT = {"rtol": 2e-6, "atol": 1e-6}

each_mode = marks.each_mode


def binary(label):
    labels = keras.ops.full((len(LOGITS), 1), label)
    return keras.losses.BinaryCrossentropy(reduction="sum"), labels, LOGITS[:, None]


def categorical():
    return keras.losses.CategoricalCrossentropy(reduction="sum"), keras.ops.one_hot(CLASSES, 3), ROWS


def sparse():
    return keras.losses.SparseCategoricalCrossentropy(reduction="sum"), keras.ops.convert_to_tensor(CLASSES), ROWS


PROBLEMS = [
    pytest.param("sigmoid", lambda: binary(1.0), id="binary-1"),
    pytest.param("sigmoid", lambda: binary(0.0), id="binary-0"),
    pytest.param("sigmoid", lambda: binary(0.3), id="binary-smooth"),
    pytest.param("softmax", categorical, id="categorical"),
    pytest.param("softmax", sparse, id="sparse"),
]


@pytest.mark.parametrize("mode", marks.LOSS_MODES)
@pytest.mark.parametrize(("name", "problem"), PROBLEMS)
def test_loss_and_gradient_equal_those_behind_the_stock_activation(name, problem, mode):
    loss, labels, logits = problem()
    x = backends.tensor(logits, "float32")

    def results(activation):
        def total(x):
            return loss(labels, activation(x))

        # Keras's losses ask the backend for its device, which torch can't compile: graph breaks are theirs
        calls = backends.in_mode(total, mode, whole=False), backends.gradient_in_mode(total, mode, whole=False)
        return [backends.array(call(x)) for call in calls]

    ours, our_slope = results(getattr(keras_acts.activations, name))
    stock, stock_slope = results(getattr(keras.activations, name))
    np.testing.assert_allclose(ours, stock, **EXACT)
    np.testing.assert_allclose(our_slope, stock_slope, **EXACT)


@each_mode
def test_a_parameterised_softmax_leaves_its_logits_too(mode):
    loss, labels, logits = categorical()
    x = backends.tensor(logits, "float32")
    ours, stock = (
        backends.array(backends.gradient_in_mode(lambda x, f=f: loss(labels, f(x)), mode, whole=False)(x))
        for f in (keras_acts.get("softmax", axis=-1), keras.activations.softmax)
    )
    np.testing.assert_allclose(ours, stock, **EXACT)


# What Keras does with a step: (jit_compile, run_eagerly)
RUNS = {"eager": (False, True), "graph": (False, False), "auto": ("auto", False)}


def make(activation, units, scale, as_layer):
    """One dense layer whose logits reach ±scale, and the activation within or behind it."""
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense(
        units, activation=None if as_layer else activation, kernel_initializer=keras.initializers.RandomUniform(-scale, scale)
    )
    return keras.Sequential([keras.Input((4,)), dense, *([activation] if as_layer else [])])


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("as_layer", [False, True], ids=["argument", "layer"])
@pytest.mark.parametrize(
    ("scale", "tolerance"),
    [pytest.param(4.0, 1e-6, id="moderate", marks=pytest.mark.full), pytest.param(60.0, 1e-4, id="saturated")],
)
@pytest.mark.parametrize("name", ["sigmoid", "softmax"])
def test_a_step_of_fit_moves_the_weights_as_behind_the_stock_activation(name, scale, tolerance, as_layer, run):
    """Behind a saturated sigmoid, a loss that takes 1 - p from p magnifies its last digit;
    a lost gradient would be far more."""
    jit_compile, run_eagerly = RUNS[run]
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, (64, 4)).astype("float32")
    classes = random.integers(0, 3, 64)
    y = keras.utils.to_categorical(classes, 3) if name == "softmax" else (classes > 1).astype("float32")[:, None]
    loss = "categorical_crossentropy" if name == "softmax" else "binary_crossentropy"
    ours, stock = f"keras_acts>{name}", name
    if as_layer:
        ours, stock = keras_acts.layers.Activation(name), keras.layers.Activation(name)
    weights = []
    for activation in (ours, stock):
        model = make(activation, y.shape[-1], scale, as_layer)
        model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=jit_compile, run_eagerly=run_eagerly)
        before = model.get_weights()
        model.fit(x, y, batch_size=64, epochs=1, shuffle=False, verbose=0)
        assert np.abs(model.get_weights()[0] - before[0]).max() > 1e-3
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def test_saturated_probabilities_still_learn():
    """What the logits are kept for: on TensorFlow the gradient is ±1 there, elsewhere at least what stock gives."""
    x = backends.tensor(np.array([[-100.0], [100.0]]), "float32")
    labels = keras.ops.convert_to_tensor(np.array([[1.0], [0.0]], "float32"))
    loss = keras.losses.BinaryCrossentropy(reduction="sum")
    ours, stock = (
        backends.array(backends.gradient(lambda x, f=f: loss(labels, f(x)))(x))
        for f in (keras_acts.activations.sigmoid, keras.activations.sigmoid)
    )
    np.testing.assert_array_equal(ours, stock)


# ---- the losses of the sparse maps

SPARSE = {
    keras_acts.losses.SparsemaxLoss: (keras_acts.activations.sparsemax, lambda p: (p * (1 - p)).sum(-1) / 2),
    keras_acts.losses.Entmax15Loss: (keras_acts.activations.entmax15, lambda p: 4 / 3 * (p - p**1.5).sum(-1)),
}
each_sparse_loss = pytest.mark.parametrize("loss", SPARSE)


def scores(rows=40, classes=7, spread=1.5):
    return np.random.default_rng(0).normal(0, spread, (rows, classes)).astype("float32")


def targets(rows=40, classes=7):
    """One-hot rows, and distributions without a zero."""
    soft = np.random.default_rng(1).dirichlet(np.ones(classes), rows).astype("float32")
    return np.where(np.arange(rows)[:, None] % 2, np.eye(classes, dtype="float32")[np.arange(rows) % classes], soft)


@each_sparse_loss
def test_sparse_loss_is_that_of_fenchel_and_young(loss):
    """``max_p (z · p + H(p)) - (z · q + H(q))``, the maximum taken at the map."""
    function, entropy = SPARSE[loss]
    z, q = scores().astype("float64"), targets().astype("float64")
    p = backends.array(function(backends.tensor(z, "float32")))
    exact = (z * p).sum(-1) + entropy(p) - (z * q).sum(-1) - entropy(q)
    np.testing.assert_allclose(backends.array(loss(reduction=None)(targets(), scores())), exact, rtol=1e-5, atol=2e-6)


@each_sparse_loss
def test_no_other_distribution_gives_more(loss):
    """The maximum in the loss is one: random distributions stay below it."""
    function, entropy = SPARSE[loss]
    z = scores()
    p = backends.array(function(backends.tensor(z, "float32")))
    others = np.random.default_rng(2).dirichlet(np.full(7, 0.3), (500, 40))
    best = (z * p).sum(-1) + entropy(p)
    assert ((z * others).sum(-1) + entropy(others) <= best + 1e-5).all()


@pytest.mark.parametrize("mode", marks.LOSS_MODES)
@each_sparse_loss
def test_gradient_of_a_sparse_loss_is_the_map_minus_the_target(loss, mode):
    q = backends.tensor(targets(), "float32")
    of_batch = backends.gradient_in_mode(lambda z: loss(reduction="sum")(q, z), mode, whole=False)
    for spread in (0.01, 1.5, 100.0, 1e4):
        z = backends.tensor(scores(spread=spread), "float32")
        exact = backends.array(SPARSE[loss][0](z)) - targets()
        np.testing.assert_allclose(backends.array(of_batch(z)), exact, rtol=0, atol=1e-6)


@each_sparse_loss
def test_sparse_loss_is_never_negative_and_0_where_the_map_is_the_target(loss):
    values = backends.array(loss(reduction=None)(targets(), scores()))
    assert values.min() >= -1e-6
    reached = SPARSE[loss][0](scores())
    np.testing.assert_allclose(backends.array(loss(reduction=None)(reached, scores())), 0.0, atol=1e-6)
    assert float(loss()([[1.0, 0.0]], [[5.0, 0.0]])) == 0.0


@each_sparse_loss
def test_class_that_is_ruled_out_costs_nothing(loss):
    z = np.array([[1.0, -np.inf, 0.5], [-1e4, 1e4, 0.0]], "float32")
    values = backends.array(loss(reduction=None)([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], z))
    assert np.isfinite(values).all()
    assert values[0] == pytest.approx(float(loss()([[1.0, 0.0]], [[1.0, 0.5]])), abs=1e-6)


@each_sparse_loss
def test_sparse_loss_takes_any_axis(loss):
    z, q = scores(), targets()
    across = loss(axis=0, reduction=None)(np.swapaxes(q, 0, 1).copy(), np.swapaxes(z, 0, 1).copy())
    np.testing.assert_allclose(backends.array(across), backends.array(loss(reduction=None)(q, z)), rtol=1e-6, atol=1e-6)


@each_sparse_loss
@pytest.mark.parametrize("classes", [np.zeros(40, "int32"), np.zeros((40, 1), "int32")])
def test_class_numbers_as_targets_are_refused_with_the_way_out(loss, classes):
    with pytest.raises(ValueError, match=rf"{loss.__name__}: targets of shape .*one_hot"):
        loss()(classes, scores())


@each_sparse_loss
def test_axis_of_a_loss_is_checked(loss):
    with pytest.raises(TypeError, match=f"{loss.__name__}: axis must be an integer axis"):
        loss(axis=(0, 1))


@each_sparse_loss
def test_model_with_a_sparse_loss_learns_saves_and_goes_on(loss, tmp_path):
    x = np.random.default_rng(0).normal(size=(256, 5)).astype("float32")
    y = np.eye(3, dtype="float32")[(x[:, 0] > 0.3).astype(int) + (x[:, 1] > 0)]
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(16, activation="softsign"), keras.layers.Dense(3)])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss=loss(), metrics=["accuracy"])
    losses = model.fit(x, y, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.6 * losses[0]
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert type(loaded.loss) is loss
    assert loaded.loss.get_config() == model.loss.get_config()
    np.testing.assert_allclose(loaded.evaluate(x, y, verbose=0)[0], model.evaluate(x, y, verbose=0)[0], rtol=1e-6)
