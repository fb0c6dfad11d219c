"""The fast half of the oracle: what it gives without mpmath is right, and what it is not sure of it leaves to mpmath."""

import operator

import mpmath
import numpy as np
import pytest

from keras_acts.conformance import balls, cases, oracle, references, store
from keras_acts.conformance.balls import Ball

pytestmark = pytest.mark.any_backend

FAST = ("float16", "bfloat16", "float32")


def differences(formula, x, order, parameters=None):
    """How far fast numbers are from those of mpmath, relative to these, and the points where they are known."""
    fast = oracle.evaluate_fast(formula, x, order, parameters)
    known = ~np.isnan(fast).any(0)
    exact = np.array([[float(y) for y in oracle.evaluate(formula, p, order, parameters)] for p in x[known].tolist()]).T
    with np.errstate(invalid="ignore"):
        off = np.where(fast[:, known] == exact, 0.0, fast[:, known] - exact)  # infinity, if it is too large for float64
    return np.abs(off) / np.maximum(np.abs(exact), balls.NOTHING), known


def test_fast_numbers_are_those_of_mpmath(elementwise):
    formula = references.formula_of(elementwise.name)
    for dtype in FAST:
        parameters = cases.in_dtype(cases.all_parameters(elementwise, {}), dtype)
        off, known = differences(formula, cases.points(dtype)[::229], 2, parameters)
        assert known.any()
        assert (off <= balls.ENOUGH).all()


LOSSY = {
    "a difference from 1": lambda x: 1 - oracle.exp(x),
    "log(1 + tiny)": lambda x: oracle.log(1 + oracle.exp(x)),
    "a tiny term beside 1": lambda x: x * oracle.log(1 + oracle.exp(x)) + oracle.exp(x),
    "a saturated quotient": lambda x: oracle.exp(-x) / (1 + oracle.exp(-x)) - 1,
    "the sine of a rounded number": lambda x: oracle.sin(1e13 * (x + 0.1)),
}


@pytest.mark.parametrize("formula", LOSSY.values(), ids=LOSSY)
def test_what_loses_its_digits_is_left_to_mpmath(formula, monkeypatch):
    x = np.linspace(-90, -1e-9, 300)
    off, known = differences(formula, x, 1)
    assert (off <= balls.ENOUGH).all()
    assert not known.all()
    monkeypatch.setattr(balls, "ENOUGH", np.inf)  # and would be wrong otherwise
    off, known = differences(formula, x, 1)
    assert not (off <= 2.0**-42).all()


OPERATIONS = [operator.add, operator.sub, operator.mul, operator.truediv]
FUNCTIONS = [
    "exp",
    *(name for name, each in vars(oracle).items() if getattr(each, "__qualname__", "").startswith("_function.")),
]


def inside(ball, exact):
    """Whether each exact number lies within the ball, as far as that is known."""
    unsure = np.isnan(ball.radius) | ~np.isfinite(ball.middle)
    off = [float(abs(mpmath.mpf(float(m)) - e)) if np.isfinite(m) else 0 for m, e in zip(ball.middle, exact, strict=True)]
    return (np.array(off) <= ball.radius) | unsure


def spread(seed, size=400):
    """Balls around numbers of all sizes, and an exact number within each."""
    random = np.random.default_rng(seed)
    exact = random.choice([-1, 1], size) * 10.0 ** random.uniform(-8, 3, size)
    radius = np.abs(exact) * 10.0 ** random.uniform(-17, -2, size) * random.integers(0, 2, size)
    middle = exact + radius * random.uniform(-0.9, 0.9, size)
    return Ball(middle, radius), [mpmath.mpf(each) for each in exact.tolist()]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_result_of_an_operation_lies_in_its_ball(operation):
    (a, p), (b, q) = spread(0), spread(1)
    with mpmath.workprec(300), np.errstate(all="ignore"):
        exact = [operation(left, right) for left, right in zip(p, q, strict=True)]
        assert inside(operation(a, b), exact).all()
        assert inside(operation(a, mpmath.mpf("0.3")), [operation(left, mpmath.mpf("0.3")) for left in p]).all()
        assert inside(operation(mpmath.mpf("0.3"), a), [operation(mpmath.mpf("0.3"), left) for left in p]).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_result_of_a_function_lies_in_its_ball(name):
    ball, numbers = spread(2)
    with mpmath.workprec(300), np.errstate(all="ignore"):
        found = getattr(oracle, name)(oracle.Number([ball])).terms[0]
        exact = [getattr(mpmath, name)(each) for each in numbers]
        real = np.array([isinstance(each, mpmath.mpf) for each in exact])
        assert (inside(found, [each if keep else 0 for each, keep in zip(exact, real, strict=True)]) | ~real).all()
        assert (found.radius < 1e-3 * np.abs(found.middle)).any()


