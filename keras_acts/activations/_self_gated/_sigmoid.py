"""The input times a sigmoid of it."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._math.compensated import rounded, total
from keras_acts._precision import HUGE
from keras_acts._record.parameters import AnyReal

FAMILY = "self_gated"

EXP_MINUS_16 = 1.1253517471925912e-07

# √(8 / π) and 0.044715 · √(8 / π), then of each a part that has few digits, and the rest
TANH_1, TANH_1_SHORT, TANH_1_REST = 1.5957691216057308, 836643 / 2**19, -7.605964177257403e-07
TANH_3, TANH_3_SHORT, TANH_3_REST = 0.07135481627260025, 146 / 2**11, 6.575377260024877e-05


@activation(
    range=(-0.2784645427610738, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("swish", "swish1", "sigmoid_linear_unit"),
    equals=("x * sigmoid(x)", "swish_beta(x, beta=1)"),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415; Elfwing, Uchibe & Doya 2017, arXiv:1702.03118",
)
def silu(x: Any) -> Any:
    """``x / (1 + exp(-x))``

    The input gated by its own sigmoid: a smooth ReLU with a dip of -0.28 at -1.28, the standard of many vision and language
    networks. `swish_beta` has the slope of the gate as a parameter.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.silu([-1.0, 0.0, 1.0])]
    [-0.2689, 0.0, 0.7311]
    """
    low = ops.where(x < -1000.0, -1000.0, x)  # -inf / inf is NaN
    return gated(low, low)


@derivative(silu)
def _(x: Any) -> Any:
    """``sigmoid(x) · (1 + x · sigmoid(-x))``"""
    near = ops.clip(x, -1000.0, 1000.0)
    return gated_slope(0.5 * near, 1.0 + near)


@activation(
    range=(-0.2784645427610738, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    reference="Ramachandran, Zoph & Le 2017, arXiv:1710.05941",
)
def swish_beta(x: Any, beta: AnyReal = 1.0) -> Any:
    """``x / (1 + exp(-beta · x))``

    SiLU with a slope in its gate: half the identity at beta 0, nearly a ReLU from beta 10 on. At beta 1 it is `silu`, which
    Keras and others call "swish". The layer `SwishBeta` learns `beta`.

    Args:
        beta: Slope of the gate, any number.

    >>> import keras_acts
    >>> float(keras_acts.activations.swish_beta(3.0, beta=0.0))
    1.5
    """
    finite = ops.clip(x, -HUGE, HUGE)  # inf · 0 and inf / inf are NaN
    gate = beta * finite
    return gated(ops.where(gate < 0, finite, x), gate)


@derivative(swish_beta)
def _(x: Any, beta: Any) -> Any:
    """``sigmoid(beta · x) · (1 + beta · x · sigmoid(-beta · x))``"""
    gate = ops.clip(beta * ops.clip(x, -HUGE, HUGE), -1000.0, 1000.0)
    return gated_slope(0.5 * gate, 1.0 + gate)


@derivative(swish_beta, "beta")
def _(x: Any, beta: Any) -> Any:
    """``x² · sigmoid(beta · x) · sigmoid(-beta · x)``"""
    finite = ops.clip(x, -HUGE, HUGE)
    gate = beta * finite
    root = ops.exp(-0.5 * ops.absolute(gate))
    return ops.square(finite * root / (1.0 + ops.square(root)))


@activation(
    range=(-0.16361018963635357, math.inf),
    monotonic=False,
    smoothness=math.inf,
    limits=(0, math.inf),
    aliases=("gelu_sigmoid", "sigmoid_gelu", "gelu_fast_approx"),
    equals=("swish_beta(x, beta=1.702)",),
    reference="Hendrycks & Gimpel 2016, arXiv:1606.08415; Radford et al. 2021, CLIP, arXiv:2103.00020",
)
def quick_gelu(x: Any) -> Any:
    """``x / (1 + exp(-1.702 · x))``

    A rough GELU, off by up to 0.02: for the weights of CLIP and other models that were trained with it.
    """
    near = ops.clip(x, -1000.0, 1000.0)
    return gated(ops.where(x < -1000.0, -1000.0, x), *_quick_gate(near, 1.0))


@derivative(quick_gelu)
def _(x: Any) -> Any:
    """``sigmoid(1.702 · x) · (1 + 1.702 · x · sigmoid(-1.702 · x))``"""
    near = ops.clip(x, -1000.0, 1000.0)
    half, lost = _quick_gate(near, 0.5)
    return gated_slope(half, 1.0 + 1.702 * near, lost)


def _quick_gate(x: Any, factor: float) -> tuple[Any, Any]:
    """``factor · 1.702 · x`` and what rounding took from it."""
    # 1.702 is 871 / 512 + 0.000828125. The product of the first term and a multiple of 1 / 128 is exact.
    near = rounded(x, 128.0)
    return total(factor * 871 / 512 * near, factor * 1.702 * (x - near) + factor * 0.000828125 * near)


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

    GELU approximated by a tanh, off by up to 0.0005: for the weights of GPT-2 and other models that were trained with it. It is
    no faster here than `gelu`.
    """
    near = ops.clip(x, -40.0, 40.0)
    return gated(ops.where(x < -40.0, -40.0, x), *_tanh_gate(near, 1.0))


