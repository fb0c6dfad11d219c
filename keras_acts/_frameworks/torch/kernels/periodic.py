"""Periodic activations, which take no infinite angle."""

from typing import Any

import torch

from keras_acts._frameworks.kernels import FINITE, Bounds
from keras_acts._frameworks.torch.declare import backward, kernel
from keras_acts._frameworks.torch.pieces import in_pieces, widened
from keras_acts._precision import HUGE


def angle_is_finite(omega: float) -> Bounds:
    """The numbers of which ``omega · x`` does not overflow."""
    largest = HUGE / max(1.0, omega)
    return -largest, largest


kernel("sin", when=lambda omega: omega == 1, within=FINITE)(torch.sin)
kernel("cos", within=FINITE)(torch.cos)


@kernel("sin", within=angle_is_finite)
@in_pieces
@widened
def sin(x: Any, omega: float) -> Any:
    return x.mul(omega).sin_()


@backward("sin", within=angle_is_finite)
@in_pieces
@widened
def sin_backward(g: Any, x: Any, omega: float) -> Any:
    return g * x.mul(omega).cos_().mul_(omega)


@backward("cos", within=FINITE)
@in_pieces
@widened
def cos_backward(g: Any, x: Any) -> Any:
    return g * x.sin().neg_()
