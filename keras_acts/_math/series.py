"""Polynomials, and the coefficients of series and fits that more than one formula needs."""

import math
from collections.abc import Sequence
from typing import Any

# sinh(x) / x in powers of x², the highest first: complete for |x| <= 1 in float64
SINH = tuple(1.0 / math.factorial(2 * k + 1) for k in range(9, -1, -1))


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """A polynomial in `x`, from the coefficient of the highest power to the constant."""
    total = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total
