"""Activations that make two pieces of each entry, or one of several."""

import functools
from typing import Annotated, Any

from keras_acts._catalogue import along_axis
from keras_acts._math import ops
from keras_acts._record.parameters import Choice, OptionalCount, SingleAxis
from keras_acts._record.record import Shape
from keras_acts.activations._gated._parts import divided, resized, sliced

FAMILY = "gated"

Layout = Annotated[str, Choice(("adjacent", "strided"))]

# Up to this number maxout compares the pieces one after another, which is fastest. Hundreds of steps take compilers minutes.
UNROLLED = 8


@along_axis(
    output_shape=lambda shape, axis: resized(shape, axis, None if shape[axis] is None else 2 * shape[axis]),
    takes_half=True,
    aliases=("concatenated_relu",),
    reference="Shang, Sohn, Almeida & Lee 2016, arXiv:1603.05201",
)
def crelu(x: Any, axis: SingleAxis = -1) -> Any:
    """``concat(max(0, x), max(0, -x))``

    A ReLU that loses nothing: it passes the negative parts on too, as features of their own, so the axis doubles. It was made
    for the first layers of convolutional networks, whose filters tend to come in pairs of opposite sign.

    Shape: ``(..., n, ...) -> (..., 2n, ...)``. All positive parts come first, then all negative ones.

    Args:
        axis: The axis that doubles: that of the channels.

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
    return resized(shape, axis, num_units if size is None or pool_size is None else size // pool_size)


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

    Each unit is the largest of k linear pieces: a convex function that the layer before it learns. That layer must be k times
    as wide as the result. Of equal entries the first one gets the gradient.

    Shape: ``(..., n, ...) -> (..., n / k, ...)``.

    Args:
        pool_size: The number of entries of each unit, k, from 1 on; 2 to 5 are usual. It must divide n.
        num_units: The number of units, ``n / k``, from 1 on, instead of `pool_size`.
        axis: The axis of the units.
        layout: Which entries make a unit: "adjacent" ones, as in Chainer and Paddle, or "strided" ones, ``n / k`` apart, as in
            TensorFlow Addons.

    Raises:
        ValueError: If both or neither of `pool_size` and `num_units` are given, or if the number does not divide the axis.

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
        parts = sliced(x, axis, pool_size or x.shape[axis] // num_units, interleaved=layout == "adjacent")
        return functools.reduce(_larger, parts)
    size = ops.shape(x)[axis]
    units, count = (size // pool_size, pool_size) if pool_size else (num_units, size // num_units)
    if layout == "adjacent":
        return _largest(divided(x, axis, (units, count)), axis + 1, count)
    return _largest(divided(x, axis, (count, units)), axis, count)


def _largest(x: Any, axis: int, count: int) -> Any:
    """The largest entry along an axis of that size.

    The maxima of the frameworks share the gradient among equal entries, or drop NaN.
    """
    if count <= UNROLLED:
        return functools.reduce(_larger, ops.unstack(x, count, axis))
    even, before = count - count % 2, (slice(None),) * axis
    first, second, rest = (x[(*before, slice(*each))] for each in ((0, even, 2), (1, even, 2), (even, None)))
    return _largest(ops.concatenate([_larger(first, second), rest], axis), axis, count - even // 2)


def _larger(first: Any, second: Any) -> Any:
    """The larger one at each place: the first if they are equal, and NaN if one of them is."""
    return ops.where(ops.logical_or(second <= first, ops.isnan(first)), first, second)