TOO_LARGE = {
    "an exponential": oracle.exp,
    "its square": lambda x: oracle.exp(x / 2) * oracle.exp(x / 2) + x,
    "a quotient": lambda x: (oracle.exp(x) + 3) / 7 - oracle.exp(-x),
    "the rest of a quotient": lambda x: x - x / (1 + oracle.exp(x)),
    "its difference from itself": lambda x: oracle.exp(x) - oracle.exp(x),
    "its quotient by itself": lambda x: oracle.exp(x) / (1 + oracle.exp(x)),
    "its root": lambda x: oracle.sqrt(oracle.exp(x)),
    "its logarithm": lambda x: oracle.log(oracle.exp(x)),
}


@pytest.mark.parametrize("formula", TOO_LARGE.values(), ids=TOO_LARGE)
def test_a_number_too_large_for_float64_gives_what_it_must_or_is_left_to_mpmath(formula):
    x = np.array([-1e4, -800.0, 0.5, 700.0, 709.7, 709.79, 720.0, 1e3, 1e4])
    fast = oracle.evaluate_fast(formula, x, 2)
    for place in np.flatnonzero(~np.isnan(fast).any(0)):
        for got, exact in zip(fast[:, place], oracle.evaluate(formula, x[place], 2), strict=True):
            assert got == float(exact) or abs(got - exact) <= balls.ENOUGH * abs(exact) + balls.NOTHING, x[place]


def test_most_numbers_too_large_for_float64_need_no_mpmath():
    x = np.array([720.0, 1e4, 1e30])
    assert (oracle.evaluate_fast(oracle.exp, x, 1) == np.inf).all()
    assert (oracle.evaluate_fast(TOO_LARGE["the rest of a quotient"], x, 0) == x).all()


def test_a_comparison_divides_the_points():
    x = np.array([-2.0, -0.0, 0.0, 1.0, 3.0])
    found = oracle.evaluate_fast(lambda x: (x if x > 2 else 5) if x > 0 else -1 * x, x, 1)
    assert found.tolist() == [[2, 0, 0, 5, 3], [-1, -1, -1, 0, 1]]


def test_an_undecided_comparison_is_left_to_mpmath():
    x = np.array([-1.0, 0.0, 1.0])
    found = oracle.evaluate_fast(lambda x: 1 if oracle.exp(x) > oracle.exp(0 * x) else 2, x, 0)
    assert np.isnan(found).tolist() == [[False, True, False]]


@pytest.fixture
def request_of_softplus():
    return store.Request("softplus", np.linspace(-3, 3, 7), 1, {})


def test_answers_are_stored_where_the_folder_is_set(request_of_softplus, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_kept", {})
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    first = store.exact(request_of_softplus)
    assert [file.suffix for file in tmp_path.iterdir()] == [".npz"]
    monkeypatch.setattr(store, "_kept", {})
    monkeypatch.setattr(store.Request, "pairs", None)
    assert all((a.high == b.high).all() for a, b in zip(first, store.exact(request_of_softplus), strict=True))


def test_without_a_folder_nothing_is_written(request_of_softplus, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "_kept", {})
    monkeypatch.setattr(store, "FOLDER", None)
    monkeypatch.chdir(tmp_path)
    value, _ = store.exact(request_of_softplus)
    np.testing.assert_allclose(value.high, np.log1p(np.exp(request_of_softplus.points)), rtol=1e-15)
    assert not any(tmp_path.iterdir())


def test_a_pair_has_the_digits_that_float64_lacks():
    third = store.Request("softplus", np.array([0.0]), 1, {}, fast=False).pairs()[0, :, 0]
    assert abs(mpmath.mpf(third[0]) + mpmath.mpf(third[1]) - mpmath.log(2)) < 1e-15
    with mpmath.workdps(40):
        assert abs(mpmath.mpf(third[0]) + mpmath.mpf(third[1]) - mpmath.log(2)) < 1e-30
