"""Exact values and derivatives of the formulas in `references`: computed once, kept in `.cache`, shared by the backends.

A formula is evaluated on truncated Taylor series ("jets") at 60 digits, which makes every derivative follow from the value;
comparisons look at the value alone, so a derivative is that of the branch taken. An exact number is handed out as a pair of
float64, whose sum it is to about 30 digits.
"""

import concurrent.futures
import dataclasses
import functools
import hashlib
import inspect
import math
import multiprocessing
import os
import pathlib
import uuid

import mpmath
import numpy as np
from mpmath import libmp

CACHE = pathlib.Path(__file__).parent / ".cache"
CHUNK = 8192
_bits = 210  # 60 digits and a few to lose
_branches = None


class Number:
    """A Taylor series: the coefficients of 1, t, t² … A constant has one coefficient."""

    __slots__ = ("terms",)

    def __init__(self, terms):
        self.terms = terms

    def __add__(self, other):
        a, b = self.terms, _terms(other)
        if len(a) < len(b):
            a, b = b, a
        return Number([*(libmp.mpf_add(p, q, _bits, "n") for p, q in zip(a, b, strict=False)), *a[len(b) :]])

    def __mul__(self, other):
        return Number(_product(self.terms, _terms(other)))

    def __truediv__(self, other):
        return Number(_quotient(self.terms, _terms(other)))

    def __rtruediv__(self, other):
        return Number(_quotient(_terms(other), self.terms))

    def __neg__(self):
        return Number([libmp.mpf_neg(p) for p in self.terms])

    def __sub__(self, other):
        return self + -_number(other)

    def __rsub__(self, other):
        return _number(other) + -self

    __radd__ = __add__
    __rmul__ = __mul__

    def __abs__(self):
        return self if self > 0 else -self if self < 0 else 0 * self

    def __gt__(self, other):
        return self._compared(other) > 0

    def __ge__(self, other):
        return self._compared(other) >= 0

    def __lt__(self, other):
        return self._compared(other) < 0

    def __le__(self, other):
        return self._compared(other) <= 0

    __hash__ = None

    def _compared(self, other):
        outcome = libmp.mpf_cmp(self.terms[0], _terms(other)[0])
        if _branches is not None:
            _branches.append(outcome > 0)
        return outcome


def _number(value):
    return value if isinstance(value, Number) else Number(_terms(value))


def _terms(value):
    if isinstance(value, Number):
        return value.terms
    return [libmp.from_int(value) if isinstance(value, int) else libmp.from_float(float(value))]


def _product(a, b):
    if len(a) < len(b):
        a, b = b, a
    if len(b) == 1:
        return [libmp.mpf_mul(p, b[0], _bits, "n") for p in a]
    return [_convolved(a, b, k, 0) for k in range(len(a))]


def _quotient(a, b):
    if len(b) == 1:
        return [libmp.mpf_div(p, b[0], _bits, "n") for p in a]
    quotient = []
    for k in range(len(b)):
        rest = _convolved(b, quotient, k, 1)
        top = libmp.mpf_sub(a[k], rest, _bits, "n") if k < len(a) else libmp.mpf_neg(rest)
        quotient.append(libmp.mpf_div(top, b[0], _bits, "n"))
    return quotient


def _convolved(a, b, k, first):
    """The sum of ``a[j] · b[k - j]`` for j from `first` to k."""
    total = libmp.fzero
    for j in range(first, k + 1):
        total = libmp.mpf_add(total, libmp.mpf_mul(a[j], b[k - j], _bits, "n"), _bits, "n")
    return total


def _integral(start, slope):
    """The series with the constant term `start` and the derivative `slope`."""
    return [start, *(libmp.mpf_div(p, libmp.from_int(k), _bits, "n") for k, p in enumerate(slope, 1))]


def _slope(terms):
    return [libmp.mpf_mul_int(p, k, _bits, "n") for k, p in enumerate(terms)][1:]


def _chain(value, derivative):
    """The function of a series whose value is `value` and whose derivative, a function of a Number, is `derivative`."""

    def function(x):
        x = _number(x)
        start = value(x.terms[0])
        if len(x.terms) == 1:
            return Number([start])
        inner = derivative(Number(x.terms[:-1])).terms
        return Number(_integral(start, _product_cut(inner, _slope(x.terms))))

    return function


def _product_cut(a, b):
    """The product of two series, to the length of `b`; `a` may be a constant."""
    return _product(a, b)[: len(b)]


