"""Softmax, its variants, and the one-hot vector that it tends to."""

import math
from typing import Any

from keras_acts._catalogue import along_axis
from keras_acts._math import ops
from keras_acts._precision import HUGE
from keras_acts._record.parameters import Axis, SingleAxis, Switch
from keras_acts._record.record import Shape
from keras_acts.activations._normalising import _rows as rows

FAMILY = "normalising"


@along_axis(
    range=(0, 1),
    reference="Bridle 1990, NATO ASI F68",
    keeps_logits=True,
)
def softmax(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``exp(x_i) / sum_j exp(x_j)``

    Probabilities of exclusive classes from logits, which sum to 1: the output layer of a multi-class classifier. On
    TensorFlow, Keras's cross-entropies find the logits behind it and stay exact where it saturates, unless there is a mask. On
    JAX and PyTorch, give them the logits instead: ``from_logits=True``.

    Shape: ``(..., n, ...) -> (..., n, ...)``. Infinite logits share the probability among themselves.

    Args:
        axis: The axis that sums to 1, or several that do together.
        mask: Bools that broadcast to `x`. An entry with False gets the probability 0, and so does a row that is all False or
            -inf.

    >>> import keras_acts
    >>> [float(p) for p in keras_acts.activations.softmax([5.0, 5.0])]
    [0.5, 0.5]
    """
    weights = ops.exp(rows.shifted(x, axis, mask))
    return weights / rows.divisor(ops.sum(weights, axis=axis, keepdims=True))


@along_axis(
    range=(-math.inf, 0),
    equals=("exp(log_softmax(x)) = softmax(x)",),
    reference="Bridle 1990, NATO ASI F68",
)
def log_softmax(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``x_i - log sum_j exp(x_j)``

    The logarithm of `softmax` without its underflow: for log-likelihoods.

    Shape: ``(..., n, ...) -> (..., n, ...)``. Beside an infinite logit the others get the lowest finite number.

    Args:
        axis: The axis whose probabilities sum to 1, or several whose probabilities do together.
        mask: As in `softmax`, with -inf, the logarithm of 0, for what it leaves out.
    """
    most = ops.huge(x)
    x = rows.kept(x, mask, -most)
    top = rows.finite(rows.largest(x, axis))
    # XLA fuses this to fewer passes than `rows.shifted`. The two differ beside +inf only.
    shifted = ops.where(x > most, HUGE, x) - ops.where(top > most, HUGE, top)
    y = shifted - ops.log(rows.divisor(ops.sum(ops.exp(shifted), axis=axis, keepdims=True)))
    return rows.kept(y, mask, -math.inf)


@along_axis(
    range=(0, 1),
    equals=("softmax(-x)",),
    reference="Goodfellow, Bengio & Courville 2016, Deep Learning, section 6.2",
)
def softmin(x: Any, axis: Axis = -1, *, mask: Any = None) -> Any:
    """``exp(-x_i) / sum_j exp(-x_j)``

    Weights that favor small numbers and sum to 1: `softmax` of the negative, for distances, costs and energies.

    Shape: ``(..., n, ...) -> (..., n, ...)``, with `axis` and `mask` as in `softmax`. A row that is all +inf becomes 0.
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
    torch. Channels-last images, Keras's default, take ``axis=-1``.

    Shape: ``(batch, channels, height, width)`` or ``(channels, height, width)``, which it keeps. `mask` is that of `softmax`.

    Args:
        axis: The axis of the channels.

    Raises:
        ValueError: If `x` does not have 3 or 4 dimensions.
    """
    return softmax.compute(x, axis, mask=mask)


@along_axis(
    range=(0, 1),
    reference="ONNX operator Hardmax; straight-through: Bengio, Léonard & Courville 2013, arXiv:1308.3432",
)
def hardmax(x: Any, axis: Axis = -1, straight_through: Switch = False, *, mask: Any = None) -> Any:
    """``1 at the first maximum, else 0``

    The one-hot vector of the largest score: a decision. Its gradient is 0. With `straight_through` it backpropagates as
    `softmax` does, so that the layers before it can learn.

    Shape: ``(..., n, ...) -> (..., n, ...)``, with `mask` as in `softmax`.

    Args:
        axis: The axis that has one 1, or several that have one together.
        straight_through: Whether the gradient is that of `softmax`.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hardmax([1.0, 3.0, 3.0])]
    [0.0, 1.0, 0.0]
    """
    shifted = rows.shifted(x, axis, mask)
    place = ops.where(ops.equal(shifted, 0), rows.countdown(x, axis), 0)
    first = ops.logical_and(place > 0, ops.equal(place, rows.largest(place, axis)))
    # Not the bare one-hot vector: NaN stays, in its whole row, since XLA's largest number of a row may ignore it, and the
    # result depends on x for frameworks that insist on a gradient.
    unknown = ops.sum(ops.where(ops.isnan(shifted), shifted, 0.0), axis=axis, keepdims=True)
    chosen = rows.as_number(first, x) + unknown
    if not straight_through:
        return chosen
    probabilities = softmax.compute(x, axis, mask=mask)
    return chosen + (probabilities - ops.stop_gradient(probabilities))