@derivative(gelu_tanh)
def _(x: Any) -> Any:
    """``sigmoid(u) · (1 + x · u' · sigmoid(-u)), u = √(8 / π) · (x + 0.044715 · x³)``"""
    near = ops.clip(x, -40.0, 40.0)
    half, lost = _tanh_gate(near, 0.5)
    return gated_slope(half, (1.0 + TANH_1 * near) + 3.0 * TANH_3 * near**3, lost)


def _tanh_gate(x: Any, factor: float) -> tuple[Any, Any]:
    """``factor · √(8 / π) · (x + 0.044715 · x³)`` and what rounding took from it."""
    # At the multiple of 1/16 that is nearest to x the argument is near · ratio. The short part of the ratio has so few digits
    # that its product with near is exact. The way from there to x is the difference of the cubes, divided out.
    near = rounded(x, 16.0)
    square = near * near
    ratio = TANH_3_SHORT * square + TANH_1_SHORT
    short = rounded(ratio, 4096.0)
    rest = near * ((ratio - short) + (TANH_3_REST * square + TANH_1_REST))
    way = (x - near) * (TANH_1 + TANH_3 * (x * x + near * (x + near)))
    return total(factor * near * short, factor * (rest + way))


def gated(x: Any, gate: Any, lost: Any = None) -> Any:
    """``x / (1 + exp(-gate))``, where rounding took `lost` from the gate."""
    # With e = exp(-|gate|), which can't overflow, it is x / (1 + e) for a positive gate, else x · e / (1 + e). Below -87 e is
    # not a normal number, but its product with x still is: e takes a factor of e^16 from x there.
    deep = gate < -80.0
    e = ops.exp(ops.where(deep, 16.0 + gate, -ops.absolute(gate)))
    if lost is not None:
        e = e * (1.0 + ops.where(gate > 0, -lost, lost))  # e · lost may be flushed to 0
    return ops.where(deep, EXP_MINUS_16 * x, x) * ops.where(gate > 0, 1.0, e) / (1.0 + e)


def gated_slope(half: Any, rise: Any, lost: Any = None) -> Any:
    """The derivative of ``x · sigmoid(gate)``, with ``rise = 1 + x · gate'``.

    `half` is half the gate, from which rounding took `lost`.
    """
    # With q = exp(-|gate|) the derivative is q · (rise + q) / (1 + q)². For a positive gate it is 1 + q · (rise - 2 - q) /
    # (1 + q)²: neither cancels, and no power of q overflows in a derivative of any order. The product with the root of q,
    # twice, is a normal number where q no longer is. The factor of 1/2 keeps XLA from making another exponential of the root's
    # square.
    root = 0.5 * ops.exp(-ops.absolute(half))
    q = root * root
    inverse = 1.0 / (0.25 + q)
    rest = ops.where(half > 0, 0.25 * (rise - 2.0) - q, 0.25 * rise + q)
    part = root * inverse * (rest * inverse) * root
    below = part if lost is None else part + part * (lost * (0.5 * inverse))
    return ops.where(half > 0, 1.0 + part, below)
