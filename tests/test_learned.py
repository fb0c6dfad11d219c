"""Learned layers with several weights, or with weights in another form than the activation takes."""

import functools
import json

import keras
import numpy as np
import pytest

from keras_acts import activations
from keras_acts.conformance import backends, oracle
from keras_acts.layers import TLU, XIELU, PReLU, Snake, SnakeBeta, SwishBeta
from tests import marks

X = np.linspace(-3.0, 3.0, 24, dtype="float32").reshape(2, 4, 3)
START = [0.3, -0.2, 0.7]


def softplus(raw):
    return oracle.log1p(oracle.exp(raw))


# layer, its arguments, the activation, its weights, and what the activation is given for them, as numbers of the oracle
LAYERS = {
    "prelu": (PReLU, {}, "prelu", ["alpha"], lambda alpha: {"alpha": alpha}),
    "snake": (Snake, {}, "snake", ["alpha"], lambda alpha: {"alpha": alpha}),
    "swish_beta": (SwishBeta, {}, "swish_beta", ["beta"], lambda beta: {"beta": beta}),
    "tlu": (TLU, {}, "tlu", ["tau"], lambda tau: {"tau": tau}),
    "affine": (
        *(TLU, {"affine": True}, "filter_response_tlu_affine", ["tau", "alpha"]),
        lambda tau, alpha: {"tau": tau, "alpha": alpha},
    ),
    "snake_beta": (
        *(SnakeBeta, {}, "snake_beta", ["alpha", "beta"]),
        lambda alpha, beta: {"alpha": oracle.exp(alpha), "beta": oracle.exp(beta)},
    ),
    "linear_snake_beta": (
        *(SnakeBeta, {"log_scale": False}, "snake_beta", ["alpha", "beta"]),
        lambda alpha, beta: {"alpha": alpha, "beta": beta},
    ),
    "xielu": (
        *(XIELU, {}, "xielu", ["alpha_p", "alpha_n"]),
        lambda p, n: {"alpha_p": softplus(p), "alpha_n": 0.5 + softplus(n), "beta": 0.5},
    ),
    "steep_xielu": (
        *(XIELU, {"beta": 1.25}, "xielu", ["alpha_p", "alpha_n"]),
        lambda p, n: {"alpha_p": softplus(p), "alpha_n": 1.25 + softplus(n), "beta": 1.25},
    ),
}
each_layer = pytest.mark.parametrize("which", LAYERS)


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def close(got, expected, tolerance=3e-6):
    np.testing.assert_allclose(numbers(got), numbers(expected), rtol=tolerance, atol=tolerance)


def made(which, **arguments):
    kind, given, *_ = LAYERS[which]
    return kind(**given, **arguments)


@each_layer
def test_weights_have_the_names_of_the_parameters(which):
    layer = made(which, num_parameters=3)
    assert [weight.name for weight in layer.weights] == LAYERS[which][3]
    assert all(getattr(layer, weight.name) is weight for weight in layer.weights)
    assert {tuple(weight.shape) for weight in layer.weights} == {(3,)}


@pytest.mark.parametrize("kind", [SwishBeta, SnakeBeta, XIELU])
def test_scalar_weights_are_there_from_the_constructor_on(kind):
    assert {tuple(weight.shape) for weight in kind().weights} == {()}


@pytest.mark.parametrize("affine", [False, True])
def test_tlu_waits_for_its_input_as_that_of_tensorflow_addons_does(affine):
    layer = TLU(affine=affine)
    assert layer.weights == []
    layer(X)
    assert [(weight.name, tuple(weight.shape)) for weight in layer.weights] == [("tau", (4, 3)), ("alpha", (4, 3))][
        : 1 + affine
    ]


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (SwishBeta(), activations.silu),
        (SnakeBeta(), activations.snake_beta),
        (SnakeBeta(log_scale=False), activations.snake_beta),
        (XIELU(), activations.xielu),
        (TLU(), activations.relu),
        (TLU(affine=True), activations.relu),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_at_first_it_is_the_activation_with_its_defaults(layer, expected):
    close(layer(X), expected(X))


@each_layer
def test_layer_computes_its_activation_channel_by_channel(which):
    _, _, name, weights, parameters = LAYERS[which]
    layer = made(which, num_parameters=3)
    layer.set_weights([np.roll(START, place).astype("float32") for place in range(len(weights))])
    y = numbers(layer(X))
    for channel in range(3):
        raw = [float(weight[channel]) for weight in layer.get_weights()]
        given = {key: float(getattr(value, "terms", [value])[0]) for key, value in parameters(*raw).items()}
        exact = [float(oracle.evaluate(oracle.formula_of(name), float(x), 0, given)[0]) for x in X[..., channel].ravel()]
        close(y[..., channel].ravel(), np.array(exact), 2e-5)


