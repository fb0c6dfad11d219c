"""Functions that the frameworks lack or compute too coarsely, on `keras.ops`: right to a few roundings in every dtype."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

# sinh(x) / x in powers of x², the highest first: complete for |x| <= 1 in float64
SINH = tuple(1.0 / math.factorial(2 * k + 1) for k in range(9, -1, -1))

# (1 + 2x) · exp(x²) · erfc(x) in powers of (x - 2) / (x + 2), the highest first, cut off where 2e-16 is left
SCALED_ERFC = (
    *(-1.4276847782986204e-08, -2.4630020041347383e-08, 9.110270309406622e-08, 2.3191445148773556e-07, -1.283145001602249e-07),
    *(-9.42043006762512e-07, -8.486280593803529e-07, 1.5863413025348713e-06, 5.3380619799498e-06, 3.666977126641099e-06),
    *(-1.3550461660621755e-05, -3.640725735279041e-05, -1.4901062178327189e-06, 0.00015103514399068322, 0.00020636268647766627),
    *(-0.0004543401657863993, -0.0014568132813392836, 0.0012713388980090158, 0.008722653817412258, -0.008034015078553464),
    *(-0.05422000098938379, 0.16405128003334057, -0.16603039761533683, -0.09276382658574522, 1.2769783815525289),
)


# Mills ratio (1 - Φ(a)) / φ(a) = 1 / (a + v(a)), with v = V / W, lowest power first: minimax fits of the relative error of the
# ratio, 3.7e-8 for a up to 12 and 4.2e-18 for a up to 40. The error of W cancels but for its share in v, which falls as 1 / a².
V32 = (0.7978845321835033, 0.39295826256351485, 0.10074011863220425, 0.01119605369799911)
W32 = (1.0, 0.9479274663435999, 0.4213745963321298, 0.1003346496248168, 0.011207694856737687)
V64 = (
    *(0.7978845608028654, 0.9892860283963254, 0.6271050241953179, 0.25804859360245047, 0.07486582104138724),
    *(0.01576391117750264, 0.002402618135881137, 0.0002559135687950767, 1.7381577710648093e-05, 5.804521274342459e-07),
)
W64 = (
    *(1.0, 1.695315741750452, 1.4214367503586325, 0.7631405900634305, 0.28806598481958107, 0.07956673382337437),
    *(0.01627225691504555, 0.0024373812544169673, 0.00025707447375483987, 1.738157770253331e-05, 5.804521274763398e-07),
)


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """A polynomial in `x`, from the coefficient of the highest power to the constant."""
    total = coefficients[0] * x + coefficients[1]
    for coefficient in coefficients[2:]:
        total = total * x + coefficient
    return total


def equal(x: Any, other: Any) -> Any:
    """``x == other``, which Keras would take for a question of identity in a functional model."""
    return ops.equal(x, other) if isinstance(x, keras.KerasTensor) else x == other


def magnitude(x: Any) -> Any:
    """``|x|`` with the derivative -1 at 0, on every backend."""
    return ops.where(x > 0, x, -x)


def length(x: Any) -> Any:
    """``sqrt(1 + x²)``, where x² alone may overflow."""
    near = ops.clip(x, -(2.0**30), 2.0**30)
    far = magnitude(x)
    return ops.where(far > 2.0**30, far, ops.sqrt(1.0 + ops.square(near)))


def scaled_erfc(x: Any) -> Any:
    """``exp(x²) · erfc(x)`` for 0 <= x <= 1e30, where either factor alone may overflow or underflow."""
    return polynomial((x - 2.0) / (x + 2.0), SCALED_ERFC) / (1.0 + 2.0 * x)


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


def mills_ratio(a: Any) -> Any:
    """``(1 - Φ(a)) / φ(a)`` of the normal distribution, for a from 0 to 40."""
    v, w = (V64, W64) if keras.backend.standardize_dtype(a.dtype) == "float64" else (V32, W32)
    divisor = polynomial(a, w[::-1])
    return divisor / (a * divisor + polynomial(a, v[::-1]))


def total(main: Any, rest: Any) -> tuple[Any, Any]:
    """The sum, and what rounding took from it, where `rest` is the smaller one (Dekker 1971)."""
    s = main + rest
    return s, (main - s) + rest


def negative_square(x: Any, factor: float) -> tuple[Any, Any]:
    """``-factor · x²`` and what rounding took from it, for a power of 2 and x up to 16 (above, to twice the rounding error)."""
    near = rounded(x, 128.0)
    return total(-factor * (near * near), -factor * ((x - near) * (x + near)))
