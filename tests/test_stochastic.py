"""Layers that draw at random: seeded and right on average in training, deterministic at inference."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends
from keras_acts.layers import GumbelSoftmax, RReLU

X = np.linspace(-3.0, 3.0, 4096, dtype="float32").reshape(64, 64)
LOGITS = np.log(np.array([0.5, 0.3, 0.15, 0.05], "float32"))


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(tensor, "float32")))


def slopes(y):
    return numbers(y)[X < 0] / X[X < 0]


# ---- RReLU


def test_rrelu_at_inference_is_leaky_relu_with_the_mean_slope():
    expected = keras_acts.activations.leaky_relu(X, negative_slope=(0.1 + 0.4) / 2)
    np.testing.assert_array_equal(numbers(RReLU(0.1, 0.4)(X)), numbers(expected))


def test_rrelu_in_training_draws_a_slope_for_each_element():
    drawn = slopes(RReLU(0.1, 0.4, seed=1)(X, training=True))
    assert drawn.min() >= 0.1 - 1e-6
    assert drawn.max() <= 0.4 + 1e-6
    assert len(np.unique(drawn)) > 0.9 * len(drawn)
    assert drawn.mean() == pytest.approx(0.25, abs=4 * 0.3 / np.sqrt(12 * len(drawn)))
    assert drawn.std() == pytest.approx(0.3 / np.sqrt(12), rel=0.1)


def test_rrelu_leaves_what_is_positive_alone():
    np.testing.assert_array_equal(numbers(RReLU(seed=1)(X, training=True))[X >= 0], X[X >= 0])


def test_rrelu_has_the_drawn_slope_as_gradient():
    x = backends.tensor(X, "float32")
    gradient = backends.array(backends.gradient(lambda x: RReLU(seed=3)(x, training=True))(x))
    y = numbers(RReLU(seed=3)(X, training=True))
    np.testing.assert_allclose(gradient[X < 0], y[X < 0] / X[X < 0], rtol=1e-6)
    np.testing.assert_array_equal(gradient[X > 0], 1.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_rrelu_in_half_precision_draws_slopes_of_full_precision(dtype):
    y = RReLU(seed=1, dtype=dtype)(X, training=True)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    assert slopes(y).mean() == pytest.approx((1 / 8 + 1 / 3) / 2, rel=0.02)


@pytest.mark.parametrize("given", [{"lower": -0.1}, {"upper": float("inf")}, {"lower": 0.5, "upper": 0.25}])
def test_rrelu_refuses_bounds_out_of_range(given):
    with pytest.raises(ValueError, match=r"RReLU: (lower|upper)"):
        RReLU(**given)


# ---- GumbelSoftmax


def draws(count=20_000, **given):
    return numbers(GumbelSoftmax(seed=7, **given)(np.tile(LOGITS, (count, 1)), training=True))


def test_gumbel_softmax_at_inference_is_softmax_at_its_temperature():
    expected = keras_acts.activations.softmax(LOGITS / 0.5)
    np.testing.assert_allclose(numbers(GumbelSoftmax(0.5)(LOGITS)), numbers(expected), rtol=1e-6)


def test_hard_gumbel_softmax_at_inference_is_the_most_probable():
    np.testing.assert_array_equal(numbers(GumbelSoftmax(hard=True)(LOGITS)), [1, 0, 0, 0])


@pytest.mark.parametrize("hard", [False, True])
def test_largest_entry_of_gumbel_softmax_is_distributed_as_softmax(hard):
    share = np.bincount(draws(hard=hard).argmax(-1), minlength=4) / 20_000
    np.testing.assert_allclose(share, [0.5, 0.3, 0.15, 0.05], atol=4 * 0.5 / np.sqrt(20_000))


def test_gumbel_softmax_sums_to_1_and_sharpens_as_the_temperature_falls():
    warm, cold = draws(temperature=5.0), draws(temperature=0.05)
    np.testing.assert_allclose(warm.sum(-1), 1.0, atol=1e-6)
    assert warm.max(-1).mean() < 0.6 < 0.95 < cold.max(-1).mean()


def test_hard_gumbel_softmax_is_exactly_one_hot():
    assert set(np.unique(draws(hard=True))) == {0.0, 1.0}


def test_hard_gumbel_softmax_has_the_gradient_of_the_soft_one():
    x = backends.tensor(np.tile(LOGITS, (5, 1)), "float32")
    weights = backends.tensor(np.arange(4.0), "float32")

    def slope(hard):
        layer = GumbelSoftmax(0.7, hard=hard, seed=5)
        return backends.array(backends.gradient(lambda x: keras.ops.sum(weights * layer(x, training=True)))(x))

    assert np.abs(slope(False)).max() > 0.1
    np.testing.assert_allclose(slope(True), slope(False), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_gumbel_noise_is_finite(dtype):
    y = GumbelSoftmax(0.1, seed=2, dtype=dtype)(np.zeros((2000, 100), "float32"), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    assert np.isfinite(numbers(y)).all()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("hard", [False, True])
def test_gumbel_softmax_gives_what_is_masked_no_weight(hard, training):
    mask = np.array([[True, False, True, True], [False] * 4])
    y = numbers(GumbelSoftmax(hard=hard, seed=1)(np.tile(LOGITS, (2, 1)), training=training, mask=mask))
    assert y[0, 1] == 0
    assert y[0].sum() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_array_equal(y[1], 0.0)


@pytest.mark.parametrize("axis", [0, (0, 1)])
def test_gumbel_softmax_takes_any_axis(axis):
    y = numbers(GumbelSoftmax(axis=axis, seed=1)(X[:3, :4], training=True))
    np.testing.assert_allclose(y.sum(axis), 1.0, atol=1e-6)


@pytest.mark.parametrize("given", [{"temperature": 0.0}, {"temperature": float("nan")}, {"axis": ()}])
def test_gumbel_softmax_refuses_values_out_of_range(given):
    with pytest.raises(ValueError, match=f"GumbelSoftmax: {next(iter(given))}"):
        GumbelSoftmax(**given)


# ---- both


@pytest.mark.parametrize("layer", [RReLU, GumbelSoftmax])
@pytest.mark.parametrize("seed", [True, 1.5, "1"])
def test_seed_must_be_an_integer(layer, seed):
    with pytest.raises(TypeError, match=f"{layer.__name__}: seed must be an integer"):
        layer(seed=seed)


@pytest.mark.parametrize("make", [RReLU, GumbelSoftmax])
def test_same_seed_draws_the_same_and_the_next_call_something_else(make):
    layer, again = make(seed=11), make.from_config(make(seed=11).get_config())
    first = numbers(layer(X, training=True))
    np.testing.assert_array_equal(numbers(again(X, training=True)), first)
    assert (numbers(layer(X, training=True)) != first).any()


@pytest.mark.parametrize("make", [RReLU, GumbelSoftmax])
def test_model_trains_and_predicts_without_noise(make, tmp_path):
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(8), make(seed=0), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    model.fit(X, X[:, :1], epochs=1, verbose=0)
    y = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), y)
    model.save(tmp_path / "m.keras")
    np.testing.assert_array_equal(keras.models.load_model(tmp_path / "m.keras").predict(X, verbose=0), y)
