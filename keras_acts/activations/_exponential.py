"""Activations made of exponentials, most of them linear on one side; and `squareplus`, which is shaped like them."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.compensated import coarse, leading
from keras_acts._math.series import SINH, polynomial
from keras_acts._precision import HUGE
from keras_acts._record.parameters import AnyReal, NonNegative, Positive
from keras_acts.activations._sigmoidal import sigmoid

FAMILY = "exponential"

SELU_ALPHA = 1.6732632423543772848
SELU_SCALE = 1.0507009873554804934


@activation(
    range=(-1, math.inf),
    monotonic=True,
    smoothness=1,
    reference="Clevert, Unterthiner & Hochreiter 2016, arXiv:1511.07289",
)
def elu(x: Any, alpha: NonNegative = 1.0) -> Any:
    """``x if x > 0, else alpha · (exp(x) - 1)``

    Linear for positive inputs, a saturating exponential for negative ones, which pulls the mean activation towards 0.

    Args:
        alpha: Minus the limit at -inf, at least 0. Only 1 gives a continuous slope at 0.

    >>> import keras_acts
    >>> keras_acts.describe("elu").limits
    (-1, inf)
    """
    return ops.where(x > 0, x, alpha * ops.expm1(ops.negative_part(x)))


@derivative(elu)
def _(x: Any, alpha: Any) -> Any:
    """``1 if x > 0, else alpha · exp(x)``"""
    # expm1(x) + 1, which automatic differentiation makes of it, is 0 below -17 in float32
    return ops.where(x > 0, 1.0, _scaled_exp(alpha, x))


@activation(
    range=(-SELU_SCALE * SELU_ALPHA, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("scaled_exponential_linear_unit",),
    reference="Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv:1706.02515",
)
def selu(x: Any) -> Any:
    """``1.0507 · x if x > 0, else 1.7581 · (exp(x) - 1)``

    An ELU scaled so that activations keep mean 0 and variance 1 through a deep stack of dense layers. That needs the
    initialiser ``lecun_normal``, standardised inputs and, for dropout, ``keras.layers.AlphaDropout``.

    The constants are 1.05070098735548 = scale and 1.75809934084738 = scale · 1.67326324235438.
    """
    return ops.where(x > 0, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * ops.expm1(ops.negative_part(x)))


@derivative(selu)
def _(x: Any) -> Any:
    """``1.0507 if x > 0, else 1.7581 · exp(x)``"""
    return ops.where(x > 0, SELU_SCALE, _scaled_exp(SELU_SCALE * SELU_ALPHA, x))


def _scaled_exp(scale: float, x: Any) -> Any:
    """``scale · exp(min(0, x))``, where exp(x) alone may underflow."""
    root = ops.exp(0.5 * ops.negative_part(x))
    return scale * root * root


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    aliases=("smooth_relu",),
    reference="Dugas et al. 2001, NIPS 13",
)
def softplus(x: Any) -> Any:
    """``log(1 + exp(x))``

    A smooth ReLU that is positive everywhere: for outputs that are rates, scales or variances.
    """
    # max(0, x) + log(1 + exp(-|x|)) neither overflows nor loses the left tail
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
    range=(-1, math.inf),
    monotonic=True,
    smoothness=1,
    reference="Barron 2017, arXiv:1704.07483",
)
def celu(x: Any, alpha: Positive = 1.0) -> Any:
    """``x if x > 0, else alpha · (exp(x / alpha) - 1)``

    An ELU whose slope is continuous at 0 for every `alpha`.

    Args:
        alpha: Minus the limit at -inf, above 0.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.celu([-1e9, 3.0], alpha=0.5)]
    [-0.5, 3.0]
    """
    return ops.where(x > 0, x, alpha * ops.expm1(ops.negative_part(x) / alpha))


@derivative(celu)
def _(x: Any, alpha: Any) -> Any:
    """``1 if x > 0, else exp(x / alpha)``"""
    return ops.where(x > 0, 1.0, ops.exp(ops.negative_part(x) / alpha))


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    aliases=("exp",),
    reference="classic",
)
def exponential(x: Any) -> Any:
    """``exp(x)``

    A positive output on a logarithmic scale, such as a rate or a variance. It ends in infinity above 88.7 in float32 and
    bfloat16 and above 11 in float16; `softplus` does not.

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
    range=(0, math.inf),
    monotonic=True,
    smoothness=math.inf,
    aliases=("sqrtsoftplus",),
    reference="DeepSeek-V4 2026, router scores of its experts",
)
def sqrt_softplus(x: Any) -> Any:
    """``sqrt(log(1 + exp(x)))``

    Positive, exponential on the left and growing like a square root on the right: scores for a router that ranks experts
    without letting a few large ones crowd out the rest.
    """
    near, far = _parts(x)
    return ops.where(x > ROOT_ALONE, ops.sqrt(softplus(near)), ops.exp(0.5 * far))


@derivative(sqrt_softplus)
def _(x: Any) -> Any:
    """``1 / (2 · (1 + exp(-x)) · sqrt(log(1 + exp(x))))``"""
    near, far = _parts(x)
    return 0.5 * ops.where(x > ROOT_ALONE, sigmoid(near) / ops.sqrt(softplus(near)), ops.exp(0.5 * far))


# Below it sqrt(softplus(x)) is exp(x / 2) to all digits of float64, while softplus(x) may underflow.
ROOT_ALONE = -40.0