def inputs_and_gradients():
    """Multiples of 1/8, which every dtype holds."""
    random = np.random.default_rng(0)
    return random.integers(-24, 24, (3, 6, 5)) / 8, random.integers(-8, 8, (3, 6, 5)) / 4


def weights_of(which, shape):
    random = np.random.default_rng(1)
    return [random.uniform(0.2, 2, shape).astype("float32").astype("float64") for _ in LAYERS[which][3]]


@functools.cache
def exact_gradients(which, shape):
    """Of each weight: the exact sum, and that of the magnitudes it is made of."""
    _, _, name, weights, parameters = LAYERS[which]
    x, upstream = inputs_and_gradients()
    raw = weights_of(which, shape)
    formula = oracle.formula_of(name)
    axes = (0, 1, 2) if np.prod(shape, dtype=int) == 1 else (0, 1)
    found = []
    for place in range(len(weights)):

        def slope(x, *raw, place=place):
            return float(
                oracle.evaluate(lambda a: formula(x, **parameters(*raw[:place], a, *raw[place + 1 :])), raw[place], 1)[1]
            )

        terms = upstream * np.vectorize(slope)(x, *(np.broadcast_to(each, x.shape) for each in raw))
        found.append((terms.sum(axes), np.maximum(np.abs(terms), np.abs(upstream)).sum(axes)))
    return found


@pytest.mark.sampled(2)
@marks.each_mode
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.full)])
@pytest.mark.parametrize("count", [None, 5])
@each_layer
def test_gradient_of_each_weight_is_summed_before_it_is_rounded(which, count, policy, mode):
    """Of a weight for all, made from an input whose axes are all shared where there is no other, or for each channel."""
    x, upstream = inputs_and_gradients()
    layer = made(which, dtype=policy, **({"shared_axes": [1, 2]} if count is None else {"num_parameters": count}))
    layer.build((None, 6, 5))
    shape = tuple(layer.weights[0].shape)
    raw = weights_of(which, shape)
    inputs, above = (backends.tensor(each, layer.compute_dtype) for each in (x, upstream))
    for place, (exact, size) in enumerate(exact_gradients(which, shape)):

        def total(weight, place=place):
            variables = [weight if i == place else backends.tensor(each, "float32") for i, each in enumerate(raw)]
            y, _ = layer.stateless_call(variables, [], inputs)
            return keras.ops.sum(keras.ops.cast(above * y, "float32"))

        got = backends.array(backends.gradient_in_mode(total, mode)(backends.tensor(raw[place], "float32")))
        assert (np.abs(got.reshape(exact.shape) - exact) <= 8 * 2.0**-23 * size).all(), (got, exact)


@pytest.mark.parametrize(("kind", "weight"), [(PReLU, "alpha"), (TLU, "tau")])
def test_weight_that_starts_at_0_learns(kind, weight):
    """A formula that takes 0 for a special case must not lose its derivative there."""
    layer = kind(num_parameters=3)
    x = backends.tensor(X, "float32")
    got = backends.array(
        backends.gradient(lambda a: keras.ops.sum(layer.stateless_call([a], [], x)[0]))(backends.tensor([0.0] * 3, "float32"))
    )
    expected = {"alpha": np.minimum(X, 0).sum((0, 1)), "tau": (X <= 0).sum((0, 1))}[weight]
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("shared", [None, [1], [1, 2]])
@each_layer
def test_layer_survives_its_configuration(which, shared):
    layer = made(which, shared_axes=shared, **{f"{LAYERS[which][3][-1]}_regularizer": "l2"})
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for each in (layer, again):
        each(X)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(numbers(again(X)), numbers(layer(X)))


@each_layer
def test_each_weight_has_its_own_initializer_regularizer_and_constraint(which):
    weights = LAYERS[which][3]
    given = {}
    for place, name in enumerate(weights):
        given[f"{name}_initializer"] = keras.initializers.Constant(1.5 + place)
        given[f"{name}_regularizer"] = keras.regularizers.L1(0.25 * (1 + place))
        given[f"{name}_constraint"] = keras.constraints.MaxNorm(9.0)
    layer = made(which, num_parameters=2, **given)
    assert [weight[0] for weight in layer.get_weights()] == [1.5 + place for place in range(len(weights))]
    expected = [2 * (1.5 + place) * 0.25 * (1 + place) for place in range(len(weights))]
    assert sorted(float(loss) for loss in layer.losses) == sorted(expected)
    assert all(getattr(layer, f"{name}_constraint") is given[f"{name}_constraint"] for name in weights)


