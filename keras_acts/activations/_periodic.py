"""Activations with a periodic part."""

import math
from typing import Any

from keras import ops

from keras_acts import _calculus
from keras_acts._catalogue import activation, derivative
from keras_acts._parameters import Positive
from keras_acts._precision import HUGE


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    limits=(-math.inf, math.inf),
    reference="Ziyin, Hartwig & Ueda 2020, arXiv:2006.08195",
)
def snake(x: Any, alpha: Positive = 1.0) -> Any:
    """``x + sin(alpha · x)² / alpha``

    Learns periodic signals and continues them beyond the training data, where ReLU and tanh can't. The layer `Snake`
    learns `alpha`.

    Args:
        x: Input of any shape.
        alpha: Angular frequency, above 0: the period is ``pi / alpha``. Start near the frequency of the data if it is known;
            5 to 50 suits fast signals.

    Returns:
        Tensor of the shape and dtype of `x`.

    >>> import keras_acts
    >>> keras_acts.get("snake", alpha=5.0)
    keras_acts.get('snake', alpha=5.0)
    """
    return x + ops.square(_calculus.sin(_angle(x, alpha))) / _divisor(alpha)


@derivative(snake)
def _(x: Any, alpha: Any = 1.0) -> Any:
    """``1 + sin(2 · alpha · x)``"""
    # as a square: exact at its zeros, and the doubled angle can't overflow
    angle = _angle(x, alpha)
    return ops.square(_calculus.sin(angle) + _calculus.cos(angle))


@derivative(snake, "alpha")
def _(x: Any, alpha: Any = 1.0) -> Any:
    """``x · sin(2 · alpha · x) / alpha - sin(alpha · x)² / alpha²``"""
    # s · (2 x cos - s) with s = sin(alpha · x) / alpha: no cancellation as alpha · x goes to 0, where it tends to x²
    angle = _angle(x, alpha)
    s = ops.where(angle == 0, x, _calculus.sin(angle) / _divisor(alpha))
    return s * (2.0 * x * _calculus.cos(angle) - s)


def _angle(x: Any, alpha: Any) -> Any:
    return ops.clip(alpha * x, -HUGE, HUGE)  # sine and cosine of inf are NaN


def _divisor(alpha: Any) -> Any:
    """`alpha`, or 1 where a learned alpha is 0: the sine above it is 0 there too, and snake(x, 0) is x."""
    return alpha if isinstance(alpha, float) else ops.where(alpha == 0, 1.0, alpha)
