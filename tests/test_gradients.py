"""Gradients against the exact ones: by the backend's backpropagation, and by the public `derivative`."""

import functools
import math

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends, cases, judge, oracle, references, tolerances
from tests import kinds, marks

BACKPROPAGATION = ("backpropagation", kinds.MAIN)
OTHER_WAYS = [("backpropagation", kinds.OTHER), ("derivative", "eager")]
each_way = pytest.mark.parametrize(("way", "mode"), [BACKPROPAGATION, *OTHER_WAYS])
others_in_full = pytest.mark.parametrize(
    ("way", "mode"), [BACKPROPAGATION, *(pytest.param(*each, marks=pytest.mark.full) for each in OTHER_WAYS)]
)


def check(record, dtype, way, mode, given=None):
    """The gradient within its bound, or within that near a zero of the derivative if one is near; finite elsewhere too.

    At a kink it is that of the branch at or below; at the infinities its limit. The value that comes with it is right as well.
    """
    function = cases.function(record, given)
    with backends.floats(dtype):
        x = backends.tensor(cases.inputs(dtype), dtype)
        if way == "derivative":
            slope = cases.derivative(record, given)(x)
        else:
            value, slope = backends.value_and_gradient_in_mode(function, mode)(x)
            judgement = judge.value(record, dtype, backends.array(value), given)
            assert judgement.kept, judgement.breach
        assert keras.backend.standardize_dtype(slope.dtype) == dtype
        judgement = judge.gradient(record, dtype, backends.array(slope), given)
    assert judgement.kept, judgement.breach


@pytest.mark.parametrize("dtype", cases.HALF)
def test_half_precision_is_rounded_correctly_at_every_bit_pattern(elementwise, dtype):
    check(elementwise, dtype, *BACKPROPAGATION)


@each_way
def test_float32_is_right_to_a_few_roundings(elementwise, mode, way):
    check(elementwise, "float32", way, mode)


@others_in_full
@marks.setting
def test_float32_is_right_with_other_parameters(record, given, mode, way):
    check(record, "float32", way, mode, given)


def test_float64_is_right_to_a_few_roundings(elementwise):
    check(elementwise, "float64", *BACKPROPAGATION)


@pytest.mark.parametrize(("way", "mode"), OTHER_WAYS)
@pytest.mark.parametrize("dtype", [*cases.HALF, "float64"])
def test_other_dtypes_are_right_on_other_ways(elementwise_kind, dtype, mode, way):
    check(elementwise_kind, dtype, way, mode)


@marks.twice
def test_the_second_derivative_is_right(elementwise, how):
    x = cases.points("float32")
    value, first, second = cases.exact(elementwise, "float32")
    formula = references.formula_of(elementwise.name)
    away = np.abs(x) <= 100
    parameters = cases.in_dtype(cases.all_parameters(elementwise, {}), "float32")
    for low, high in oracle.kinks(formula, np.linspace(-99.7, 100, 400), parameters):
        away &= (x < float(low) - 1e-6) | (x > float(high) + 1e-6)
    twice = backends.gradient(backends.gradient(cases.function(elementwise)))
    got = backends.array(backends.in_mode(twice, how)(backends.tensor(x, "float32")))
    finite = np.abs(second.high) < float(np.finfo("float32").max)
    assert np.isfinite(got[finite]).all(), x[finite & ~np.isfinite(got)]
    assert not np.isnan(got).any(), x[np.isnan(got)]
    with np.errstate(invalid="ignore"):
        error = np.abs(second.error(got)) / (1e-4 * np.abs(second.high) + 1e-6)
    error = np.where(away & finite, error, 0.0)
    assert error.max() <= 1, (error.max(), tolerances.worst(x, got, second, error))
    assert len(value.high) == len(first.high) == len(x)


