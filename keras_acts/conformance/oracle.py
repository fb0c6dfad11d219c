"""Exact values and derivatives of the formulas in `references`.

A formula is evaluated on truncated Taylor series ("jets"), which makes every derivative follow from the value; comparisons
look at the value alone, so a derivative is that of the branch taken. The coefficients are numbers of mpmath with 60 digits, or
`balls`: whole arrays of float64 with a bound of their error, hundreds of times faster wherever that bound is small enough.
"""

import math

import mpmath
import numpy as np

from keras_acts.conformance import balls
from keras_acts.conformance.balls import Ball

_context = mpmath.mp.clone()
_context.prec = 210  # 60 digits and a few to lose
_mpf = _context.mpf
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
        return Number([*(p + q for p, q in zip(a, b, strict=False)), *a[len(b) :]])

    def __mul__(self, other):
        return Number(_product(self.terms, _terms(other)))

    def __truediv__(self, other):
        return Number(_quotient(self.terms, _terms(other)))

    def __rtruediv__(self, other):
        return Number(_quotient(_terms(other), self.terms))

    def __neg__(self):
        return Number([-p for p in self.terms])

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
        a, b = self.terms[0], _terms(other)[0]
        if isinstance(a, Ball) or isinstance(b, Ball):
            return balls.ball(a).compared(b)
        if _branches is not None:
            _branches.append(a > b)
        return (a > b) - (a < b)


def _number(value):
    return value if isinstance(value, Number) else Number(_terms(value))


def _terms(value):
    return value.terms if isinstance(value, Number) else [_mpf(value)]


def _product(a, b):
    if len(a) < len(b):
        a, b = b, a
    if len(b) == 1:
        return [p * b[0] for p in a]
    return [_convolved(a, b, k, 0) for k in range(len(a))]


def _quotient(a, b):
    if len(b) == 1:
        return [p / b[0] for p in a]
    quotient = []
    for k in range(len(b)):
        rest = _convolved(b, quotient, k, 1)
        quotient.append((a[k] - rest if k < len(a) else -rest) / b[0])
    return quotient


def _convolved(a, b, k, first):
    """The sum of ``a[j] · b[k - j]`` for j from `first` to k."""
    return sum((a[j] * b[k - j] for j in range(first, k + 1)), _mpf(0))


def _slope(terms):
    return [p * k for k, p in enumerate(terms)][1:]


def _function(name, derivative, fast, lipschitz=None):
    """The function that mpmath calls `name`, of a Number.

    Args:
        name: Its name in mpmath.
        derivative: Its derivative, a function of a Number.
        fast: The same function of float64 arrays, right to 8 ULP: in numpy, or of one number in `math`, under `balls.each`.
        lipschitz: The steepest slope, of a function that is not monotonic on each side of 0.
    """

    def function(x):
        x = _number(x)
        start = _value(x.terms[0], name, fast, lipschitz)
        if len(x.terms) == 1:
            return Number([start])
        slope = _slope(x.terms)
        inner = derivative(Number(x.terms[:-1])).terms  # one coefficient if it is a constant
        slope = _product(inner, slope)[: len(slope)]
        return Number([start, *(p / k for k, p in enumerate(slope, 1))])

    function.__name__ = name
    return function


def _value(p, name, fast, lipschitz=None):
    return p.through(fast, lipschitz) if isinstance(p, Ball) else getattr(_context, name)(p)


def exp(x):
    """E to the power of a Number. From ``e^u' = u' e^u``, so that one exponential serves all coefficients."""
    x = _number(x)
    slope, series = _slope(x.terms), [_value(x.terms[0], "exp", np.exp)]
    for k in range(1, len(x.terms)):
        series.append(_convolved(slope, series, k - 1, 0) / k)
    return Number(series)


expm1 = _function("expm1", lambda x: exp(x), np.expm1)
log = _function("log", lambda x: 1 / x, np.log)
log1p = _function("log1p", lambda x: 1 / (1 + x), np.log1p)
sqrt = _function("sqrt", lambda x: 0.5 / sqrt(x), np.sqrt)
sin = _function("sin", lambda x: cos(x), balls.each(math.sin), lipschitz=1)
cos = _function("cos", lambda x: -sin(x), balls.each(math.cos), lipschitz=1)
sinh = _function("sinh", lambda x: cosh(x), np.sinh)
cosh = _function("cosh", lambda x: sinh(x), np.cosh)
atan = _function("atan", lambda x: 1 / (1 + x * x), np.arctan)
asinh = _function("asinh", lambda x: 1 / sqrt(1 + x * x), np.arcsinh)
erf = _function("erf", lambda x: 2 / sqrt(pi) * exp(-x * x), balls.each(math.erf))
erfc = _function("erfc", lambda x: -2 / sqrt(pi) * exp(-x * x), balls.each(math.erfc))


def with_slopes_of(value, other):
    """The value of one Number with the derivatives of another, as a straight-through estimator has."""
    return Number([_terms(value)[0], *_terms(other)[1:]])


pi = Number([_context.make_mpf(mpmath.libmp.mpf_pi(4000))])


