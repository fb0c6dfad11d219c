"""Learned layers: what they compute, and the gradients of their weights, for every one that is declared."""

import dataclasses
import functools
import inspect
import itertools
import json

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import activations, layers
from keras_acts._record.parameters import Flag
from keras_acts.conformance import backends, cases as points, oracle, references
from keras_acts.layers import TLU, XIELU, PReLU, Snake, SnakeBeta, SwishBeta
from keras_acts.layers._kinds import KINDS
from keras_acts.layers._learned import LearnedActivation
from tests import kinds, marks

X = np.linspace(-3.0, 3.0, 24, dtype="float32").reshape(2, 4, 3)
START = [0.3, -0.2, 0.7]


@dataclasses.dataclass(frozen=True)
class Case:
    """A learned layer with the arguments that are no weights, and what it computes."""

    kind: type
    given: tuple

    @property
    def name(self):
        return "-".join([self.kind.__name__, *(f"{name}={value}" for name, value in self.given)])

    def made(self, **arguments):
        return self.kind(**dict(self.given), **arguments)

    @property
    def weights(self):
        return self.made(num_parameters=1).learned

    @property
    def formula(self):
        return references.formula_of(keras_acts.describe(self.made().activation).name)

    def of_weights(self, x, **weights):
        """The reference formula, in terms of the weights."""
        return self.formula(x, **self.parameters(*(weights[name] for name in self.weights)))

    def parameters(self, *raw):
        """What the activation is given for weights, as numbers of the oracle."""
        weights = dict(zip(self.weights, raw, strict=True))
        form = getattr(references.learned, self.kind.__name__, None)
        own = {name: value for name, value in self.given if form and name in inspect.signature(form).parameters}
        return form(**weights, **own) if form else weights


def cases():
    """Each learned layer at its defaults, and at another value of each argument that concerns no weight."""
    for kind in (getattr(layers, name) for name in layers.__all__):
        if issubclass(kind, LearnedActivation):
            yield Case(kind, ())
            of_weights = {f"{weight}_{each}" for weight in kind.declared_weights for each in KINDS}
            for name, argument in kind.arguments.items():
                if name not in of_weights and name not in ("shared_axes", "num_parameters"):
                    other = not argument.default if isinstance(argument.kind, Flag) else argument.default + 0.75
                    yield Case(kind, ((name, other),))


CASES = list(cases())
each_layer = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def close(got, expected, tolerance=3e-6):
    np.testing.assert_allclose(numbers(got), numbers(expected), rtol=tolerance, atol=tolerance)


@each_layer
def test_weights_have_the_names_of_the_parameters(case):
    layer = case.made(num_parameters=3)
    assert tuple(weight.name for weight in layer.weights) == case.weights
    assert set(case.weights) <= {parameter.name for parameter in keras_acts.describe(layer.activation).parameters}
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
def test_layer_computes_its_activation_channel_by_channel(case):
    layer = case.made(num_parameters=3)
    layer.set_weights([np.roll(START, place).astype("float32") for place in range(len(case.weights))])
    y = numbers(layer(X))
    for channel in range(3):
        raw = [float(weight[channel]) for weight in layer.get_weights()]
        given = {key: float(getattr(value, "terms", [value])[0]) for key, value in case.parameters(*raw).items()}
        exact = [float(oracle.evaluate(case.formula, float(x), 0, given)[0]) for x in X[..., channel].ravel()]
        close(y[..., channel].ravel(), np.array(exact), 2e-5)


def inputs_and_gradients():
    """Multiples of 1/8, which every dtype holds."""
    random = np.random.default_rng(0)
    return random.integers(-24, 24, (3, 6, 5)) / 8, random.integers(-8, 8, (3, 6, 5)) / 4


def weights_of(case, shape):
    random = np.random.default_rng(1)
    return [random.uniform(0.2, 2, shape).astype("float32").astype("float64") for _ in case.weights]


@functools.cache
def exact_gradients(case, shape):
    """Of each weight: the exact sum, and that of the magnitudes it is made of."""
    x, upstream = inputs_and_gradients()
    raw = weights_of(case, shape)
    axes = (0, 1, 2) if np.prod(shape, dtype=int) == 1 else (0, 1)
    found = []
    for weight in case.weights:
        slopes = np.empty(x.shape)
        for channel in range(x.shape[-1]):
            given = dict(zip(case.weights, (float(np.broadcast_to(each, x.shape)[0, 0, channel]) for each in raw), strict=True))
            exact = oracle.evaluate_all(case.of_weights, x[..., channel].ravel(), 1, given, wrt=weight)[1]
            slopes[..., channel] = exact.reshape(x.shape[:-1])
        terms = upstream * slopes
        found.append((terms.sum(axes), np.maximum(np.abs(terms), np.abs(upstream)).sum(axes)))
    return found


