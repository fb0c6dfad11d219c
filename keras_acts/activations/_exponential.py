"""Activations made of one exponential: linear on one side, exponential or logarithmic on the other."""

import math
from typing import Any

from keras import ops

from keras_acts._catalogue import activation, derivative
from keras_acts._parameters import NonNegative
from keras_acts.activations._sigmoidal import sigmoid

SELU_ALPHA = 1.6732632423543772848
SELU_SCALE = 1.0507009873554804934


@activation(
    range=(-1, math.inf),
    monotonic=True,
    smoothness=1,
    limits=(-1, math.inf),
    reference="Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289",
)
def elu(x: Any, alpha: NonNegative = 1.0) -> Any:
    """``x if x > 0, else alpha · (exp(x) - 1)``

    Linear for positive inputs, a saturating exponential for negative ones, which pulls the mean activation towards 0.

    Args:
        x: Input of any shape.
        alpha: Minus the limit at -inf, at least 0. Only 1 gives a continuous slope at 0.

    Returns:
        Tensor of the shape and dtype of `x`.

    >>> import keras_acts
    >>> keras_acts.describe("elu").limits
    (-1, inf)
    """
    return ops.where(x > 0, x, alpha * ops.expm1(_negative_part(x)))


@derivative(elu)
def _(x: Any, alpha: float = 1.0) -> Any:
    """``1 if x > 0, else alpha · exp(x)``"""
    # expm1(x) + 1, which automatic differentiation makes of it, is 0 below -17 in float32
    return ops.where(x > 0, 1.0, _scaled_exp(alpha, x))


@activation(
    range=(-SELU_SCALE * SELU_ALPHA, math.inf),
    monotonic=True,
    smoothness=0,
    limits=(-SELU_SCALE * SELU_ALPHA, math.inf),
    reference="Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv:1706.02515",
)
def selu(x: Any) -> Any:
    """``1.0507 · x if x > 0, else 1.7581 · (exp(x) - 1)``

    An ELU scaled so that activations keep mean 0 and variance 1 through a deep stack of dense layers. That needs the
    initialiser ``lecun_normal``, standardised inputs and, for dropout, ``keras.layers.AlphaDropout``.

    The constants are 1.05070098735548 = scale and 1.75809934084738 = scale · 1.67326324235438.
    """
    return ops.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * ops.expm1(_negative_part(x)))


@derivative(selu)
def _(x: Any) -> Any:
    """``1.0507 if x > 0, else 1.7581 · exp(x)``"""
    return ops.where(x > 0, SELU_SCALE, _scaled_exp(SELU_SCALE * SELU_ALPHA, x))


def _negative_part(x: Any) -> Any:
    """``min(0, x)``; `ops.minimum` with a number would turn float64 into float32 on one backend."""
    return -ops.relu(-x)


def _scaled_exp(scale: float, x: Any) -> Any:
    """``scale · exp(min(0, x))``, where exp(x) alone may underflow."""
    root = ops.exp(0.5 * _negative_part(x))
    return scale * root * root


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("smooth_relu",),
    reference="Dugas et al. 2001, NIPS 13",
)
def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``

    A smooth ReLU that is positive everywhere: for outputs that are rates, scales or variances.
    """
    # max(0, x) + log(1 + exp(-|x|)) neither overflows nor loses the left tail
    return ops.relu(x) + ops.log1p(ops.exp(-ops.abs(x)))


@derivative(softplus)
def _(x: Any) -> Any:
    """``1 / (1 + exp(-x))``"""
    return sigmoid(x)


@activation(
    range=(-math.inf, 0),
    monotonic=True,
    smoothness=math.inf,
    limits=(-math.inf, 0),
    aliases=("logsigmoid",),
    reference="classic",
)
def log_sigmoid(x: Any) -> Any:
    """``-log(1 + exp(-x))``

    The logarithm of `sigmoid` without its underflow: for log-likelihoods of binary outcomes.
    """
    return -softplus.record.compute(-x)


@derivative(log_sigmoid)
def _(x: Any) -> Any:
    """``1 / (1 + exp(x))``"""
    return sigmoid(-x)
