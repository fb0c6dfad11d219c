"""Gated activations, of which one half of an axis gates the other, and activations that change the size of an axis."""

import functools
from collections.abc import Callable
from typing import Annotated, Any, cast

from keras_acts._call.compute import gated, pairwise
from keras_acts._catalogue import Declaration, along_axis
from keras_acts._math import ops
from keras_acts._record.parameters import Choice, FixedPositive, FixedReal, Gate, OptionalCount, SingleAxis, Switch
from keras_acts._record.record import Shape
from keras_acts.activations._piecewise import hard_tanh
from keras_acts.activations._rectified import relu
from keras_acts.activations._self_gated import gelu, silu, swish_beta
from keras_acts.activations._sigmoidal import logit_softcap, sigmoid

FAMILY = "gated"

Layout = Annotated[str, Choice(("adjacent", "strided"))]

# Up to so many pieces maxout compares one after another, which is fastest; compilers take minutes over hundreds of steps.
UNROLLED = 8


def _gated(*, reference: str, aliases: tuple[str, ...] = ()) -> Declaration:
    """Declare an activation that gates one half of an axis with the other."""

    def declare(formula: Callable[..., Any], /) -> Any:
        shape = functools.partial(_halved, formula.__name__)
        return along_axis(reference=reference, aliases=aliases, output_shape=shape, takes_half=True)(formula)

    return cast(Declaration, declare)


