"""Gated activations, those that change the size of an axis, and the layers that own the projections of a gate."""

import json

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import activations
from keras_acts.conformance import backends, cases, tolerances
from keras_acts.layers import GatedDense, GatedFeedForward
from tests import marks

each_mode = marks.each_mode
LAYOUTS = ("second", "first", "interleaved")
GATED = [
    record.name
    for record in map(keras_acts.describe, keras_acts.names())
    if "gate" in {parameter.name for parameter in record.parameters}
]
RANDOM = np.random.default_rng(0)
VALUES, GATES = (RANDOM.normal(0, 3, (2, 4, 6)).astype("float32") for _ in range(2))
X = RANDOM.normal(0, 1, (2, 5, 4)).astype("float32")


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def close(got, expected, tolerance=3e-6):
    np.testing.assert_allclose(numbers(got), numbers(expected), rtol=tolerance, atol=tolerance)


def fused(values, gates, axis, gate):
    """Values and gates along one axis, in one of the layouts."""
    if gate != "interleaved":
        return np.concatenate([values, gates] if gate == "second" else [gates, values], axis)
    axis %= values.ndim
    shape = [size * (2 if place == axis else 1) for place, size in enumerate(values.shape)]
    return np.stack([gates, values], axis + 1).reshape(shape)


# ---- gated activations


@pytest.mark.parametrize("axis", [0, 1, -1, -2])
@pytest.mark.parametrize("name", GATED)
def test_layouts_say_where_the_gate_is(name, axis):
    function = getattr(activations, name)
    second, first, interleaved = (function(fused(VALUES, GATES, axis, gate), axis=axis, gate=gate) for gate in LAYOUTS)
    assert tuple(second.shape) == VALUES.shape
    close(first, second)
    close(interleaved, second)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_glu_is_kerass(axis):
    x = fused(VALUES, GATES, axis, "second")
    close(activations.glu(x, axis), keras.activations.glu(x, axis))


@pytest.mark.parametrize("shape", [(4, 3), (4, 1)])
@pytest.mark.parametrize("name", GATED)
def test_odd_size_is_refused_with_the_shape(name, shape):
    with pytest.raises(ValueError, match=rf"{name} halves an axis.*shape \(4, {shape[1]}\) has {shape[1]} entries"):
        getattr(activations, name)(np.zeros(shape, "float32"))
    with pytest.raises(ValueError, match=rf"{name} halves an axis"):
        getattr(activations, name)(keras.KerasTensor((None, *shape)))


@pytest.mark.parametrize("gate", LAYOUTS)
@pytest.mark.parametrize(("shape", "out"), [((0, 4), (0, 2)), ((3, 0), (3, 0)), ((0,), (0,))])
@pytest.mark.parametrize("name", GATED)
def test_empty_input_is_halved_too(name, shape, out, gate):
    assert tuple(getattr(activations, name)(np.zeros(shape, "float32"), gate=gate).shape) == out


