"""The input times the distribution function of the normal distribution."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.compensated import negative_square
from keras_acts._math.normal import mills_ratio
from keras_acts._record.parameters import AnyReal, Switch, crossed_bounds
from keras_acts.activations._self_gated._sigmoid import gelu_tanh

FAMILY = "self_gated"

GELU_MINIMUM = -0.16997120747990366
INV_SQRT_2PI = 0.3989422804014327
TAIL_SCALE = 2.0**40


@activation(
    range=(GELU_MINIMUM, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("gelu_erf",),
    same_as=("gelu(x, approximate=True) = gelu_tanh(x)",),
    equals=("x * (1 + erf(x / 2**0.5)) / 2",),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415",
)
def gelu(x: Any, approximate: Switch = False) -> Any:
    """``x · Φ(x)``

    The input times the probability that a standard normal number is below it: a smooth ReLU with a dip of -0.17 at -0.75,
    the standard of transformers. It keeps its digits down to the last values that are not 0, where implementations by erf have
    lost all of them at -6.

    Args:
        approximate: Whether to use `gelu_tanh` instead, which is off by up to 0.0005, for the weights of models trained with
            it. The default is False here, in Keras, torch and ONNX, and True in JAX and Flax.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.gelu([-1.0, 0.0, 1.0])]
    [-0.1587, 0.0, 0.8413]
    """
    if approximate:
        return gelu_tanh.compute(x)
    near = ops.clip(x, -40.0, 40.0)
    tail = _scaled_tail(ops.absolute(near))
    return ops.where(near > 0, x * (1.0 - (1.0 / TAIL_SCALE) * tail), near * tail * (1.0 / TAIL_SCALE))


@derivative(gelu)
def _(x: Any, approximate: Any) -> Any:
    """``Φ(x) + x · φ(x)``"""
    if approximate:
        return gelu_tanh.record.derivatives["x"](x)
    return _slope(x)


def _formula_of_slope(x: Any) -> Any:
    # With a = |x| and the Mills ratio M, the derivative is φ(a) · (M(a) - a) below 0, and 1 minus that above. The density φ(a)
    # is written as a square, since the product with its root is a normal number where the density no longer is.
    near = ops.clip(x, -40.0, 40.0)
    a = ops.absolute(near)
    power, lost = negative_square(a, 0.25)
    root = ops.exp(power)
    root = root + root * lost
    below = root * (INV_SQRT_2PI * (mills_ratio(a) - a)) * root
    return ops.where(near > 0, 1.0 - below, below)


def _curvature(x: Any) -> Any:
    """The second derivative, ``(2 - x²) · φ(x)``."""
    square = ops.square(ops.clip(x, -40.0, 40.0))
    return (INV_SQRT_2PI * (2.0 - square)) * ops.exp(-0.5 * square)


_slope = ops.with_derivative(_formula_of_slope, _curvature)  # the Mills ratio is a fit, which loses digits with each derivative


@activation(
    range=(GELU_MINIMUM, 10),
    monotonic=False,
    smoothness=0,
    limits=(0, 10),
    aliases=("gelu_10",),
    conflict=crossed_bounds,
    reference="Wu et al. 2020, Integer quantization for deep learning inference, arXiv:2004.09602",
)
def clipped_gelu(x: Any, min_value: AnyReal = -10.0, max_value: AnyReal = 10.0) -> Any:
    """``min(max(x · Φ(x), -10), 10)``

    A GELU with a largest value, so that quantization to 8 bits has a known range to divide. GELU is never below -0.17, so the
    lower bound matters only if it is higher than that.

    Args:
        min_value: Smallest value. The gradient is 0 where it is reached.
        max_value: Largest value, above `min_value`. The gradient is 0 where it is reached.

    Raises:
        ValueError: If `min_value` is not less than `max_value`.
    """
    y = gelu.compute(x)
    return ops.where(y <= min_value, min_value, ops.where(y >= max_value, max_value, y))


@derivative(clipped_gelu)
def _(x: Any, min_value: Any, max_value: Any) -> Any:
    """``Φ(x) + x · φ(x) if -10 < x · Φ(x) < 10, else 0``"""
    low, high = _at_bounds(x, min_value, max_value)
    return ops.where(ops.logical_or(low, high), ops.zeros_like(x), _slope(x))


@derivative(clipped_gelu, "min_value")
def _(x: Any, min_value: Any, max_value: Any) -> Any:
    """``1 if x · Φ(x) <= -10, else 0``"""
    return ops.where(_at_bounds(x, min_value, max_value)[0], ops.ones_like(x), 0.0)


@derivative(clipped_gelu, "max_value")
def _(x: Any, min_value: Any, max_value: Any) -> Any:
    """``1 if x · Φ(x) >= 10, else 0``"""
    low, high = _at_bounds(x, min_value, max_value)
    return ops.where(low, 0.0, ops.where(high, ops.ones_like(x), 0.0))


def _at_bounds(x: Any, min_value: Any, max_value: Any) -> tuple[Any, Any]:
    """Whether the smallest and whether the largest value is reached."""
    # gelu(x) is max(0, x) - tail. Subtracted in this order, it can be told from a bound that it would round to.
    a = ops.absolute(ops.clip(x, -40.0, 40.0))
    tail = a * _scaled_tail(a) * (1.0 / TAIL_SCALE)
    low, high = (ops.relu(x) - bound for bound in (min_value, max_value))
    return low <= tail, high >= tail


def _scaled_tail(a: Any) -> Any:
    """``2⁴⁰ · (1 - Φ(a))`` for a from 0 to 40. Without the factor it would underflow before its product with a does."""
    power, lost = negative_square(a, 0.5)
    return mills_ratio(a) * (ops.exp(power) * (TAIL_SCALE * INV_SQRT_2PI + TAIL_SCALE * INV_SQRT_2PI * lost))
