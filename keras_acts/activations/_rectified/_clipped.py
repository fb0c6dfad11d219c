"""ReLU, its square, and rectifiers with a largest value."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._record.parameters import NonNegative, OptionalPositive, Positive
from keras_acts.activations._piecewise import hard_tanh
from keras_acts.activations._rectified._branches import branches, is_number

FAMILY = "rectified"


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("rectifier",),
    same_as=("threshold(x, threshold=0, default_value=0)",),
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
    dead. `leaky_relu`, `elu` and `softplus` avoid that.

    Args:
        negative_slope: Slope below `threshold`, at least 0. The value there is ``negative_slope · (x - threshold)``.
        max_value: Largest value, above 0, or None for no limit. The gradient is 0 from there on.
        threshold: Where the identity begins, at least 0. The function jumps there if it is not 0.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.relu([-2.0, 0.0, 3.0])]
    [0.0, 0.0, 3.0]
    """
    if is_number(threshold, 0) and is_number(negative_slope, 0):
        y = ops.relu(x)
    else:
        y = ops.where(x <= threshold, ops.product(negative_slope, x - threshold), x)
    return y if max_value is None else ops.where(y >= max_value, max_value, y)


@derivative(relu)
def _(x: Any, negative_slope: Any, max_value: Any, threshold: Any) -> Any:
    """``1 if x > 0, else 0``"""
    slope = branches(x, threshold, negative_slope, 1.0)
    if max_value is None:
        return slope
    return ops.where(ops.logical_and(x > threshold, x >= max_value), 0.0, slope)


@derivative(relu, "negative_slope")
def _(x: Any, negative_slope: Any, max_value: Any, threshold: Any) -> Any:
    """``x - threshold if x <= threshold, else 0``"""
    return ops.where(x <= threshold, x - threshold, 0.0)


@derivative(relu, "threshold")
def _(x: Any, negative_slope: Any, max_value: Any, threshold: Any) -> Any:
    """``-negative_slope if x <= threshold, else 0``"""
    return ops.where(x <= threshold, -negative_slope * ops.ones_like(x), 0.0)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=1,
    aliases=("relu_squared", "relu2", "requ"),
    equals=("relu(x) ** 2",),
    reference="So et al. 2021, Primer, arXiv:2109.08668",
)
def squared_relu(x: Any) -> Any:
    """``max(0, x)²``

    ReLU without the kink, found by architecture search for the feed-forward blocks of transformers. It grows quickly: keep
    its inputs normalized, above all in float16, which ends at 65504 = squared_relu(255.9).

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
    same_as=("clipped_relu(x, max_value=6)", "hard_tanh(x, min_value=0, max_value=6)", "relu(x, max_value=6)"),
    reference="Krizhevsky 2010, Convolutional deep belief networks on CIFAR-10; Howard et al. 2017, arXiv:1704.04861",
)
def relu6(x: Any) -> Any:
    """``min(max(0, x), 6)``

    ReLU with a largest value, so that activations fit in few bits: the choice of MobileNets and of networks to be quantized.
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

    ReLU with a largest value of your choice. With 6 it is `relu6`. The default of 1 is that of the bounded ReLU. Speech
    recognition and Chainer have 20, and Paddle has 24.

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


@derivative(clipped_relu, "max_value")
def _(x: Any, max_value: Any) -> Any:
    """``1 if x >= max_value, else 0``"""
    return ops.where(x >= max_value, ops.ones_like(x), 0.0)
