"""The operations that formulas are made of. It is the one door to `keras.ops`, which no family file imports.

An operation that is right there on every backend, in every dtype and in every export is passed on. Any other one has a
stand-in here.
"""

import math
import sys
from collections.abc import Callable
from typing import Any

import keras
from keras import ops
from keras.ops import (
    arange as arange,
    concatenate as concatenate,
    cumsum as cumsum,
    exp as exp,
    isnan as isnan,
    log as log,
    logical_and as logical_and,
    logical_or as logical_or,
    ones_like as ones_like,
    power as power,
    relu as relu,
    reshape as reshape,
    round as round,
    shape as shape,
    sign as sign,
    sort as sort,
    sqrt as sqrt,
    square as square,
    stop_gradient as stop_gradient,
    sum as sum,
    unstack as unstack,
    zeros_like as zeros_like,
)

from keras_acts._frameworks import door, engine
from keras_acts._frameworks.door import fixed_point as fixed_point, recorded as recorded
from keras_acts._math.series import polynomial
from keras_acts._precision import HUGE

# erf(x) / x for |x| <= 1, arctan(x) / x for |x| <= tan(pi / 8) and 2 arctanh(x) / x for |x| <= 1/3, in powers of u = x², the
# highest first. They come from mpmath.chebyfit(f, [0, largest u], number of coefficients, error=True), with f a function of u,
# at 50 digits, with the errors 7.4e-18, 1.3e-18 and 2.6e-18.
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


# A framework may have its own of these, where that of `keras.ops` loses float64 or cannot be compiled.


def sin(x: Any) -> Any:
    """``sin(x)`` of a finite number."""
    return _sin(x)


def cos(x: Any) -> Any:
    """``cos(x)`` of a finite number."""
    return _cos(x)


def tanh(x: Any) -> Any:
    """``tanh(x)``"""
    return _tanh(x)


def where(condition: Any, x: Any, other: Any) -> Any:
    """`x` where the condition holds, else `other`. A number among them takes the dtype of the tensor."""
    return _where(condition, x, other)


def clip(x: Any, low: Any, high: Any) -> Any:
    """`x`, not below `low` and not above `high`: numbers, of which none counts beyond what the dtype holds, or tensors."""
    most = huge(x)
    return _clip(x, max(low, -most) if isinstance(low, float) else low, min(high, most) if isinstance(high, float) else high)


def absolute(x: Any) -> Any:
    """``|x|`` with the derivative -1 at 0, where those of the frameworks are 0 or 1.

    If it were 0, an even function of ``|x|`` would have no second derivative at 0.
    """
    return _absolute(x)


def negative_part(x: Any) -> Any:
    """``min(0, x)`` with the derivative 1 at 0, that of the branch below."""
    return _negative_part(x)


def largest(x: Any, axis: Any) -> Any:
    """The largest number along one axis or several, which are kept with size 1."""
    return _amax(x, axis=axis, keepdims=True)


_where = door.or_symbolic(door.ENGINE.where, ops.where)
_clip = door.or_recorded(door.ENGINE.clip, ops.clip)
_absolute = door.or_recorded(door.ENGINE.absolute, engine.absolute)
_negative_part = door.or_recorded(door.ENGINE.negative_part, engine.negative_part)
_sin = door.or_symbolic(door.ENGINE.sin, ops.sin)
_cos = door.or_symbolic(door.ENGINE.cos, ops.cos)
_tanh = door.or_symbolic(door.ENGINE.tanh, ops.tanh)
_arctan = door.or_recorded(door.ENGINE.arctan, ops.arctan)
_arcsinh = door.or_recorded(door.ENGINE.arcsinh, ops.arcsinh)
_amax = door.or_recorded(door.ENGINE.amax, ops.max)


# In exports these are written with operations that both ONNX and LiteRT have.


def expm1(x: Any) -> Any:
    """``exp(x) - 1`` for x up to 80."""
    return tanh(0.5 * x) * (ops.exp(x) + 1.0) if door.exported() else ops.expm1(x)


def log1p(x: Any) -> Any:
    """``log(1 + x)`` for x >= 0."""
    if not door.exported():
        return ops.log1p(x)
    near = clip(x, 0.0, 1.0)
    ratio = near / (2.0 + near)
    return where(x > 1.0, ops.log(1.0 + x), ratio * polynomial(ops.square(ratio), LOG1P))


def erf_of_small(x: Any) -> Any:
    """``erf(x)`` for |x| <= 1."""
    return x * polynomial(clip(ops.square(x), 0.0, 1.0), ERF) if door.exported() else ops.erf(x)


def arctan(x: Any) -> Any:
    """``arctan(x)``"""
    if not door.exported():
        return _arctan(x)
    size = absolute(x)
    steep, small = size > 1.0 / TAN_OF_EIGHTH, size < TAN_OF_EIGHTH
    middle = (where(steep, 1.0, size) - 1.0) / (where(steep, 1.0, size) + 1.0)
    rest = where(steep, -1.0 / where(steep, size, 1.0), where(small, size, middle))
    start = where(steep, 0.5 * math.pi, where(small, zeros_like(x), 0.25 * math.pi))
    angle = start + rest * polynomial(ops.square(rest), ARCTAN)
    return where(x < 0, -angle, angle)


def arcsinh(x: Any) -> Any:
    """``log(x + sqrt(x² + 1))``"""
    if not door.exported():
        return _arcsinh(x)
    size = absolute(x)
    near = where(size > 2.0**30, 1.0, size)
    far = where(size > 2.0**30, math.log(2.0) + ops.log(where(size > 2.0**30, size, 1.0)), 0.0)
    grown = where(far > 0, far, log1p(near + ops.square(near) / (1.0 + length(near))))
    return where(x < 0, -grown, grown)


# These exist nowhere else.


def with_derivative(formula: Callable[[Any], Any], derivative: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`formula` of a tensor, of which differentiation takes `derivative` and not the steps."""
    return door.or_recorded(door.differentiable(formula.__name__, formula, [derivative]), formula)


def equal(x: Any, other: Any) -> Any:
    """``x == other`` for each number. In a functional model, Keras would compare the objects instead."""
    return ops.equal(x, other) if isinstance(x, keras.KerasTensor) else x == other


def product(factor: Any, x: Any) -> Any:
    """``factor · x``, which is 0 for a factor of 0 even where x is infinite."""
    if isinstance(factor, float):
        return factor * x if factor else zeros_like(x)
    return factor * where(equal(factor, 0), clip(x, -HUGE, HUGE), x)


def length(x: Any) -> Any:
    """``sqrt(1 + x²)``, also where x² overflows."""
    near = clip(x, -(2.0**30), 2.0**30)
    far = absolute(x)
    return where(far > 2.0**30, far, ops.sqrt(1.0 + ops.square(near)))


def is_double(x: Any) -> bool:
    """Whether `x` is computed in float64."""
    return bool(keras.backend.standardize_dtype(x.dtype) == "float64")


def huge(x: Any) -> float:
    """The largest finite number of the dtype of `x`. What is above it is infinite, which needs no infinite constant to see."""
    return sys.float_info.max if is_double(x) else HUGE
