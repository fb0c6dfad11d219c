"""Softplus, its variants, and `squareplus`, which has its shape."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._precision import HUGE
from keras_acts._record.parameters import Positive
from keras_acts.activations._sigmoidal import sigmoid

FAMILY = "exponential"


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    aliases=("smooth_relu",),
    equals=("x + softplus(-x)", "softplus.derivative(x) = sigmoid(x)"),
    reference="Dugas et al. 2001, NIPS 13",
)
def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``

    A smooth ReLU that is positive everywhere: for outputs that are rates, scales or variances.
    """
    # max(0, x) + log(1 + exp(-|x|)) neither overflows nor loses the left tail.
    return ops.relu(x) + ops.log1p(ops.exp(-ops.absolute(x)))


@derivative(softplus)
def _(x: Any) -> Any:
    """``1 / (1 + exp(-x))``"""
    return sigmoid(x)


@activation(
    range=(-math.inf, 0),
    monotonic=True,
    smoothness=math.inf,
    aliases=("logsigmoid",),
    equals=("-softplus(-x)",),
    reference="classic",
)
def log_sigmoid(x: Any) -> Any:
    """``-log(1 + exp(-x))``

    The logarithm of `sigmoid` without its underflow: for log-likelihoods of binary outcomes.
    """
    return -softplus.compute(-x)


@derivative(log_sigmoid)
def _(x: Any) -> Any:
    """``1 / (1 + exp(x))``"""
    return sigmoid(-x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    aliases=("sqrtsoftplus",),
    equals=("sqrt(softplus(x))",),
    reference="DeepSeek-V4 2026, router scores of its experts",
)
def sqrt_softplus(x: Any) -> Any:
    """``sqrt(log(1 + exp(x)))``

    Positive, exponential on the left, and growing like a square root on the right: scores for a router that ranks experts
    without letting a few large ones crowd out the rest.
    """
    near, far = _parts(x)
    return ops.where(x > ROOT_ALONE, ops.sqrt(softplus(near)), ops.exp(0.5 * far))


@derivative(sqrt_softplus)
def _(x: Any) -> Any:
    """``1 / (2 · (1 + exp(-x)) · sqrt(log(1 + exp(x))))``"""
    near, far = _parts(x)
    return 0.5 * ops.where(x > ROOT_ALONE, sigmoid(near) / ops.sqrt(softplus(near)), ops.exp(0.5 * far))


# Below this point sqrt(softplus(x)) is exp(x / 2) to all digits of float64, while softplus(x) may underflow.
ROOT_ALONE = -40.0


def _parts(x: Any) -> tuple[Any, Any]:
    """The larger and the smaller of the input and the point."""
    return ops.where(x > ROOT_ALONE, x, ROOT_ALONE), ops.where(x > ROOT_ALONE, ROOT_ALONE, x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    reference="Barron 2021, arXiv:2112.11687",
)
def squareplus(x: Any, b: Positive = 4.0) -> Any:
    """``(x + sqrt(x² + b)) / 2``

    A softplus without exponential or logarithm: positive and smooth, with a left tail that falls like 1/x rather than
    exponentially.

    Args:
        b: Distance from ReLU, above 0: the value at 0 is ``sqrt(b) / 2``. With ``4 · log(2)²`` it is that of softplus.

    >>> import keras_acts
    >>> float(keras_acts.activations.squareplus(0.0))
    1.0
    """
    # Multiplied by the conjugate, since x + sqrt(x² + b) would lose the left tail.
    root = _root(b)
    ratio = x / root
    return ops.relu(x) + 0.5 * root / (ops.absolute(ratio) + ops.length(ratio))


@derivative(squareplus)
def _(x: Any, b: Any) -> Any:
    """``(1 + x / sqrt(x² + b)) / 2``"""
    ratio = ops.clip(x / _root(b), -HUGE, HUGE)  # inf / inf would be NaN
    size = ops.length(ratio)
    return (ops.relu(ratio) + 0.5 / (ops.absolute(ratio) + size)) / size


@derivative(squareplus, "b")
def _(x: Any, b: Any) -> Any:
    """``1 / (4 · sqrt(x² + b))``"""
    root = _root(b)
    return 0.25 / (root * ops.length(x / root))


def _root(b: Any) -> Any:
    """The square root of `b`, which may be learned."""
    return math.sqrt(b) if isinstance(b, float) else ops.sqrt(b)
