"""Piecewise linear and polynomial activations other than rectifiers."""

import math
from fractions import Fraction
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts._precision import rounded
from keras_acts._record.parameters import TINY, AnyReal, Positive, Switch, crossed_bounds

FAMILY = "piecewise"


@activation(
    range=(-math.inf, math.inf),
    monotonic=True,
    smoothness=math.inf,
    parity="odd",
    aliases=("identity",),
    reference="classic",
)
def linear(x: Any) -> Any:
    """``x``

    The input itself: for the output layer of a regression, or to switch an activation off.
    """
    return x


@derivative(linear)
def _(x: Any) -> Any:
    """``1``"""
    return ops.ones_like(x)


@activation(
    range=(0, math.inf),
    monotonic=False,
    smoothness=0,
    limits=(math.inf, math.inf),
    parity="even",
    aliases=("absolute", "modulus", "vrelu"),
    reference="classic",
)
def abs(x: Any) -> Any:
    """``|x|``

    Passes the magnitude on, so no unit is ever dead: for inputs whose sign means nothing.
    """
    return ops.absolute(x)


@derivative(abs)
def _(x: Any) -> Any:
    """``sign(x)``"""
    # `ops.sign` of a subnormal number is that number on one backend.
    return ops.where(x > 0, 1.0, ops.where(x < 0, -1.0, 0.0 * x))


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=-1,
    parity="odd",
    aliases=("signum",),
    reference="classic; straight-through: Bengio et al. 2013, arXiv:1308.3432; Courbariaux et al. 2016, arXiv:1602.02830",
)
def sign(x: Any, straight_through: Switch = False) -> Any:
    """``1 if x > 0, -1 if x < 0, else 0``

    Binary activations, with 0 at 0. The derivative is 0, so the layers before it do not learn. With `straight_through` it is
    replaced by that of `hard_tanh`, which is how networks with binary weights and activations are trained.

    Args:
        straight_through: Whether the gradient is that of `hard_tanh`, 1 inside (-1, 1) and 0 elsewhere, instead of 0.

    >>> import keras_acts
    >>> binary = keras_acts.get("sign", straight_through=True)
    >>> [float(y) for y in binary([-2.0, 0.0, 0.5])], [float(slope) for slope in binary.derivative([-2.0, 0.0, 0.5])]
    ([-1.0, 0.0, 1.0], [0.0, 1.0, 1.0])
    """
    # `ops.sign` of a subnormal number is that number on one backend, and `ops.sign` of NaN is 0 on another.
    return ops.where(x > 0, 1.0, ops.where(x < 0, -1.0, 0.0 * x))


@derivative(sign)
def _(x: Any, straight_through: Any) -> Any:
    """``0``"""
    return hard_tanh.derivative(x) if straight_through else ops.zeros_like(x)


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=0,
    parity="odd",
    aliases=("hardtanh",),
    conflict=crossed_bounds,
    reference="Collobert 2004, Large scale machine learning, PhD thesis",
)
def hard_tanh(x: Any, min_value: AnyReal = -1.0, max_value: AnyReal = 1.0) -> Any:
    """``min(max(x, -1), 1)``

    The identity, clipped: a tanh without exponentials, for gates in small models. The bounds of Keras's are always -1 and 1.

    Args:
        min_value: Smallest value, any number. The gradient is 0 from there on.
        max_value: Largest value, above `min_value`. The gradient is 0 from there on.

    Raises:
        ValueError: If `min_value` is not less than `max_value`.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_tanh([-5.0, 1.5, 5.0], min_value=0.0, max_value=2.0)]
    [0.0, 1.5, 2.0]
    """
    return ops.where(x <= min_value, min_value, ops.where(x >= max_value, max_value, x))


@derivative(hard_tanh)
def _(x: Any, min_value: Any, max_value: Any) -> Any:
    """``1 if -1 < x < 1, else 0``"""
    return ops.where(ops.logical_and(x > min_value, x < max_value), ops.ones_like(x), 0.0)


@derivative(hard_tanh, "min_value")
def _(x: Any, min_value: Any, max_value: Any) -> Any:
    """``1 if x <= min_value, else 0``"""
    return ops.where(x <= min_value, ops.ones_like(x), 0.0)


@derivative(hard_tanh, "max_value")
def _(x: Any, min_value: Any, max_value: Any) -> Any:
    """``1 if x >= max_value, else 0``"""
    return ops.where(ops.logical_and(x >= max_value, x > min_value), ops.ones_like(x), 0.0)


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=0,
    aliases=("hardsigmoid", "hsigmoid"),
    reference="Courbariaux, Bengio & David 2015, arXiv:1511.00363; this slope: Howard et al. 2019, arXiv:1905.02244",
)
def hard_sigmoid(x: Any) -> Any:
    """``min(max(0, x / 6 + 1/2), 1)``

    A sigmoid without exponentials, for gates on small devices. Older definitions differ in the slope: Keras 2 and ONNX have
    0.2 (`hard_sigmoid_02`), and BinaryConnect has 1/2 (`sparse_sigmoid`).
    """
    # x + 3 is exact where the result is small, and x / 6 + 1/2 is not.
    return hard_tanh.compute(x + 3.0, 0.0, 6.0) / 6.0


