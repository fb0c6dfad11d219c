"""Self-gated activations: x times a function of x."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.compensated import negative_square, rounded, total
from keras_acts._math.normal import mills_ratio
from keras_acts._precision import HUGE
from keras_acts._record.parameters import AnyReal, Switch, crossed_bounds
from keras_acts.activations._piecewise import hard_sigmoid, hard_tanh
from keras_acts.activations._sigmoidal import tanh

FAMILY = "self_gated"

GELU_MINIMUM = -0.16997120747990366
INV_SQRT_2PI = 0.3989422804014327
TAIL_SCALE = 2.0**40
EXP_MINUS_16 = 1.1253517471925912e-07

# √(8 / π) and 0.044715 · √(8 / π), and parts of each that have few digits and that are left then
TANH_1, TANH_1_SHORT, TANH_1_REST = 1.5957691216057308, 836643 / 2**19, -7.605964177257403e-07
TANH_3, TANH_3_SHORT, TANH_3_REST = 0.07135481627260025, 146 / 2**11, 6.575377260024877e-05


@activation(
    range=(-0.2784645427610738, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("swish", "swish1", "sigmoid_linear_unit"),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415; Elfwing, Uchibe & Doya 2017, arXiv:1702.03118",
)
def silu(x: Any) -> Any:
    """``x / (1 + exp(-x))``

    The input gated by its own sigmoid: a smooth ReLU with a dip of -0.28 at -1.28, the standard of many vision and language
    networks. `swish_beta` has a slope in the gate, as a parameter.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.silu([-1.0, 0.0, 1.0])]
    [-0.2689, 0.0, 0.7311]
    """
    low = ops.where(x < -1000.0, -1000.0, x)  # -inf / inf is NaN
    return _gated(low, low)


@derivative(silu)
def _(x: Any) -> Any:
    """``sigmoid(x) · (1 + x · sigmoid(-x))``"""
    near = ops.clip(x, -1000.0, 60.0)
    return _gated_slope(0.5 * near, 1.0 + near)


@activation(
    range=(-0.2784645427610738, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    reference="Ramachandran, Zoph & Le 2017, arXiv:1710.05941",
)
def swish_beta(x: Any, beta: AnyReal = 1.0) -> Any:
    """``x / (1 + exp(-beta · x))``

    SiLU with a slope in its gate: half the identity at beta 0, nearly a ReLU from beta 10 on. The "swish" of Keras and others
    is `silu`, which is this at beta 1. The layer `SwishBeta` learns `beta`.

    Args:
        beta: Slope of the gate, any number.

    >>> import keras_acts
    >>> float(keras_acts.activations.swish_beta(3.0, beta=0.0))
    1.5
    """
    finite = ops.clip(x, -HUGE, HUGE)  # inf · 0 and inf / inf are NaN
    gate = beta * finite
    return _gated(ops.where(gate < 0, finite, x), gate)


@derivative(swish_beta)
def _(x: Any, beta: Any) -> Any:
    """``sigmoid(beta · x) · (1 + beta · x · sigmoid(-beta · x))``"""
    gate = ops.clip(beta * ops.clip(x, -HUGE, HUGE), -1000.0, 60.0)
    return _gated_slope(0.5 * gate, 1.0 + gate)


@derivative(swish_beta, "beta")
def _(x: Any, beta: Any) -> Any:
    """``x² · sigmoid(beta · x) · sigmoid(-beta · x)``"""
    finite = ops.clip(x, -HUGE, HUGE)
    gate = beta * finite
    root = ops.exp(-0.5 * ops.where(gate < 0, -gate, gate))
    return ops.square(finite * root / (1.0 + ops.square(root)))


@activation(
    range=(-0.16361018963635357, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("gelu_sigmoid", "sigmoid_gelu", "gelu_fast_approx"),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415; Radford et al. 2021, CLIP, arXiv:2103.00020",
)
def quick_gelu(x: Any) -> Any:
    """``x / (1 + exp(-1.702 · x))``

    A rough GELU, off by up to 0.02: for the weights of CLIP and other models that were trained with it.
    """
    near = ops.clip(x, -1000.0, 1000.0)
    return _gated(ops.where(x < -1000.0, -1000.0, x), *_quick_gate(near, 1.0))


@derivative(quick_gelu)
def _(x: Any) -> Any:
    """``sigmoid(1.702 · x) · (1 + 1.702 · x · sigmoid(-1.702 · x))``"""
    near = ops.clip(x, -1000.0, 40.0)
    half, lost = _quick_gate(near, 0.5)
    return _gated_slope(half, 1.0 + 1.702 * near, lost)


def _quick_gate(x: Any, factor: float) -> tuple[Any, Any]:
    """``factor · 1.702 · x`` and what rounding took from it."""
    # 1.702 = 871 / 512 + 0.000828125, of which the first times a multiple of 1 / 128 is exact
    near = rounded(x, 128.0)
    return total(factor * 871 / 512 * near, factor * 1.702 * (x - near) + factor * 0.000828125 * near)


@activation(
    range=(GELU_MINIMUM, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("gelu_erf",),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415",
)
def gelu(x: Any, approximate: Switch = False) -> Any:
    """``x · Φ(x)``

    The input times the probability that a standard normal number is below it: a smooth ReLU with a dip of -0.17 at -0.75,
    the standard of transformers. Exact down to the last values that aren't 0, where implementations by erf have lost all digits
    at -6.

    Args:
        approximate: Whether to use `gelu_tanh` instead, off by up to 0.0005: for the weights of models trained with it. The
            default is False here, in Keras, torch and ONNX, and True in JAX and Flax.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.gelu([-1.0, 0.0, 1.0])]
    [-0.1587, 0.0, 0.8413]
    """
    if approximate:
        return gelu_tanh.compute(x)
    near = ops.clip(x, -40.0, 40.0)
    tail = _scaled_tail(ops.where(near < 0, -near, near))
    return ops.where(near < 0, near * tail * (1.0 / TAIL_SCALE), x * (1.0 - (1.0 / TAIL_SCALE) * tail))


@derivative(gelu)
def _(x: Any, approximate: Any) -> Any:
    """``Φ(x) + x · φ(x)``"""
    if approximate:
        return gelu_tanh.record.derivatives["x"](x)
    # With a = |x|, Mills ratio M and φ(a) = density, it is density · (M(a) - a) below 0, and 1 minus that above. The density
    # comes as a square: the product with its root is a normal number where the density no longer is.
    near = ops.clip(x, -40.0, 40.0)
    a = ops.where(near < 0, -near, near)
    power, lost = negative_square(a, 0.25)
    root = ops.exp(power)
    root = root + root * lost
    below = root * (INV_SQRT_2PI * (mills_ratio(a) - a)) * root
    return ops.where(near < 0, below, 1.0 - below)


def _scaled_tail(a: Any) -> Any:
    """``2⁴⁰ · (1 - Φ(a))``, for a from 0 to 40: without the factor it would underflow before its product with a does."""
    power, lost = negative_square(a, 0.5)
    return mills_ratio(a) * (ops.exp(power) * (TAIL_SCALE * INV_SQRT_2PI + TAIL_SCALE * INV_SQRT_2PI * lost))


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

    A GELU with a largest value, so that quantisation to 8 bits has a known range to divide. Since GELU is never below -0.17,
    the lower bound matters only if it is higher than that.

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
    # gelu(x) = max(0, x) - tail: subtracted in this order it can be told from a bound that it rounds to
    near = ops.clip(x, -40.0, 40.0)
    a = ops.where(near < 0, -near, near)
    tail = a * _scaled_tail(a) * (1.0 / TAIL_SCALE)
    low, high = (ops.relu(x) - bound for bound in (min_value, max_value))
    return ops.where(ops.logical_or(low <= tail, high >= tail), ops.zeros_like(x), gelu.derivative(x))


@activation(
    range=(-0.17004075057125406, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("gelu_new", "gelu_fast", "gelu_accurate", "gelu_approximate", "gelu_pytorch_tanh", "siegelu"),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415",
)
def gelu_tanh(x: Any) -> Any:
    """``x / 2 · (1 + tanh(√(2 / π) · (x + 0.044715 · x³)))``

    GELU by way of tanh, off by up to 0.0005: for the weights of GPT-2 and other models that were trained with it. It is
    no faster here than `gelu`.
    """
    near = ops.clip(x, -40.0, 40.0)
    return _gated(ops.where(x < -40.0, -40.0, x), *_tanh_gate(near, 1.0))


@derivative(gelu_tanh)
def _(x: Any) -> Any:
    """``sigmoid(u) · (1 + x · u' · sigmoid(-u)), u = √(8 / π) · (x + 0.044715 · x³)``"""
    near = ops.clip(x, -40.0, 9.0)
    half, lost = _tanh_gate(near, 0.5)
    return _gated_slope(half, (1.0 + TANH_1 * near) + 3.0 * TANH_3 * near**3, lost)


def _tanh_gate(x: Any, factor: float) -> tuple[Any, Any]:
    """``factor · √(8 / π) · (x + 0.044715 · x³)`` and what rounding took from it."""
    # At the multiple of 1/16 nearest to x the argument is near · ratio, and the short part of the ratio has so few digits that
    # the product is exact. The rest of the way to x is the difference of the cubes, divided out.
    near = rounded(x, 16.0)
    square = near * near
    ratio = TANH_3_SHORT * square + TANH_1_SHORT
    short = rounded(ratio, 4096.0)
    rest = near * ((ratio - short) + (TANH_3_REST * square + TANH_1_REST))
    way = (x - near) * (TANH_1 + TANH_3 * (x * x + near * (x + near)))
    return total(factor * near * short, factor * (rest + way))


def _gated(x: Any, gate: Any, lost: Any = None) -> Any:
    """``x / (1 + exp(-gate))``, where rounding took `lost` from the gate."""
    # The exponential of less than -87 is no normal number, but the product with x still is: both take a factor of e^16 then
    deep = gate < -80.0
    power = ops.exp(ops.where(deep, -16.0 - gate, -gate))
    if lost is not None:
        power = power * (1.0 - lost)
    return ops.where(deep, EXP_MINUS_16 * x, x) / (1.0 + power)


def _gated_slope(half: Any, rise: Any, lost: Any = None) -> Any:
    """The derivative of ``x · sigmoid(gate)`` for a gate up to 60, with ``rise = 1 + x · gate'``.

    `half` is half the gate, from which rounding took `lost`.
    """
    # With e = exp(gate) it is e · (rise + e) / (1 + e)², and for the right side 1 + ((rise - 2) · e - 1) / (1 + e)², where
    # nothing cancels. The product with the root of e, twice, is a normal number where e no longer is; the factor of 1/2 keeps
    # XLA from making another exponential of the root's square.
    root = 0.5 * ops.exp(half)
    e = root * root
    inverse = 1.0 / (0.25 + e)
    left = root * inverse * ((e + 0.25 * rise) * inverse) * root
    if lost is not None:
        left = left + left * (lost * (0.5 * inverse))
    return ops.where(half < 0, left, 1.0 + (0.25 * (rise - 2.0) * e - 0.0625) * inverse * inverse)


@activation(
    range=(-0.30884341301725043, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    reference="Misra 2019, arXiv:1908.08681",
)
def mish(x: Any) -> Any:
    """``x · tanh(log(1 + exp(x)))``

    A smooth ReLU with a dip of -0.31 at -1.19, slightly steeper than SiLU; common in object detection.
    """
    # tanh(log(1 + e)) = n / (n + 2) with n = e · (e + 2); below -80 as in `_gated`
    near = ops.clip(x, -1000.0, 20.0)
    deep = near < -80.0
    e = ops.exp(ops.where(deep, near + 16.0, near))
    gate = e * ((e + 2.0) / (e * (e + 2.0) + 2.0))
    return ops.where(x > 20.0, x, ops.where(deep, EXP_MINUS_16 * near, near) * gate)


@derivative(mish)
def _(x: Any) -> Any:
    """``w · (4 · (x + 1) + w · (4 · x + 6 + w · (4 + w))) / (w · (w + 2) + 2)², w = exp(x)``"""
    # two forms and a root with a factor as in `_gated_slope`
    near = ops.clip(x, -1000.0, 25.0)
    root = 0.5 * ops.exp(0.5 * near)
    e = root * root
    inverse = 1.0 / (e * (e + e + 1.0) + 0.25)
    left = root * inverse * (inverse * (0.25 * (near + 1.0) + e * ((near + 1.5) + e * (4.0 + 4.0 * e)))) * root
    return ops.where(near < 0, left, 1.0 + (e * ((near - 0.5) * e + 0.25 * (near - 1.0)) - 0.0625) * inverse * inverse)


@activation(
    range=(0, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(math.inf, math.inf),
    parity="even",
    reference="Roy et al. 2019, arXiv:1901.05894",
)
def lisht(x: Any) -> Any:
    """``x · tanh(x)``

    A smooth absolute value: even and never negative, so negative inputs keep their gradient.
    """
    return x * tanh.compute(x)


@derivative(lisht)
def _(x: Any) -> Any:
    """``tanh(x) + x · (1 - tanh(x)²)``"""
    # beyond 60 the second term is below the rounding of the first in float64, and inf · 0 would be NaN
    near = ops.clip(x, -60.0, 60.0)
    return tanh(near) + near * tanh.derivative(near)


@activation(
    range=(-0.375, math.inf),
    monotonic=False,
    smoothness=0,
    limits=(0, math.inf),
    aliases=("hard_swish", "hardswish"),
    reference="Howard et al. 2019, arXiv:1905.02244",
)
def hard_silu(x: Any) -> Any:
    """``x · min(max(0, x / 6 + 1/2), 1)``

    SiLU with a `hard_sigmoid` as its gate, so without exponentials: the hard swish of MobileNetV3. Exactly 0 below -3 and
    exactly `x` above 3; between, the gradient falls to -1/2 and rises to 3/2.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_silu([-1.5, 4.0])]
    [-0.375, 4.0]
    """
    # -inf · 0 is NaN
    return ops.where(x <= -3.0, ops.zeros_like(x), x * hard_sigmoid.compute(x))


@derivative(hard_silu)
def _(x: Any) -> Any:
    """``0 if x <= -3, 1 if x >= 3, else x / 3 + 1/2``"""
    # (2 x + 3) / 6 first adds, which is exact near the zero at -3/2; the clipped x keeps the discarded branch finite
    near = hard_tanh.compute(x, -3.0, 3.0)
    return ops.where(x <= -3.0, ops.zeros_like(x), ops.where(x >= 3.0, 1.0, (2.0 * near + 3.0) / 6.0))


@activation(
    range=(-0.5, math.inf),
    monotonic=False,
    smoothness=0,
    limits=(0, math.inf),
    reference="Misra 2020, H-Mish, github.com/digantamisra98/H-Mish",
)
def hard_mish(x: Any) -> Any:
    """``x · min(max(0, x / 2 + 1), 1)``

    A mish without exponentials: exactly 0 below -2, exactly `x` above 0, and a parabola between.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_mish([-1.0, 4.0])]
    [-0.5, 4.0]
    """
    # -inf · 0 is NaN; 0.5 · x may underflow where the result does not
    gate = 0.5 * (hard_tanh.compute(x, -2.0, 0.0) + 2.0)
    return ops.where(x <= -2.0, ops.zeros_like(x), x * gate)


@derivative(hard_mish)
def _(x: Any) -> Any:
    """``0 if x <= -2, 1 if x >= 0, else x + 1``"""
    return ops.where(x <= -2.0, ops.zeros_like(x), hard_tanh.compute(x, -2.0, 0.0) + 1.0)