def _mp(function):
    """A function of mpmath, as a function of raw numbers."""

    def raw(p):
        with mpmath.workprec(_bits):
            return function(mpmath.mpf(p))._mpf_

    return raw


def exp(x):
    """e to the power of a Number. From ``e^u' = u' e^u``, so that one exponential serves all coefficients."""
    x = _number(x)
    slope, series = _slope(x.terms), [libmp.mpf_exp(x.terms[0], _bits, "n")]
    for k in range(1, len(x.terms)):
        series.append(libmp.mpf_div(_convolved(slope, series, k - 1, 0), libmp.from_int(k), _bits, "n"))
    return Number(series)


expm1 = _chain(_mp(mpmath.expm1), lambda x: exp(x))
log = _chain(lambda p: libmp.mpf_log(p, _bits, "n"), lambda x: 1 / x)
log1p = _chain(_mp(mpmath.log1p), lambda x: 1 / (1 + x))
sqrt = _chain(lambda p: libmp.mpf_sqrt(p, _bits, "n"), lambda x: 0.5 / sqrt(x))
sin = _chain(lambda p: libmp.mpf_sin(p, _bits, "n"), lambda x: cos(x))
cos = _chain(lambda p: libmp.mpf_cos(p, _bits, "n"), lambda x: -sin(x))
sinh = _chain(lambda p: libmp.mpf_sinh(p, _bits, "n"), lambda x: cosh(x))
cosh = _chain(lambda p: libmp.mpf_cosh(p, _bits, "n"), lambda x: sinh(x))
atan = _chain(lambda p: libmp.mpf_atan(p, _bits, "n"), lambda x: 1 / (1 + x * x))
asinh = _chain(_mp(mpmath.asinh), lambda x: 1 / sqrt(1 + x * x))
erf = _chain(_mp(mpmath.erf), lambda x: 2 / sqrt(pi) * exp(-x * x))
erfc = _chain(_mp(mpmath.erfc), lambda x: -2 / sqrt(pi) * exp(-x * x))
pi = Number([libmp.mpf_pi(4000, "n")])


def evaluate(formula, x, order, parameters=None, *, bits=None):
    """The value and the first `order` derivatives of `formula` at the number `x`, as mpmath numbers."""
    global _bits
    before, _bits = _bits, bits or _bits
    try:
        arguments = {name: value if value is None else _number(value) for name, value in (parameters or {}).items()}
        start = x._mpf_ if isinstance(x, mpmath.mpf) else libmp.from_float(float(x))
        point = Number([start, libmp.fone, *[libmp.fzero] * (order - 1)][: order + 1])
        terms = _terms(formula(point, **arguments))
        terms = [*terms, *[libmp.fzero] * (order + 1 - len(terms))]
        return [mpmath.mp.make_mpf(libmp.mpf_mul_int(p, math.factorial(k), _bits, "n")) for k, p in enumerate(terms)]
    finally:
        _bits = before


def evaluate_row(formula, row, direction=None):
    """The results of a formula of a row, or their derivatives in a direction, as mpmath numbers."""
    order = 0 if direction is None else 1
    slopes = [0.0] * len(row) if direction is None else direction
    numbers = [Number([libmp.from_float(float(p)) for p in pair][: order + 1]) for pair in zip(row, slopes, strict=True)]
    return [mpmath.mp.make_mpf(y.terms[order]) for y in formula(numbers)]


def branches(formula, x):
    """The outcomes of the comparisons that `formula` makes at `x`."""
    global _branches
    _branches = []
    try:
        evaluate(formula, x, 0)
        return tuple(_branches)
    finally:
        _branches = None


def kinks(formula, points):
    """Where `formula` changes its branch between neighbours of the sorted `points`, to 50 digits."""
    found = []
    traces = [branches(formula, point) for point in points]
    with mpmath.workprec(_bits):
        for low, high, before, after in zip(points, points[1:], traces, traces[1:], strict=False):
            if before != after:
                low, high = mpmath.mpf(float(low)), mpmath.mpf(float(high))
                while high - low > mpmath.mpf(2) ** -170 * max(abs(low), abs(high), mpmath.mpf(2) ** -60):
                    middle = (low + high) / 2
                    low, high = (middle, high) if branches(formula, middle) == before else (low, middle)
                found.append((low, high))
    return found