@derivative(hard_sigmoid)
def _(x: Any) -> Any:
    """``1/6 if -3 < x < 3, else 0``"""
    return hard_tanh.derivative(x, -3.0, 3.0) / 6.0


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=0,
    reference="Theano's hard_sigmoid; ONNX operator HardSigmoid",
)
def hard_sigmoid_02(x: Any, alpha: Positive = 0.2, beta: AnyReal = 0.5) -> Any:
    """``min(max(0, alpha · x + beta), 1)``

    The hard sigmoid of Theano, Keras 1 and 2 and ONNX, for models that were trained with it. `hard_sigmoid` has the slope 1/6.

    Args:
        alpha: Slope between the bounds, above 0.
        beta: Value of the line at 0, any number.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_sigmoid_02([-9.0, 0.0, 9.0])]
    [0.0, 0.5, 1.0]
    """
    return hard_tanh.compute(_line(x, alpha, beta), 0.0, 1.0)


@derivative(hard_sigmoid_02)
def _(x: Any, alpha: Any, beta: Any) -> Any:
    """``alpha if 0 < alpha · x + beta < 1, else 0``"""
    return ops.where(_on_slope(x, alpha, beta), alpha * ops.ones_like(x), 0.0)


@derivative(hard_sigmoid_02, "alpha")
def _(x: Any, alpha: Any, beta: Any) -> Any:
    """``x if 0 < alpha · x + beta < 1, else 0``"""
    return ops.where(_on_slope(x, alpha, beta), x, 0.0)


@derivative(hard_sigmoid_02, "beta")
def _(x: Any, alpha: Any, beta: Any) -> Any:
    """``1 if 0 < alpha · x + beta < 1, else 0``"""
    return ops.where(_on_slope(x, alpha, beta), ops.ones_like(x), 0.0)


def _on_slope(x: Any, alpha: Any, beta: Any) -> Any:
    """Whether the line is between the bounds: by its distance from each, since ``alpha · x + beta`` may round to 1."""
    return ops.logical_and(_line(x, alpha, beta) > 0, _line(-x, alpha, 1.0, -beta) > 0)


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=0,
    reference="jax.nn.sparse_sigmoid, 2023; after Martins & Astudillo 2016, arXiv:1602.02068",
)
def sparse_sigmoid(x: Any) -> Any:
    """``min(max(0, (x + 1) / 2), 1)``

    This is to sparsemax what `sigmoid` is to softmax: the first probability of the scores x and 0. It is exactly 0 or 1 beyond
    ±1. It is also the derivative of `sparse_plus`.
    """
    return 0.5 * (hard_tanh.compute(x) + 1.0)


@derivative(sparse_sigmoid)
def _(x: Any) -> Any:
    """``1/2 if -1 < x < 1, else 0``"""
    return 0.5 * hard_tanh.derivative(x)


@activation(
    range=(0, math.inf),
    monotonic=True,
    smoothness=1,
    equals=("sparse_plus.derivative(x) = sparse_sigmoid(x)",),
    reference="jax.nn.sparse_plus, 2023; Shamir, Lin & Coviello 2020, Smooth activations and reproducibility, arXiv:2010.09931",
)
def sparse_plus(x: Any) -> Any:
    """``0 if x <= -1, x if x >= 1, else (x + 1)² / 4``

    A ReLU whose kink is rounded off by a parabola between -1 and 1. Unlike softplus, it is exactly 0 or exactly `x` outside.
    """
    return ops.where(x >= 1.0, x, ops.square(sparse_sigmoid.compute(x)))


@derivative(sparse_plus)
def _(x: Any) -> Any:
    """``min(max(0, (x + 1) / 2), 1)``"""
    return sparse_sigmoid(x)


def _line(x: Any, slope: Any, *values: Any) -> Any:
    """``slope · x`` plus the sum of the values, right to a rounding even where the result is small."""
    if not all(isinstance(number, float) for number in (slope, *values)):
        return slope * x + sum(values)
    slope, *values = (rounded(number, x) for number in (slope, *values))  # type: ignore[assignment]
    if not math.fabs(sum(values)) < 2.0**64 * slope < math.inf:
        return slope * x + sum(values)
    # It is slope · (x + high) + slope · low, where high + low is sum / slope. There x + high is exact where it is small.
    zero = sum(map(Fraction, values)) / Fraction(slope)
    high = rounded(float(zero), x)
    if 0.0 < math.fabs(high) < TINY:  # it may be flushed to 0
        return slope * x + sum(values)
    return slope * (x + high) + slope * float(zero - Fraction(high))
