"""Activations with a periodic part."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.series import polynomial
from keras_acts._precision import HUGE
from keras_acts._record.parameters import Positive

FAMILY = "periodic"


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    same_as=("snake_beta(x, alpha=1, beta=1)",),
    equals=("x + sin(x) ** 2",),
    reference="Ziyin, Hartwig & Ueda 2020, arXiv:2006.08195",
)
def snake(x: Any, alpha: Positive = 1.0) -> Any:
    """``x + sin(alpha · x)² / alpha``

    Learns periodic signals and continues them beyond the training data, where ReLU and tanh cannot. The layer `Snake` learns
    `alpha`.

    Args:
        alpha: Angular frequency, above 0: the period is ``pi / alpha``. Start near the frequency of the data if it is known.
            5 to 50 suits fast signals.

    >>> import keras_acts
    >>> keras_acts.get("snake", alpha=5.0)
    keras_acts.get('snake', alpha=5.0)
    """
    return x + ops.square(ops.sin(_angle(x, alpha))) / _divisor(alpha)


@derivative(snake)
def _(x: Any, alpha: Any) -> Any:
    """``1 + sin(2 · alpha · x)``"""
    # As a square it is exact at its zeros, and no doubled angle can overflow.
    angle = _angle(x, alpha)
    return ops.square(ops.sin(angle) + ops.cos(angle))


@derivative(snake, "alpha")
def _(x: Any, alpha: Any) -> Any:
    """``x · sin(2 · alpha · x) / alpha - sin(alpha · x)² / alpha²``"""
    # s · (2 x cos - s) with s = sin(alpha · x) / alpha does not cancel as alpha · x goes to 0, where it tends to x².
    angle = _angle(x, alpha)
    s = ops.where(ops.equal(angle, 0), x, ops.sin(angle) / _divisor(alpha))
    return s * (2.0 * x * ops.cos(angle) - s)


def _angle(x: Any, alpha: Any) -> Any:
    """``alpha · x``, kept finite: sine and cosine of infinity are NaN."""
    return ops.clip(alpha * x, -HUGE, HUGE)


def _divisor(alpha: Any) -> Any:
    """`alpha`, or 1 where a learned alpha is 0. The sine that is divided by it is 0 there too, and snake(x, 0) is x."""
    return alpha if isinstance(alpha, float) else ops.where(ops.equal(alpha, 0), 1.0, alpha)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    reference="Lee et al. 2023, BigVGAN, arXiv:2206.04658",
)
def snake_beta(x: Any, alpha: Positive = 1.0, beta: Positive = 1.0) -> Any:
    """``x + sin(alpha · x)² / beta``

    A `snake` whose frequency and magnitude are set separately, for audio of many pitches and levels. The layer `SnakeBeta`
    learns both.

    Args:
        alpha: Angular frequency, above 0: the period is ``pi / alpha``.
        beta: One over the magnitude of the periodic part, above 0. The function is monotonic as long as `alpha` is at most
            `beta`.

    >>> import keras_acts
    >>> keras_acts.get("snake_beta", alpha=5.0, beta=2.0)
    keras_acts.get('snake_beta', alpha=5.0, beta=2.0)
    """
    return x + ops.square(ops.sin(_angle(x, alpha))) / _divisor(beta)


@derivative(snake_beta)
def _(x: Any, alpha: Any, beta: Any) -> Any:
    """``1 + alpha / beta · sin(2 · alpha · x)``"""
    angle, ratio = _angle(x, alpha), alpha / _divisor(beta)
    sine, cosine = ops.sin(angle), ops.cos(angle)
    # Up to a ratio of 1 it is a square as in snake, exact at its zeros and without cancellation. The rest of a larger ratio is
    # added as it is.
    part = _at_most_1(ratio)
    return (1.0 - part) + part * ops.square(sine + cosine) + (ratio - part) * (2.0 * sine * cosine)


@derivative(snake_beta, "alpha")
def _(x: Any, alpha: Any, beta: Any) -> Any:
    """``x · sin(2 · alpha · x) / beta``"""
    angle = _angle(x, alpha)
    return x * (2.0 * ops.sin(angle) * ops.cos(angle) / _divisor(beta))


@derivative(snake_beta, "beta")
def _(x: Any, alpha: Any, beta: Any) -> Any:
    """``-sin(alpha · x)² / beta²``"""
    return -ops.square(ops.sin(_angle(x, alpha)) / _divisor(beta))


def _at_most_1(ratio: Any) -> Any:
    """The ratio, or 1 if it is larger."""
    return min(ratio, 1.0) if isinstance(ratio, float) else ops.where(ratio < 1.0, ratio, 1.0)


@activation(
    range=(-1, 1),
    monotonic=False,
    smoothness=math.inf,
    limits=(None, None),
    parity="odd",
    aliases=("sine",),
    reference="Gaynier & Downs 1995; Parascandolo, Huttunen & Virtanen 2017; Sitzmann et al. 2020, SIREN, arXiv:2006.09661",
)
def sin(x: Any, omega: Positive = 1.0) -> Any:
    """``sin(omega · x)``

    Represents signals and all their derivatives: for networks that map coordinates to images, sounds or fields (SIREN, where
    `omega` is 30 and the weights are initialized to match).

    Args:
        omega: Angular frequency, above 0.
    """
    return ops.sin(_angle(x, omega))


@derivative(sin)
def _(x: Any, omega: Any) -> Any:
    """``omega · cos(omega · x)``"""
    return omega * ops.cos(_angle(x, omega))


@derivative(sin, "omega")
def _(x: Any, omega: Any) -> Any:
    """``x · cos(omega · x)``"""
    return x * ops.cos(_angle(x, omega))


@activation(
    range=(-1, 1),
    monotonic=False,
    smoothness=math.inf,
    limits=(None, None),
    parity="even",
    reference="classic",
)
def cos(x: Any) -> Any:
    """``cos(x)``

    The even companion of `sin`, for random Fourier features and periodic encodings.
    """
    return ops.cos(_angle(x, 1.0))


@derivative(cos)
def _(x: Any) -> Any:
    """``-sin(x)``"""
    return -ops.sin(_angle(x, 1.0))


@activation(
    range=(-0.217233628211222, 1),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, 0),
    parity="even",
    reference="Efe 2008, Neural Processing Letters 28; Ramasinghe & Lucey 2022, arXiv:2111.15135",
)
def sinc(x: Any) -> Any:
    """``sin(pi · x) / (pi · x)``

    1 at 0 and exactly 0 at every other integer, with ripples that fade like 1/x: a band-limited bump for networks that
    interpolate signals.
    """
    angle, _ = _half_turns(x)
    tiny = ops.absolute(x) < 1e-9
    return ops.where(tiny, 1.0, ops.sin(angle) / (math.pi * ops.where(tiny, 1.0, x)))


@derivative(sinc)
def _(x: Any) -> Any:
    """``(cos(pi · x) - sinc(x)) / x``"""
    angle, beyond = _half_turns(x)
    cosine = ops.cos(angle)
    cosine = ops.where(beyond, -cosine, cosine)
    small = ops.absolute(x) < 0.5
    near = ops.where(small, x, 0.0)
    far = ops.where(small, 1.0, ops.clip(x, -HUGE, HUGE))
    slope = (cosine - ops.sin(angle) / (math.pi * far)) / far
    return ops.where(small, near * polynomial(ops.square(near), SINC_SLOPE), slope)


# The derivative of sinc divided by x, in powers of x², the highest first: complete for |x| <= 1/2 in float64.
SINC_SLOPE = tuple((-1) ** k * 2 * k * math.pi ** (2 * k) / math.factorial(2 * k + 1) for k in range(11, 0, -1))


def _half_turns(x: Any) -> tuple[Any, Any]:
    """An angle up to a quarter turn that has the sine of ``pi · x``, and whether its cosine has the other sign."""
    x = ops.clip(x, -HUGE, HUGE)  # inf - inf would be NaN
    turned = x - 2.0 * ops.round(0.5 * x)
    beyond = ops.absolute(turned) > 0.5
    return math.pi * ops.where(beyond, ops.sign(turned) - turned, turned), beyond
