"""Distributions with zeros: what exceeds a threshold that makes the row sum to 1."""

import functools
from collections.abc import Callable
from typing import Any

from keras_acts._catalogue import along_axis
from keras_acts._math import ops
from keras_acts._record.parameters import Axis
from keras_acts.activations._normalising import _rows as rows

FAMILY = "normalising"


@along_axis(
    range=(0, 1),
    reference="Martins & Astudillo 2016, arXiv:1602.02068",
)
def sparsemax(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``max(0, x_i - t), with t such that they sum to 1``

    The point of the probability simplex that is nearest to the scores: a `softmax` that gives unlikely classes exactly 0.
    It is for attention that selects. Its loss is `keras_acts.losses.SparsemaxLoss`.

    Shape: ``(..., n, ...) -> (..., n, ...)``, with `axis` and `mask` as in `softmax`.

    >>> import keras_acts
    >>> [float(p) for p in keras_acts.activations.sparsemax([0.5, 0.25, -1.0])]
    [0.625, 0.375, 0.0]
    """
    z = rows.shifted(x, axis, mask)

    def step(above: Any) -> Any:
        return ops.relu(ops.sum(above, axis=axis, keepdims=True) - 1.0) / rows.divisor(rows.positive(above, axis))

    def of_the_first(falling: Any, total: Callable[[Any], Any]) -> Any:
        return (total(falling) - 1.0) / total(ops.ones_like(falling))

    threshold = _threshold(step, of_the_first, z, axis)
    above = ops.relu(z - threshold)
    # The rest of the threshold, exactly and with its derivative: the sum of (above - rest) over k entries is 1.
    rest = (ops.sum(above, axis=axis, keepdims=True) - 1.0) / rows.divisor(rows.positive(above, axis))
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

    Shape: ``(..., n, ...) -> (..., n, ...)``, with `axis` and `mask` as in `softmax`.

    >>> import keras_acts
    >>> [round(float(p), 6) for p in keras_acts.activations.entmax15([2.0, 2.0, -1.0])]
    [0.5, 0.5, 0.0]
    """
    z = 0.5 * rows.shifted(x, axis, mask)

    def step(above: Any) -> Any:
        norm = ops.sqrt(ops.sum(ops.square(above), axis=axis, keepdims=True))
        return ops.relu(norm - 1.0) * norm / rows.divisor(ops.sum(above, axis=axis, keepdims=True))

    def of_the_first(falling: Any, total: Callable[[Any], Any]) -> Any:
        count = total(ops.ones_like(falling))
        mean = total(falling) / count
        return mean - ops.sqrt(ops.relu((1.0 - total(ops.square(falling))) / count + ops.square(mean)))

    threshold = _threshold(step, of_the_first, z, axis)
    above = ops.relu(z - threshold)
    # The sum of (above - rest)² over k entries is 1: the root of a quadratic equation, in the form that does not cancel.
    total = rows.divisor(ops.sum(above, axis=axis, keepdims=True))
    excess = ops.sum(ops.square(above), axis=axis, keepdims=True) - 1.0
    rest = excess / (total + ops.sqrt(ops.square(total) - rows.positive(above, axis) * excess))
    return ops.square(_without(above, rest))


def _threshold(step: Callable[[Any], Any], of_the_first: Callable[[Any, Callable[[Any], Any]], Any], z: Any, axis: Any) -> Any:
    """The threshold at which the positive parts of ``z - threshold`` have the sum or norm 1, as a constant.

    Newton's steps begin at -1, where no entry that counts is left out. The sum and the norm are convex and fall, so that a step
    never goes too far. Each step cuts the product of the excess and the slope, which is n² at most, to a quarter or less.

    Args:
        step: Takes the positive parts and returns how much the threshold may rise.
        of_the_first: Takes falling entries and a function for running totals, and returns the threshold at each entry if none
            after it counts.
        z: Scores of which the largest in each row is 0.
        axis: The axis, or several.
    """
    z = ops.stop_gradient(z)
    if ops.recorded(z) and isinstance(axis, int):
        return _threshold_by_sorting(of_the_first, z, axis)
    digits = 53 if ops.is_double(z) else 24
    most = digits // 2 + (rows.size(z, axis) or 2**31).bit_length()
    return ops.fixed_point(
        lambda threshold: threshold + step(ops.relu(z - threshold)), ops.zeros_like(rows.largest(z, axis)) - 1.0, most
    )


def _threshold_by_sorting(of_the_first: Callable[[Any, Callable[[Any], Any]], Any], z: Any, axis: int) -> Any:
    """The same in graphs that are written out, where each of Newton's steps would take some ten operations.

    It is right to one rounding for each entry.
    """
    falling = -ops.sort(-ops.clip(z, -1.0, 0.0), axis=axis)
    candidates = of_the_first(falling, functools.partial(ops.cumsum, axis=axis))
    # The candidates of entries that count rise to the threshold. Any other candidate is above its entry.
    return ops.largest(ops.where(candidates <= falling, candidates, -1.0), axis)


def _without(above: Any, rest: Any) -> Any:
    """``above - rest`` where `above` is not 0."""
    return ops.where(ops.equal(above, 0), 0.0, ops.relu(above - rest))
