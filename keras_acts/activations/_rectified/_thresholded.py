"""Rectifiers that are constant up to a threshold."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._record.parameters import AnyReal, NonNegative
from keras_acts.activations._rectified._branches import branches

FAMILY = "rectified"


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=-1,
    aliases=("trec", "truncated_rectified"),
    same_as=("threshold(x, threshold=1, default_value=0)",),
    reference="Konda, Memisevic & Krueger 2014, arXiv:1402.3337",
)
def thresholded_relu(x: Any, threshold: NonNegative = 1.0) -> Any:
    """``x if x > threshold, else 0``

    Passes only inputs that are clearly positive, at full strength: it jumps from 0 to the threshold. It is for sparse codes
    without a bias. Keras 2 had it as the layer ``ThresholdedReLU``, which called the threshold `theta`.

    Args:
        threshold: Where the identity begins, at least 0.
    """
    return ops.where(x <= threshold, ops.zeros_like(x), x)


@derivative(thresholded_relu)
def _(x: Any, threshold: Any) -> Any:
    """``1 if x > threshold, else 0``"""
    return branches(x, threshold, 0.0, 1.0)


@derivative(thresholded_relu, "threshold")
def _(x: Any, threshold: Any) -> Any:
    """``0``"""
    return ops.zeros_like(x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=-1,
    example={"threshold": 0.5, "default_value": 0.0},
    reference="Collobert, Kavukcuoglu & Farabet 2011, Torch7, BigLearn NIPS workshop",
)
def threshold(x: Any, threshold: AnyReal, default_value: AnyReal) -> Any:
    """``x if x > threshold, else default_value``

    Replaces every input up to a threshold by one number: ReLU is ``threshold(x, 0, 0)``. Both parameters must be given.

    Args:
        threshold: Where the identity begins, any number.
        default_value: The value up to and at the threshold, any number. The function is continuous if it equals `threshold`.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.threshold([0.5, 1.0, 2.0], threshold=1.0, default_value=-1.0)]
    [-1.0, -1.0, 2.0]
    """
    return ops.where(x <= threshold, default_value, x)


@derivative(threshold)
def _(x: Any, threshold: Any, default_value: Any) -> Any:
    """``1 if x > threshold, else 0``"""
    return branches(x, threshold, 0.0, 1.0)


@derivative(threshold, "threshold")
def _(x: Any, threshold: Any, default_value: Any) -> Any:
    """``0``"""
    return ops.zeros_like(x)


@derivative(threshold, "default_value")
def _(x: Any, threshold: Any, default_value: Any) -> Any:
    """``0 if x > threshold, else 1``"""
    return branches(x, threshold, 1.0, 0.0)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("thresholded_linear_unit",),
    same_as=(
        "tlu(x, tau=0.5) = filter_response_tlu_affine(x, alpha=0, tau=0.5)",
        "tlu(x, tau=0.5) = threshold(x, threshold=0.5, default_value=0.5)",
    ),
    reference="Singh & Krishnan 2020, Filter response normalization layer, arXiv:1911.09737",
)
def tlu(x: Any, tau: AnyReal = 0.0) -> Any:
    """``max(x, tau)``

    ReLU whose smallest value is learned, for networks with filter response normalization, which does not center its output. The
    layer `TLU` learns it.

    Args:
        tau: The smallest value, any number.
    """
    return ops.where(x <= tau, tau, x)


@derivative(tlu)
def _(x: Any, tau: Any) -> Any:
    """``1 if x > tau, else 0``"""
    return branches(x, tau, 0.0, 1.0)


@derivative(tlu, "tau")
def _(x: Any, tau: Any) -> Any:
    """``0 if x > tau, else 1``"""
    return branches(x, tau, 1.0, 0.0)