def evaluate(formula, x, order, parameters=None, *, bits=None):
    """The value and the first `order` derivatives of `formula` at the number `x`, as mpmath numbers."""
    before, _context.prec = _context.prec, bits or _context.prec
    try:
        terms = _series(formula, _mpf(x), order, parameters)
        return [mpmath.mp.make_mpf((p * math.factorial(k))._mpf_) for k, p in enumerate(terms)]
    finally:
        _context.prec = before


def evaluate_fast(formula, points, order, parameters=None, *, wrt="x"):
    """The same for a float64 array of points, as an array ``(order + 1, points)`` with NaN where float64 is not enough.

    The derivatives are by `x`, or by the parameter named `wrt`.
    """

    def derivatives(points):
        if wrt == "x":
            terms = _series(formula, Ball(points), order, parameters)
        else:
            others = {name: value for name, value in parameters.items() if name != wrt}
            start = Ball(np.full(np.shape(points), float(parameters[wrt])))
            terms = _series(lambda a, **given: formula(Number([Ball(points)]), **given, **{wrt: a}), start, order, others)
        return [p * math.factorial(k) for k, p in enumerate(terms)]

    return balls.evaluate(derivatives, points, order + 1)


def evaluate_all(formula, points, order, parameters=None, *, wrt="x"):
    """The same with the numbers that float64 is not enough for taken from mpmath."""
    found = evaluate_fast(formula, points, order, parameters, wrt=wrt)
    others = {name: value for name, value in (parameters or {}).items() if name != wrt}
    for i in np.flatnonzero(np.isnan(found).any(0)):
        x = float(points[i])
        if wrt == "x":
            exact = evaluate(formula, x, order, parameters)
        else:
            exact = evaluate(lambda a, x=x, **given: formula(x, **given, **{wrt: a}), parameters[wrt], order, others)
        found[:, i] = [float(value) for value in exact]
    return found


def _series(formula, start, order, parameters):
    """The Taylor series of `formula` at `start`, a number or a ball."""
    point = [start, _mpf(1), *[_mpf(0)] * (order - 1)][: order + 1]
    return _padded(formula(Number(point), **_arguments(parameters)), order)


def _padded(number, order):
    terms = _terms(number)
    return [*terms, *[_mpf(0)] * (order + 1 - len(terms))]


def _arguments(parameters):
    """Parameters as constants of a formula; what is no number stays."""
    as_they_are = (int, str, type(None))
    return {name: value if isinstance(value, as_they_are) else _number(value) for name, value in (parameters or {}).items()}


def evaluate_row(formula, row, direction=None, parameters=None):
    """The results of a formula of a row, or their derivatives in a direction, as mpmath numbers."""
    order = 0 if direction is None else 1
    slopes = [0.0] * len(row) if direction is None else direction
    numbers = [Number([_mpf(float(p)) for p in pair][: order + 1]) for pair in zip(row, slopes, strict=True)]
    return [mpmath.mp.make_mpf(_padded(y, order)[order]._mpf_) for y in formula(numbers, **_arguments(parameters))]


def branches(formula, x, parameters=None):
    """The outcomes of the comparisons that `formula` makes at `x`."""
    global _branches
    _branches = []
    try:
        evaluate(formula, x, 0, parameters)
        return tuple(_branches)
    finally:
        _branches = None


def kinks(formula, points, parameters=None):
    """Where `formula` changes its branch between neighbours of the sorted `points`, to 50 digits."""
    found = []
    traces = [branches(formula, point, parameters) for point in points]
    with mpmath.workprec(_context.prec):
        for low, high, before, after in zip(points, points[1:], traces, traces[1:], strict=False):
            if before != after:
                low, high = mpmath.mpf(float(low)), mpmath.mpf(float(high))
                while high - low > mpmath.mpf(2) ** -170 * max(abs(low), abs(high), mpmath.mpf(2) ** -60):
                    middle = (low + high) / 2
                    low, high = (middle, high) if branches(formula, middle, parameters) == before else (low, middle)
                found.append((low, high))
    return found


def zero_of_slope(formula, low, high, parameters):
    """Where in the interval the derivative of `formula` is zero, to whatever order, or None if it is nowhere."""
    with mpmath.workprec(_context.prec):
        low, high = mpmath.mpf(float(low)), mpmath.mpf(float(high))
        at = [low + (high - low) * i / 24 for i in range(25)]
        slopes = [evaluate(formula, x, 1, parameters)[1] for x in at]
        for left, right, before, after in zip(at, at[1:], slopes, slopes[1:], strict=False):
            if before == 0 or before * after < 0:
                return float(left + right) / 2
        i = min(range(25), key=lambda i: abs(slopes[i]))
        x, ends = at[i], (at[max(i - 1, 0)], at[min(i + 1, 24)])
        for _ in range(150):  # towards a zero of even order, where the second derivative is zero too
            _, slope, second, third = evaluate(formula, x, 3, parameters)
            if abs(slope) < mpmath.mpf(2) ** -100 * max(map(abs, slopes)):
                return float(x)
            x = x - second / third if third else mpmath.inf
            if not ends[0] <= x <= ends[1]:
                break
        return None
