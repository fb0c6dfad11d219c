"""S-shaped activations: increasing, steepest at or near 0, and bounded except for `asinh`."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.compensated import bell, coarse, exp_of_sum, quotient
from keras_acts._math.normal import scaled_erfc
from keras_acts._math.series import SINH, polynomial
from keras_acts._precision import HUGE
from keras_acts._record.parameters import AnyReal, Positive

FAMILY = "sigmoidal"


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=float("inf"),
    aliases=("logistic",),
    equals=("(1 + tanh(x / 2)) / 2",),
    reference="Verhulst 1845, Mém. Acad. R. Bruxelles 18",
    keeps_logits=True,
)
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``

    A probability from a logit: for the output layer of a binary or multi-label classifier, and for gates. On TensorFlow,
    Keras's cross-entropies find the logits behind it and stay exact where it saturates. On JAX and PyTorch their gradient is 0
    beyond logits of about 16, so give them the logits instead: ``from_logits=True``.
    """
    # Of exp(-|x|) nothing overflows on the way.
    e = ops.exp(-ops.absolute(x))
    return ops.where(x > 0, 1.0, e) / (1.0 + e)


@derivative(sigmoid)
def _(x: Any) -> Any:
    """``sigmoid(x) · (1 - sigmoid(x))``"""
    # It is even in x. For -|x| the factor that can round to 1 is the harmless one.
    s = sigmoid(-ops.absolute(x))
    return s * (1.0 - s)


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=float("inf"),
    parity="odd",
    equals=("2 * sigmoid(2 * x) - 1",),
    reference="classic",
)
def tanh(x: Any) -> Any:
    """``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``

    The zero-centered sigmoid of recurrent networks. It nears its limits exponentially fast: tanh'(10) is 8e-9.
    """
    return ops.tanh(x)


