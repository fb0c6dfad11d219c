"""The parts of an axis, and the shapes that result when an axis is divided."""

from typing import Any

from keras_acts._math import ops
from keras_acts._record.record import Shape


def halved(name: str, shape: Shape, axis: int, **others: Any) -> Shape:
    """The shape with one axis of half its size; raises if that size is odd."""
    size = shape[axis]
    if size is not None and size % 2:
        raise ValueError(
            f"{name} halves an axis, so its size must be even; axis {axis} of an input of shape {shape} has {size} entries."
        )
    return resized(shape, axis, None if size is None else size // 2)


def resized(shape: Shape, axis: int, size: int | None) -> Shape:
    """The shape with another size of one axis."""
    axis %= len(shape)
    return (*shape[:axis], size, *shape[axis + 1 :])


def halves(x: Any, axis: int, gate: str) -> tuple[Any, Any]:
    """The values a and the gates b of an input."""
    axis %= len(x.shape)
    if ops.recorded(x):
        first, second = sliced(x, axis, 2, interleaved=gate == "interleaved")
        return (first, second) if gate == "second" else (second, first)
    size = ops.shape(x)[axis]
    if gate == "interleaved":
        b, a = ops.unstack(divided(x, axis, (size // 2, 2)), 2, axis + 1)
    elif gate == "first":
        b, a = ops.unstack(divided(x, axis, (2, size // 2)), 2, axis)
    else:
        a, b = ops.unstack(divided(x, axis, (2, size // 2)), 2, axis)
    return a, b


def divided(x: Any, axis: int, sizes: tuple[Any, Any]) -> Any:
    """`x` with one axis replaced by two axes of the given sizes."""
    shape = ops.shape(x)
    return ops.reshape(x, (*shape[:axis], *sizes, *shape[axis + 1 :]))


def sliced(x: Any, axis: int, count: int, interleaved: bool) -> list[Any]:
    """The parts of an axis as slices.

    It is for graphs, where more than one size may be unknown, which no reshape can express.
    """
    size, before = x.shape[axis], (slice(None),) * axis
    if size is None:
        raise ValueError(f"axis {axis} of shape {tuple(x.shape)} must have a known size to be written out in {count} parts.")
    each = size // count
    slices = [slice(j, None, count) if interleaved else slice(j * each, (j + 1) * each) for j in range(count)]
    return [x[(*before, part)] for part in slices]
