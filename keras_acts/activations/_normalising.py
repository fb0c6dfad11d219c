"""Normalising activations: a row of scores becomes a distribution, or its logarithm."""

import math
from typing import Any

from keras import ops

from keras_acts._catalogue import activation
from keras_acts._parameters import Axis


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=math.inf,
    limits=(0, 1),
    reference="Bridle 1990, NATO ASI F68",
    elementwise=False,
    keeps_logits=True,
)
def softmax(x: Any, axis: Axis = -1) -> Any:
    """``exp(x_i) / sum_j exp(x_j)``

    Probabilities of exclusive classes from logits, summing to 1: the output layer of a multi-class classifier. Keras's
    cross-entropies find the logits behind it and stay exact where it saturates.

    Args:
        x: Logits, ``(..., n, ...)``.
        axis: The axis that sums to 1, or several that do together.

    Returns:
        Tensor of the shape and dtype of `x`.

    Raises:
        ValueError: If `x` lacks such an axis.

    >>> import keras_acts
    >>> [float(p) for p in keras_acts.activations.softmax([5.0, 5.0])]
    [0.5, 0.5]
    """
    if isinstance(axis, int):
        return ops.softmax(x, axis=axis)
    return ops.exp(log_softmax.record.compute(x, axis))


@activation(
    range=(-math.inf, 0),
    monotonic=True,
    smoothness=math.inf,
    limits=(-math.inf, 0),
    reference="Bridle 1990, NATO ASI F68",
    elementwise=False,
)
def log_softmax(x: Any, axis: Axis = -1) -> Any:
    """``x_i - log sum_j exp(x_j)``

    The logarithm of `softmax` without its underflow: for log-likelihoods.

    Args:
        x: Logits, ``(..., n, ...)``.
        axis: The axis whose probabilities sum to 1, or several whose do together.

    Returns:
        Tensor of the shape and dtype of `x`.

    Raises:
        ValueError: If `x` lacks such an axis.
    """
    if isinstance(axis, int):
        return ops.log_softmax(x, axis=axis)
    shifted = x - ops.stop_gradient(ops.max(x, axis=axis, keepdims=True))
    return shifted - ops.log(ops.sum(ops.exp(shifted), axis=axis, keepdims=True))