def check_second_is_finite(record, given, dtype, mode):
    """A number everywhere, and finite wherever the exact one is in that dtype."""
    twice = backends.gradient(backends.gradient(cases.function(record, given)))
    points = cases.points(dtype)
    some = points[np.linspace(0, len(points) - 1, 1500).astype(int)]  # as many in each dtype: see `cases.inputs`
    x = np.concatenate([some, [0.0, -0.0, -math.inf, math.inf]])
    got = backends.array(backends.in_mode(twice, mode)(backends.tensor(x, dtype)))
    assert not np.isnan(got).any(), x[np.isnan(got)]
    endless = np.flatnonzero(np.isinf(got))
    formula, parameters = references.formula_of(record.name), cases.in_dtype(cases.all_parameters(record, given), dtype)
    largest = float(tolerances.FORMATS[dtype].largest)
    for i in endless:
        far = math.copysign(1e30, x[i]) if math.isinf(x[i]) else x[i]
        assert abs(oracle.evaluate(formula, far, 2, parameters)[2]) > 0.99 * largest, x[i]


@marks.twice
def test_second_derivatives_are_finite_everywhere(elementwise, how):
    check_second_is_finite(elementwise, {}, "float32", how)


@pytest.mark.any_backend
@marks.twice
@marks.setting
def test_second_derivatives_are_finite_everywhere_with_other_parameters(record, given, how):
    check_second_is_finite(record, given, "float32", how)


@marks.twice
@pytest.mark.parametrize("dtype", cases.HALF)
def test_second_derivatives_are_finite_everywhere_in_half_precision(elementwise_kind, dtype, how):
    check_second_is_finite(elementwise_kind, {}, dtype, how)


LEARNED = [
    pytest.param(record, name, id=f"{record.name}-{name}")
    for record in cases.ELEMENTWISE
    for name in record.derivatives
    if name != "x"
]


SHAPES = [((), kinds.MAIN), ((3, 1, 1), kinds.MAIN), ((5,), kinds.OTHER)]
MORE_SHAPES = [(shape, mode) for shape in [(), (5,), (1, 5), (3, 1, 1), (3, 6, 5)] for mode in backends.MODES]


@pytest.mark.parametrize(
    ("shape", "mode"),
    [*SHAPES, *(pytest.param(*each, marks=pytest.mark.full) for each in MORE_SHAPES if each not in SHAPES)],
)
@pytest.mark.parametrize("dtype", [pytest.param("bfloat16", marks=pytest.mark.full), "float32"])
@pytest.mark.parametrize(("record", "parameter"), LEARNED)
def test_the_gradient_of_a_learned_parameter_is_summed_over_what_shares_it(record, parameter, shape, dtype, mode):
    """A float32 parameter under an input of any dtype, as in mixed precision: summed before it is rounded."""
    x, upstream, setting, exact, size = learned_problem(record.name, parameter, shape)
    inputs, weights = backends.tensor(x, dtype), backends.tensor(upstream, dtype)
    pulled = backends.gradient_in_mode(
        lambda a: keras.ops.sum(
            keras.ops.cast(weights * record.function(inputs, **{**record.example, parameter: a}), "float32")
        ),
        mode,
    )
    got = backends.array(pulled(backends.tensor(setting, "float32")))
    assert got.shape == shape
    assert (np.abs(got - exact) <= 8 * 2.0**-23 * size).all(), (got, exact)


@functools.cache
def learned_problem(name, parameter, shape):
    """Inputs and upstream gradients that every dtype holds, a parameter; its exact gradient and the sum of the magnitudes."""
    random = np.random.default_rng(0)
    x, upstream = random.integers(-24, 24, (3, 6, 5)) / 8, random.integers(-8, 8, (3, 6, 5)) / 4
    setting = random.uniform(0.2, 3, shape).astype("float32").astype("float64")
    formula, others = references.formula_of(name), cases.in_dtype(keras_acts.describe(name).example, "float32")

    def slope(x, value):
        return float(oracle.evaluate(lambda a: formula(x, **{**others, parameter: a}), value, 1)[1])

    terms = upstream * np.vectorize(slope)(x, np.broadcast_to(setting, x.shape))
    summed = tuple(range(3 - len(shape))) + tuple(3 - len(shape) + i for i, size in enumerate(shape) if size == 1)
    sizes = np.maximum(np.abs(terms), np.abs(upstream))
    exact, size = (np.sum(t, axis=summed, keepdims=True).reshape(shape) for t in (terms, sizes))
    return x, upstream, setting, exact, size
