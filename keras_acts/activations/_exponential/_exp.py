"""The exponential and the hyperbolic sine."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.series import SINH, polynomial

FAMILY = "exponential"


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    aliases=("exp",),
    reference="classic",
)
def exponential(x: Any) -> Any:
    """``exp(x)``

    A positive output on a logarithmic scale, such as a rate or a variance. It overflows to infinity above 88.7 in float32 and
    bfloat16, and above 11 in float16. `softplus` does not.

    >>> import keras_acts
    >>> float(keras_acts.activations.exponential(0.0))
    1.0
    """
    return ops.exp(x)


@derivative(exponential)
def _(x: Any) -> Any:
    """``exp(x)``"""
    return ops.exp(x)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    reference="classic",
)
def sinh(x: Any) -> Any:
    """``(exp(x) - exp(-x)) / 2``

    The identity near 0 and an exponential of either sign far from it: the inverse of `asinh`, for outputs that span many orders
    of magnitude. It overflows to infinity beyond 89.4 in float32 and 11.7 in float16.
    """
    # A series takes over where the exponentials cancel.
    near = ops.clip(x, -1.0, 1.0)
    rise, fall = _halves_of_exp(x)
    far = ops.where(x > 0, rise - fall, fall - rise)
    return ops.where(ops.absolute(x) < 1.0, x * polynomial(ops.square(near), SINH), far)


@derivative(sinh)
def _(x: Any) -> Any:
    """``(exp(x) + exp(-x)) / 2``"""
    rise, fall = _halves_of_exp(x)
    return rise + fall


def _halves_of_exp(x: Any) -> tuple[Any, Any]:
    """``exp(|x|) / 2`` and ``exp(-|x|) / 2``. The first is made of ``exp(|x| - 1)``, to overflow no earlier than the result."""
    size = ops.absolute(x)
    return math.e / 2.0 * ops.exp(size - 1.0), 0.5 * ops.exp(-size)
