"""Rectifiers: the identity above a threshold, something small below."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._record.parameters import AnyReal, NonNegative, OptionalPositive, Positive
from keras_acts.activations._piecewise import hard_tanh

FAMILY = "rectified"


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("rectifier",),
    reference="Fukushima 1969, IEEE Trans. SSC 5(4); Nair & Hinton 2010, ICML",
)
def relu(
    x: Any,
    negative_slope: NonNegative = 0.0,
    max_value: OptionalPositive = None,
    threshold: NonNegative = 0.0,
) -> Any:
    """``max(0, x)``

    The standard choice for hidden layers: cheap and sparse. A unit whose input stays negative gets no gradient and stays
    dead; `leaky_relu`, `elu` and `softplus` avoid that.

    Args:
        negative_slope: Slope below `threshold`, where the value is ``negative_slope · (x - threshold)``.
        max_value: Largest value, above 0, or None for no limit. The gradient is 0 from there on.
        threshold: Where the identity begins; the function jumps there if it is not 0.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.relu([-2.0, 0.0, 3.0])]
    [0.0, 0.0, 3.0]
    """
    if threshold == 0 and negative_slope == 0:
        y = ops.relu(x)
    else:
        # 0 · (-inf) is NaN: a slope of 0 must not be multiplied out
        below = negative_slope * (x - threshold) if negative_slope else ops.zeros_like(x)
        y = ops.where(x <= threshold, below, x)
    return y if max_value is None else ops.where(y >= max_value, max_value, y)


@derivative(relu)
def _(x: Any, negative_slope: Any, max_value: Any, threshold: Any) -> Any:
    """``1 if x > 0, else 0``"""
    slope = _branches(x, threshold, negative_slope, 1.0)
    if max_value is None:
        return slope
    return ops.where(ops.logical_and(x > threshold, x >= max_value), 0.0, slope)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("lrelu",),
    reference="Maas, Hannun & Ng 2013, ICML workshop on deep learning for audio, speech and language processing",
)
def leaky_relu(x: Any, negative_slope: NonNegative = 0.01) -> Any:
    """``x if x > 0, else negative_slope · x``

    A ReLU whose units never die, since a little gradient passes below 0. The default slope is the paper's 0.01, as in torch
    and JAX; Keras has 0.2 in its function and 0.3 in its layer.

    Args:
        negative_slope: Slope below 0, at least 0; in `PReLU` it is learned.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.leaky_relu([-2.0, 3.0], negative_slope=0.5)]
    [-1.0, 3.0]
    """
    if isinstance(negative_slope, float) and negative_slope == 0:
        return ops.relu(x)  # 0 · (-inf) is NaN
    return ops.where(x <= 0, negative_slope * x, x)


@derivative(leaky_relu)
def _(x: Any, negative_slope: Any) -> Any:
    """``1 if x > 0, else negative_slope``"""
    return _branches(x, 0.0, negative_slope, 1.0)


@derivative(leaky_relu, "negative_slope")
def _(x: Any, negative_slope: Any) -> Any:
    """``min(0, x)``"""
    return -ops.relu(-x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=1,
    aliases=("relu_squared", "relu2", "requ"),
    reference="So et al. 2021, Primer, arXiv:2109.08668",
)
def squared_relu(x: Any) -> Any:
    """``max(0, x)²``

    ReLU without the kink, found by architecture search for the feed-forward blocks of transformers. It grows quickly: keep
    its inputs normalised, above all in float16, which ends at 65504 = squared_relu(255.9).

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.squared_relu([-2.0, 3.0])]
    [0.0, 9.0]
    """
    return ops.square(ops.relu(x))


@derivative(squared_relu)
def _(x: Any) -> Any:
    """``2 · max(0, x)``"""
    return 2.0 * ops.relu(x)


@activation(
    range=(0, 6),
    monotonic=True,
    smoothness=0,
    reference="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10; Howard et al. 2017, arXiv:1704.04861",
)
def relu6(x: Any) -> Any:
    """``min(max(0, x), 6)``

    ReLU with a ceiling, so that activations fit in few bits: the choice of MobileNets and of networks to be quantised.
    """
    return hard_tanh.compute(x, 0.0, 6.0)


@derivative(relu6)
def _(x: Any) -> Any:
    """``1 if 0 < x < 6, else 0``"""
    return hard_tanh.derivative(x, 0.0, 6.0)


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=0,
    aliases=("bounded_relu", "capped_relu", "relun"),
    reference="Hannun et al. 2014, arXiv:1412.5567; Liew, Khalil-Hani & Bakhteri 2016, Neurocomputing 216",
)
def clipped_relu(x: Any, max_value: Positive = 1.0) -> Any:
    """``min(max(0, x), max_value)``

    ReLU with a ceiling of your choice; `relu6` is the usual one. The default is that of the bounded ReLU; others are 20 in
    speech recognition and Chainer, 24 in Paddle.

    Args:
        max_value: Largest value, above 0. The gradient is 0 from there on.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.clipped_relu([-2.0, 3.0, 30.0], max_value=20.0)]
    [0.0, 3.0, 20.0]
    """
    return hard_tanh.compute(x, 0.0, max_value)


@derivative(clipped_relu)
def _(x: Any, max_value: Any) -> Any:
    """``1 if 0 < x < max_value, else 0``"""
    return hard_tanh.derivative(x, 0.0, max_value)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=-1,
    aliases=("trec", "truncated_rectified"),
    reference="Konda, Memisevic & Krueger 2014, arXiv:1402.3337",
)
def thresholded_relu(x: Any, threshold: NonNegative = 1.0) -> Any:
    """``x if x > threshold, else 0``

    Passes only what is clearly positive, at full strength: it jumps from 0 to the threshold. For sparse codes without a
    bias. It was the layer ``ThresholdedReLU`` of Keras 2, which called the threshold `theta`.

    Args:
        threshold: Where the identity begins, at least 0.
    """
    return ops.where(x <= threshold, ops.zeros_like(x), x)


@derivative(thresholded_relu)
def _(x: Any, threshold: Any) -> Any:
    """``1 if x > threshold, else 0``"""
    return _branches(x, threshold, 0.0, 1.0)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=-1,
    example={"threshold": 0.5, "default_value": 0.0},
    reference="Collobert, Kavukcuoglu & Farabet 2011, Torch7, BigLearn NIPS workshop",
)
def threshold(x: Any, threshold: AnyReal, default_value: AnyReal) -> Any:
    """``x if x > threshold, else default_value``

    Replaces everything up to a threshold by one number: ReLU is ``threshold(x, 0, 0)``. Both numbers must be given.

    Args:
        threshold: Where the identity begins.
        default_value: The value up to and at the threshold; the function is continuous if it equals `threshold`.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.threshold([0.5, 1.0, 2.0], threshold=1.0, default_value=-1.0)]
    [-1.0, -1.0, 2.0]
    """
    return ops.where(x <= threshold, default_value, x)


@derivative(threshold)
def _(x: Any, threshold: Any, default_value: Any) -> Any:
    """``1 if x > threshold, else 0``"""
    return _branches(x, threshold, 0.0, 1.0)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("parametric_relu",),
    example={"alpha": 0.25},
    reference="He, Zhang, Ren & Sun 2015, arXiv:1502.01852",
)
def prelu(x: Any, alpha: AnyReal) -> Any:
    """``x if x > 0, else alpha · x``

    A `leaky_relu` whose slope is learned. As a function it takes the slope, which has no default; the layer `PReLU` holds it
    as a weight and learns it.

    Args:
        alpha: Slope below 0: a number, or a tensor that broadcasts to `x`, such as one slope a channel.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.prelu([-2.0, 3.0], alpha=0.25)]
    [-0.5, 3.0]
    """
    return ops.where(x <= 0, _product(alpha, x), x)


@derivative(prelu)
def _(x: Any, alpha: Any) -> Any:
    """``1 if x > 0, else alpha``"""
    return _branches(x, 0.0, alpha, 1.0)


@derivative(prelu, "alpha")
def _(x: Any, alpha: Any) -> Any:
    """``min(0, x)``"""
    return -ops.relu(-x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("thresholded_linear_unit",),
    reference="Singh & Krishnan 2020, Filter response normalization layer, arXiv:1911.09737",
)
def tlu(x: Any, tau: AnyReal = 0.0) -> Any:
    """``max(x, tau)``

    ReLU whose floor is learned, for networks with filter response normalisation, which does not centre its output.

    Args:
        tau: The floor: a number, or a tensor that broadcasts to `x`, such as one a channel.
    """
    return ops.where(x <= tau, tau, x)


@derivative(tlu)
def _(x: Any, tau: Any) -> Any:
    """``1 if x > tau, else 0``"""
    return _branches(x, tau, 0.0, 1.0)


@derivative(tlu, "tau")
def _(x: Any, tau: Any) -> Any:
    """``0 if x > tau, else 1``"""
    return _branches(x, tau, 1.0, 0.0)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("tlu_affine",),
    reference="Singh & Krishnan 2020, Filter response normalization layer, arXiv:1911.09737",
)
def filter_response_tlu_affine(x: Any, alpha: AnyReal = 0.0, tau: AnyReal = 0.0) -> Any:
    """``max(x, alpha · x + tau)``

    The thresholded linear unit with a learned slope below its kink: between `tlu` (slope 0) and `prelu` (floor 0).

    Args:
        alpha: Slope of the line that the input is compared with: a number, or a tensor that broadcasts to `x`.
        tau: Its value at 0, likewise.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.get("tlu_affine", alpha=0.5, tau=1.0)([-4.0, 1.0, 4.0])]
    [-1.0, 1.5, 4.0]
    """
    line = _product(alpha, x) + tau
    return ops.where(_on_line(x, alpha, line), line, x)


@derivative(filter_response_tlu_affine)
def _(x: Any, alpha: Any, tau: Any) -> Any:
    """``1 if x > alpha · x + tau, else alpha``"""
    on_line = _on_line(x, alpha, _product(alpha, x) + tau)
    return ops.where(on_line, alpha * ops.ones_like(x), 1.0)


@derivative(filter_response_tlu_affine, "alpha")
def _(x: Any, alpha: Any, tau: Any) -> Any:
    """``0 if x > alpha · x + tau, else x``"""
    return ops.where(_on_line(x, alpha, _product(alpha, x) + tau), x, 0.0)


@derivative(filter_response_tlu_affine, "tau")
def _(x: Any, alpha: Any, tau: Any) -> Any:
    """``0 if x > alpha · x + tau, else 1``"""
    return ops.where(_on_line(x, alpha, _product(alpha, x) + tau), ops.ones_like(x), 0.0)


def _on_line(x: Any, alpha: Any, line: Any) -> Any:
    """Whether `line` is the larger; where they meet, whether it is what lies below the kink."""
    if isinstance(alpha, float):
        return x <= line if alpha <= 1.0 else x < line
    return ops.logical_or(x < line, ops.logical_and(ops.equal(x, line), alpha <= 1.0))


def _product(factor: Any, x: Any) -> Any:
    """``factor · x``, and 0 for a factor of 0 where x is infinite."""
    if isinstance(factor, float):
        return factor * x if factor else ops.zeros_like(x)
    return ops.where(ops.equal(factor, 0), ops.zeros_like(x), factor * x)


def _branches(x: Any, threshold: float, below: Any, above: float) -> Any:
    """`below` up to and including the threshold, `above` beyond it, NaN for NaN."""
    return ops.where(x <= threshold, below, ops.where(x > threshold, above, x))
