"""Exponential units: a line or a parabola above 0, an exponential below."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.compensated import coarse, leading
from keras_acts._math.series import polynomial
from keras_acts._record.parameters import AnyReal, NonNegative, Positive

FAMILY = "exponential"

SELU_ALPHA = 1.6732632423543772848
SELU_SCALE = 1.0507009873554804934


@activation(
    range=(-1, math.inf),
    monotonic=True,
    smoothness=1,
    same_as=("elu(x, alpha=0) = relu(x)",),
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
    # Automatic differentiation would make expm1(x) + 1 of it, which is 0 below -17 in float32.
    return ops.where(x > 0, 1.0, _scaled_exp(alpha, x))


@derivative(elu, "alpha")
def _(x: Any, alpha: Any) -> Any:
    """``0 if x > 0, else exp(x) - 1``"""
    return ops.expm1(ops.negative_part(x))


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
    initializer ``lecun_normal``, standardized inputs and, for dropout, ``keras.layers.AlphaDropout``.

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
    range=(-1, math.inf),
    monotonic=True,
    smoothness=1,
    equals=("elu(x)",),
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
    negative = ops.negative_part(x)
    ratio = negative / alpha
    below = alpha * ops.expm1(ratio)
    if isinstance(alpha, float) and alpha > 2.0**20:  # the ratio may be flushed to 0
        below = ops.where(ratio > -(2.0**-27), negative + 0.5 * negative * ratio, below)
    return ops.where(x > 0, x, below)


@derivative(celu)
def _(x: Any, alpha: Any) -> Any:
    """``1 if x > 0, else exp(x / alpha)``"""
    return ops.where(x > 0, 1.0, ops.exp(ops.negative_part(x) / alpha))


@derivative(celu, "alpha")
def _(x: Any, alpha: Any) -> Any:
    """``0 if x > 0, else exp(x / alpha) · (1 - x / alpha) - 1``"""
    z = ops.negative_part(x) / alpha
    near, far = ops.clip(z, -1.0, 0.0), ops.clip(z, -1000.0, -1.0)
    series = -ops.square(near) * polynomial(near, CELU_ALPHA)
    return ops.where(z > -1.0, series, ops.exp(far) * (1.0 - far) - 1.0)


# (1 - exp(z) · (1 - z)) / z² in powers of z, the highest first: complete for |z| <= 1 in float64
CELU_ALPHA = tuple((k + 1.0) / math.factorial(k + 2) for k in range(18, -1, -1))


@activation(
    range=(-0.20575122404, math.inf),
    monotonic=False,
    smoothness=1,
    limits=(math.inf, math.inf),
    reference="Huang 2024, Deriving Activation Functions Using Integration, arXiv:2411.13010",
)
def xielu(x: Any, alpha_p: Positive = 0.8, alpha_n: Positive = 0.8, beta: AnyReal = 0.5) -> Any:
    """``alpha_p · x² + beta · x if x > 0, else alpha_n · (exp(x) - 1 - x) + beta · x``

    The integral of a slope with the shape of ELU: quadratic for positive inputs, and with a gradient that may change its sign
    for negative ones. It was made for the feed-forward blocks of language models. The layer `XIELU` learns both alphas.

    Args:
        alpha_p: Curvature for positive inputs, above 0.
        alpha_n: How much the slope falls towards -inf, above 0. The slope there is ``beta - alpha_n``.
        beta: Slope at 0, any number.

    >>> import keras_acts
    >>> float(keras_acts.activations.xielu(2.0, alpha_p=1.0))
    5.0
    """
    positive = ops.relu(x)
    near, far = _above_and_below(x)
    # Below -1 the function is alpha_n · exp(x) + ((beta - alpha_n) · x - alpha_n). The terms cancel where it crosses 0, so the
    # product is computed to more digits than one number has.
    fall = beta - alpha_n
    first = leading(fall)
    second = (ops.ones_like(x) * beta - first) - alpha_n
    whole = coarse(ops.clip(far, -64.0, 0.0))
    line = (first * whole - alpha_n) + (ops.product(fall, far - whole) + second * whole)
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
    """``min(0, x)`` where x is above -1, and x where it is not. Elsewhere each of the two is -1."""
    return ops.where(x > -1.0, ops.negative_part(x), -1.0), ops.where(x > -1.0, -1.0, x)
