"""What a record states, refuted if it is wrong: by the exact reference, on wide grids and around its kinks."""

import collections
import math

import mpmath
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import cases, oracle, references

pytestmark = pytest.mark.any_backend

FAR = (1e20, 1e30)


def reference(record):
    """The exact value and derivatives at the default parameters, as a function of x and the order."""
    formula, parameters = references.formula_of(record.name), cases.all_parameters(record, {})
    return lambda x, order=0: oracle.evaluate(formula, x, order, parameters)


def values(record):
    """Exact values at sorted points."""
    return cases.exact(record, "float32")[0].high


def test_values_stay_in_the_range_and_reach_its_ends(elementwise):
    low, high = elementwise.range
    seen = [*values(elementwise), *(float(reference(elementwise)(sign * x)[0]) for x in FAR for sign in (-1, 1))]
    for end, extreme, sign in ((low, min(seen), 1), (high, max(seen), -1)):
        if math.isinf(end):
            assert abs(extreme) >= 50  # a logarithm gets no farther
            assert math.copysign(1, extreme) == math.copysign(1, end)
        else:
            assert sign * (extreme - end) >= -1e-12, "a value beyond the range"
            assert abs(extreme - end) <= 1e-6, "the range is wider than the values"


def test_it_is_monotonic_if_the_record_says_so(elementwise):
    """An increase of the sorted values, or a real decrease somewhere."""
    steps = np.diff(values(elementwise))
    falls = steps < -1e-12 * np.abs(values(elementwise)[1:])
    assert falls.any() != elementwise.monotonic


def test_its_parity_is_that_of_the_record(elementwise):
    of = reference(elementwise)
    points = [0.0, 1e-6, 0.3, 1.0, 2.7, 9.5, 64.0]
    odd = all(abs(of(x)[0] + of(-x)[0]) <= abs(of(x)[0]) * 1e-12 for x in points)
    even = all(abs(of(x)[0] - of(-x)[0]) <= abs(of(x)[0]) * 1e-12 for x in points)
    assert elementwise.parity == ("odd" if odd else "even" if even else None)


def test_its_limits_are_those_of_the_record(elementwise):
    for limit, sign in zip(elementwise.limits, (-1, 1), strict=True):
        near, far = (float(reference(elementwise)(sign * x)[0]) for x in FAR)
        if limit is None:
            assert abs(near - far) > 1e-6
            assert abs(far) < 1e10
        elif math.isinf(limit):
            assert math.isinf(far) or abs(far) > 1.2 * abs(near) > 10
            assert math.copysign(1, far) == math.copysign(1, limit)
        else:
            assert far == pytest.approx(limit, rel=1e-12, abs=1e-15)


def jump(of, low, high, order):
    """How far the derivative of that order jumps between two points next to a kink."""
    below, above = of(low, max(order, 1))[order], of(high, max(order, 1))[order]
    return float(abs(above - below))


def test_it_is_as_smooth_as_the_record_says(elementwise):
    """Wherever the reference changes its branch, derivatives up to that order are continuous; the next one jumps somewhere."""
    formula, of = references.formula_of(elementwise.name), reference(elementwise)
    kinks = oracle.kinks(formula, np.linspace(-12.7, 12.6, 260), cases.all_parameters(elementwise, {}))
    highest = 4 if math.isinf(elementwise.smoothness) else int(elementwise.smoothness)
    for low, high in kinks:
        for order in range(highest + 1):
            assert jump(of, low, high, order) <= 1e-12, f"derivative {order} jumps at {float(low)}"
    if not math.isinf(elementwise.smoothness):
        assert any(jump(of, low, high, highest + 1) > 1e-6 for low, high in kinks), f"derivative {highest + 1} does not jump"


def test_a_kink_is_found_wherever_it_is():
    found = oracle.kinks(lambda x: abs(x - 1.25) + max(x, -2), np.linspace(-9.7, 9.6, 200))
    assert [round(float(low), 12) for low, _ in found] == [-2.0, 1.25]


def test_the_public_derivative_has_the_sign_of_the_slope(elementwise):
    if elementwise.monotonic:
        assert (cases.exact(elementwise, "float32")[1].high >= 0).all()


def test_it_says_where_it_comes_from(record):
    assert len(record.reference) >= 4
    assert record.reference == record.reference.strip()


def test_formula_and_summary_are_written_down(record):
    assert record.formula.strip()
    assert record.summary.endswith((".", "…"))
    assert "``" not in record.formula


def test_an_elementwise_activation_has_a_derivative_with_its_formula(elementwise):
    assert elementwise.derivative.strip()


def test_each_name_and_alias_is_an_identifier_used_once():
    every = [name for each in map(keras_acts.describe, keras_acts.names()) for name in (each.name, *each.aliases)]
    assert [name for name, count in collections.Counter(every).items() if count > 1] == []
    assert all(name.isidentifier() and name == name.lower() for name in every)


def test_each_alias_means_its_activation(record):
    for name in (record.name, *record.aliases):
        if record.callable_by_name:
            assert keras_acts.get(name) is getattr(keras_acts.activations, record.name)
        assert keras_acts.describe(name) is keras_acts.describe(f"keras_acts>{name}") is record


def test_mpmath_computes_the_constants_as_in_the_record():
    """The limits of selu are decimal constants there, the paper's closed form here."""
    with mpmath.workdps(30):
        limit = oracle.evaluate(references.formula_of("selu"), -1e3, 0)[0]
    assert float(limit) == pytest.approx(keras_acts.describe("selu").limits[0], rel=1e-15)


@pytest.mark.any_backend
def test_each_parameter_that_may_be_a_tensor_has_its_derivative(elementwise):
    learnable = {parameter.name for parameter in elementwise.parameters if parameter.kind.learnable}
    assert learnable <= set(elementwise.derivatives)