@marks.sampled_on_jax
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@each_layer
def test_weights_inside_a_dense_layer_are_trained(which, policy):
    layer = made(which, num_parameters=3, dtype=policy)
    dense = keras.layers.Dense(3, activation=layer, dtype=policy)
    model = keras.Sequential([keras.Input((3,)), dense, keras.layers.Dense(3, dtype="float32")])
    layer.set_weights([np.full(3, 0.4, "float32") for _ in layer.weights])
    assert all(any(weight is each for each in model.trainable_variables) for weight in layer.weights)
    if callable(getattr(model, "parameters", None)):  # on torch
        assert len(list(model.parameters())) == len(model.weights)
    model.compile(optimizer=keras.optimizers.SGD(0.05), loss="mse")
    before = [weight.copy() for weight in layer.get_weights()]
    model.fit(X.reshape(8, 3), X.reshape(8, 3), epochs=2, batch_size=8, verbose=0)
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert np.isfinite(new).all()
        assert (new != old).any()


@pytest.mark.parametrize(
    ("make", "error", "complaint"),
    [
        (lambda: TLU(affine=1), TypeError, "TLU: affine must be True or False; got 1"),
        (lambda: SnakeBeta(log_scale="yes"), TypeError, "SnakeBeta: log_scale must be True or False"),
        (lambda: XIELU(beta="0.5"), TypeError, "XIELU: beta must be a finite number >= 0"),
        (lambda: XIELU(beta=-0.5), ValueError, "XIELU: beta must be a finite number >= 0"),
        (lambda: XIELU(beta=float("nan")), ValueError, "XIELU: beta must be a finite number >= 0"),
        (lambda: TLU(alpha_initializer=keras.layers.Dense(2)), TypeError, "TLU: alpha_initializer must be one of Keras's own"),
        (
            lambda: SwishBeta(beta_regularizer=lambda x: 0.0),
            TypeError,
            "SwishBeta: beta_regularizer must be one of Keras's own",
        ),
        (
            lambda: XIELU(activity_regularizer=lambda x: 0.0),
            TypeError,
            "XIELU: activity_regularizer must be one of Keras's own",
        ),
        (
            lambda: Snake(alpha_initializer=5.0),
            ValueError,
            r"Snake: alpha_initializer must be .* got 5\.0\. For these numbers give keras\.initializers\.Constant\(5\.0\)",
        ),
        (lambda: TLU(tau_initializer="spam"), ValueError, "TLU: tau_initializer must be .* got 'spam'"),
        (lambda: Snake(alpha_regularizer=5.0), ValueError, r"Snake: alpha_regularizer must be .* got 5\.0\.$"),
        (
            lambda: Snake(alpha=5.0),
            TypeError,
            r"Snake: alpha is a weight.* give alpha_initializer=keras\.initializers\.Constant\(5\.0\)",
        ),
        (
            lambda: Snake(alpha_initializer=keras.initializers.Constant(np.array([1.0, np.nan]))),
            ValueError,
            "Snake: alpha_initializer must be .* with finite numbers",
        ),
        (lambda: SnakeBeta(num_parameters=3, shared_axes=[1]), ValueError, "SnakeBeta: give num_parameters .* or shared_axes"),
        (lambda: SnakeBeta(num_parameters=4)(X), ValueError, "SnakeBeta: num_parameters=4 does not fit an input of shape"),
    ],
)
def test_wrong_argument_is_refused_by_its_name(make, error, complaint):
    with pytest.raises(error, match=complaint):
        make()


@pytest.mark.parametrize("kind", [np.asarray, keras.ops.convert_to_tensor], ids=["array", "tensor"])
def test_array_in_an_initializer_is_kept_as_a_list_of_numbers(kind):
    values = np.linspace(0.1, 1.6, 16, dtype="float32")
    layer = Snake(alpha_initializer=keras.initializers.Constant(kind(values)), num_parameters=16)
    np.testing.assert_array_equal(layer.get_weights()[0], values)
    config = json.loads(json.dumps(layer.get_config()))
    assert config["alpha_initializer"]["config"] == {"value": values.tolist()}
    np.testing.assert_array_equal(Snake.from_config(config).get_weights()[0], values)
