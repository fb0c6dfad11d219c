"""Arrays of float64 that carry a bound of their own error, so that most exact numbers need no arithmetic of many digits.

The result of every operation is a ball: the exact result lies within `radius` of `middle`, whatever the operands were inside
their balls. So nothing is lost unseen, neither to cancellation nor to ``1 + tiny``: a number that is not known well has a
large radius and is left to mpmath. An infinite middle with radius 0 stands for a number that is too large for float64.
"""

import numpy as np

ENOUGH = 2.0**-38  # the radius of a number that needs no mpmath, relative to it
ROUNDING = 2.0**-52  # of one operation, twice over
FUNCTION = 2.0**-49  # of a function of numpy or math: 8 ULP, where they state 4 or less
UNDERFLOW = 2.0**-1000  # more than is lost where a result is too small for float64
NOTHING = 2.0**-300  # a radius at which zero is zero
OVERFLOW = 2.0**500  # less than what an infinite middle stands for, even after many steps
STEP = 2.0**10  # the most that a step takes from it


class Undecided(Exception):  # noqa: N818 (it is no error)
    """A comparison that comes out differently within an array: `signs` of the difference, NaN where it is not known."""

    def __init__(self, signs):
        self.signs = signs


class Ball:
    """A `middle` and a `radius`; either may be NaN or infinite, where nothing is known."""

    __slots__ = ("middle", "radius")

    def __init__(self, middle, radius=0.0):
        self.middle, self.radius = middle, radius

    def __add__(self, other):
        other = ball(other)
        small = np.minimum(np.abs(self.middle), np.abs(other.middle)) < OVERFLOW / STEP
        total = Ball(self.middle + other.middle, self.radius + other.radius)
        return _rounded(total, large=small | (np.sign(self.middle) == np.sign(other.middle)))

    def __mul__(self, other):
        other = ball(other)
        a, b = np.abs(self.middle), np.abs(other.middle)
        radius = a * other.radius + b * self.radius + self.radius * other.radius + UNDERFLOW * ((a != 0) & (b != 0))
        product = Ball(self.middle * other.middle, radius)
        large = (a - self.radius >= 1 / STEP) & (b - other.radius >= 1 / STEP)
        return _rounded(product, exact=_short(a) & _short(b) | _power_of_2(b), large=large)

    def __truediv__(self, other):
        other = ball(other)
        middle = self.middle / other.middle
        least = np.abs(other.middle) - other.radius
        radius = (self.radius + np.abs(middle) * other.radius) / np.where(least > 0, least, np.nan)
        radius = np.where(np.isinf(other.middle) & (other.radius == 0), (np.abs(self.middle) + self.radius) / OVERFLOW, radius)
        quotient = Ball(middle, radius + UNDERFLOW * (self.middle != 0))
        return _rounded(quotient, exact=_power_of_2(other.middle), large=np.abs(other.middle) + other.radius <= STEP)

    def __rtruediv__(self, other):
        return ball(other) / self

    def __neg__(self):
        return Ball(-self.middle, self.radius)

    def __sub__(self, other):
        return self + -ball(other)

    def __rsub__(self, other):
        return ball(other) + -self

    __radd__ = __add__
    __rmul__ = __mul__

    def compared(self, other):
        """1, 0 or -1 as the numbers are greater than, equal to or less than `other`: raises if it depends or is not known."""
        difference = self - other
        middle, radius = difference.middle, difference.radius
        signs = np.where(np.abs(middle) > radius, np.sign(middle), np.where((middle == 0) & (radius == 0), 0.0, np.nan))
        if signs.size and (signs == signs.flat[0]).all():
            return int(signs.flat[0])
        raise Undecided(signs)

    def through(self, function, lipschitz):
        """The balls under a function of arrays: monotonic on each side of 0, or no steeper than `lipschitz`."""
        middle, large = function(self.middle), np.isfinite(self.middle)
        if lipschitz:
            radius = lipschitz * self.radius
        else:
            ends = [np.nextafter(self.middle + sign * self.radius, sign * np.inf) for sign in (-1, 1)]
            there = [function(end) for end in ends]
            spread = np.maximum(*(np.abs(each - middle) for each in there))
            radius = np.where(self.radius == 0, 0.0, spread)
            large &= (self.radius == 0) | ((there[0] == middle) & (there[1] == middle))
        return _too_large(Ball(middle, radius + FUNCTION * np.abs(middle) + UNDERFLOW), large)

    def known(self):
        """The middles, NaN where the radius is too large."""
        good = (self.radius <= ENOUGH * np.abs(self.middle)) & np.isfinite(self.radius) | (self.radius <= NOTHING)
        return np.where(good, self.middle, np.nan)


def ball(number):
    """A number as a ball."""
    if isinstance(number, Ball):
        return number
    nearest = float(number)
    return Ball(np.float64(nearest), 0.0 if nearest == number else abs(nearest) * ROUNDING)


def _rounded(number, exact=False, large=False):
    """The ball of a rounded result. `large` tells where an infinite one is known to be too large for float64."""
    return _too_large(Ball(number.middle, number.radius + np.where(exact, 0.0, ROUNDING) * np.abs(number.middle)), large)


def _too_large(number, known):
    return Ball(number.middle, np.where(np.isinf(number.middle), np.where(known, 0.0, np.nan), number.radius))


def _short(array):
    """Whether the product of two such numbers is exact: the sine of a large one needs it."""
    return np.float32(array) == array


def _power_of_2(array):
    return np.abs(np.frexp(array)[0]) == 0.5


def each(function):
    """A function of one number as a function of arrays, NaN where it raises."""

    def one(value):
        try:
            return function(value)
        except (ValueError, OverflowError):
            return np.nan

    return lambda array: np.array([one(value) for value in np.ravel(array).tolist()]).reshape(np.shape(array))


def evaluate(formula, points, count):
    """`formula` of arrays, a list of `count` balls or numbers, at each of the points: an array, NaN where it is not known.

    A comparison that comes out differently divides the points; each part is then evaluated on its own.
    """
    found = np.full((count, len(points)), np.nan)
    if not len(points):
        return found
    try:
        with np.errstate(all="ignore"):
            for k, term in enumerate(formula(points)):
                found[k] = ball(term).known()
    except Undecided as split:
        for sign in (-1, 0, 1):
            part = split.signs == sign
            found[:, part] = evaluate(formula, points[part], count)
    return found
