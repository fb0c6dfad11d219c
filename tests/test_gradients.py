"""Gradients against the exact ones: by the backend's backpropagation, and by the public `derivative`."""

import math

import keras
import numpy as np
import pytest

import keras_acts
from tests import backends, cases, oracle, tolerances
from tests.test_values import NORMALISING, ROWS

each_mode = pytest.mark.parametrize("mode", backends.MODES)
each_way = pytest.mark.parametrize(
    ("way", "mode"), [("backpropagation", "eager"), ("backpropagation", "compiled"), ("derivative", "eager")]
)


def slope(record, given, way, mode):
    """The gradient of the public function with its parameters `given`, as a function of a tensor."""
    if way == "derivative":
        return backends.in_mode(lambda x: record.function.derivative(x, **given), mode)
    return backends.gradient_in_mode(lambda x: record.function(x, **given), mode)


def check(record, dtype, way, mode, given=None):
    """The gradient within its bound, or within that near a zero of the derivative if one is near; finite elsewhere too."""
    x, (_, exact, *second) = cases.points(dtype), cases.exact(record, dtype, given)
    with backends.floats(dtype):
        y = slope(record, given or {}, way, mode)(backends.tensor(x, dtype))
        assert keras.backend.standardize_dtype(y.dtype) == dtype
        got = backends.array(y)
    error = tolerances.errors(x, got, exact, dtype)
    assert np.isfinite(error).all(), tolerances.worst(x, got, exact, error)
    if dtype not in cases.HALF:
        assert tolerances.overflows_alike(got, exact, dtype)
        error = np.where(tolerances.practical(x, exact), error, 0.0)
    ulp = tolerances.FORMATS[dtype].ulp
    if given:
        error = np.maximum(error - tolerances.of_a_product(x, exact, second[0], dtype), 0.0)
    limit = tolerances.bound(tolerances.GRADIENT, record, "gradient", dtype)
    radius, near_limit = tolerances.NEAR_ZERO[dtype]
    near_error = error if dtype in cases.HALF else error * ulp(exact.high) / ulp(1.0)
    beyond = np.where((error > limit) & (near_error > near_limit), error, 0.0)
    assert not beyond.any(), tolerances.worst(x, got, exact, beyond)
    formula = oracle.formula_of(record.name)
    parameters = cases.in_dtype(cases.all_parameters(record, given or {}), dtype)
    left = error > limit
    while left.any():
        i = int(np.argmax(left))
        zero = oracle.zero_of_slope(formula, x[i] - radius, x[i] + radius, parameters)
        assert zero is not None, tolerances.worst(x[[i]], got[[i]], exact[[i]], error[[i]])
        left &= np.abs(x - zero) > radius
        left[i] = False


@each_way
@pytest.mark.parametrize("dtype", cases.HALF)
def test_half_precision_is_rounded_correctly_at_every_bit_pattern(elementwise, dtype, mode, way):
    check(elementwise, dtype, way, mode)


@each_way
@cases.case
def test_float32_is_right_to_a_few_roundings(record, given, mode, way):
    check(record, "float32", way, mode, given)


@each_way
def test_float64_is_right_to_a_few_roundings(elementwise, mode, way):
    check(elementwise, "float64", way, mode)


@each_way
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_gradient_at_infinity_is_its_limit(elementwise, dtype, mode, way):
    with backends.floats(dtype):
        x = backends.tensor([-math.inf, math.inf], dtype)
        got = backends.array(slope(elementwise, {}, way, mode)(x))
    assert not np.isnan(got).any()
    parameters = cases.in_dtype(cases.all_parameters(elementwise, {}), dtype)
    for value, sign in zip(got, (-1, 1), strict=True):
        far, farther, farthest = (
            float(oracle.evaluate(oracle.formula_of(elementwise.name), sign * x, 1, parameters)[1]) for x in (1e20, 1e25, 1e30)
        )
        if abs(far - farthest) <= 1e-6 and abs(farther - farthest) <= 1e-6:
            assert abs(value - farthest) <= 1e-6 + 0.51 * tolerances.FORMATS[dtype].ulp(farthest)
        elif min(abs(farther / far), abs(farthest / farther)) > 1e3:
            assert value == math.copysign(math.inf, farthest)
        else:  # it oscillates
            assert np.isfinite(value)


@each_way
@cases.case
def test_with_any_parameters_the_gradient_at_infinity_is_a_number(record, given, mode, way):
    got = backends.array(slope(record, given, way, mode)(backends.tensor([-math.inf, math.inf], "float32")))
    assert not np.isnan(got).any()


@each_way
@cases.case
def test_at_a_kink_the_branch_at_or_below_it_counts(record, given, mode, way):
    """In float32: of the other dtypes, 0 is among the points above."""
    parameters = cases.in_dtype(cases.all_parameters(record, given), "float32")
    kinks = sorted({0.0, *(value for value in parameters.values() if value is not None)})
    got = backends.array(slope(record, given, way, mode)(backends.tensor(kinks, "float32")))
    formula = oracle.formula_of(record.name)
    exact = np.array([float(oracle.evaluate(formula, kink, 1, parameters)[1]) for kink in kinks])
    ulp = tolerances.FORMATS["float32"].ulp(np.maximum(np.abs(exact), 1.0))
    assert (np.abs(got - exact) <= 2 * ulp).all(), (kinks, got, exact)


