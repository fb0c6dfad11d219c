"""Names that are the same mathematics, as their declarations say."""

import ast

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import activations
from keras_acts._record.identities import identities, identities_of
from keras_acts.conformance import backends

each_identity = pytest.mark.parametrize(("one", "other"), [(each.one, each.other) for each in identities()])
each_synonym = pytest.mark.parametrize(("one", "other"), [(each.one, each.other) for each in identities() if each.exact])
TINY = [sign * size for size in (1e-6, 1e-3, 0.04) for sign in (1.0, -1.0)]
FINITE = np.concatenate([np.linspace(-8, 8, 257), TINY]).astype("float32")
X = np.concatenate([FINITE, [np.inf, -np.inf, np.nan]]).astype("float32")
pytestmark = pytest.mark.any_backend  # each name is compared with its own formula under every one
NAMES = {**vars(keras.ops), **vars(activations)}
ROUNDINGS = 16  # of the largest term: that of a factor up to 8, before it and behind it


def side(code):
    return lambda x: eval(code, NAMES, {"x": x})


def terms(code):
    """The expressions that are added or subtracted in another one; they round, and may cancel."""
    sums = [
        node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    ]
    return [ast.unparse(term) for node in sums for term in (node.left, node.right)]


def agree(one, other, dtype):
    """Whether two expressions differ by roundings of their largest term only, at each number."""
    with backends.floats(dtype):
        x = backends.tensor(FINITE, dtype)
        evaluated = [backends.array(side(code)(x) + 0.0 * x) for code in (one, other, *terms(one), *terms(other))]
    largest = np.max(np.abs(evaluated), axis=0)
    return bool(np.all(np.abs(evaluated[0] - evaluated[1]) <= ROUNDINGS * np.finfo(dtype).eps * largest))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@each_identity
def test_both_sides_of_an_identity_are_equal(one, other, dtype):
    assert agree(one, other, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("tanh_shrink(x)", "x - tanh(x) + 1e-7"),
        ("silu(x)", "x * sigmoid(1.00001 * x)"),
        ("softplus(x)", "x + softplus(-x) + 1e-5"),
        ("sqrt_softplus(x)", "sqrt(softplus(x) + 1e-5)"),
        ("softmin(x)", "softmax(-x) + 1e-7"),
    ],
)
def test_an_expression_that_is_a_little_different_is_no_identity(one, other, dtype):
    assert not agree(one, other, dtype)


@each_synonym
def test_two_names_give_the_same_numbers(one, other):
    x = backends.tensor(X, "float32")
    np.testing.assert_array_equal(*(backends.array(side(code)(x)) for code in (one, other)))


@each_synonym
def test_two_names_give_the_same_gradient(one, other):
    x = backends.tensor(FINITE, "float32")
    gradients = [backends.array(backends.gradient(side(code))(x)) for code in (one, other)]
    np.testing.assert_array_equal(*gradients)


def test_each_identity_is_declared_once():
    pairs = [frozenset((identity.one, identity.other)) for identity in identities()]
    assert len(set(pairs)) == len(pairs) >= 35


def test_an_identity_is_told_of_each_activation_in_it():
    assert "relu6(x) = relu(x, max_value=6)" in identities_of(keras_acts.describe("relu"))
    assert not any("prelu" in each for each in identities_of(keras_acts.describe("relu")))


def test_bounds_that_exclude_each_other_are_refused():
    for given in ({"min_value": 1.0}, {"max_value": -1.0}, {"min_value": 3.0, "max_value": 2.0}):
        with pytest.raises(ValueError, match=r"hard_tanh: min_value=.* must be less than max_value="):
            keras_acts.get("hard_tanh", **given)
