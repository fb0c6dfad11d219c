"""Derivatives to the fourth, where they are most easily lost: at 0, where pieces of a formula meet, and far out."""

import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends, cases, oracle, references
from tests import kinds

HIGHEST = 4
NEAR = [0.25, 0.5, 1.0, 2.0, 3.0, 4.4, 6.0, 7.5, 9.0, 20.0, 22.0, 25.5, 44.0, 60.0, 88.0, 100.0, 1e3, 1e4]
X = np.array([0.0, -0.0, *NEAR, *(-x for x in NEAR)], "float32")

# torch differentiates as it goes along; the others compile, or record, each operation of each order
EVERY = cases.ELEMENTWISE if backends.NAME == "torch" else ()
NAMES = [
    *(pytest.param(record.name, id=record.name) for record in EVERY),
    *(each for each in kinds.one_name_of_each(kinds.ELEMENTWISE, kinds.kind_here) if not EVERY),
]


@pytest.mark.parametrize("name", NAMES)
def test_derivatives_to_the_fourth_are_right_at_0_at_joints_and_far_out(name):
    """On a kink it is that of the branch at or below."""
    record = keras_acts.describe(name)
    parameters = cases.in_dtype(cases.all_parameters(record, {}), "float32")
    formula = references.formula_of(name)
    exact = np.array([[float(y) for y in oracle.evaluate(formula, x, HIGHEST, parameters)] for x in X.tolist()])
    function, x = cases.function(record), backends.tensor(X, "float32")
    for order in range(1, HIGHEST + 1):
        function = backends.gradient(function)
        got, wanted = backends.array(function(x)), exact[:, order]
        assert not np.isnan(got).any(), (order, X[np.isnan(got)])
        held = np.abs(wanted) < 3e38
        np.testing.assert_allclose(got[held], wanted[held], rtol=1e-4, atol=1e-5, err_msg=f"order {order}")