# the gates, and where the slopes of some have a zero
FACTORS = {"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "silu", "bilinear": "linear"}
ZEROS = {"swiglu": -1.2784645427610738, "geglu": -0.7517915246935645}


@marks.other_mode_in_full
@pytest.mark.parametrize("dtype", cases.HALF)
@pytest.mark.parametrize("name", FACTORS)
def test_half_precision_is_rounded_once_at_every_bit_pattern_of_the_gate(name, dtype, mode):
    """Value, and gradient in the value and in the gate, wherever the factor is a normal number."""
    form, random = tolerances.FORMATS[dtype], np.random.default_rng(1)
    gates = cases.points(dtype)
    factor, slope, *_ = cases.exact(keras_acts.describe(FACTORS[name]), dtype)
    values, upstream = (backends.array(backends.tensor(random.uniform(-4, 4, len(gates)), dtype)) for _ in range(2))
    function, weights = getattr(activations, name), backends.tensor(upstream[:, None], dtype)
    x = backends.tensor(np.stack([values, gates], -1), dtype)
    y = backends.array(backends.in_mode(function, mode)(x))[:, 0]
    pulled = backends.array(backends.gradient_in_mode(lambda x: weights * function(x), mode)(x))
    near_zero = np.abs(gates - ZEROS.get(name, np.inf)) < tolerances.NEAR_ZERO[dtype][0]
    wanted = [
        (y, values * factor.high, factor.high, 0.51),
        (pulled[:, 0], upstream * factor.high, factor.high, 0.51),
        (pulled[:, 1], upstream * values * slope.high, slope.high, np.where(near_zero, tolerances.NEAR_ZERO[dtype][1], 0.51)),
    ]
    for got, exact, part, limit in wanted:
        judged = (np.abs(part) >= 2.0**-126) & (np.abs(exact) <= form.largest)
        judged &= (got != 0) | (np.abs(exact) >= 4 * form.tiny)  # subnormal numbers may be taken for 0,
        judged &= (gates == 0) | (np.abs(gates) >= form.tiny)  # gates too
        error = np.where(judged, np.abs(got - exact) / form.ulp(exact), 0.0)
        assert (error <= limit).all(), (gates[np.argmax(error)], error.max())


@each_mode
@pytest.mark.parametrize("name", GATED)
def test_a_finite_number_times_an_infinite_gate_is_no_nan(name, mode):
    x = backends.tensor([[2.0, np.inf], [-3.0, -np.inf], [0.5, 1e30], [-0.5, -1e30]], "float32")
    function = getattr(activations, name)
    assert not np.isnan(backends.array(backends.in_mode(function, mode)(x))).any()
    assert not np.isnan(backends.array(backends.gradient_in_mode(function, mode)(x))).any()


@marks.twice
@pytest.mark.parametrize("name", GATED)
def test_the_gradient_can_be_differentiated_again(name, how):
    x = np.array([[1.25, -0.7], [-2.0, 0.4], [3.0, 1.9], [0.3, -3.1]])
    function = getattr(activations, name)
    with backends.floats("float64"):
        first = backends.gradient(function)
        second = backends.in_mode(backends.gradient(first), how)
        step = 1e-5
        got = backends.array(second(backends.tensor(x, "float64")))
        for place in range(2):
            shift = np.eye(2)[place] * step
            ends = [backends.array(first(backends.tensor(x + sign * shift, "float64"))).sum(-1) for sign in (1, -1)]
            np.testing.assert_allclose(got[:, place], (ends[0] - ends[1]) / (2 * step), rtol=1e-5, atol=1e-6)


def gpt_oss(value, gate, alpha=1.702, limit=7.0):
    """In the words of the model's own code: the gate clamped above, the value on both sides."""
    gate, value = np.minimum(gate.astype("float64"), limit), np.clip(value.astype("float64"), -limit, limit)
    return (value + 1) * gate / (1 + np.exp(-alpha * gate))


def test_swiglu_oai_is_that_of_gpt_oss():
    values, gates = 4 * VALUES, 4 * GATES
    x = fused(values, gates, -1, "interleaved")
    close(activations.swiglu_oai(x, gate="interleaved"), gpt_oss(values, gates))
    given = {"alpha": 1.0, "limit": 2.5}
    close(activations.swiglu_oai(x, gate="interleaved", **given), gpt_oss(values, gates, **given))


def test_swiglu_oai_has_no_gradient_where_it_is_clamped():
    x = np.array([[7.0, 1.0], [-7.0, 1.0], [9.0, 1.0], [1.0, 7.0], [1.0, 50.0], [1.0, -50.0]])
    got = backends.array(backends.gradient(activations.swiglu_oai)(backends.tensor(x, "float32")))
    assert (got[:3, 0] == 0).all()
    assert (got[3:5, 1] == 0).all()
    assert (got[3:5, 0] != 0).all()


def test_softcapped_swiglu_stays_below_its_caps_and_is_swiglu_near_0():
    x = fused(1e4 * VALUES, 1e4 * GATES, -1, "second")
    assert np.abs(numbers(activations.softcapped_swiglu(x))).max() <= 100.0
    assert np.abs(numbers(activations.softcapped_swiglu(x, gate_cap=1.0, value_cap=2.0))).max() <= 2.0
    small = (x / 1e8).astype("float32")
    near = (numbers(function(small)) for function in (activations.softcapped_swiglu, activations.swiglu))
    np.testing.assert_allclose(next(near), next(near), rtol=2e-6)


@pytest.mark.parametrize("name", ["swiglu", "swiglu_oai", "softcapped_swiglu"])
def test_parameters_of_gated_activations_are_no_tensors(name):
    parameter = keras_acts.describe(name).parameters[-1].name
    with pytest.raises(TypeError, match=f"{name}: {parameter} must be"):
        getattr(activations, name)(np.zeros((2, 4), "float32"), **{parameter: keras.ops.ones(())})


# ---- crelu and maxout


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_crelu_has_all_positive_parts_then_all_negative_ones(axis):
    expected = np.concatenate([np.maximum(VALUES, 0), np.maximum(-VALUES, 0)], axis)
    np.testing.assert_array_equal(numbers(activations.crelu(VALUES, axis)), expected)


@each_mode
def test_crelu_passes_the_gradient_to_the_part_that_is_not_0(mode):
    weights = backends.tensor([[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]], "float32")
    pulled = backends.gradient_in_mode(lambda x: weights * activations.crelu(x), mode)
    assert backends.array(pulled(backends.tensor([[3.0, 0.0, -3.0]], "float32"))).tolist() == [[1.0, 0.0, -32.0]]


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9, 17, 100])
def test_maxout_takes_the_largest_of_each_unit(count):
    x = np.round(np.random.default_rng(count).normal(0, 2, (3, 4 * count))).astype("float32")
    adjacent, strided = x.reshape(3, 4, count).max(-1), x.reshape(3, count, 4).max(-2)
    for given in ({"pool_size": count}, {"num_units": 4}):
        np.testing.assert_array_equal(numbers(activations.maxout(x, **given)), adjacent)
        np.testing.assert_array_equal(numbers(activations.maxout(x, **given, layout="strided")), strided)


