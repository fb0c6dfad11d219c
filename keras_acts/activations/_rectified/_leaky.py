"""Rectifiers with a slope below their kink, fixed or learned."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._record.parameters import AnyReal, NonNegative
from keras_acts.activations._rectified._branches import branches, is_number

FAMILY = "rectified"


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("lrelu",),
    same_as=("leaky_relu(x, negative_slope=0) = relu(x)",),
    reference="Maas, Hannun & Ng 2013, ICML workshop on deep learning for audio, speech and language processing",
)
def leaky_relu(x: Any, negative_slope: NonNegative = 0.01) -> Any:
    """``x if x > 0, else negative_slope · x``

    A ReLU whose units never die, since a little gradient passes below 0. The default slope is the paper's 0.01, as in torch
    and JAX. Keras has 0.2 in its function and 0.3 in its layer.

    Args:
        negative_slope: Slope below 0, at least 0. The layer `PReLU` learns it.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.leaky_relu([-2.0, 3.0], negative_slope=0.5)]
    [-1.0, 3.0]
    """
    return ops.relu(x) if is_number(negative_slope, 0) else ops.where(x <= 0, ops.product(negative_slope, x), x)


@derivative(leaky_relu)
def _(x: Any, negative_slope: Any) -> Any:
    """``1 if x > 0, else negative_slope``"""
    return branches(x, 0.0, negative_slope, 1.0)


@derivative(leaky_relu, "negative_slope")
def _(x: Any, negative_slope: Any) -> Any:
    """``min(0, x)``"""
    return ops.negative_part(x)


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("parametric_relu",),
    same_as=("leaky_relu(x, negative_slope=0.25)", "filter_response_tlu_affine(x, alpha=0.25, tau=0)"),
    example={"alpha": 0.25},
    reference="He, Zhang, Ren & Sun 2015, arXiv:1502.01852",
)
def prelu(x: Any, alpha: AnyReal) -> Any:
    """``x if x > 0, else alpha · x``

    A `leaky_relu` whose slope is learned. The function takes the slope, which has no default. The layer `PReLU` holds it as a
    weight and learns it.

    Args:
        alpha: Slope below 0, any number.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.prelu([-2.0, 3.0], alpha=0.25)]
    [-0.5, 3.0]
    """
    return ops.where(x <= 0, ops.product(alpha, x), x)


@derivative(prelu)
def _(x: Any, alpha: Any) -> Any:
    """``1 if x > 0, else alpha``"""
    return branches(x, 0.0, alpha, 1.0)


@derivative(prelu, "alpha")
def _(x: Any, alpha: Any) -> Any:
    """``min(0, x)``"""
    return ops.negative_part(x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=0,
    aliases=("tlu_affine",),
    reference="Singh & Krishnan 2020, Filter response normalization layer, arXiv:1911.09737",
)
def filter_response_tlu_affine(x: Any, alpha: AnyReal = 0.0, tau: AnyReal = 0.0) -> Any:
    """``max(x, alpha · x + tau)``

    The thresholded linear unit with a learned slope below its kink. It is `tlu` if `alpha` is 0, and `prelu` if `tau` is 0 and
    `alpha` is at most 1.

    Args:
        alpha: Slope of the line that the input is compared with, any number.
        tau: Value of that line at 0, any number.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.get("tlu_affine", alpha=0.5, tau=1.0)([-4.0, 1.0, 4.0])]
    [-1.0, 1.5, 4.0]
    """
    line = ops.product(alpha, x) + tau
    return ops.where(_on_line(x, alpha, line), line, x)


@derivative(filter_response_tlu_affine)
def _(x: Any, alpha: Any, tau: Any) -> Any:
    """``1 if x > alpha · x + tau, else alpha``"""
    on_line = _on_line(x, alpha, ops.product(alpha, x) + tau)
    return ops.where(on_line, alpha * ops.ones_like(x), 1.0)


@derivative(filter_response_tlu_affine, "alpha")
def _(x: Any, alpha: Any, tau: Any) -> Any:
    """``0 if x > alpha · x + tau, else x``"""
    return ops.where(_on_line(x, alpha, ops.product(alpha, x) + tau), x, 0.0)


@derivative(filter_response_tlu_affine, "tau")
def _(x: Any, alpha: Any, tau: Any) -> Any:
    """``0 if x > alpha · x + tau, else 1``"""
    return ops.where(_on_line(x, alpha, ops.product(alpha, x) + tau), ops.ones_like(x), 0.0)


def _on_line(x: Any, alpha: Any, line: Any) -> Any:
    """Whether `line` is the larger one. Where the two meet, the one that lies below the kink counts as the larger."""
    if isinstance(alpha, float):
        return x <= line if alpha <= 1.0 else x < line
    return ops.logical_or(x < line, ops.logical_and(ops.equal(x, line), alpha <= 1.0))
