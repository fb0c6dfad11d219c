"""Numbers in two parts: sums, products and exponentials with more digits than a single number of the dtype."""

import math
from typing import Any

from keras_acts._math import ops
from keras_acts._precision import HUGE


def rounded(x: Any, steps: float) -> Any:
    """The multiple of ``1 / steps``, a power of 2, that is nearest to `x`: with so few digits that its products are exact."""
    return ops.round(x * steps) * (1.0 / steps)


def coarse(x: Any) -> Any:
    """The multiple of 1/64 that is nearest to `x`. Below 64 its square has no more than 24 bits and is exact in float32."""
    return rounded(x, 64.0)


def leading(number: Any) -> Any:
    """The leading 12 bits of a number, whose product with a `coarse` number is exact. A learned number stays as it is."""
    if not isinstance(number, float):
        return number
    scaled = number * (2.0**41 + 1.0)  # Veltkamp's splitting, which torch.compile can trace with any number
    short = scaled - (scaled - number)
    return short if -HUGE <= short <= HUGE else number


def bell(near: Any, rest: Any, scale: float, weight: float = 1.0) -> Any:
    """``scale · exp(-weight · (near + rest)²)`` for a `coarse` number and a small rest.

    If the argument were one rounded number, its square would be off by many times the rounding of the exponential.
    """
    # The factor of e^8 keeps the exponential out of the subnormal numbers wherever the result is not subnormal.
    return math.exp(-8.0) * scale * exp_of_sum(8.0 - weight * ops.square(near), -weight * rest * (2.0 * near + rest))


def exp_of_sum(first: Any, second: Any) -> Any:
    """``exp(first + second)`` without rounding the sum, for a small `second`."""
    # XLA would make the exponential of the sum of a product of two exponentials.
    large = ops.exp(first)
    return large + large * ops.expm1(second)


def quotient(x: Any, divisor: Any, lost: Any = 0.0) -> tuple[Any, Any]:
    """``(x + lost) / divisor`` for a quotient up to 64 and a small `lost`, as a `coarse` number and a small rest.

    The two have more digits than one number, which an exponential needs: it multiplies the rounding of its argument by the
    argument.
    """
    near = coarse(x / divisor)
    first = leading(divisor)
    rest = (x - near * first) - near * (ops.ones_like(x) * divisor - first)  # the first product is exact
    return near, (rest + lost) / divisor


def total(main: Any, rest: Any) -> tuple[Any, Any]:
    """``main + rest`` and what rounding took from it, for a `rest` that is smaller than `main` (Dekker 1971)."""
    s = main + rest
    return s, (main - s) + rest


def negative_square(x: Any, factor: float) -> tuple[Any, Any]:
    """``-factor · x²`` and what rounding took from it, for a power of 2 as `factor`.

    This holds for x up to 16. Above, the two are off by up to twice the rounding error.
    """
    near = rounded(x, 128.0)
    return total(-factor * (near * near), -factor * ((x - near) * (x + near)))
