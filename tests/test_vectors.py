"""Weights that are vectors of coefficients: a unit of several learned pieces, from its declaration to a saved model.

The unit is declared here, as a family file would: max(0, x) + sum_j a_j · max(0, b_j - x) of Agostinelli et al. 2014.
"""

import keras
import numpy as np
import pytest
from keras import ops

import keras_acts
from keras_acts._catalogue import activation, derivative
from keras_acts._frameworks.door import as_operations
from keras_acts._record import register
from keras_acts._record.parameters import Coefficients
from keras_acts.conformance import backends
from keras_acts.layers._kinds import Constraint, Initializer, ParameterCount, Regularizer
from keras_acts.layers._learned import LearnedActivation
from keras_acts.models import _steps
from tests import marks

FAMILY = "test"
before = dict(register._functions)


@activation(
    range=(0, np.inf),
    monotonic=False,
    smoothness=0,
    limits=(np.inf, np.inf),
    example={"a": (0.25, 0.5), "b": (-1.0, 1.0)},
    reference="Agostinelli, Hoffman, Sadowski & Baldi 2014, arXiv:1412.6830",
)
def pieces(x, a: Coefficients, b: Coefficients):
    """``max(0, x) + sum_j a_j · max(0, b_j - x)``

    A ReLU with further pieces below.
    """
    return ops.relu(x) + sum(slope * ops.relu(start - x) for slope, start in zip(a, b, strict=True))


@derivative(pieces)
def _(x, a, b):
    """``1 if x > 0, else 0``"""
    slope = ops.where(x > 0, 1.0, 0.0 * x)
    return slope - sum(ops.where(x < start, each, 0.0) for each, start in zip(a, b, strict=True))


@derivative(pieces, "a")
def _(x, a, b, entry):
    """``max(0, b_j - x)``"""
    return ops.relu(b[entry] - x)


@derivative(pieces, "b")
def _(x, a, b, entry):
    """``a_j``"""
    return ops.where(x < b[entry], a[entry], 0.0 * x)


@keras.saving.register_keras_serializable("test")
class Pieces(LearnedActivation, of=pieces):
    """The unit with learned coefficients."""

    count: ParameterCount = 2
    a_initializer: Initializer = "zeros"
    a_regularizer: Regularizer = None
    a_constraint: Constraint = None
    b_initializer: Initializer = "zeros"
    b_regularizer: Regularizer = None
    b_constraint: Constraint = None

    def coefficients(self):
        """As many of each."""
        return {"a": self.count, "b": self.count}


# the catalogue is as it was for the tests of other modules
register._functions.clear()
register._functions.update(before)

X = (np.arange(-20, 28, dtype="float32") / 8).reshape(2, 4, 6)
A = np.array([0.25, -0.5, 1.5], "float32")
B = np.array([-1.0, 0.5, 2.0], "float32")


@pytest.fixture(autouse=True)
def _declared(monkeypatch):
    monkeypatch.setitem(register._functions, "pieces", pieces)


def numbers(tensor):
    return np.asarray(ops.convert_to_numpy(ops.cast(tensor, "float32")))


def expected(x, a, b):
    """In numpy, for coefficients of any shape behind the first axis."""
    terms = np.stack([slope * np.maximum(start - x, 0) for slope, start in zip(a, b, strict=True)])
    return np.maximum(x, 0) + terms.sum(0)


