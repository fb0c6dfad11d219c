"""The input times a tanh."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts.activations._self_gated._sigmoid import EXP_MINUS_16
from keras_acts.activations._sigmoidal import tanh

FAMILY = "self_gated"


@activation(
    range=(-0.30884341301725043, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    equals=("x * tanh(softplus(x))",),
    reference="Misra 2019, arXiv:1908.08681",
)
def mish(x: Any) -> Any:
    """``x · tanh(log(1 + exp(x)))``

    A smooth ReLU with a dip of -0.31 at -1.19, slightly steeper than SiLU; common in object detection.
    """
    # tanh(log(1 + e)) is n / (n + 2) with n = e · (e + 2). Below -80 both factors are scaled as in `gated`.
    near = ops.clip(x, -1000.0, 20.0)
    deep = near < -80.0
    e = ops.exp(ops.where(deep, near + 16.0, near))
    gate = e * ((e + 2.0) / (e * (e + 2.0) + 2.0))
    return ops.where(x > 20.0, x, ops.where(deep, EXP_MINUS_16 * near, near) * gate)


@derivative(mish)
def _(x: Any) -> Any:
    """``w · (4 · (x + 1) + w · (4 · x + 6 + w · (4 + w))) / (w · (w + 2) + 2)², w = exp(x)``"""
    # Two forms with q = exp(-|x|), and a root with a factor, as in `gated_slope`. For positive x the derivative is
    # 1 + q² · (4 · x - 2 + 4 · (x - 1) · q - 4 · q²) / (1 + 2 · q + 2 · q²)².
    near = ops.clip(x, -1000.0, 1000.0)
    root = 0.5 * ops.exp(-0.5 * ops.absolute(near))
    q = root * root
    inverse = 1.0 / ops.where(x > 0, 0.125 + q * (1.0 + 4.0 * q), 0.25 + q * (1.0 + 2.0 * q))
    above = q * ((near - 0.5) + q * (4.0 * (near - 1.0) - 16.0 * q))
    below = 0.25 * (near + 1.0) + q * ((near + 1.5) + q * (4.0 + 4.0 * q))
    part = root * inverse * (inverse * ops.where(x > 0, above, below)) * root
    return ops.where(x > 0, 1.0 + part, part)


@activation(
    range=(0, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(math.inf, math.inf),
    parity="even",
    equals=("x * tanh(x)",),
    reference="Roy et al. 2019, arXiv:1901.05894",
)
def lisht(x: Any) -> Any:
    """``x · tanh(x)``

    A smooth absolute value: even and never negative, so negative inputs keep their gradient.
    """
    return x * tanh.compute(x)


@derivative(lisht)
def _(x: Any) -> Any:
    """``tanh(x) + x · (1 - tanh(x)²)``"""
    # Beyond 60 the second term is below the rounding of the first in float64, and inf · 0 would be NaN.
    near = ops.clip(x, -60.0, 60.0)
    return tanh(near) + near * tanh.derivative(near)
