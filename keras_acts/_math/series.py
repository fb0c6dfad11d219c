"""Polynomials, and the coefficients of series and fits that more than one formula needs."""

import math
from collections.abc import Sequence
from typing import Any

# sinh(x) / x in powers of x², the highest first. In float64 the series is complete for |x| <= 1.
SINH = tuple(1.0 / math.factorial(2 * k + 1) for k in range(9, -1, -1))


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """A polynomial in `x`. The coefficients begin with that of the highest power."""
    total = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total
