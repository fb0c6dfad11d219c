"""How far a result may be from the exact one: the bounds, the exceptions to them, and the measure.

An error is counted in ULP: ``|got - exact| / ulp(exact)``, where 0.5 is correctly rounded.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Format:
    digits: int
    least: int  # the exponent of the smallest normal number
    most: int  # the exponent of the largest number

    @property
    def tiny(self):
        return 2.0**self.least

    @property
    def largest(self):
        return (2.0 - 2.0 ** (1 - self.digits)) * 2.0**self.most

    def ulp(self, exact):
        exponent = np.frexp(np.where(np.isfinite(exact), exact, 1.0))[1] - 1.0
        return np.exp2(np.clip(np.where(exact == 0, self.least, exponent), self.least, self.most) - self.digits + 1)


FORMATS = {
    "float16": Format(11, -14, 15),
    "bfloat16": Format(8, -126, 127),
    "float32": Format(24, -126, 127),
    "float64": Format(53, -1022, 1023),
}

DTYPES = tuple(FORMATS)

# dtype -> bound in ULP
VALUE = {"float16": 0.51, "bfloat16": 0.51, "float32": 5.0, "float64": 8.0}
GRADIENT = {"float16": 0.51, "bfloat16": 0.51, "float32": 8.0, "float64": 16.0}

# Near a zero of the derivative: how near, and the bound there, in ULP for half precision, else in ulp(1.0) absolute
NEAR_ZERO = {"float16": (0.02, 1.2), "bfloat16": (0.02, 1.2), "float32": (0.3, 2.0), "float64": (0.3, 2.0)}

# float32 and float64 are judged where |x| is at most the first and |exact| at least the second
PRACTICAL = (100.0, 2.0**-100)

# Normalising activations: value in ULP or in ulp(1.0) absolute, |sum - 1| and gradient in ulp(1.0)
ROW_VALUE, ROW_ABSOLUTE, ROW_SUM, ROW_GRADIENT = 8.0, 2.0, 4.0, 4.0

# (activation, "value" or "gradient", dtype) -> (bound, measured, reason)
EXCEPTIONS = {
    ("snake", "value", "float32"): (
        7.5,
        "7.04 on torch at alpha = 0.3, x = -3.00985; 6.92 on TensorFlow, 5.59 on JAX; within 5 everywhere at alpha = 1",
        "below 0, x and sin² / alpha cancel to a third of either, and the sine is good to a few roundings",
    ),
}

# Activations that cross 0 where larger terms cancel: as near to that as to a zero of the derivative, values have the bound of
# NEAR_ZERO too, in ulp(max(1, |x| + |f(x)|)) where it is absolute. activation -> (measured, reason)
CROSSING = {
    "xielu": (
        "147 ULP, 0.02 ulp(x), on JAX at x = -2.43459",
        "alpha_n · (exp(x) - 1) and (beta - alpha_n) · x cancel, and the exponential is good to one rounding",
    ),
    "snake_beta": (
        "1300 ULP, 0.30 ulp(1), on JAX at beta = 0.3, x = -0.310034; it crosses 0 beside 0 only if beta is small beside alpha",
        "x and sin² / beta cancel, and the sine is good to a few roundings",
    ),
}


def bound(table, record, what, dtype):
    """The bound of an activation: an exception, or what the table has for all."""
    exception = EXCEPTIONS.get((record.name, what, dtype))
    return exception[0] if exception else table[dtype]


def errors(x, got, exact, dtype):
    """Errors in ULP of `got` against the `Exact` results at the points `x`, of which one is 0.

    Overflow counts as the next power of 2. A subnormal taken for zero is no error, be it a result or an input: XLA does both.
    """
    form = FORMATS[dtype]
    at_zero = np.full(len(x), int(np.flatnonzero(x == 0)[0]))
    error = np.minimum(_errors(got, exact, form), np.where(np.abs(x) < form.tiny, _errors(got, exact[at_zero], form), np.inf))
    return np.where((got == 0) & (np.abs(exact.high) < form.tiny), 0.0, error)


def _errors(got, exact, form):
    ceiling = 2.0 ** (form.most + 1) if form.most < 1023 else np.finfo(np.float64).max
    clipped = type(exact)(np.clip(exact.high, -ceiling, ceiling), np.where(np.abs(exact.high) > ceiling, 0.0, exact.low))
    with np.errstate(invalid="ignore", over="ignore"):
        off = np.abs(clipped.error(np.clip(got, -ceiling, ceiling)))
        return np.where(np.isnan(off), np.inf, off / form.ulp(exact.high))


def of_a_product(x, exact, slope, dtype):
    """The error in ULP that comes from rounding ``parameter · x`` before anything else: as if x were off by half an ulp."""
    form = FORMATS[dtype]
    with np.errstate(over="ignore"):
        return np.abs(x * slope.high) * 2.0**-form.digits / form.ulp(exact.high)


def worst(x, got, exact, error=None):
    """The worst result, or the first, in words."""
    i = 0 if error is None else int(np.argmax(error))
    return f"at x = {float(x[i])!r}: got {float(got[i])!r}, exact {float(exact.high[i])!r}"


def practical(x, exact):
    """Where float32 and float64 have a bound."""
    largest, least = PRACTICAL
    return (np.abs(x) <= largest) & ((np.abs(exact.high) >= least) | (exact.high == 0))


def overflows(got, exact, dtype):
    """Where `got` is infinite although `exact` is within the dtype."""
    return np.isinf(got) & (np.abs(exact.high) <= FORMATS[dtype].largest * (1 - 1e-6))
