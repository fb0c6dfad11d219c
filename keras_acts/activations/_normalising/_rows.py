"""Operations on rows, which are the entries along one axis or along several axes together."""

import math
from typing import Any

from keras_acts._math import ops
from keras_acts._precision import has_rank


def kept(x: Any, mask: Any, instead: float) -> Any:
    """`x`, with a number instead where the mask leaves an entry out."""
    return x if mask is None else ops.where(mask, x, instead)


def shifted(x: Any, axis: Any, mask: Any = None) -> Any:
    """``x - max x`` in each row: 0 for +inf, -inf throughout a row of nothing else, and the least number for what is left out.

    Beside infinite entries nothing is infinite, not even a constant, which would stop the checkers of the frameworks.
    """
    least = -ops.huge(x)
    from_top = x - finite(largest(kept(x, mask, least), axis))
    return kept(ops.where(x > -least, 0.0, from_top), mask, least)


def largest(x: Any, axis: Any) -> Any:
    """The largest entry of each row, as a constant to differentiation; 0 for a row without entries."""
    empty = has_rank(x.shape) and 0 in x.shape
    return ops.stop_gradient(ops.sum(x, axis=axis, keepdims=True) if empty else ops.largest(x, axis))


def finite(top: Any) -> Any:
    """`top` with 0 in place of -inf, which would make NaN of a row of -inf."""
    return ops.where(top < -ops.huge(top), 0.0, top)


def divisor(x: Any) -> Any:
    """`x` with 1 in place of 0, so that 0 divided by it is 0."""
    return ops.where(ops.equal(x, 0), 1.0, x)


def mean(x: Any, axis: Any, mask: Any) -> Any:
    """The mean of what the mask leaves of each row; 0 if it leaves nothing."""
    known = size(x, axis)
    if mask is None and known is not None:
        return ops.sum(x, axis=axis, keepdims=True) / max(1, known)
    counted = (each if mask is None else ops.where(mask, each, 0.0) for each in (x, ops.ones_like(x)))
    total, count = (ops.sum(each, axis=axis, keepdims=True) for each in counted)
    return total / divisor(count)


def countdown(x: Any, axis: Any) -> Any:
    """The place of each entry in its row, counted from the last entry, which has 1."""
    axes = {i % len(x.shape) for i in _several(axis)}
    known = all(isinstance(x.shape[i], int) for i in axes)
    sizes = [each if i in axes else 1 for i, each in enumerate(x.shape if known else ops.shape(x))]
    return ops.reshape(ops.arange(math.prod(sizes), 0, -1, dtype="int32"), sizes)


def positive(above: Any, axis: Any) -> Any:
    """The number of positive entries of each row."""
    return ops.sum(as_number(above > 0, above), axis=axis, keepdims=True)


def as_number(condition: Any, like: Any) -> Any:
    """1 where the condition holds and 0 elsewhere, in the dtype of `like`."""
    return ops.where(condition, ops.ones_like(like), ops.zeros_like(like))


def size(x: Any, axis: Any) -> int | None:
    """The number of entries in a row, or None if the shape does not tell."""
    sizes = [x.shape[i] for i in _several(axis)]
    return math.prod(sizes) if all(isinstance(each, int) for each in sizes) else None


def _several(axis: Any) -> tuple[int, ...]:
    return axis if isinstance(axis, tuple) else (axis,)
