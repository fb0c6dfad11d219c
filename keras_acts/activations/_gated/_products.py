"""Products of one half of an axis with a function of the other."""

import functools
from collections.abc import Callable
from typing import Any, cast

from keras_acts._call.compute import gated, pairwise
from keras_acts._catalogue import Declaration, along_axis
from keras_acts._math import ops
from keras_acts._record.parameters import FixedPositive, FixedReal, Gate, SingleAxis, Switch
from keras_acts.activations._gated._parts import halved, halves
from keras_acts.activations._piecewise import hard_tanh
from keras_acts.activations._rectified._clipped import relu
from keras_acts.activations._self_gated._normal import gelu
from keras_acts.activations._self_gated._sigmoid import silu, swish_beta
from keras_acts.activations._sigmoidal import logit_softcap, sigmoid

FAMILY = "gated"


def _gated(*, reference: str, aliases: tuple[str, ...] = ()) -> Declaration:
    """Declare an activation that gates one half of an axis with the other."""

    def declare(formula: Callable[..., Any], /) -> Any:
        shape = functools.partial(halved, formula.__name__)
        return along_axis(reference=reference, aliases=aliases, output_shape=shape, takes_half=True)(formula)

    return cast(Declaration, declare)


@_gated(
    reference="Dauphin, Fan, Auli & Grangier 2017, arXiv:1612.08083",
    aliases=("gated_linear_unit",),
)
def glu(x: Any, axis: SingleAxis = -1, gate: Gate = "second") -> Any:
    """``a · sigmoid(b)``

    The gated linear unit: half of the features decide how much of the other half passes. The layer before it must be twice
    as wide as its result.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``.

    Args:
        axis: The axis that is halved. Its size must be even.
        gate: Which entries are the gates b: the "second" half of the axis, as in Keras, torch and JAX, the "first" half, or
            "interleaved", where the even entries are gates and the odd ones values.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.glu([3.0, -8.0, 0.0, 0.0])]
    [1.5, -4.0]
    >>> [float(y) for y in keras_acts.activations.glu([0.0, 3.0, 0.0, -8.0], gate="interleaved")]
    [1.5, -4.0]
    """
    return gated(sigmoid.record)(*halves(x, axis, gate))


@_gated(
    reference="Mnih & Hinton 2007, ICML; Shazeer 2020, arXiv:2002.05202",
    aliases=("bilinear_glu",),
)
def bilinear(x: Any, axis: SingleAxis = -1, gate: Gate = "second") -> Any:
    """``a · b``

    The gated linear unit without a nonlinearity in the gate: a product of two projections, quadratic in what they share.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``, with `axis` and `gate` as in `glu`; "second" and "first" give the same.
    """
    a, b = halves(x, axis, gate)
    return a * b


@_gated(reference="Shazeer 2020, arXiv:2002.05202")
def reglu(x: Any, axis: SingleAxis = -1, gate: Gate = "second") -> Any:
    """``a · max(0, b)``

    The gated linear unit with a ReLU as its gate: sparse, and the cheapest of its family.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``, with `axis` and `gate` as in `glu`.
    """
    return gated(relu.record)(*halves(x, axis, gate))


@_gated(reference="Shazeer 2020, arXiv:2002.05202")
def geglu(x: Any, axis: SingleAxis = -1, gate: Gate = "second", approximate: Switch = False) -> Any:
    """``a · gelu(b)``

    The gated linear unit with a GELU as its gate: in the feed-forward blocks of T5 1.1, Gemma and many diffusion models.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``, with `axis` as in `glu`.

    Args:
        gate: As in `glu`. It is "second" in diffusers and timm.
        approximate: Whether the gate is `gelu_tanh`, as in T5 and Gemma, instead of `gelu`.
    """
    return gated(gelu.record, (("approximate", approximate),))(*halves(x, axis, gate))


@_gated(
    reference="Shazeer 2020, arXiv:2002.05202",
    aliases=("silu_glu",),
)
def swiglu(x: Any, axis: SingleAxis = -1, gate: Gate = "second", beta: FixedReal = 1.0) -> Any:
    """``a · b · sigmoid(beta · b)``

    The gated linear unit with a SiLU as its gate: in the feed-forward blocks of LLaMA and most language models since. The
    layers `GatedDense` and `GatedFeedForward` own the projections too.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``, with `axis` as in `glu`.

    Args:
        gate: As in `glu`. It is "second" in diffusers and x-transformers, and "first" in timm's packed SwiGLU and in ONNX.
        beta: Slope of the sigmoid, any number. The gate is SiLU at 1.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.swiglu([2.0, -3.0, 1.0, 0.0])]
    [1.4621, -0.0]
    """
    product = gated(silu.record) if beta == 1 else gated(swish_beta.record, (("beta", beta),))
    return product(*halves(x, axis, gate))


@_gated(
    reference="OpenAI 2025, gpt-oss-120b & gpt-oss-20b model card, arXiv:2508.10925",
    aliases=("clamped_swiglu", "gpt_oss_glu"),
)
def swiglu_oai(
    x: Any, axis: SingleAxis = -1, gate: Gate = "second", alpha: FixedReal = 1.702, limit: FixedPositive = 7.0
) -> Any:
    """``(min(max(a, -limit), limit) + 1) · c · sigmoid(alpha · c), c = min(b, limit)``

    The SwiGLU of gpt-oss. Both factors are clamped, so that outliers stay in the range of low precision, and 1 is added to the
    value, so that the gate alone passes where the value is 0. For the weights of gpt-oss give ``gate="interleaved"``.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``, with `axis` and `gate` as in `glu`.

    Args:
        alpha: Slope of the sigmoid, any number.
        limit: Largest value of the gate, and largest magnitude of the value; above 0. The gradient is 0 from there on.
    """
    return pairwise(_clamped, (("alpha", alpha), ("limit", limit)))(*halves(x, axis, gate))


def _clamped(a: Any, b: Any, alpha: float, limit: float) -> Any:
    return (hard_tanh(a, -limit, limit) + 1.0) * swish_beta(ops.where(b >= limit, limit, b), alpha)


@_gated(
    reference="Kimi Team 2026, arXiv:2607.24653",
    aliases=("situ_glu",),
)
def softcapped_swiglu(
    x: Any,
    axis: SingleAxis = -1,
    gate: Gate = "second",
    gate_cap: FixedPositive = 4.0,
    value_cap: FixedPositive = 25.0,
) -> Any:
    """``value_cap · tanh(a / value_cap) · gate_cap · tanh(b / gate_cap) · sigmoid(b)``

    A SwiGLU whose factors are bent smoothly, so that the product never exceeds ``value_cap · gate_cap``. Near 0 it is
    `swiglu`.

    Shape: ``(..., 2n, ...) -> (..., n, ...)``, with `axis` and `gate` as in `glu`.

    Args:
        gate_cap: Limit of the gate, above 0.
        value_cap: Limit of the magnitude of the value, above 0.
    """
    return pairwise(_softcapped, (("gate_cap", gate_cap), ("value_cap", value_cap)))(*halves(x, axis, gate))


def _softcapped(a: Any, b: Any, gate_cap: float, value_cap: float) -> Any:
    return logit_softcap(a, value_cap) * (logit_softcap(b, gate_cap) * sigmoid(b))