def zero_of_slope(formula, low, high, parameters):
    """Where in the interval the derivative of `formula` is zero, to whatever order, or None if it is nowhere."""

    def slope(x):
        return evaluate(formula, x, 1, parameters)[1]

    with mpmath.workprec(_bits):
        low, high = mpmath.mpf(float(low)), mpmath.mpf(float(high))
        at = [low + (high - low) * i / 24 for i in range(25)]
        slopes = [slope(x) for x in at]
        for left, right, before, after in zip(at, at[1:], slopes, slopes[1:], strict=False):
            if before == 0 or before * after < 0:
                return float(left + right) / 2
        i = min(range(25), key=lambda i: abs(slopes[i]))
        low, high = at[max(i - 1, 0)], at[min(i + 1, 24)]
        while high - low > mpmath.mpf(2) ** -60:  # towards a zero of even order
            third = (high - low) / 3
            if abs(slope(low + third)) < abs(slope(high - third)):
                high -= third
            else:
                low += third
        return float(low) if abs(slope(low)) < mpmath.mpf(2) ** -100 else None


class Exact:
    """Exact numbers as pairs of float64."""

    def __init__(self, high, low):
        self.high, self.low = high, low

    def __getitem__(self, index):
        return Exact(self.high[index], self.low[index])

    def error(self, got):
        """``got - exact``, rounded once."""
        return (got - self.high) - self.low


@dataclasses.dataclass(frozen=True)
class Request:
    """The value and the first `order` derivatives of the activation `name` at float64 `points`."""

    name: str
    points: np.ndarray
    order: int
    parameters: dict

    @property
    def path(self):
        """The file of the cache, named after all that goes into the numbers."""
        key = hashlib.sha256(_machinery())
        key.update(_source(formula_of(self.name)).encode())
        key.update(repr((self.order, sorted(self.parameters.items()))).encode())
        key.update(self.points.tobytes())
        return CACHE / f"{self.name}-{key.hexdigest()[:20]}.npz"

    def pairs(self, start, stop):
        """The pairs of float64, of shape ``(order + 1, 2, points)``, for some of the points."""
        formula = formula_of(self.name)
        points = self.points[start:stop].tolist()
        pairs = np.empty((self.order + 1, 2, len(points)))
        for i, point in enumerate(points):
            for k, value in enumerate(evaluate(formula, point, self.order, self.parameters)):
                pairs[k, :, i] = _pair(value._mpf_)
        return pairs


def known(request):
    """Whether the answer is stored."""
    return request.path.exists()


def exact(request):
    """The answer, from the store: `Exact` numbers for the value and each derivative."""
    with np.load(request.path) as stored:
        return [Exact(*pair) for pair in stored["pairs"]]


def compute(requests):
    """Compute and store what is not stored yet, on all cores."""
    missing = {request.path: request for request in requests if not known(request)}
    CACHE.mkdir(exist_ok=True)
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        waiting = {
            path: [pool.submit(request.pairs, start, start + CHUNK) for start in range(0, len(request.points), CHUNK)]
            for path, request in missing.items()
        }
        for path, parts in waiting.items():
            _store(path, np.concatenate([part.result() for part in parts], axis=-1))


def _pair(p):
    high = libmp.to_float(p, rnd="n")
    if not math.isfinite(high):
        return high, 0.0
    return high, libmp.to_float(libmp.mpf_sub(p, libmp.from_float(high)), rnd="n")


def _store(path, pairs):
    """Written elsewhere and moved, since another run may be reading."""
    temporary = path.with_suffix(f".{uuid.uuid4().hex}")
    with temporary.open("wb") as file:
        np.savez(file, pairs=pairs)
    temporary.replace(path)


def formula_of(name):
    """The reference formula of an activation."""
    from tests import references

    formula = getattr(references, name, None)
    if formula is None or formula.__module__ != references.__name__:
        raise LookupError(f"tests/references.py has no formula for {name!r}: write `def {name}(x, …)` there.")
    return formula


@functools.cache
def _machinery():
    return pathlib.Path(__file__).read_bytes() + mpmath.__version__.encode()


@functools.cache
def _source(formula):
    """The text of a formula and of the functions beside it that it calls."""
    beside = [formula.__globals__.get(name) for name in formula.__code__.co_names]
    helpers = [each for each in beside if inspect.isfunction(each) and each.__module__ == formula.__module__]
    return inspect.getsource(formula) + "".join(_source(helper) for helper in helpers if helper is not formula)