def _halved(name: str, shape: Shape, axis: int, **others: Any) -> Shape:
    size = shape[axis]
    if size is not None and size % 2:
        raise ValueError(
            f"{name} halves an axis, so its size must be even; axis {axis} of an input of shape {shape} has {size} entries."
        )
    return _resized(shape, axis, None if size is None else size // 2)


def _resized(shape: Shape, axis: int, size: int | None) -> Shape:
    axis %= len(shape)
    return (*shape[:axis], size, *shape[axis + 1 :])


@_gated(
    reference="Dauphin, Fan, Auli & Grangier 2017, arXiv:1612.08083",
    aliases=("gated_linear_unit",),
)
def glu(x: Any, axis: SingleAxis = -1, gate: Gate = "second") -> Any:
    """``a · sigmoid(b)``

    The gated linear unit: half of the features decide how much of the other half passes. The layer before it must be twice
    as wide as what comes out.

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: Which entries are the gates b: the "second" half of the axis, as in Keras, torch and JAX, the "first" half, or
            "interleaved": the even entries are gates, the odd ones values.

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.

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

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: "second" or "first": the two halves of the axis are multiplied; "interleaved": neighbours are.

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.
    """
    a, b = halves(x, axis, gate)
    return a * b


@_gated(reference="Shazeer 2020, arXiv:2002.05202")
def reglu(x: Any, axis: SingleAxis = -1, gate: Gate = "second") -> Any:
    """``a · max(0, b)``

    The gated linear unit with a ReLU as gate: sparse, and the cheapest of its family.

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: Which entries are the gates b: the "second" half of the axis, the "first", or "interleaved" (the even ones).

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.
    """
    return gated(relu.record)(*halves(x, axis, gate))


@_gated(reference="Shazeer 2020, arXiv:2002.05202")
def geglu(x: Any, axis: SingleAxis = -1, gate: Gate = "second", approximate: Switch = False) -> Any:
    """``a · gelu(b)``

    The gated linear unit with a GELU as gate: in the feed-forward blocks of T5 1.1, Gemma and many diffusion models.

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: Which entries are the gates b: the "second" half of the axis, as in diffusers and timm, the "first", or
            "interleaved" (the even ones).
        approximate: Whether the gate is `gelu_tanh`, as in T5 and Gemma, instead of `gelu`.

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.
    """
    return gated(gelu.record, (("approximate", approximate),))(*halves(x, axis, gate))


@_gated(
    reference="Shazeer 2020, arXiv:2002.05202",
    aliases=("silu_glu",),
)
def swiglu(x: Any, axis: SingleAxis = -1, gate: Gate = "second", beta: FixedReal = 1.0) -> Any:
    """``a · b · sigmoid(beta · b)``

    The gated linear unit with a SiLU as gate: in the feed-forward blocks of LLaMA and most language models since. The layers
    `GatedDense` and `GatedFeedForward` own the projections too.

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: Which entries are the gates b: the "second" half of the axis, as in diffusers and x-transformers, the "first",
            as in timm's packed SwiGLU and ONNX, or "interleaved" (the even ones).
        beta: Slope of the sigmoid, any number; 1 is SiLU.

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.

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

    The SwiGLU of gpt-oss: both factors are clamped, so that outliers stay in the range of low precision, and 1 is added to the
    value, so that the gate alone passes where the value is 0. For the weights of gpt-oss give ``gate="interleaved"``.

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: Which entries are the gates b: the "second" half of the axis, as in the other gated activations here, the "first",
            or "interleaved": the even ones, as in gpt-oss.
        alpha: Slope of the sigmoid, any number.
        limit: Largest value of the gate, and largest magnitude of the value; above 0. The gradient is 0 from there on.

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.
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

    A SwiGLU whose factors are bent smoothly, so that the product never exceeds ``value_cap · gate_cap``; near 0 it is
    `swiglu`.

    Args:
        x: Input, ``(..., 2n, ...)``.
        axis: The axis that is halved.
        gate: Which entries are the gates b: the "second" half of the axis, the "first", or "interleaved" (the even ones).
        gate_cap: Limit of the gate, above 0.
        value_cap: Limit of the magnitude of the value, above 0.

    Returns:
        Tensor ``(..., n, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If the axis has an odd size, or `x` lacks it.
    """
    return pairwise(_softcapped, (("gate_cap", gate_cap), ("value_cap", value_cap)))(*halves(x, axis, gate))


def _softcapped(a: Any, b: Any, gate_cap: float, value_cap: float) -> Any:
    return logit_softcap(a, value_cap) * (logit_softcap(b, gate_cap) * sigmoid(b))


@along_axis(
    output_shape=lambda shape, axis: _resized(shape, axis, None if shape[axis] is None else 2 * shape[axis]),
    takes_half=True,
    aliases=("concatenated_relu",),
    reference="Shang, Sohn, Almeida & Lee 2016, arXiv:1603.05201",
)
def crelu(x: Any, axis: SingleAxis = -1) -> Any:
    """``concat(max(0, x), max(0, -x))``

    A ReLU that loses nothing: the negative part is passed on too, as features of its own, so the axis doubles. Made for the
    first layers of convolutional networks, whose filters tend to come in pairs of opposite sign.

    Args:
        x: Input, ``(..., n, ...)``.
        axis: The axis that doubles: that of the channels.

    Returns:
        Tensor ``(..., 2n, ...)`` of the dtype of `x`: all positive parts, then all negative ones.

    Raises:
        ValueError: If `x` lacks the axis.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.crelu([-2.0, 3.0])]
    [0.0, 3.0, 2.0, 0.0]
    """
    return ops.relu(ops.concatenate([x, -x], axis))


def _conflict(pool_size: int | None, num_units: int | None, **others: Any) -> str | None:
    if (pool_size is None) == (num_units is None):
        given = "neither" if pool_size is None else f"{pool_size} and {num_units}"
        return f"give either pool_size, the number of entries for each unit, or num_units, the number of units; got {given}."
    return None


def _pooled(shape: Shape, axis: int, pool_size: int | None, num_units: int | None, **others: Any) -> Shape:
    size, parts = shape[axis], pool_size or num_units
    if size is not None and parts is not None and size % parts:
        name = "pool_size" if pool_size else "num_units"
        raise ValueError(
            f"maxout: {name}={parts} does not divide axis {axis} of an input of shape {shape}, which has {size} entries."
        )
    if size == 0 and num_units:
        raise ValueError(f"maxout: the axis {axis} of an input of shape {shape} is empty, so there is no largest entry.")
    return _resized(shape, axis, num_units if size is None or pool_size is None else size // pool_size)


@along_axis(
    output_shape=_pooled,
    conflict=_conflict,
    takes_half=True,
    example={"pool_size": 2, "num_units": None},
    reference="Goodfellow et al. 2013, arXiv:1302.4389",
)
def maxout(
    x: Any,
    pool_size: OptionalCount = None,
    num_units: OptionalCount = None,
    axis: SingleAxis = -1,
    layout: Layout = "adjacent",
) -> Any:
    """``max_j x_(i·k + j)``

    Each unit is the largest of k linear pieces: a convex function that is learned by the layer before, which must be k times
    as wide as what comes out. Of equal entries the first gets the gradient.

    Args:
        x: Input, ``(..., n, ...)``.
        pool_size: Entries for each unit, k; ``n / k`` units come out. 2 to 5 are usual. Either this must be given,
        num_units: or the number of units that come out, ``n / k``.
        axis: The axis of the units.
        layout: Which entries make a unit: "adjacent" ones, as in Chainer and Paddle, or "strided" ones, ``n / k`` apart, as in
            TensorFlow Addons.

    Returns:
        Tensor ``(..., n / k, ...)`` of the dtype of `x`.

    Raises:
        ValueError: If both or none of `pool_size` and `num_units` are given, if it does not divide the size of the axis, or if
            `x` lacks the axis.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.maxout([1.0, 5.0, 2.0, 4.0], pool_size=2)]
    [5.0, 4.0]
    >>> [float(y) for y in keras_acts.activations.maxout([1.0, 5.0, 2.0, 4.0], num_units=2, layout="strided")]
    [2.0, 5.0]
    """
    axis %= len(x.shape)
    if num_units and x.shape[axis] is None:
        raise ValueError(f"maxout: num_units={num_units} needs an axis of known size; give pool_size for shape {x.shape}.")
    if ops.recorded(x):
        parts = _parts(x, axis, pool_size or x.shape[axis] // num_units, interleaved=layout == "adjacent")
        return functools.reduce(_larger, parts)
    size = ops.shape(x)[axis]
    units, count = (size // pool_size, pool_size) if pool_size else (num_units, size // num_units)
    if layout == "adjacent":
        return _largest(_divided(x, axis, (units, count)), axis + 1, count)
    return _largest(_divided(x, axis, (count, units)), axis, count)


def halves(x: Any, axis: int, gate: str) -> tuple[Any, Any]:
    """The values a and the gates b."""
    axis %= len(x.shape)
    if ops.recorded(x):
        first, second = _parts(x, axis, 2, interleaved=gate == "interleaved")
        return (first, second) if gate == "second" else (second, first)
    size = ops.shape(x)[axis]
    if gate == "interleaved":
        b, a = ops.unstack(_divided(x, axis, (size // 2, 2)), 2, axis + 1)
    elif gate == "first":
        b, a = ops.unstack(_divided(x, axis, (2, size // 2)), 2, axis)
    else:
        a, b = ops.unstack(_divided(x, axis, (2, size // 2)), 2, axis)
    return a, b


def _divided(x: Any, axis: int, sizes: tuple[Any, Any]) -> Any:
    """`x` with one axis divided in two of the given sizes."""
    shape = ops.shape(x)
    return ops.reshape(x, (*shape[:axis], *sizes, *shape[axis + 1 :]))


def _parts(x: Any, axis: int, count: int, interleaved: bool) -> list[Any]:
    """Parts of an axis by slices, for graphs: a new shape may have more than one unknown size there."""
    size, before = x.shape[axis], (slice(None),) * axis
    if size is None:
        raise ValueError(f"axis {axis} of shape {tuple(x.shape)} must have a known size to be written out in {count} parts.")
    each = size // count
    slices = [slice(j, None, count) if interleaved else slice(j * each, (j + 1) * each) for j in range(count)]
    return [x[(*before, part)] for part in slices]


def _largest(x: Any, axis: int, count: int) -> Any:
    """The largest along an axis of that size. Maxima of the frameworks share the gradient among equal ones, or drop NaN."""
    if count <= UNROLLED:
        return functools.reduce(_larger, ops.unstack(x, count, axis))
    even, before = count - count % 2, (slice(None),) * axis
    first, second, rest = (x[(*before, slice(*each))] for each in ((0, even, 2), (1, even, 2), (even, None)))
    return _largest(ops.concatenate([_larger(first, second), rest], axis), axis, count - even // 2)


def _larger(first: Any, second: Any) -> Any:
    """The larger at each place: the first if they are equal, NaN if one is."""
    return ops.where(ops.logical_or(second <= first, ops.isnan(first)), first, second)
