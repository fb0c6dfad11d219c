"""Activations that are linear, or a parabola, in pieces."""

from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.kernels import FINITE
from keras_acts._frameworks.torch.declare import backward, kernel
from keras_acts._frameworks.torch.pieces import in_pieces, widened

kernel("abs")(torch.abs)
kernel("hard_sigmoid")(functional.hardsigmoid)


@backward("abs", within=FINITE)
def abs_backward(g: Any, x: Any) -> Any:
    return g * x.sign()


@kernel("sign", within=FINITE)  # torch gives 0 for NaN
def sign(x: Any, straight_through: bool) -> Any:
    return torch.sign(x)


@backward("sign")
def sign_backward(g: Any, x: Any, straight_through: bool) -> Any:
    return torch.ops.aten.hardtanh_backward(g, x, -1.0, 1.0) if straight_through else torch.zeros_like(g)


@kernel("hard_tanh")
def hard_tanh(x: Any, min_value: float, max_value: float) -> Any:
    return functional.hardtanh(x, min_value, max_value)


@backward("hard_tanh")
def hard_tanh_backward(g: Any, x: Any, min_value: float, max_value: float) -> Any:
    return torch.ops.aten.hardtanh_backward(g, x, min_value, max_value)


@backward("hard_sigmoid")
def hard_sigmoid_backward(g: Any, x: Any) -> Any:
    # torch.compile makes a float32 of the 1/6 in torch's own
    return torch.ops.aten.hardtanh_backward(g, x, -3.0, 3.0).div_(6.0)


def clipped_line(x: Any) -> Any:
    """``(x + 1) / 2``, clipped to [0, 1]"""
    return x.mul(0.5).add_(0.5).clamp_(0.0, 1.0)


kernel("sparse_sigmoid")(in_pieces(widened(clipped_line)))


@backward("sparse_sigmoid")
def sparse_sigmoid_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.hardtanh_backward(g, x, -1.0, 1.0).mul_(0.5)


@kernel("sparse_plus")
@in_pieces
@widened
def sparse_plus(x: Any) -> Any:
    return clipped_line(x).square_().mul_(x.clamp(min=1.0))


@backward("sparse_plus")
@in_pieces
def sparse_plus_backward(g: Any, x: Any) -> Any:
    return g * clipped_line(x)