@pytest.mark.parametrize("mode", backends.TWICE_MODES)
def test_the_second_derivative_is_right(elementwise, mode):
    x = cases.points("float32")
    value, first, second = cases.exact(elementwise, "float32")
    formula = oracle.formula_of(elementwise.name)
    away = np.abs(x) <= 100
    for low, high in oracle.kinks(formula, np.linspace(-99.7, 100, 400)):
        away &= (x < float(low) - 1e-6) | (x > float(high) + 1e-6)
    twice = backends.gradient(backends.gradient(elementwise.function))
    got = backends.array(backends.in_mode(twice, mode)(backends.tensor(x, "float32")))
    assert np.isfinite(got).all(), x[~np.isfinite(got)]
    error = np.abs(second.error(got)) / (1e-4 * np.abs(second.high) + 1e-6)
    error = np.where(away, error, 0.0)
    assert error.max() <= 1, tolerances.worst(x, got, second, error)
    assert len(value.high) == len(first.high) == len(x)


def check_second_is_finite(record, given, dtype, mode):
    twice = backends.gradient(backends.gradient(lambda x: record.function(x, **given)))
    x = np.concatenate([cases.points(dtype)[::50], [0.0, -0.0, -math.inf, math.inf]])
    got = backends.array(backends.in_mode(twice, mode)(backends.tensor(x, dtype)))
    assert np.isfinite(got).all(), x[~np.isfinite(got)]


@pytest.mark.parametrize("mode", backends.TWICE_MODES)
@cases.case
def test_second_derivatives_are_finite_everywhere(record, given, mode):
    check_second_is_finite(record, given, "float32", mode)


@pytest.mark.parametrize("dtype", cases.HALF)
def test_second_derivatives_are_finite_everywhere_in_half_precision(elementwise, dtype):
    check_second_is_finite(elementwise, {}, dtype, "eager")


@each_mode
@pytest.mark.parametrize("name", NORMALISING)
def test_the_gradient_of_a_row_is_right(name, mode):
    """Of ``sum(upstream · f(x))``; the bound is relative to the largest upstream gradient."""
    rows = np.stack(ROWS).astype("float32").astype("float64")
    upstream = np.random.default_rng(1).normal(0, 1, rows.shape).astype("float32").astype("float64")
    function, weights = keras_acts.get(name), backends.tensor(upstream, "float32")
    pulled = backends.gradient_in_mode(lambda x: keras.ops.sum(weights * function(x)), mode)
    got = backends.array(pulled(backends.tensor(rows, "float32")))
    formula = oracle.formula_of(name)
    exact = np.array(
        [
            [
                sum(g * y for g, y in zip(above, oracle.evaluate_row(formula, row, unit), strict=True))
                for unit in np.eye(len(row))
            ]
            for row, above in zip(rows, upstream, strict=True)
        ],
        dtype=np.float64,
    )
    allowed = tolerances.ROW_GRADIENT * 2.0**-23 * np.abs(upstream).max(-1, keepdims=True)
    assert (np.abs(got - exact) <= allowed).all(), (np.abs(got - exact) / allowed).max()


LEARNED = [
    pytest.param(record, name, id=f"{record.name}-{name}")
    for record in cases.ELEMENTWISE
    for name in record.derivatives
    if name != "x"
]


@each_mode
@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("shape", [(), (5,), (1, 5), (3, 1, 1), (3, 6, 5)])
@pytest.mark.parametrize(("record", "parameter"), LEARNED)
def test_the_gradient_of_a_learned_parameter_is_summed_over_what_shares_it(record, parameter, shape, dtype, mode):
    """A float32 parameter under an input of any dtype, as in mixed precision: summed before it is rounded."""
    random = np.random.default_rng(0)
    x = backends.array(backends.tensor(random.integers(-24, 24, (3, 6, 5)) / 8, dtype))
    upstream = random.integers(-8, 8, x.shape) / 4
    setting = random.uniform(0.2, 3, shape).astype("float32").astype("float64")
    inputs, weights = backends.tensor(x, dtype), backends.tensor(upstream, dtype)
    pulled = backends.gradient_in_mode(
        lambda a: keras.ops.sum(keras.ops.cast(weights * record.function(inputs, **{parameter: a}), "float32")), mode
    )
    got = backends.array(pulled(backends.tensor(setting, "float32")))
    assert got.shape == shape
    formula = oracle.formula_of(record.name)

    def slope(x, value):
        return float(oracle.evaluate(lambda a: formula(x, **{parameter: a}), value, 1)[1])

    terms = upstream * np.vectorize(slope)(x, np.broadcast_to(setting, x.shape))
    summed = tuple(range(3 - len(shape))) + tuple(3 - len(shape) + i for i, size in enumerate(shape) if size == 1)
    sizes = np.maximum(np.abs(terms), np.abs(upstream))
    exact, size = (np.sum(t, axis=summed, keepdims=True).reshape(shape) for t in (terms, sizes))
    assert (np.abs(got - exact) <= 8 * 2.0**-23 * size).all(), (got, exact)
