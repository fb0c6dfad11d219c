"""Normalising activations: a row of scores becomes a distribution, its logarithm, or a vector of a fixed length.

An entry that a mask leaves out, or that is -inf, has no weight; a row without any weight becomes all 0 (log_softmax: -inf).
Shifts and thresholds are constants to differentiation wherever the result does not depend on them.
"""

import functools
import math
from collections.abc import Callable
from typing import Any

from keras_acts._catalogue import along_axis
from keras_acts._math import ops
from keras_acts._precision import HUGE
from keras_acts._record.parameters import Axis, FixedPositive, Norm, SingleAxis, Switch
from keras_acts._record.record import Shape

FAMILY = "normalising"


@along_axis(
    range=(0, 1),
    reference="Bridle 1990, NATO ASI F68",
    keeps_logits=True,
)
def softmax(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``exp(x_i) / sum_j exp(x_j)``

    Probabilities of exclusive classes from logits, summing to 1: the output layer of a multi-class classifier. On
    TensorFlow, Keras's cross-entropies find the logits behind it and stay exact where it saturates, unless there is a mask; on
    JAX and PyTorch give them the logits: ``from_logits=True``.

    Args:
        x: Logits, ``(..., n, ...)``. Infinite ones share the probability among themselves.
        axis: The axis that sums to 1, or several that do together.
        mask: Bools that broadcast to `x`: what is False gets the probability 0, and so does a row that is all False or -inf.

    Raises:
        ValueError: If `x` lacks such an axis, or the mask does not broadcast to it.

    >>> import keras_acts
    >>> [float(p) for p in keras_acts.activations.softmax([5.0, 5.0])]
    [0.5, 0.5]
    """
    weights = ops.exp(_shifted(_kept(x, mask), axis))
    return weights / _divisor(ops.sum(weights, axis=axis, keepdims=True))


@along_axis(
    range=(-math.inf, 0),
    reference="Bridle 1990, NATO ASI F68",
)
def log_softmax(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``x_i - log sum_j exp(x_j)``

    The logarithm of `softmax` without its underflow: for log-likelihoods.

    Args:
        x: Logits, ``(..., n, ...)``. Beside an infinite one the others get the lowest finite number.
        axis: The axis whose probabilities sum to 1, or several whose do together.
        mask: Bools that broadcast to `x`: what is False gets -inf, and so does a row that is all False or -inf.

    Raises:
        ValueError: If `x` lacks such an axis, or the mask does not broadcast to it.
    """
    x = _kept(x, mask)
    top = _finite(_largest(x, axis))
    # XLA fuses this to fewer passes than `_shifted`; the difference shows beside +inf only
    shifted = ops.where(ops.equal(x, math.inf), HUGE, x) - ops.where(ops.equal(top, math.inf), HUGE, top)
    return shifted - ops.log(_divisor(ops.sum(ops.exp(shifted), axis=axis, keepdims=True)))


@along_axis(
    range=(0, 1),
    reference="Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2",
)
def softmin(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``exp(-x_i) / sum_j exp(-x_j)``

    Weights that favour what is small, summing to 1: `softmax` of the negative, for distances, costs and energies.

    Args:
        x: Costs, ``(..., n, ...)``.
        axis: The axis that sums to 1, or several that do together.
        mask: Bools that broadcast to `x`: what is False gets the weight 0, and so does a row that is all False or +inf.

    Raises:
        ValueError: If `x` lacks such an axis, or the mask does not broadcast to it.
    """
    return softmax.compute(-x, axis, mask=mask)


def _of_an_image(shape: Shape, axis: int) -> Shape:
    if len(shape) not in (3, 4):
        raise ValueError(
            f"softmax2d takes images, (batch, channels, height, width) or one without the batch; got an input of shape {shape}."
        )
    return shape


@along_axis(
    range=(0, 1),
    output_shape=_of_an_image,
    reference="Paszke et al. 2019, arXiv:1912.01703 (torch.nn.Softmax2d)",
)
def softmax2d(x: Any, axis: SingleAxis = -3, *, mask: Any = None) -> Any:
    """``exp(x_c) / sum_k exp(x_k)``, over the channels c of each pixel

    A `softmax` at each pixel: class probabilities in segmentation. The default axis is that of channels-first images, as in
    torch; channels-last images, Keras's default, take ``axis=-1``.

    Args:
        x: Logits, ``(batch, channels, height, width)`` or ``(channels, height, width)``.
        axis: The axis of the channels.
        mask: Bools that broadcast to `x`: what is False gets the probability 0, and so does a pixel that is all False.

    Raises:
        ValueError: If `x` has not 3 or 4 dimensions, or the mask does not broadcast to it.
    """
    return softmax.compute(x, axis, mask=mask)


@along_axis(
    range=(0, 1),
    reference="ONNX operator Hardmax; straight-through: Bengio, Léonard & Courville 2013, arXiv:1308.3432",
)
def hardmax(x: Any, axis: Axis = -1, straight_through: Switch = False, *, mask: Any = None) -> Any:
    """``1 at the first maximum, else 0``

    The one-hot vector of the largest score: a decision. It has no gradient but 0; with `straight_through` it backpropagates as
    `softmax` does, so that what comes before can learn.

    Args:
        x: Scores, ``(..., n, ...)``.
        axis: The axis that has one 1, or several that have one together.
        straight_through: Whether the gradient is that of `softmax`.
        mask: Bools that broadcast to `x`: what is False is not chosen; a row that is all False or -inf becomes all 0.

    Raises:
        ValueError: If `x` lacks such an axis, or the mask does not broadcast to it.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hardmax([1.0, 3.0, 3.0])]
    [0.0, 1.0, 0.0]
    """
    x = _kept(x, mask)
    shifted = _shifted(x, axis)
    place = ops.where(ops.equal(shifted, 0), _countdown(x, axis), 0)
    first = ops.logical_and(place > 0, ops.equal(place, _largest(place, axis)))
    # not the bare one-hot: NaN stays, and the result depends on x for frameworks that insist on a gradient
    chosen = ops.where(ops.isnan(shifted), shifted, _as_number(first, x))
    # XLA's largest number of a row may pass over NaN
    chosen = ops.where(ops.any(ops.isnan(shifted), axis=axis, keepdims=True), math.nan, chosen)
    if not straight_through:
        return chosen
    probabilities = softmax.compute(x, axis)
    return chosen + (probabilities - ops.stop_gradient(probabilities))


@along_axis(
    reference="Ioffe & Szegedy 2015, arXiv:1502.03167; Ba, Kiros & Hinton 2016, arXiv:1607.06450 (jax.nn.standardize)",
)
def standardize(x: Any, axis: Axis = -1, epsilon: FixedPositive = 1e-5, *, mask: Any = None) -> Any:
    """``(x_i - mean x) / sqrt(var x + epsilon)``

    Each row gets mean 0 and variance 1: layer normalisation without its weights. A constant row becomes 0.

    Args:
        x: Input, ``(..., n, ...)``. A row of infinite or huge numbers, whose squares overflow (1e19 in float32), is NaN.
        axis: The axis that is standardised, or several that are together.
        epsilon: Added to the variance, above 0.
        mask: Bools that broadcast to `x`: what is False does not count and becomes 0.

    Raises:
        ValueError: If `x` lacks such an axis, the mask does not broadcast to it, or `epsilon` is not above 0.
    """
    mean = functools.partial(_mean, axis=axis, mask=mask)
    # The first mean is good to a rounding of the numbers themselves, which may be large; the second one makes up for that.
    near = x - ops.stop_gradient(mean(x))
    centred = near - mean(near)
    centred = centred if mask is None else ops.where(mask, centred, 0.0)
    variance = mean(ops.square(centred))
    return centred / ops.sqrt(ops.where(ops.equal(variance, math.inf), math.nan, variance) + epsilon)


@along_axis(
    range=(-1, 1),
    aliases=("lp_normalization", "l2_normalize_act"),
    reference="ONNX operator LpNormalization",
)
def lp_normalize(x: Any, axis: Axis = -1, p: Norm = 2.0, *, mask: Any = None) -> Any:
    """``x_i / (sum_j |x_j|^p)^(1 / p)``

    Each row becomes a vector of length 1: an embedding of which only the direction counts. A row of zeros stays, with
    gradient 0.

    Args:
        x: Input, ``(..., n, ...)``.
        axis: The axis that gets the length 1, or several that do together.
        p: The norm, at least 1: 1 is the sum of magnitudes, 2 the Euclidean length.
        mask: Bools that broadcast to `x`: what is False does not count and becomes 0.

    Raises:
        ValueError: If `x` lacks such an axis, the mask does not broadcast to it, or `p` is below 1.

    >>> import keras_acts
    >>> [round(float(y), 4) for y in keras_acts.activations.lp_normalize([3e30, 4e30])]
    [0.6, 0.8]
    """
    x = ops.clip(x if mask is None else ops.where(mask, x, 0.0), -HUGE, HUGE)
    top = _largest(ops.absolute(x), axis)
    # No power of what is at most 1 overflows, and the length cancels the scale. The reciprocal of a huge number, which XLA
    # multiplies by, would be flushed to 0. 0 / inf has the value 0 and the slope 0.
    smaller = ops.where(top > 2.0**100, 2.0**-10, ops.ones_like(top))
    scaled = x * smaller / ops.where(ops.equal(top, 0), math.inf, top * smaller)
    if p == 2:
        return scaled / _divisor(ops.sqrt(_divisor(ops.sum(ops.square(scaled), axis=axis, keepdims=True))))
    size = scaled * ops.stop_gradient(ops.sign(scaled))
    if p == 1:
        length = ops.sum(size, axis=axis, keepdims=True)
    else:
        zero = ops.equal(size, 0)
        powers = ops.where(zero, 0.0, ops.power(ops.where(zero, 1.0, size), p))
        length = ops.power(_divisor(ops.sum(powers, axis=axis, keepdims=True)), 1.0 / p)
    return scaled / _divisor(length)


@along_axis(
    range=(0, 1),
    reference="Martins & Astudillo 2016, arXiv:1602.02068",
)
def sparsemax(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``max(0, x_i - t), with t such that they sum to 1``

    The point of the probability simplex that is nearest to the scores: a `softmax` that gives unlikely classes exactly 0.
    For attention that selects; its loss is `keras_acts.losses.SparsemaxLoss`.

    Args:
        x: Scores, ``(..., n, ...)``.
        axis: The axis that sums to 1, or several that do together.
        mask: Bools that broadcast to `x`: what is False gets 0, and so does a row that is all False or -inf.

    Raises:
        ValueError: If `x` lacks such an axis, or the mask does not broadcast to it.

    >>> import keras_acts
    >>> [float(p) for p in keras_acts.activations.sparsemax([0.5, 0.25, -1.0])]
    [0.625, 0.375, 0.0]
    """
    z = _shifted(_kept(x, mask), axis)

    def step(above: Any) -> Any:
        return ops.relu(ops.sum(above, axis=axis, keepdims=True) - 1.0) / _divisor(_positive(above, axis))

    def of_the_first(falling: Any, total: Callable[[Any], Any]) -> Any:
        return (total(falling) - 1.0) / total(ops.ones_like(falling))

    threshold = _threshold(step, of_the_first, z, axis)
    above = ops.relu(z - threshold)
    # What is left of the threshold, exactly and with its derivative: sum over k entries of (above - rest) is 1
    rest = (ops.sum(above, axis=axis, keepdims=True) - 1.0) / _divisor(_positive(above, axis))
    return _without(above, rest)


@along_axis(
    range=(0, 1),
    aliases=("entmax",),
    reference="Peters, Niculae & Martins 2019, arXiv:1905.05702",
)
def entmax15(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``max(0, x_i / 2 - t)², with t such that they sum to 1``

    Halfway between `softmax` and `sparsemax`: still sparse, but smooth, which trains better. Its loss is
    `keras_acts.losses.Entmax15Loss`.

    Args:
        x: Scores, ``(..., n, ...)``.
        axis: The axis that sums to 1, or several that do together.
        mask: Bools that broadcast to `x`: what is False gets 0, and so does a row that is all False or -inf.

    Raises:
        ValueError: If `x` lacks such an axis, or the mask does not broadcast to it.

    >>> import keras_acts
    >>> [round(float(p), 6) for p in keras_acts.activations.entmax15([2.0, 2.0, -1.0])]
    [0.5, 0.5, 0.0]
    """
    z = 0.5 * _shifted(_kept(x, mask), axis)

    def step(above: Any) -> Any:
        norm = ops.sqrt(ops.sum(ops.square(above), axis=axis, keepdims=True))
        return ops.relu(norm - 1.0) * norm / _divisor(ops.sum(above, axis=axis, keepdims=True))

    def of_the_first(falling: Any, total: Callable[[Any], Any]) -> Any:
        count = total(ops.ones_like(falling))
        mean = total(falling) / count
        return mean - ops.sqrt(ops.relu((1.0 - total(ops.square(falling))) / count + ops.square(mean)))

    threshold = _threshold(step, of_the_first, z, axis)
    above = ops.relu(z - threshold)
    # sum over k entries of (above - rest)² is 1: the root of a quadratic equation, in the form that does not cancel
    total = _divisor(ops.sum(above, axis=axis, keepdims=True))
    excess = ops.sum(ops.square(above), axis=axis, keepdims=True) - 1.0
    rest = excess / (total + ops.sqrt(ops.square(total) - _positive(above, axis) * excess))
    return ops.square(_without(above, rest))


def _threshold(step: Callable[[Any], Any], of_the_first: Callable[[Any, Callable[[Any], Any]], Any], z: Any, axis: Any) -> Any:
    """The threshold at which the positive parts of ``z - threshold`` have the sum or norm 1, as a constant.

    Newton's steps from -1 on, where nothing that counts is left out. The sum and the norm are convex and fall, so that a step
    never goes too far, and it cuts the product of the excess and the slope to a quarter or less: n² at most in the beginning.

    Args:
        step: From the positive parts to how much the threshold may rise.
        of_the_first: From falling entries, and a function for running totals, to the threshold at each if none after it counts.
        z: Scores of which the largest in each row is 0.
        axis: The axis, or several.
    """
    z = ops.stop_gradient(z)
    if ops.recorded(z) and isinstance(axis, int):
        return _threshold_by_sorting(of_the_first, z, axis)
    digits = 53 if ops.is_double(z) else 24
    most = digits // 2 + (_size(z, axis) or 2**31).bit_length()
    return ops.fixed_point(
        lambda threshold: threshold + step(ops.relu(z - threshold)), ops.zeros_like(_largest(z, axis)) - 1.0, most
    )


def _threshold_by_sorting(of_the_first: Callable[[Any, Callable[[Any], Any]], Any], z: Any, axis: int) -> Any:
    """The same where operations are written down, and each step would be some ten of them: to a rounding for each entry."""
    falling = -ops.sort(-ops.clip(z, -1.0, 0.0), axis=axis)
    candidates = of_the_first(falling, functools.partial(ops.cumsum, axis=axis))
    # Those of the entries that count rise to the threshold; any other is above the entry it belongs to.
    return ops.largest(ops.where(candidates <= falling, candidates, -1.0), axis)


def _without(above: Any, rest: Any) -> Any:
    return ops.where(ops.equal(above, 0), 0.0, ops.relu(above - rest))


def _positive(above: Any, axis: Any) -> Any:
    return ops.sum(_as_number(above > 0, above), axis=axis, keepdims=True)


def _as_number(condition: Any, like: Any) -> Any:
    return ops.where(condition, ops.ones_like(like), ops.zeros_like(like))


def _kept(x: Any, mask: Any) -> Any:
    return x if mask is None else ops.where(mask, x, -math.inf)


def _shifted(x: Any, axis: Any) -> Any:
    """``x - max x`` in each row: 0 for +inf, and -inf throughout a row that has nothing else."""
    return ops.where(ops.equal(x, math.inf), 0.0, x - _finite(_largest(x, axis)))


def _largest(x: Any, axis: Any) -> Any:
    """The largest of each row, as a constant; 0 of a row of no entries."""
    return ops.stop_gradient(ops.sum(x, axis=axis, keepdims=True) if 0 in x.shape else ops.largest(x, axis))


def _finite(top: Any) -> Any:
    """0 in place of -inf, so that nothing is subtracted from a row of -inf."""
    return ops.where(ops.equal(top, -math.inf), 0.0, top)


def _divisor(x: Any) -> Any:
    """1 in place of 0, for 0 / 0 = 0."""
    return ops.where(ops.equal(x, 0), 1.0, x)


def _mean(x: Any, axis: Any, mask: Any) -> Any:
    """The mean of what the mask leaves of each row; 0 of nothing."""
    size = _size(x, axis)
    if mask is None and size is not None:
        return ops.sum(x, axis=axis, keepdims=True) / max(1, size)
    kept = (each if mask is None else ops.where(mask, each, 0.0) for each in (x, ops.ones_like(x)))
    total, count = (ops.sum(each, axis=axis, keepdims=True) for each in kept)
    return total / _divisor(count)


def _countdown(x: Any, axis: Any) -> Any:
    """The places of each row's entries, from the last, which is 1, to the first."""
    axes = {i % len(x.shape) for i in _several(axis)}
    known = all(isinstance(x.shape[i], int) for i in axes)
    sizes = [size if i in axes else 1 for i, size in enumerate(x.shape if known else ops.shape(x))]
    return ops.reshape(ops.arange(math.prod(sizes), 0, -1, dtype="int32"), sizes)


def _size(x: Any, axis: Any) -> int | None:
    """The number of entries in a row, if it is known beforehand."""
    sizes = [x.shape[i] for i in _several(axis)]
    return math.prod(sizes) if all(isinstance(size, int) for size in sizes) else None


def _several(axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)
