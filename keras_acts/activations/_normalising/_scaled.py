"""Rows that are scaled to a given variance or length."""

import functools
from typing import Any

from keras_acts._catalogue import along_axis
from keras_acts._math import ops
from keras_acts._precision import HUGE
from keras_acts._record.parameters import Axis, FixedPositive, Norm
from keras_acts.activations._normalising import _rows as rows

FAMILY = "normalising"


@along_axis(
    reference="Ioffe & Szegedy 2015, arXiv:1502.03167; Ba, Kiros & Hinton 2016, arXiv:1607.06450 (jax.nn.standardize)",
)
def standardize(x: Any, axis: Axis = -1, epsilon: FixedPositive = 1e-5, *, mask: Any = None) -> Any:
    """``(x_i - mean x) / sqrt(var x + epsilon)``

    Each row gets mean 0 and variance 1: layer normalization without its weights. A constant row becomes 0.

    Shape: ``(..., n, ...) -> (..., n, ...)``. A row becomes NaN if its squares overflow, from about 1e19 on in float32.

    Args:
        axis: The axis that is standardized, or several that are together.
        epsilon: A number above 0 that is added to the variance.
        mask: Bools that broadcast to `x`. An entry with False does not count and becomes 0.
    """
    mean = functools.partial(rows.mean, axis=axis, mask=mask)
    # The first mean is right to a rounding of the numbers themselves, which may be large. The second mean makes up for that.
    near = x - ops.stop_gradient(mean(x))
    centred = near - mean(near)
    centred = centred if mask is None else ops.where(mask, centred, 0.0)
    variance = mean(ops.square(centred))
    overflowed = ops.where(variance > ops.huge(variance), variance - variance, 0.0)  # NaN, or 0
    return centred / ops.sqrt(variance + overflowed + epsilon)


@along_axis(
    range=(-1, 1),
    aliases=("lp_normalization", "l2_normalize_act"),
    reference="ONNX operator LpNormalization",
)
def lp_normalize(x: Any, axis: Axis = -1, p: Norm = 2.0, *, mask: Any = None) -> Any:
    """``x_i / (sum_j |x_j|^p)^(1 / p)``

    Each row becomes a vector of length 1: an embedding of which only the direction counts. A row of zeros stays as it is, with
    gradient 0.

    Shape: ``(..., n, ...) -> (..., n, ...)``, with `mask` as in `standardize`.

    Args:
        axis: The axis that gets the length 1, or several that do together.
        p: The norm, at least 1: 1 is the sum of magnitudes, 2 the Euclidean length.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.lp_normalize([3e30, 4e30])]
    [0.6, 0.8]
    """
    x = ops.clip(x if mask is None else ops.where(mask, x, 0.0), -HUGE, HUGE)
    top = rows.largest(ops.absolute(x), axis)
    # No power of a number up to 1 overflows, and the length cancels the scale. XLA multiplies by the reciprocal, which of a
    # huge number would be flushed to 0. A row of zeros has the value 0 and the slope 0.
    smaller = ops.where(top > 2.0**100, 2.0**-10, ops.ones_like(top))
    scaled = ops.where(ops.equal(top, 0), 0.0, x * smaller / rows.divisor(top * smaller))
    if p == 2:
        return scaled / rows.divisor(ops.sqrt(rows.divisor(ops.sum(ops.square(scaled), axis=axis, keepdims=True))))
    size = scaled * ops.stop_gradient(ops.sign(scaled))
    if p == 1:
        length = ops.sum(size, axis=axis, keepdims=True)
    else:
        zero = ops.equal(size, 0)
        powers = ops.where(zero, 0.0, ops.power(ops.where(zero, 1.0, size), p))
        length = ops.power(rows.divisor(ops.sum(powers, axis=axis, keepdims=True)), 1.0 / p)
    return scaled / rows.divisor(length)