@marks.other_mode_in_full
@pytest.mark.parametrize("count", [2, 3, 9, 17])
def test_of_equal_entries_the_first_gets_the_gradient(count, mode):
    x = np.round(np.random.default_rng(count).normal(0, 1, (5, 4 * count)))
    x[0] = 1.0
    first = np.zeros((5, 4, count))
    np.put_along_axis(first, x.reshape(5, 4, count).argmax(-1)[..., None], 1.0, -1)
    pulled = backends.gradient_in_mode(lambda x: activations.maxout(x, pool_size=count), mode)
    np.testing.assert_array_equal(backends.array(pulled(backends.tensor(x, "float32"))), first.reshape(x.shape))


@each_mode
@pytest.mark.parametrize("count", [2, 11])
def test_nan_is_the_largest(count, mode):
    x = np.zeros((count, count))
    np.fill_diagonal(x, np.nan)
    x[:, -1] = np.where(np.isnan(x[:, -1]), np.nan, np.inf)
    got = backends.array(
        backends.in_mode(lambda x: activations.maxout(x, pool_size=count), mode)(backends.tensor(x, "float32"))
    )
    assert np.isnan(got).all()


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "give either pool_size.*or num_units.*got neither"),
        ({"pool_size": 2, "num_units": 3}, "give either pool_size.*got 2 and 3"),
        ({"pool_size": 4}, r"pool_size=4 does not divide axis -1 of an input of shape \(2, 4, 6\)"),
        ({"num_units": 5}, r"num_units=5 does not divide axis -1 of an input of shape \(2, 4, 6\)"),
        ({"num_units": 3, "axis": 1}, r"num_units=3 does not divide axis 1 of an input of shape \(2, 4, 6\)"),
    ],
)
def test_maxout_says_what_does_not_fit(given, complaint):
    with pytest.raises(ValueError, match=f"maxout: {complaint}"):
        activations.maxout(VALUES, **given)


def test_maxout_of_an_empty_axis_is_refused_where_units_are_wanted():
    with pytest.raises(ValueError, match=r"maxout.*is empty"):
        activations.maxout(np.zeros((3, 0), "float32"), num_units=2)


# ---- GatedDense

FUNCTIONS = ["silu", "gelu", "relu", "sigmoid", None, activations.tanh, keras_acts.get("elu", alpha=2.0)]


def parts(layer, weights):
    """Weights of the values and of the gates."""
    if layer.gate == "interleaved":
        return weights[..., 1::2], weights[..., 0::2]
    first, second = np.split(weights, 2, -1)
    return (first, second) if layer.gate == "second" else (second, first)


@pytest.mark.parametrize("gate", LAYOUTS)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: getattr(each, "__name__", str(each)))
def test_gated_dense_is_two_dense_layers_and_a_product(function, gate):
    layer = GatedDense(3, function, bias_initializer="normal", gate=gate)
    y = layer(X)
    dense = [
        keras.layers.Dense(3),
        keras.layers.Dense(3, activation=keras_acts.get("linear" if function is None else function)),
    ]
    kernels, biases = (parts(layer, weights) for weights in layer.get_weights())
    for each, *weights in zip(dense, kernels, biases, strict=True):
        each.build(X.shape)
        each.set_weights(weights)
    close(y, dense[0](X) * dense[1](X), 1e-5)
    assert tuple(y.shape) == tuple(layer.compute_output_shape(X.shape)) == (2, 5, 3)
    assert layer(keras.KerasTensor((None, 7, 4))).shape == (None, 7, 3)


