"""Values against the exact ones."""

import math

import keras
import numpy as np
import pytest

import keras_acts
from tests import backends, cases, oracle, tolerances

each_mode = pytest.mark.parametrize("mode", backends.MODES)


def check(record, dtype, mode, given=None):
    """Value of the public function within its bound wherever the contract has one; elsewhere finite if the exact one is."""
    x, (exact, first, *_) = cases.points(dtype), cases.exact(record, dtype, given)
    with backends.floats(dtype):
        call = backends.in_mode(lambda x: record.function(x, **(given or {})), mode)
        y = call(backends.tensor(x, dtype))
        assert keras.backend.standardize_dtype(y.dtype) == dtype
        got = backends.array(y)
    error = tolerances.errors(x, got, exact, dtype)
    assert np.isfinite(error).all(), tolerances.worst(x, got, exact, error)
    if dtype not in cases.HALF:
        assert tolerances.overflows_alike(got, exact, dtype)
        error = np.where(tolerances.practical(x, exact), error, 0.0)
    if given:
        error = np.maximum(error - tolerances.of_a_product(x, exact, first, dtype), 0.0)
    limit = tolerances.bound(tolerances.VALUE, record, "value", dtype)
    assert error.max() <= limit, tolerances.worst(x, got, exact, error)


@each_mode
@pytest.mark.parametrize("dtype", cases.HALF)
def test_half_precision_is_rounded_correctly_at_every_bit_pattern(elementwise, dtype, mode):
    check(elementwise, dtype, mode)


@each_mode
@cases.case
def test_float32_is_right_to_a_few_roundings(record, given, mode):
    check(record, "float32", mode, given)


@each_mode
def test_float64_is_right_to_a_few_roundings(elementwise, mode):
    check(elementwise, "float64", mode)


@each_mode
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_infinity_gives_the_limit(elementwise, dtype, mode):
    with backends.floats(dtype):
        x = backends.tensor([-math.inf, math.inf], dtype)
        got = backends.array(backends.in_mode(elementwise.function, mode)(x))
    for value, limit in zip(got, elementwise.limits, strict=True):
        if limit is not None:
            assert abs(value - limit) <= 0.51 * tolerances.FORMATS[dtype].ulp(limit) or value == limit


@each_mode
@cases.case
def test_nan_gives_nan_and_nothing_else_does(record, given, mode):
    x = backends.tensor([math.nan, -1.0, 0.0, math.inf, -math.inf], "float32")
    got = backends.array(backends.in_mode(lambda x: record.function(x, **given), mode)(x))
    assert np.isnan(got).tolist() == [True, False, False, False, False]


@pytest.mark.parametrize("dtype", [*cases.HALF, "float64"])
def test_nan_gives_nan_in_each_dtype(elementwise, dtype):
    with backends.floats(dtype):
        assert np.isnan(backends.array(elementwise.function(backends.tensor([math.nan], dtype)))).all()


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "bool"])
def test_integers_are_taken_as_floats(record, dtype):
    numbers = np.array([[0, 1, 2, 7]], dtype)
    got = record.function(keras.ops.convert_to_tensor(numbers))
    floats = record.function(keras.ops.convert_to_tensor(numbers.astype("float32")))
    assert keras.backend.standardize_dtype(got.dtype) == keras.config.floatx()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(got), keras.ops.convert_to_numpy(floats))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3, 4)])
def test_any_shape_is_kept(elementwise, shape):
    got = elementwise.function(keras.ops.ones(shape))
    assert tuple(got.shape) == shape


def test_each_reference_keeps_its_digits(elementwise):
    """At twice the digits a reference gives the same: none is lost to cancellation where results are compared."""
    formula = oracle.formula_of(elementwise.name)
    parameters = cases.all_parameters(elementwise, {})
    for dtype, step in (("float32", 37), ("float64", 37), ("bfloat16", 511)):
        for x in cases.points(dtype)[::step]:
            some = oracle.evaluate(formula, x, 2, parameters)
            more = oracle.evaluate(formula, x, 2, parameters, bits=600)
            for a, b in zip(some[:2], more[:2], strict=True):
                assert abs(a - b) <= abs(b) * 2.0**-80 + 2.0**-200, (x, a, b)