@derivative(tanh)
def _(x: Any) -> Any:
    """``1 - tanh(x)²``"""
    # 1 - tanh² is 0 as soon as tanh rounds to 1, and sech² is not. The square comes last, so that nothing underflows before the
    # result does.
    decay = ops.exp(-ops.absolute(x))
    return ops.square(2.0 * decay / (1.0 + ops.square(decay)))


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=1,
    parity="odd",
    aliases=("soft_sign",),
    reference="Elliott 1993, Univ. of Maryland TR 93-8; Bergstra et al. 2009; Glorot & Bengio 2010, AISTATS",
)
def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``

    Like tanh, but it nears its limits as slowly as 1/x, so gradients fade less: softsign'(10) is 1/121. The slope is largest
    at 0, where it is 1.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.softsign([-3.0, 0.0, 1.0])]
    [-0.75, 0.0, 0.5]
    """
    finite = ops.clip(x, -HUGE, HUGE)  # inf / inf would be NaN
    return finite / (1.0 + ops.absolute(finite))


@derivative(softsign)
def _(x: Any) -> Any:
    """``1 / (1 + |x|)²``"""
    return ops.square(1.0 / (1.0 + ops.absolute(x)))


@activation(
    range=(-math.pi / 2, math.pi / 2),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    aliases=("arctan",),
    reference="classic",
)
def atan(x: Any) -> Any:
    """``arctan(x)``

    A sigmoid with heavy tails: it nears its limits of -1.57 and 1.57 as slowly as 1/x. The gradient of large inputs fades, but
    it does not vanish as that of tanh does.
    """
    return ops.arctan(x)


@derivative(atan)
def _(x: Any) -> Any:
    """``1 / (1 + x²)``"""
    near = ops.clip(x, -HUGE / 4.0, HUGE / 4.0)  # the second derivative multiplies 0 by 2 x, which must be finite
    return 1.0 / (1.0 + ops.square(near))


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    aliases=("arcsinh",),
    reference="classic",
)
def asinh(x: Any) -> Any:
    """``log(x + sqrt(x² + 1))``

    The identity near 0 and a logarithm of either sign far from it. It compresses large values without saturating, which suits
    targets and inputs that span many orders of magnitude.
    """
    return ops.arcsinh(x)


@derivative(asinh)
def _(x: Any) -> Any:
    """``1 / sqrt(x² + 1)``"""
    return 1.0 / ops.length(x)


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    reference="classic",
)
def erf(x: Any) -> Any:
    """``2 / sqrt(pi) · integral of exp(-t²) from 0 to x``

    The error function, the sigmoid behind `gelu`. It saturates faster than tanh: at 4 it is 1 in float32.
    """
    # The frameworks' own erf is off by up to 7 roundings between 1 and 4.
    size = ops.clip(ops.absolute(x), 0.0, 30.0)
    far = 1.0 - scaled_erfc(size) * ops.exp(-ops.square(size))
    return ops.where(size < 1.0, ops.erf_of_small(x), ops.where(x > 0, far, -far))


@derivative(erf)
def _(x: Any) -> Any:
    """``2 / sqrt(pi) · exp(-x²)``"""
    x = ops.clip(x, -30.0, 30.0)  # beyond 30 the result is 0 in float64
    near = coarse(x)
    return bell(near, x - near, 2.0 / math.sqrt(math.pi))


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=math.inf,
    aliases=("mega_laplace", "laplace_activation"),
    reference="Ma et al. 2022, MEGA, arXiv:2209.10655",
)
def laplace(x: Any, mu: AnyReal = 0.707107, sigma: Positive = 0.282095) -> Any:
    """``(1 + erf((x - mu) / (sigma · sqrt(2)))) / 2``

    The normal distribution function. With the default parameters it follows the square of ReLU where attention scores lie, but
    it never exceeds 1, and its slope is bounded too.

    Args:
        mu: Where the value is 1/2, any number. The default is sqrt(1/2).
        sigma: Width of the step, above 0. The default is sqrt(1 / (4 pi)).

    >>> import keras_acts
    >>> float(keras_acts.activations.laplace(0.707107))
    0.5
    """
    near, rest = _standardised(x, mu, sigma)
    z = near + rest
    tail = 0.5 * scaled_erfc(ops.absolute(z) * math.sqrt(0.5)) * bell(near, rest, 1.0, 0.5)
    return ops.where(z < 0, tail, 1.0 - tail)


@derivative(laplace)
def _(x: Any, mu: Any, sigma: Any) -> Any:
    """``exp(-(x - mu)² / (2 · sigma²)) / (sigma · sqrt(2 · pi))``"""
    return bell(*_standardised(x, mu, sigma), 1.0 / (sigma * math.sqrt(2.0 * math.pi)), 0.5)


@derivative(laplace, "mu")
def _(x: Any, mu: Any, sigma: Any) -> Any:
    """``-exp(-(x - mu)² / (2 · sigma²)) / (sigma · sqrt(2 · pi))``"""
    return -bell(*_standardised(x, mu, sigma), 1.0 / (sigma * math.sqrt(2.0 * math.pi)), 0.5)


@derivative(laplace, "sigma")
def _(x: Any, mu: Any, sigma: Any) -> Any:
    """``-(x - mu) · exp(-(x - mu)² / (2 · sigma²)) / (sigma² · sqrt(2 · pi))``"""
    near, rest = _standardised(x, mu, sigma)
    return -(near + rest) * bell(near, rest, 1.0 / (sigma * math.sqrt(2.0 * math.pi)), 0.5)


def _standardised(x: Any, mu: Any, sigma: Any) -> tuple[Any, Any]:
    """``(x - mu) / sigma`` up to ±45, as a coarse number and the rest.

    Ten sigma below `mu`, the rounding of a single number would cost a hundred roundings of the result.
    """
    x = ops.clip(x, -HUGE, HUGE)
    difference = x - mu
    back = difference - x
    lost = (x - (difference - back)) - (mu + back)  # exactly what the subtraction lost
    near = ops.clip(difference, -45.0 * sigma, 45.0 * sigma)
    return quotient(near, sigma, ops.where(ops.equal(near, difference), lost, 0.0))


@activation(
    range=(-30, 30),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    aliases=("soft_cap", "tanh_cap"),
    reference="Bello et al. 2016, arXiv:1611.09940; Gemma Team 2024, Gemma 2, arXiv:2408.00118",
)
def logit_softcap(x: Any, cap: Positive = 30.0) -> Any:
    """``cap · tanh(x / cap)``

    The identity for small logits, bent so that none exceeds `cap`. It keeps attention scores and final logits from growing
    without bound in training.

    Args:
        cap: Limit of the absolute value, above 0. Gemma 2 has 30 for the final logits and 50 for attention.

    >>> import keras_acts
    >>> float(keras_acts.activations.logit_softcap(1e9, cap=50.0))
    50.0
    """
    ratio = x / cap
    # Below 1, tanh is sinh / sqrt(1 + sinh²). There x / cap occurs as a square only, which may underflow.
    square = ops.square(ops.clip(ratio, -1.0, 1.0))
    slope = polynomial(square, SINH)
    near = x * (slope / ops.sqrt(1.0 + square * ops.square(slope)))
    decay = ops.exp(-2.0 * ops.absolute(ratio))
    far = cap * ((1.0 - decay) / (1.0 + decay))
    return ops.where(ops.absolute(ratio) < 1.0, near, ops.where(x > 0, far, -far))


@derivative(logit_softcap)
def _(x: Any, cap: Any) -> Any:
    """``1 - tanh(x / cap)²``"""
    # sech², squared last, as in tanh
    near, rest = quotient(ops.absolute(ops.clip(x, -60.0 * cap, 60.0 * cap)), cap)
    decay = exp_of_sum(-near, -rest)
    return ops.square(2.0 * decay / (1.0 + ops.square(decay)))


@derivative(logit_softcap, "cap")
def _(x: Any, cap: Any) -> Any:
    """``tanh(x / cap) - x / cap · (1 - tanh(x / cap)²)``"""
    ratio = ops.clip(x, -60.0 * cap, 60.0 * cap) / cap
    # Below 1 it is (sinh(2 r) / 2 - r) / cosh(r)², with a series for the difference.
    near = ops.clip(ratio, -1.0, 1.0)
    square = ops.square(near)
    slope = near * polynomial(square, SINH)
    small = near * square * polynomial(square, CAP) / (1.0 + ops.square(slope))
    size = ops.absolute(ratio)
    decay = ops.exp(-2.0 * size)
    large = (1.0 - decay) / (1.0 + decay) - size * decay * ops.square(2.0 / (1.0 + decay))
    return ops.where(size < 1.0, small, ops.where(x > 0, large, -large))


# (sinh(2 r) / 2 - r) / r³ in powers of r², the highest first: complete for |r| <= 1 in float64
CAP = tuple(4.0**k / math.factorial(2 * k + 1) for k in range(12, 0, -1))
