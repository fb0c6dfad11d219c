"""The input times a piecewise linear gate."""

import math
from typing import Any

from keras_acts._catalogue import activation, derivative
from keras_acts._math import ops
from keras_acts.activations._piecewise import hard_sigmoid, hard_tanh

FAMILY = "self_gated"


@activation(
    range=(-0.375, math.inf),
    monotonic=False,
    smoothness=0,
    limits=(0, math.inf),
    aliases=("hard_swish", "hardswish"),
    equals=("x * hard_sigmoid(x)",),
    reference="Howard et al. 2019, arXiv:1905.02244",
)
def hard_silu(x: Any) -> Any:
    """``x · min(max(0, x / 6 + 1/2), 1)``

    SiLU with a `hard_sigmoid` as its gate, so without exponentials: the hard swish of MobileNetV3. It is exactly 0 below -3 and
    exactly `x` above 3. Between them its gradient rises from -1/2 to 3/2.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_silu([-1.5, 4.0])]
    [-0.375, 4.0]
    """
    # -inf · 0 would be NaN.
    return ops.where(x <= -3.0, ops.zeros_like(x), x * hard_sigmoid.compute(x))


@derivative(hard_silu)
def _(x: Any) -> Any:
    """``0 if x <= -3, 1 if x >= 3, else x / 3 + 1/2``"""
    # (2 x + 3) / 6 adds first, which is exact near the zero at -3/2. The clipped x keeps the discarded branch finite.
    near = hard_tanh.compute(x, -3.0, 3.0)
    return ops.where(x <= -3.0, ops.zeros_like(x), ops.where(x >= 3.0, 1.0, (2.0 * near + 3.0) / 6.0))


@activation(
    range=(-0.5, math.inf),
    monotonic=False,
    smoothness=0,
    limits=(0, math.inf),
    reference="Misra 2020, H-Mish, github.com/digantamisra98/H-Mish",
)
def hard_mish(x: Any) -> Any:
    """``x · min(max(0, x / 2 + 1), 1)``

    A mish without exponentials: exactly 0 below -2, exactly `x` above 0, and a parabola between them.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.hard_mish([-1.0, 4.0])]
    [-0.5, 4.0]
    """
    # -inf · 0 would be NaN, and 0.5 · x may underflow where the result does not.
    gate = 0.5 * (hard_tanh.compute(x, -2.0, 0.0) + 2.0)
    return ops.where(x <= -2.0, ops.zeros_like(x), x * gate)


@derivative(hard_mish)
def _(x: Any) -> Any:
    """``0 if x <= -2, 1 if x >= 0, else x + 1``"""
    return ops.where(x <= -2.0, ops.zeros_like(x), hard_tanh.compute(x, -2.0, 0.0) + 1.0)