def _parts(x: Any) -> tuple[Any, Any]:
    """The input above and below the point, where it lies there; else the point."""
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
        b: How far from ReLU, above 0: the value at 0 is ``sqrt(b) / 2``. With ``4 · log(2)²`` it is that of softplus.

    >>> import keras_acts
    >>> float(keras_acts.activations.squareplus(0.0))
    1.0
    """
    # times the conjugate: x + sqrt(x² + b) would lose the left tail
    root = _root(b)
    ratio = x / root
    return ops.relu(x) + 0.5 * root / (ops.magnitude(ratio) + ops.length(ratio))


@derivative(squareplus)
def _(x: Any, b: Any) -> Any:
    """``(1 + x / sqrt(x² + b)) / 2``"""
    ratio = ops.clip(x / _root(b), -HUGE, HUGE)  # inf / inf is NaN
    size = ops.length(ratio)
    return (ops.relu(ratio) + 0.5 / (ops.magnitude(ratio) + size)) / size


def _root(b: Any) -> Any:
    return math.sqrt(b) if isinstance(b, float) else ops.sqrt(b)


@activation(
    range=(-0.20575122404, math.inf),
    monotonic=False,
    smoothness=1,
    limits=(math.inf, math.inf),
    reference="Huang 2024, Deriving Activation Functions Using Integration, arXiv:2411.13010",
)
def xielu(x: Any, alpha_p: Positive = 0.8, alpha_n: Positive = 0.8, beta: AnyReal = 0.5) -> Any:
    """``alpha_p · x² + beta · x if x > 0, else alpha_n · (exp(x) - 1 - x) + beta · x``

    The integral of an ELU-shaped slope: quadratic for positive inputs, and with a gradient that may change its sign for
    negative ones. Made for the feed-forward blocks of language models, where the layer `XIELU` learns both alphas.

    Args:
        alpha_p: Curvature for positive inputs, above 0.
        alpha_n: How much the slope falls towards -inf, where it is ``beta - alpha_n``; above 0.
        beta: Slope at 0.

    >>> import keras_acts
    >>> float(keras_acts.activations.xielu(2.0, alpha_p=1.0))
    5.0
    """
    positive = ops.relu(x)
    near, far = _above_and_below(x)
    # Below -1 as alpha_n · exp(x) + ((beta - alpha_n) · x - alpha_n), the product to more digits than one number has, since
    # the terms cancel where the function crosses 0.
    fall = beta - alpha_n
    first = leading(fall)
    second = (ops.ones_like(x) * beta - first) - alpha_n
    whole = coarse(ops.clip(far, -64.0, 0.0))
    part = 0.0 if isinstance(fall, float) and fall == 0 else fall * (far - whole)  # 0 · inf is NaN
    line = (first * whole - alpha_n) + (part + second * whole)
    negative = ops.where(x > -1.0, near * (beta + alpha_n * near * polynomial(near, EXP_2)), alpha_n * ops.exp(far) + line)
    return ops.where(x > 0, positive * (alpha_p * positive + beta), negative)


@derivative(xielu)
def _(x: Any, alpha_p: Any, alpha_n: Any, beta: Any) -> Any:
    """``2 · alpha_p · x + beta if x > 0, else alpha_n · (exp(x) - 1) + beta``"""
    near, far = _above_and_below(x)
    fall = ops.ones_like(x) * beta - alpha_n
    expm1 = near * (1.0 + near * polynomial(near, EXP_2))
    negative = ops.where(x > -1.0, beta + alpha_n * expm1, alpha_n * ops.exp(far) + fall)
    return ops.where(x > 0, 2.0 * alpha_p * ops.relu(x) + beta, negative)


@derivative(xielu, "alpha_p")
def _(x: Any, alpha_p: Any, alpha_n: Any, beta: Any) -> Any:
    """``max(0, x)²``"""
    return ops.square(ops.relu(x))


@derivative(xielu, "alpha_n")
def _(x: Any, alpha_p: Any, alpha_n: Any, beta: Any) -> Any:
    """``0 if x > 0, else exp(x) - 1 - x``"""
    near, far = _above_and_below(x)
    return ops.where(x > -1.0, ops.square(near) * polynomial(near, EXP_2), ops.expm1(far) - far)


@derivative(xielu, "beta")
def _(x: Any, alpha_p: Any, alpha_n: Any, beta: Any) -> Any:
    """``x``"""
    return x


# (exp(x) - 1 - x) / x² in powers of x, the highest first: complete for |x| <= 1 in float64
EXP_2 = tuple(1.0 / math.factorial(k + 2) for k in range(16, -1, -1))


def _above_and_below(x: Any) -> tuple[Any, Any]:
    """``min(0, x)`` where x is above -1 and x where it is below; else -1."""
    return ops.where(x > -1.0, ops.negative_part(x), -1.0), ops.where(x > -1.0, -1.0, x)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    reference="classic",
)
def sinh(x: Any) -> Any:
    """``(exp(x) - exp(-x)) / 2``

    The identity near 0 and an exponential of either sign far out; the inverse of `asinh`, for outputs that span many orders
    of magnitude. It ends in infinity beyond 89.4 in float32 and 11.7 in float16.
    """
    # a series where the exponentials cancel
    near = ops.clip(x, -1.0, 1.0)
    rise, fall = _halves_of_exp(x)
    far = ops.where(x > 0, 1.0, -1.0) * (rise - fall)
    return ops.where(ops.absolute(x) < 1.0, x * polynomial(ops.square(near), SINH), far)


@derivative(sinh)
def _(x: Any) -> Any:
    """``(exp(x) + exp(-x)) / 2``"""
    rise, fall = _halves_of_exp(x)
    return rise + fall


def _halves_of_exp(x: Any) -> tuple[Any, Any]:
    """``exp(|x|) / 2`` and ``exp(-|x|) / 2``, the first by way of ``exp(|x| - 1)``: it overflows no earlier than the result."""
    size = ops.magnitude(x)
    return math.e / 2.0 * ops.exp(size - 1.0), 0.5 * ops.exp(-size)
