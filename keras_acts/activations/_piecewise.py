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


@activation(
    range=(0, math.inf),
    monotonic=False,
    smoothness=0,
    limits=(math.inf, math.inf),
    parity="even",
    aliases=("absolute", "modulus"),
    reference="classic",
)
def abs(x: Any) -> Any:
    """``|x|``

    Passes the magnitude on, so no unit is ever dead; for inputs of which the sign means nothing.
    """
    return ops.abs(x)


@derivative(abs)
def _(x: Any) -> Any:
    """``sign(x)``"""
    # `ops.sign` of a subnormal number is that number on one backend
    return ops.where(x > 0, 1.0, ops.where(x < 0, -1.0, 0.0 * x))
