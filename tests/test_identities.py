"""Names that are the same mathematics, as the docs say."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import activations
from keras_acts._record.identities import IDENTITIES, SYNONYMS, identities_of
from keras_acts.conformance import backends
from tests.marks import sampled_on_jax

X = np.concatenate([np.linspace(-8, 8, 257), [-0.5, 0.5, np.inf, -np.inf, np.nan]]).astype("float32")
NAMES = {**vars(keras.ops), **vars(activations)}


def side(code):
    return lambda x: eval(code, NAMES, {"x": x})


@sampled_on_jax
@pytest.mark.parametrize(("one", "other"), IDENTITIES)
def test_both_sides_of_an_identity_are_equal(one, other):
    x = backends.tensor(X[np.isfinite(X)], "float32")
    np.testing.assert_allclose(backends.array(side(one)(x)), backends.array(side(other)(x)), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize(("one", "other"), SYNONYMS)
def test_two_names_give_the_same_numbers(one, other):
    x = backends.tensor(X, "float32")
    np.testing.assert_array_equal(backends.array(side(one)(x)), backends.array(side(other)(x)))


@sampled_on_jax
@pytest.mark.parametrize(("one", "other"), SYNONYMS)
def test_two_names_give_the_same_gradient(one, other):
    x = backends.tensor(X[np.isfinite(X)], "float32")
    gradients = [backends.array(backends.gradient(side(code))(x)) for code in (one, other)]
    np.testing.assert_array_equal(*gradients)


def test_an_identity_is_told_of_each_activation_in_it():
    assert "relu6(x) = relu(x, max_value=6)" in identities_of(keras_acts.describe("relu"))
    assert not any("prelu" in each for each in identities_of(keras_acts.describe("relu")))


def test_bounds_that_exclude_each_other_are_refused():
    for given in ({"min_value": 1.0}, {"max_value": -1.0}, {"min_value": 3.0, "max_value": 2.0}):
        with pytest.raises(ValueError, match=r"hard_tanh: min_value=.* must be less than max_value="):
            keras_acts.get("hard_tanh", **given)
