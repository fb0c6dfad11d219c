"""Self-gated activations: x times a function of x."""

import math
from typing import Any

from keras import ops

from keras_acts._catalogue import activation, derivative
from keras_acts.activations._sigmoidal import sigmoid, tanh


@activation(
    range=(0, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(math.inf, math.inf),
    parity="even",
    reference="Roy et al. 2019, arXiv:1901.05894",
)
def lisht(x: Any) -> Any:
    """``x · tanh(x)``

    A smooth absolute value: even and never negative, so negative inputs keep their gradient.
    """
    return x * tanh.record.compute(x)


@derivative(lisht)
def _(x: Any) -> Any:
    """``tanh(x) + x · (1 - tanh(x)²)``"""
    # beyond 60 the second term is below the rounding of the first in float64, and inf · 0 would be NaN
    near = ops.clip(x, -60.0, 60.0)
    return tanh(near) + near * tanh.derivative(near)


@activation(
    range=(-0.2784645427610738, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("swish",),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415; Elfwing, Uchibe & Doya 2017, arXiv:1702.03118",
)
def silu(x: Any) -> Any:
    """``x / (1 + exp(-x))``

    The input gated by its own sigmoid: a smooth ReLU with a dip of -0.28 at -1.28, the standard of many recent networks.
    """
    near = ops.clip(x, -1000.0, math.inf)  # -inf · 0 is NaN
    factor, divisor = _sigmoid_parts(near)
    return near * factor / divisor * factor


@derivative(silu)
def _(x: Any) -> Any:
    """``sigmoid(x) · (1 + x · sigmoid(-x))``"""
    near = ops.clip(x, -1000.0, 1000.0)  # inf · 0 is NaN
    factor, divisor = _sigmoid_parts(near)
    return factor * (1.0 + near * sigmoid(-near)) / divisor * factor


def _sigmoid_parts(x: Any) -> tuple[Any, Any]:
    """``factor`` and ``divisor`` with ``sigmoid(x) = factor² / divisor``, to be multiplied by one factor at a time.

    The product of something with exp(x) is a normal number where exp(x) alone no longer is.
    """
    positive = x > 0
    root = ops.exp(0.5 * ops.where(positive, -x, x))
    return ops.where(positive, 1.0, root), 1.0 + ops.square(root)
