"""Numbers in two parts: sums, products and exponentials with more digits than one number of the dtype has."""

import math
from typing import Any

from keras_acts._math import ops


def rounded(x: Any, steps: float) -> Any:
    """The nearest multiple of ``1 / steps``, a power of 2: few enough digits that products of it are exact."""
    return ops.round(x * steps) * (1.0 / steps)


def coarse(x: Any) -> Any:
    """The multiple of 1/64 next to `x`: below 64 its square has no more than 24 bits, and is exact in float32."""
    return rounded(x, 64.0)


def leading(number: Any) -> Any:
    """The leading 12 bits of a number, so that its product with a `coarse` one is exact; a learned one as it is."""
    if not isinstance(number, float):
        return number
    fraction, exponent = math.frexp(number)
    return math.ldexp(round(math.ldexp(fraction, 12)), exponent - 12)


def bell(near: Any, rest: Any, scale: float, weight: float = 1.0) -> Any:
    """``scale · exp(-weight · (near + rest)²)`` for a `coarse` number and the small rest to the true one.

    The square of a rounded number is off by many times the rounding of its exponential.
    """
    # a factor of e^8 keeps the exponential out of the subnormal numbers wherever the result is no such number
    return math.exp(-8.0) * scale * exp_of_sum(8.0 - weight * ops.square(near), -weight * rest * (2.0 * near + rest))


def exp_of_sum(first: Any, second: Any) -> Any:
    """``exp(first + second)`` without rounding the sum; `second` is small."""
    # not the product of two exponentials, of which XLA makes the exponential of the sum
    large = ops.exp(first)
    return large + large * ops.expm1(second)


def quotient(x: Any, divisor: Any, lost: Any = 0.0) -> tuple[Any, Any]:
    """``(x + lost) / divisor`` for a quotient up to 64 and a small `lost`, as the sum of a `coarse` number and a small rest.

    The two have more digits than one number: an exponential multiplies the rounding of its argument by the argument.
    """
    near = coarse(x / divisor)
    first = leading(divisor)
    rest = (x - near * first) - near * (ops.ones_like(x) * divisor - first)  # the first product is exact
    return near, (rest + lost) / divisor


def total(main: Any, rest: Any) -> tuple[Any, Any]:
    """The sum, and what rounding took from it, where `rest` is the smaller one (Dekker 1971)."""
    s = main + rest
    return s, (main - s) + rest


def negative_square(x: Any, factor: float) -> tuple[Any, Any]:
    """``-factor · x²`` and what rounding took from it, for a power of 2 and x up to 16 (above, to twice the rounding error)."""
    near = rounded(x, 128.0)
    return total(-factor * (near * near), -factor * ((x - near) * (x + near)))
