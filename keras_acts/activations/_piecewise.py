"""Piecewise linear and polynomial activations that are no rectifiers."""

import math
from typing import Any

from keras import ops

from keras_acts._catalogue import activation, derivative


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    limits=(-math.inf, math.inf),
    parity="odd",
    aliases=("identity",),
    reference="classic",
)
def linear(x: Any) -> Any:
    """``x``

    The input itself: for the output layer of a regression, or to switch an activation off.
    """
    return x


@derivative(linear)
def _(x: Any) -> Any:
    """``1``"""
    return ops.ones_like(x)
