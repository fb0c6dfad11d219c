"""Names that are the same mathematics, as the docs say."""

import numpy as np
import pytest

import keras_acts
from keras_acts import activations
from keras_acts.conformance import backends

X = np.concatenate([np.linspace(-8, 8, 257), [-0.5, 0.5, np.inf, -np.inf, np.nan]]).astype("float32")

SAME = {
    "relu6 is clipped_relu(6)": (activations.relu6, lambda x: activations.clipped_relu(x, 6.0)),
    "relu6 is relu with a ceiling": (activations.relu6, lambda x: activations.relu(x, max_value=6.0)),
    "relu6 is hard_tanh between 0 and 6": (activations.relu6, lambda x: activations.hard_tanh(x, 0.0, 6.0)),
    "relu is threshold at 0": (activations.relu, lambda x: activations.threshold(x, 0.0, 0.0)),
    "thresholded_relu is threshold": (activations.thresholded_relu, lambda x: activations.threshold(x, 1.0, 0.0)),
    "tlu is threshold": (lambda x: activations.tlu(x, 0.5), lambda x: activations.threshold(x, 0.5, 0.5)),
    "tlu is the affine one of slope 0": (
        lambda x: activations.tlu(x, 0.5),
        lambda x: activations.filter_response_tlu_affine(x, 0.0, 0.5),
    ),
    "prelu is the affine one of floor 0": (
        lambda x: activations.prelu(x, 0.25),
        lambda x: activations.filter_response_tlu_affine(x, 0.25, 0.0),
    ),
    "prelu is leaky_relu": (lambda x: activations.prelu(x, 0.25), lambda x: activations.leaky_relu(x, 0.25)),
    "shrink without bias is hard_shrink": (activations.hard_shrink, activations.shrink),
    "shrink by the threshold is soft_shrink": (activations.soft_shrink, lambda x: activations.shrink(x, 0.5, 0.5)),
    "sparse_plus has the derivative sparse_sigmoid": (activations.sparse_plus.derivative, activations.sparse_sigmoid),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_two_names_give_the_same_numbers(one, other):
    x = backends.tensor(X, "float32")
    np.testing.assert_array_equal(backends.array(one(x)), backends.array(other(x)))


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_two_names_give_the_same_gradient(one, other):
    x = backends.tensor(X[np.isfinite(X)], "float32")
    np.testing.assert_array_equal(backends.array(backends.gradient(one)(x)), backends.array(backends.gradient(other)(x)))


def test_bounds_that_exclude_each_other_are_refused():
    for given in ({"min_value": 1.0}, {"max_value": -1.0}, {"min_value": 3.0, "max_value": 2.0}):
        with pytest.raises(ValueError, match=r"hard_tanh: min_value=.* must be less than max_value="):
            keras_acts.get("hard_tanh", **given)