FORMS = {
    "numbers": (tuple(map(float, A)), tuple(map(float, B))),
    "arrays": (A, B),
    "tensors": (ops.convert_to_tensor(A), ops.convert_to_tensor(B)),
    "several tensors": (list(map(ops.convert_to_tensor, A)), tuple(map(ops.convert_to_tensor, B))),
    "variables": (keras.Variable(A), keras.Variable(B)),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_value_is_that_of_the_formula(form):
    a, b = FORMS[form]
    np.testing.assert_allclose(numbers(pieces(X, a, b)), expected(X, A, B), rtol=1e-6)
    np.testing.assert_allclose(numbers(pieces(X, a=a, b=b)), expected(X, A, B), rtol=1e-6)


def test_the_parameterised_form_keeps_numbers_and_saves():
    form = keras_acts.get("pieces", a=A.tolist(), b=B.tolist())
    assert form.parameters == {"a": (0.25, -0.5, 1.5), "b": (-1.0, 0.5, 2.0)}
    assert type(form).from_config(form.get_config()) == form
    np.testing.assert_allclose(numbers(form(X)), expected(X, A, B), rtol=1e-6)
    with pytest.raises(TypeError, match="pieces: a is a tensor, which a saved activation can't hold"):
        keras_acts.get("pieces", a=ops.convert_to_tensor(A), b=B.tolist())


@pytest.mark.parametrize(
    ("a", "error", "words"),
    [
        (1.0, TypeError, "pieces: a must be a sequence of 1 to 64 finite numbers; got 1.0"),
        ("12", TypeError, "pieces: a must be a sequence"),
        ((), ValueError, "pieces: a must be a sequence"),
        ((1.0, "2"), TypeError, r"pieces: a\[1\] must be a finite number; got '2'"),
        ((1.0, float("nan")), ValueError, r"pieces: a\[1\] must be a finite number"),
        ((1.0,) * 65, ValueError, "pieces: a must be a sequence"),
        (ops.ones(()), ValueError, r"pieces: a must be a sequence .* or a tensor whose first axis .* shape \(\)"),
        (ops.ones((3, 5)), ValueError, r"pieces: a\[0\] of shape \(5,\) does not broadcast to an input of shape \(2, 4, 6\)"),
    ],
)
def test_wrong_coefficients_are_refused(a, error, words):
    with pytest.raises(error, match=words):
        pieces(X, a, ops.convert_to_tensor(B))


def exact_gradients(x, a, b, upstream):
    """Of a and b, summed to their shapes."""
    found = []
    for slope, start in zip(a, b, strict=True):
        of_a, of_b = np.maximum(start - x, 0), np.where(x < start, slope, 0)
        axes = tuple(range(x.ndim - np.ndim(start)))
        found.append([(upstream * each).sum(axes) for each in (of_a, of_b)])
    return [np.stack(each) for each in zip(*found, strict=True)]


@marks.each_mode
@pytest.mark.parametrize("shape", [(), (6,)])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_gradients_reach_every_coefficient_and_the_input(dtype, shape, mode):
    tail = (1,) * len(shape)
    a, b = (np.broadcast_to(each.reshape(-1, *tail), (3, *shape)).copy() for each in (A, B))
    if shape:
        a *= np.linspace(0.5, 1.75, 6, dtype="float32")
    upstream = np.random.default_rng(0).integers(-8, 8, X.shape).astype("float32") / 4
    weights = backends.tensor(upstream, dtype)

    def total(place):
        given = [backends.tensor(X, dtype), backends.tensor(a, "float32"), backends.tensor(b, "float32")]

        def of_one(tensor):
            x, *rest = [tensor if i == place else each for i, each in enumerate(given)]
            return ops.sum(ops.cast(weights * pieces(x, *rest), "float32"))

        return backends.array(backends.gradient_in_mode(of_one, mode)(given[place]))

    slopes = (X > 0) - sum(np.where(b_j > X, a_j, 0) for a_j, b_j in zip(a, b, strict=True))
    np.testing.assert_allclose(total(0), upstream * slopes, rtol=1e-6 if dtype == "float32" else 2.0**-8)
    for place, exact in enumerate(exact_gradients(X, a, b, upstream), 1):
        np.testing.assert_allclose(total(place), exact, rtol=2e-6, atol=1e-5)


def layer_with(**arguments):
    layer = Pieces(
        3,
        keras.initializers.RandomUniform(-1, 1, seed=1),
        b_initializer=keras.initializers.RandomUniform(-2, 2, seed=2),
        b_regularizer=keras.regularizers.L2(0.1),
        **arguments,
    )
    layer(X)
    return layer


@pytest.mark.parametrize(
    ("arguments", "shape"),
    [({}, (3, 4, 6)), ({"shared_axes": [1]}, (3, 1, 6)), ({"num_parameters": 6}, (3, 6)), ({"num_parameters": 1}, (3, 1))],
)
def test_a_layer_has_a_vector_for_each_entry(arguments, shape, tmp_path):
    layer = layer_with(**arguments)
    assert [(weight.name, tuple(weight.shape)) for weight in layer.weights] == [("a", shape), ("b", shape)]
    np.testing.assert_allclose(numbers(layer(X)), expected(X, *map(numbers, layer.weights)), rtol=1e-5, atol=1e-6)
    model = keras.Sequential([keras.Input((4, 6)), layer])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[0].get_config() == layer.get_config()
    np.testing.assert_array_equal(numbers(again(X)), numbers(model(X)))


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_vector_is_trained_inside_a_dense_layer(policy):
    inner = Pieces(2, "ones", num_parameters=6, dtype=policy)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(6, activation=inner, dtype=policy)])
    assert sum(weight.shape == (2, 6) for weight in model.trainable_weights) == 2
    before = [weight.copy() for weight in inner.get_weights()]
    model.compile(keras.optimizers.SGD(0.05), "mse")
    model.fit(X.reshape(8, 6), X.reshape(8, 6), epochs=2, verbose=0)
    assert all((old != new).any() for old, new in zip(before, inner.get_weights(), strict=True))
    assert keras.backend.standardize_dtype(inner.a.dtype) == "float32"


@pytest.mark.parametrize("arguments", [{"shared_axes": [1, 2]}, {"num_parameters": 6}])
def test_a_portable_model_holds_each_coefficient(arguments):
    """As operations beside layers of Keras that hold the weights."""
    layer = layer_with(**arguments)
    x = keras.Input((4, 6))
    plain = keras.Model(x, _steps.learned(layer, lambda x: None)(x))
    assert not any("keras_acts" in str(each) for each in plain.get_config()["layers"])
    assert len(plain.trainable_weights) == 6
    np.testing.assert_allclose(numbers(plain(X)), numbers(layer(X)), rtol=1e-5, atol=1e-6)


def test_operations_take_the_coefficients_as_tensors_of_the_graph():
    x, a = keras.Input((6,)), keras.Input((6,))
    with as_operations():
        y = pieces(x, a=(a, 2.0 * a), b=(0.5 * a, a))
    model = keras.Model([x, a], y)
    rows, slopes = X.reshape(8, 6), np.abs(X).reshape(8, 6)
    want = expected(rows, np.stack([slopes, 2 * slopes]), np.stack([0.5 * slopes, slopes]))
    np.testing.assert_allclose(numbers(model([rows, slopes])), want, rtol=1e-5)
