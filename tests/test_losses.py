"""Keras's cross-entropies behind our sigmoid and softmax do what they do behind Keras's own."""

import keras
import numpy as np
import pytest

import keras_acts
from tests import backends

LOGITS = np.array([-100.0, -30.0, -20.5, -4.0, -0.3, 0.0, 1e-3, 2.0, 17.0, 25.0, 100.0])
ROWS = np.array([[100.0, -100.0, 0.0], [-100.0, 100.0, 99.0], [0.5, -0.25, 0.1], [30.0, 0.0, -30.0], [0.0, 0.0, 0.0]])
CLASSES = np.array([1, 0, 2, 2, 0])
EXACT = {"rtol": 2e-6, "atol": 1e-6}

each_mode = pytest.mark.parametrize("mode", backends.LOSS_MODES)


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


@each_mode
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
@pytest.mark.parametrize(("scale", "tolerance"), [(4.0, 1e-6), (60.0, 1e-4)], ids=["moderate", "saturated"])
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