def test_layouts_of_one_seed_are_one_layer():
    def output(gate):
        return GatedDense(3, kernel_initializer=keras.initializers.GlorotUniform(seed=1), gate=gate)(X)

    close(output("first"), output("second"))
    close(output("interleaved"), output("second"))


def test_each_half_of_the_kernel_is_initialized_as_that_of_a_dense_layer():
    initializer = keras.initializers.GlorotUniform(seed=1)
    layer = GatedDense(300, kernel_initializer=initializer)
    layer.build((None, 50))
    values, gates = parts(layer, numbers(layer.kernel))
    np.testing.assert_array_equal(values, numbers(initializer((50, 300))))
    limit = np.sqrt(6 / 350)
    for half in (values, gates):
        assert 0.98 * limit < np.abs(half).max() <= limit
    assert np.abs(np.corrcoef(values.ravel(), gates.ravel())[0, 1]) < 0.05


def test_both_halves_and_what_is_before_them_learn():
    layer = GatedDense(3, "silu")
    model = keras.Sequential([keras.Input((5, 4)), keras.layers.Dense(4), layer])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
    before = [weight.copy() for weight in model.get_weights()]
    model.fit(X, np.ones((2, 5, 3), "float32"), epochs=2, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert np.isfinite(new).all()
        assert (new != old).any()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_gated_dense_trains_in_mixed_precision(policy):
    layer = GatedDense(3, "gelu", dtype=policy)
    y = layer(X)
    assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
    assert {keras.backend.standardize_dtype(weight.dtype) for weight in layer.weights} == {"float32"}
    close(keras.ops.cast(y, "float32"), _in_float32(layer)(X), 3e-2)


def _in_float32(layer):
    again = GatedDense.from_config({**layer.get_config(), "dtype": "float32"})
    again.build(X.shape)
    again.set_weights(layer.get_weights())
    return again


def test_gated_activation_takes_the_place_of_the_product():
    layer = GatedDense(3, "swiglu_oai", kernel_initializer="normal", gate="interleaved")
    y = layer(20 * X)
    kernel, bias = (numbers(weight).astype("float64") for weight in layer.weights)
    close(y, gpt_oss(*parts(layer, 20 * X @ kernel + bias)), 1e-5)
    assert GatedDense.from_config(layer.get_config()).get_config() == layer.get_config()


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda each: getattr(each, "__name__", str(each)))
def test_gated_dense_survives_its_configuration_as_json(function):
    layer = GatedDense(3, function, kernel_regularizer="l2", bias_constraint="non_neg", use_bias=True, gate="first")
    config = json.loads(json.dumps(layer.get_config()))
    again = GatedDense.from_config(config)
    assert again.get_config() == layer.get_config()
    for each in (layer, again):
        each.build(X.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(numbers(again(X)), numbers(layer(X)))


# ---- GatedFeedForward


def test_feed_forward_is_a_gated_layer_and_a_dense_one():
    block = GatedFeedForward(12, 3, activation="gelu", bias_initializer="normal")
    y = block(X)
    assert tuple(y.shape) == tuple(block.compute_output_shape(X.shape)) == (2, 5, 3)
    up, up_bias, down, down_bias = block.get_weights()
    hidden = activations.geglu(X @ up + up_bias)
    close(y, numbers(hidden) @ down + down_bias, 1e-5)
    assert [weight.path.split("/", 1)[1] for weight in block.weights] == ["up/kernel", "up/bias", "down/kernel", "down/bias"]


@pytest.mark.parametrize(
    ("arguments", "size", "width"),
    [
        ({}, 8, 32),
        ({"hidden_units": 20}, 8, 20),
        ({"two_thirds": True}, 12, 32),
        ({"two_thirds": True}, 8, 21),
        ({"two_thirds": True, "multiple_of": 8}, 8, 24),
        ({"two_thirds": True, "multiple_of": 256}, 4096, 11008),  # LLaMA 7B
        ({"two_thirds": True, "multiple_of": 256}, 5120, 13824),  # LLaMA 13B
        ({"hidden_units": 20, "multiple_of": 16}, 8, 32),
        ({"hidden_units": 1, "two_thirds": True}, 8, 1),
    ],
)
def test_width_of_the_hidden_layer(arguments, size, width):
    assert GatedFeedForward(**arguments).hidden_width(size) == width


def test_two_thirds_have_as_many_weights_as_the_block_without_a_gate():
    block = GatedFeedForward(two_thirds=True, use_bias=False)
    block.build((None, 5, 12))
    plain = [keras.layers.Dense(48, use_bias=False), keras.layers.Dense(12, use_bias=False)]
    plain[0].build((None, 5, 12))
    plain[1].build((None, 5, 48))
    assert block.count_params() == sum(layer.count_params() for layer in plain)


def test_projections_of_one_seed_differ():
    block = GatedFeedForward(4, kernel_initializer=keras.initializers.RandomNormal(seed=3), use_bias=False)
    block.build((None, 4))
    up, down = block.get_weights()
    values, gates, down = (*(half.ravel() for half in np.split(up, 2, -1)), down.ravel())
    for one, other in ((values, gates), (values, down), (gates, down)):
        assert (one != other).all()


def test_features_are_dropped_in_training_only():
    block = GatedFeedForward(64, dropout=0.5, seed=1)
    at_rest, trained = numbers(block(X)), numbers(block(X, training=True))
    np.testing.assert_array_equal(numbers(block(X, training=False)), at_rest)
    assert (trained != at_rest).any()


def test_feed_forward_in_a_model_is_saved_and_goes_on_training(tmp_path):
    block = GatedFeedForward(activation=keras_acts.get("elu", alpha=0.5), two_thirds=True, dropout=0.1, name="block")
    model = keras.Sequential([keras.Input((5, 4)), block, keras.layers.Dense(2)])
    model.compile(optimizer="adam", loss="mse")
    model.fit(X, np.ones((2, 5, 2), "float32"), verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("block").get_config() == block.get_config()
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    loaded.fit(X, np.ones((2, 5, 2), "float32"), verbose=0)


# ---- what the layers refuse

WRONG = [
    ({"units": 0}, ValueError, "units must be an integer from 1"),
    ({"units": 3.0}, TypeError, "units must be"),
    ({"units": True}, TypeError, "units must be"),
    ({"units": 10**12}, ValueError, "units must be"),
    ({"gate": "third"}, ValueError, "gate must be 'second', 'first' or 'interleaved'"),
    ({"use_bias": 1}, TypeError, "use_bias must be True or False"),
    ({"activation": "softmax"}, ValueError, "activation must be element-wise or gated; softmax works along an axis"),
    ({"activation": "os.system"}, ValueError, "unknown activation 'os.system'"),
    ({"activation": {"activation": "elu", "parameters": {"alpha": "inf"}}}, TypeError, "elu: alpha must be"),
    ({"activation": {"activation": "elu", "parameters": {}, "extra": 1}}, ValueError, "it also holds 'extra'"),
    ({"activation": {"module": "builtins", "class_name": "function", "config": "system"}}, ValueError, "activation's name"),
    ({"activation": keras_acts.get("glu", axis=1)}, ValueError, "glu has axis=1"),
    ({"activation": keras_acts.get("glu", gate="first")}, ValueError, "glu has gate='first'"),
    ({"kernel_initializer": "os.system"}, ValueError, "os.system"),
    ({"kernel_initializer": None}, TypeError, "kernel_initializer must be one of Keras's own initializers"),
    ({"bias_regularizer": lambda x: 0.0}, TypeError, "bias_regularizer must be one of Keras's own regularizers"),
    ({"activity_regularizer": lambda x: 0.0}, TypeError, "activity_regularizer must be one of Keras's own regularizers"),
]


@pytest.mark.parametrize(("given", "error", "complaint"), WRONG, ids=[complaint for _, _, complaint in WRONG])
def test_wrong_argument_of_gated_dense_is_refused(given, error, complaint):
    with pytest.raises(error, match=complaint):
        GatedDense(**{"units": 3, **given})
    with pytest.raises((ValueError, TypeError), match=complaint):  # Keras makes a TypeError of what it meets in a file
        GatedDense.from_config({"units": 3, **given})


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"hidden_units": 0}, ValueError),
        ({"output_units": "3"}, TypeError),
        ({"two_thirds": 1}, TypeError),
        ({"multiple_of": 0}, ValueError),
        ({"dropout": 1.5}, ValueError),
        ({"dropout": float("nan")}, ValueError),
        ({"seed": -1}, ValueError),
    ],
)
def test_wrong_argument_of_the_feed_forward_block_is_refused_by_its_name(given, error):
    with pytest.raises(error, match=f"GatedFeedForward: {next(iter(given))} must be"):
        GatedFeedForward(**given)


@pytest.mark.parametrize("layer", [GatedDense(3), GatedFeedForward()], ids=lambda layer: type(layer).__name__)
def test_last_axis_of_unknown_size_is_refused(layer):
    with pytest.raises(ValueError, match=f"{type(layer).__name__}: the last axis of the input shape .* has no fixed size"):
        layer(keras.KerasTensor((None, 5, None)))
