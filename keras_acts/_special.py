"""Functions that the frameworks or export formats lack or compute too coarsely: right to a few roundings in every dtype."""

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_acts import _calculus

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

# erf(x) / x for |x| <= 1, arctan(x) / x for |x| <= tan(pi / 8) and 2 arctanh(x) / x for |x| <= 1/3 in powers of x², the highest
# first: 8e-18, 1e-18 and 1e-18 are left
TAN_OF_EIGHTH = math.sqrt(2.0) - 1.0
ERF = (
    *(-7.795898827002142e-10, 1.3720064546777686e-08, -1.6208483801871705e-07, 1.6447424703317362e-06, -1.492473690741966e-05),
    *(0.00012055294904839707, -0.0008548325975389692, 0.0052239776071164225, -0.02686617064323777, 0.11283791670945006),
    *(-0.37612638903183543, 1.1283791670955126),
)
ARCTAN = (
    *(-0.017805397205419446, 0.03796525745386593, -0.05035102456601552, 0.05846878297330872, -0.06662951813629191),
    *(0.07692045330902225, -0.09090896809064027, 0.11111110744919658, -0.14285714279250245, 0.19999999999940893),
    *(-0.3333333333333312, 1.0),
)
LOG1P = (
    *(0.17044163562781398, 0.0832450651186082, 0.12110168728069218, 0.13300374032674625, 0.1538661404230401),
    *(0.18181740832504806, 0.22222224080747674, 0.28571428545454114, 0.4000000000018575, 0.6666666666666615, 2.0),
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


# ---- what ONNX or LiteRT lack, made of what both have


def expm1(x: Any) -> Any:
    """``exp(x) - 1`` for x up to 80."""
    return ops.tanh(0.5 * x) * (ops.exp(x) + 1.0) if _calculus.exported() else ops.expm1(x)


def log1p(x: Any) -> Any:
    """``log(1 + x)`` for x from 0 on."""
    if not _calculus.exported():
        return ops.log1p(x)
    near = ops.clip(x, 0.0, 1.0)
    ratio = near / (2.0 + near)
    return ops.where(x > 1.0, ops.log(1.0 + x), ratio * polynomial(ops.square(ratio), LOG1P))


def erf_of_small(x: Any) -> Any:
    """``erf(x)`` for |x| up to 1."""
    return x * polynomial(ops.clip(ops.square(x), 0.0, 1.0), ERF) if _calculus.exported() else ops.erf(x)


def arctan(x: Any) -> Any:
    """``arctan(x)``"""
    if not _calculus.exported():
        return _calculus.arctan(x)
    size = _calculus.absolute(x)
    steep, small = size > 1.0 / TAN_OF_EIGHTH, size < TAN_OF_EIGHTH
    middle = (ops.where(steep, 1.0, size) - 1.0) / (ops.where(steep, 1.0, size) + 1.0)
    rest = ops.where(steep, -1.0 / ops.where(steep, size, 1.0), ops.where(small, size, middle))
    turned = ops.where(steep, 0.5 * math.pi, ops.where(small, 0.0, 0.25 * math.pi))
    angle = turned + rest * polynomial(ops.square(rest), ARCTAN)
    return ops.where(x < 0, -angle, angle)


def arcsinh(x: Any) -> Any:
    """``log(x + sqrt(x² + 1))``"""
    if not _calculus.exported():
        return _calculus.arcsinh(x)
    size = magnitude(x)
    near = ops.where(size > 2.0**30, 1.0, size)
    far = ops.where(size > 2.0**30, math.log(2.0) + ops.log(ops.where(size > 2.0**30, size, 1.0)), 0.0)
    grown = ops.where(far > 0, far, log1p(near + ops.square(near) / (1.0 + length(near))))
    return ops.where(x < 0, -grown, grown)


# ----


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
    return large + large * expm1(second)


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