@pytest.mark.parametrize(
    ("count", "mode"),
    [(5, kinds.MAIN), (None, kinds.MAIN), *(pytest.param(count, kinds.OTHER, marks=pytest.mark.full) for count in (5, None))],
)
@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.full)])
@each_layer
def test_gradient_of_each_weight_is_summed_before_it_is_rounded(case, count, policy, mode):
    """Of a weight for all, made from an input whose axes are all shared where there is no other, or for each channel."""
    x, upstream = inputs_and_gradients()
    layer = case.made(dtype=policy, **({"shared_axes": [1, 2]} if count is None else {"num_parameters": count}))
    layer.build((None, 6, 5))
    shape = tuple(layer.weights[0].shape)
    raw = weights_of(case, shape)
    inputs, above = (backends.tensor(each, layer.compute_dtype) for each in (x, upstream))
    for place, (exact, size) in enumerate(exact_gradients(case, shape)):

        def total(weight, place=place):
            variables = [weight if i == place else backends.tensor(each, "float32") for i, each in enumerate(raw)]
            y, _ = layer.stateless_call(variables, [], inputs)
            return keras.ops.sum(keras.ops.cast(above * y, "float32"))

        got = backends.array(backends.gradient_in_mode(total, mode)(backends.tensor(raw[place], "float32")))
        assert (np.abs(got.reshape(exact.shape) - exact) <= 8 * 2.0**-23 * size).all(), (got, exact)


LEARNABLE = [record for record in points.ELEMENTWISE if len(record.derivatives) > 1]
TRIED = (0.5, 1.0, 2.0, -0.5, 0.0)  # values of parameters, at which kinks are multiples of 1/8
GRID = np.arange(-32, 33) / 8


def settings(record):
    """Values for all parameters that can be learned, in every combination that they allow."""
    learned = {parameter.name: parameter.kind for parameter in record.parameters if parameter.name in record.derivatives}
    allowed = [[value for value in TRIED if _is_allowed(kind, value)] for kind in learned.values()]
    return [dict(zip(learned, chosen, strict=True)) for chosen in itertools.product(*allowed)]


def _is_allowed(kind, value):
    try:
        kind.check("", "", value)
    except ValueError:
        return False
    return True


@marks.each_mode
@pytest.mark.parametrize("record", LEARNABLE, ids=lambda record: record.name)
def test_gradients_under_learned_parameters_are_of_the_branch_at_or_below_a_kink(record, mode):
    """In x and in every parameter, which are tensors here, exactly where the reference changes its branch too."""
    formula, combinations = references.formula_of(record.name), settings(record)
    names = list(combinations[0])

    def total(x, *values):
        return keras.ops.sum(record.function(x, **dict(zip(names, values, strict=True))))

    # one column of inputs for each combination, so that one program judges all of them
    columns = [np.array([each[name] for each in combinations], "float32") for name in names]
    inputs = np.repeat(GRID[:, None], len(combinations), 1).astype("float32")
    for place, name in enumerate(["x", *names]):
        tensors = [backends.tensor(each, "float32") for each in (inputs, *columns)]

        def of_one(tensor, place=place, tensors=tensors):
            return total(*tensors[:place], tensor, *tensors[place + 1 :])

        start = np.broadcast_to(columns[place - 1], inputs.shape) if place else inputs
        got = backends.array(backends.gradient_in_mode(of_one, mode)(backends.tensor(start, "float32")))
        for column, given in enumerate(combinations):
            exact = oracle.evaluate_all(formula, GRID, 1, given, wrt=name)[1]
            np.testing.assert_allclose(got[:, column], exact, rtol=2e-6, atol=2e-6, err_msg=f"{name}, {given}")


@pytest.mark.any_backend
@pytest.mark.parametrize("record", LEARNABLE, ids=lambda record: record.name)
def test_the_grid_meets_a_kink_where_there_is_one(record):
    """Or the test before would see none."""
    formula, combinations = references.formula_of(record.name), settings(record)
    sides = (
        (oracle.branches(formula, x - 1e-9, each), oracle.branches(formula, x + 1e-9, each))
        for each in combinations
        for x in GRID
    )
    has_kinks = any(oracle.kinks(formula, np.linspace(-3.7, 3.6, 60), each) for each in combinations)
    assert any(below != above for below, above in sides) == has_kinks


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


@each_layer
def test_each_weight_has_its_own_initializer_regularizer_and_constraint(case):
    weights = case.weights
    given = {}
    for place, name in enumerate(weights):
        given[f"{name}_initializer"] = keras.initializers.Constant(1.5 + place)
        given[f"{name}_regularizer"] = keras.regularizers.L1(0.25 * (1 + place))
        given[f"{name}_constraint"] = keras.constraints.MaxNorm(9.0)
    layer = case.made(num_parameters=2, **given)
    assert [weight[0] for weight in layer.get_weights()] == [1.5 + place for place in range(len(weights))]
    expected = [2 * (1.5 + place) * 0.25 * (1 + place) for place in range(len(weights))]
    assert sorted(float(loss) for loss in layer.losses) == sorted(expected)
    assert all(getattr(layer, f"{name}_constraint") is given[f"{name}_constraint"] for name in weights)


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
@each_layer
def test_weights_inside_a_dense_layer_are_trained(case, policy):
    layer = case.made(num_parameters=3, dtype=policy)
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