def test_each_derivative_of_a_reference_is_that_of_mpmath(elementwise):
    import mpmath

    formula = oracle.formula_of(elementwise.name)
    parameters = cases.all_parameters(elementwise, {})
    with mpmath.workdps(40):
        for x in (-3.7, -0.4, 0.9, 12.3):
            value, *derivatives = oracle.evaluate(formula, x, 2, parameters)
            for n, derivative in enumerate(derivatives, 1):
                found = mpmath.diff(lambda x: oracle.evaluate(formula, x, 0, parameters, bits=900)[0], mpmath.mpf(x), n)
                assert abs(found - derivative) <= 1e-15 * max(abs(derivative), abs(value))


def test_a_missing_reference_says_what_to_write():
    with pytest.raises(LookupError, match=r"def frobnicate\(x"):
        oracle.formula_of("frobnicate")


ROWS = [
    np.array([0.5, -1.25, 3.0, 0.0]),
    np.array([1e4, -1e4, 0.0, 9999.0]),
    np.array([-1e4, -1e4, -1e4, -1e4]),
    np.array([20.0, 0.0, -5.0, -20.0]),
    *np.random.default_rng(0).normal(0, 4, (20, 4)),
]
NORMALISING = [record.name for record in map(keras_acts.describe, keras_acts.names()) if not record.elementwise]


def row_exact(name, row):
    """The exact results of a normalising activation for one row, as float64."""
    return np.array([float(y) for y in oracle.evaluate_row(oracle.formula_of(name), row)])


def row_error(got, exact, dtype):
    """Errors against the bound: at most 1 is right."""
    ulp = tolerances.FORMATS[dtype].ulp
    off = np.abs(got - exact)
    if dtype in cases.HALF:
        return np.minimum(off / (0.51 * ulp(exact)), off / (0.51 * ulp(np.abs(exact).max())))
    return np.minimum(off / (tolerances.ROW_VALUE * ulp(exact)), off / (tolerances.ROW_ABSOLUTE * ulp(1.0)))


@each_mode
@pytest.mark.parametrize("dtype", [*cases.HALF, "float32", "float64"])
@pytest.mark.parametrize("name", NORMALISING)
def test_a_row_is_normalised_rightly(name, dtype, mode):
    function = keras_acts.get(name)
    with backends.floats(dtype):
        x = backends.tensor(np.stack(ROWS), dtype)
        got = backends.array(backends.in_mode(function, mode)(x))
        rows = backends.array(x)
    exact = np.stack([row_exact(name, row) for row in rows])
    error = row_error(got, exact, dtype)
    assert error.max() <= 1, (error.max(), rows[error.max(-1).argmax()], got[error.max(-1).argmax()])


@each_mode
@pytest.mark.parametrize("width", [3, 100, 5000])
def test_probabilities_sum_to_1(width, mode):
    """Each of them is rounded, so that the rounding errors of a wide row add up like a random walk."""
    for spread in (0.1, 3.0, 50.0):
        x = np.random.default_rng(0).normal(0, spread, (4, width)).astype("float32")
        got = backends.array(backends.in_mode(keras_acts.activations.softmax, mode)(backends.tensor(x, "float32")))
        assert np.abs(got.sum(-1) - 1).max() <= tolerances.ROW_SUM * 2.0**-23


@pytest.mark.parametrize("axis", [0, 1, -1, -2, (0, 2), (-1, 1), (0, 1, 2)])
@pytest.mark.parametrize("name", NORMALISING)
def test_any_axes_can_be_normalised_over(name, axis):
    x = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype("float32")
    got = keras.ops.convert_to_numpy(keras_acts.get(name, axis=axis)(x))
    axes = [a % 3 for a in (axis if isinstance(axis, tuple) else (axis,))]
    order = [*(a for a in range(3) if a not in axes), *axes]
    size = math.prod(x.shape[a] for a in axes)
    rows, got = (array.transpose(order).reshape(-1, size) for array in (x, got))
    exact = np.stack([row_exact(name, row) for row in rows])
    assert row_error(got, exact, "float32").max() <= 1
