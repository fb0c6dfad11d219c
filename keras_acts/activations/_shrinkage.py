"""Shrinkage: small inputs become 0, and large ones stay or move towards it."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._record.parameters import AnyReal, NonNegative

FAMILY = "shrinkage"


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=-1,
    parity="odd",
    aliases=("hardshrink",),
    same_as=("shrink(x)",),
    reference="Donoho & Johnstone 1994, Biometrika 81(3)",
)
def hard_shrink(x: Any, threshold: NonNegative = 0.5) -> Any:
    """``x if |x| > threshold, else 0``

    Keeps large inputs as they are and drops small ones: for sparse codes whose values should not be biased. It jumps at the
    threshold. `soft_shrink` does not.

    Args:
        threshold: Largest magnitude that becomes 0, at least 0.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_shrink([-3.0, 0.5, 0.75])]
    [-3.0, 0.0, 0.75]
    """
    return ops.where(ops.absolute(x) <= threshold, ops.zeros_like(x), x)


@derivative(hard_shrink)
def _(x: Any, threshold: Any) -> Any:
    """``1 if |x| > threshold, else 0``"""
    return ops.where(ops.absolute(x) <= threshold, ops.zeros_like(x), 1.0)


@derivative(hard_shrink, "threshold")
def _(x: Any, threshold: Any) -> Any:
    """``0``"""
    return ops.zeros_like(x)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=0,
    parity="odd",
    aliases=("softshrink", "soft_thresholding"),
    same_as=("shrink(x, bias=0.5, threshold=0.5)",),
    reference="Donoho 1995, IEEE Trans. Information Theory 41(3)",
)
def soft_shrink(x: Any, threshold: NonNegative = 0.5) -> Any:
    """``x - threshold if x > threshold, x + threshold if x < -threshold, else 0``

    Moves every input towards 0 by `threshold`, and smaller ones to 0: the step of ISTA that solves a least-squares problem with
    an L1 penalty.

    Args:
        threshold: How far inputs move towards 0, at least 0.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.soft_shrink([-3.0, 0.25, 0.75])]
    [-2.5, 0.0, 0.25]
    """
    return shrink.compute(x, threshold, threshold)


@derivative(soft_shrink)
def _(x: Any, threshold: Any) -> Any:
    """``1 if |x| > threshold, else 0``"""
    return hard_shrink.derivative(x, threshold)


@derivative(soft_shrink, "threshold")
def _(x: Any, threshold: Any) -> Any:
    """``-1 if x > threshold, 1 if x < -threshold, else 0``"""
    return _towards_0(x, threshold)


def _towards_0(x: Any, threshold: Any) -> Any:
    """The direction in which an input beyond the threshold moves, else 0."""
    return ops.where(ops.absolute(x) <= threshold, ops.zeros_like(x), -ops.sign(x))


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=-1,
    parity="odd",
    reference="ONNX operator Shrink",
)
def shrink(x: Any, threshold: NonNegative = 0.5, bias: AnyReal = 0.0) -> Any:
    """``x - bias if x > threshold, x + bias if x < -threshold, else 0``

    ONNX's operator of that name, which calls the threshold `lambd`. It is `hard_shrink` if the bias is 0, and `soft_shrink`
    if the bias equals the threshold.

    Args:
        threshold: Largest magnitude that becomes 0, at least 0.
        bias: How far larger inputs move towards 0, any number.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.shrink([-3.0, 0.25, 0.75], threshold=0.5, bias=0.25)]
    [-2.75, 0.0, 0.5]
    """
    moved = ops.where(x > 0, x - bias, x + bias)
    return ops.where(ops.absolute(x) <= threshold, ops.zeros_like(x), moved)


@derivative(shrink)
def _(x: Any, threshold: Any, bias: Any) -> Any:
    """``1 if |x| > threshold, else 0``"""
    return hard_shrink.derivative(x, threshold)


@derivative(shrink, "threshold")
def _(x: Any, threshold: Any, bias: Any) -> Any:
    """``0``"""
    return ops.zeros_like(x)


@derivative(shrink, "bias")
def _(x: Any, threshold: Any, bias: Any) -> Any:
    """``-1 if x > threshold, 1 if x < -threshold, else 0``"""
    return _towards_0(x, threshold)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    aliases=("tanhshrink",),
    equals=("x - tanh(x)",),
    reference="Collobert, Kavukcuoglu & Farabet 2011, Torch7, BigLearn NIPS workshop",
)
def tanh_shrink(x: Any) -> Any:
    """``x - tanh(x)``

    Shrinks smoothly: about x³/3 near 0, the input moved towards 0 by 1 far from it.
    """
    # Below 1 it is x - x · n / (n + r) without the cancellation. Above 1 it is (x - 1) + (1 - tanh(x)).
    near, n, r = _lambert(x)
    magnitude, decay = ops.absolute(x), ops.exp(-2.0 * ops.absolute(x))
    far = (magnitude - 1.0) + 2.0 * decay / (1.0 + decay)
    return ops.where(magnitude < 1.0, near * r / (n + r), ops.where(x < 0, -far, far))


@derivative(tanh_shrink)
def _(x: Any) -> Any:
    """``tanh(x)²``"""
    # A backend's own tanh is off by several roundings where it nears 1, and its square by twice as many.
    near, n, r = _lambert(x)
    magnitude, decay = ops.absolute(x), ops.exp(-2.0 * ops.absolute(x))
    return ops.square(ops.where(magnitude < 1.0, near * n / (n + r), (1.0 - decay) / (1.0 + decay)))


def _lambert(x: Any) -> tuple[Any, Any, Any]:
    """`x` clipped to [-1, 1], and `n` and `r` such that its tanh is ``x · n / (n + r)``.

    They are Lambert's continued fraction ``x / (1 + x² / (3 + x² / (5 + …)))``, cut off after 17 and multiplied out, which is
    right to 2⁻⁵³.
    """
    near = ops.clip(x, -1.0, 1.0)
    u = ops.square(near)
    n = (((u + 990.0) * u + 135135.0) * u + 4729725.0) * u + 34459425.0
    r = (((44.0 * u + 12870.0) * u + 810810.0) * u + 11486475.0) * u
    return near, n, r
