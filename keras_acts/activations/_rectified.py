"""Rectifiers: the identity above a threshold, something small below."""

import math
from typing import Any

from keras import ops

from keras_acts._catalogue import activation, derivative
from keras_acts._parameters import NonNegative, OptionalPositive


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    limits=(0, math.inf),
    aliases=("rectifier",),
    reference="Fukushima 1969, IEEE Trans. SSC 5(4); Nair & Hinton 2010, ICML",
)
def relu(
    x: Any,
    negative_slope: NonNegative = 0.0,
    max_value: OptionalPositive = None,
    threshold: NonNegative = 0.0,
) -> Any:
    """``max(0, x)``

    The standard choice for hidden layers: cheap and sparse. A unit whose input stays negative gets no gradient and stays
    dead; `leaky_relu`, `elu` and `softplus` avoid that.

    Args:
        x: Input of any shape.
        negative_slope: Slope below `threshold`, where the value is ``negative_slope · (x - threshold)``.
        max_value: Largest value, above 0, or None for no limit. The gradient is 0 from there on.
        threshold: Where the identity begins; the function jumps there if it is not 0.

    Returns:
        Tensor of the shape and dtype of `x`.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.relu([-2.0, 0.0, 3.0])]
    [0.0, 0.0, 3.0]
    """
    if threshold == 0 and negative_slope == 0:
        y = ops.relu(x)
    else:
        # 0 · (-inf) is NaN: a slope of 0 must not be multiplied out
        below = negative_slope * (x - threshold) if negative_slope else ops.zeros_like(x)
        y = ops.where(x <= threshold, below, x)
    return y if max_value is None else ops.where(y >= max_value, max_value, y)


@derivative(relu)
def _(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """``1 if x > 0, else 0``"""
    slope = _branches(x, threshold, negative_slope, 1.0)
    if max_value is None:
        return slope
    return ops.where(ops.logical_and(x > threshold, x >= max_value), 0.0, slope)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=0,
    limits=(-math.inf, math.inf),
    aliases=("lrelu",),
    reference="Maas, Hannun & Ng 2013, ICML workshop on deep learning for audio, speech and language processing",
)
def leaky_relu(x: Any, negative_slope: NonNegative = 0.01) -> Any:
    """``x if x > 0, else negative_slope · x``

    A ReLU whose units never die, since a little gradient passes below 0. The default slope is the paper's 0.01, as in torch
    and JAX; Keras has 0.2 in its function and 0.3 in its layer.

    Args:
        x: Input of any shape.
        negative_slope: Slope below 0, at least 0; in `PReLU` it is learned.

    Returns:
        Tensor of the shape and dtype of `x`.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.leaky_relu([-2.0, 3.0], negative_slope=0.5)]
    [-1.0, 3.0]
    """
    if isinstance(negative_slope, float) and negative_slope == 0:
        return ops.relu(x)  # 0 · (-inf) is NaN
    return ops.where(x <= 0, negative_slope * x, x)


@derivative(leaky_relu)
def _(x: Any, negative_slope: float = 0.01) -> Any:
    """``1 if x > 0, else negative_slope``"""
    return _branches(x, 0.0, negative_slope, 1.0)


@derivative(leaky_relu, "negative_slope")
def _(x: Any, negative_slope: float = 0.01) -> Any:
    """``min(0, x)``"""
    return -ops.relu(-x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=1,
    limits=(0, math.inf),
    aliases=("relu_squared", "relu2"),
    reference="So et al. 2021, Primer, arXiv:2109.08668",
)
def squared_relu(x: Any) -> Any:
    """``max(0, x)²``

    ReLU without the kink, found by architecture search for the feed-forward blocks of transformers. It grows quickly: keep
    its inputs normalised, above all in float16, which ends at 65504 = squared_relu(255.9).

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.squared_relu([-2.0, 3.0])]
    [0.0, 9.0]
    """
    return ops.square(ops.relu(x))


@derivative(squared_relu)
def _(x: Any) -> Any:
    """``2 · max(0, x)``"""
    return 2.0 * ops.relu(x)


def _branches(x: Any, threshold: float, below: Any, above: float) -> Any:
    """`below` up to and including the threshold, `above` beyond it, NaN for NaN."""
    return ops.where(x <= threshold, below, ops.where(x > threshold, above, x))
