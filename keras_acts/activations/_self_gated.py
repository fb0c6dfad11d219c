"""Self-gated activations: x times a function of x."""

import math
from typing import Any

from keras import ops

from keras_acts._catalogue import activation, derivative
from keras_acts.activations._sigmoidal import tanh


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
