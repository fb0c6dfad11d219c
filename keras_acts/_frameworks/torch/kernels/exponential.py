"""Activations with an exponential, or of that form."""

import math
from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.torch.declare import backward, kernel
from keras_acts._frameworks.torch.pieces import in_pieces, widened

kernel("selu")(functional.selu)
kernel("log_sigmoid")(functional.logsigmoid)
kernel("sinh", within=(-88.0, 88.0))(torch.sinh)


@kernel("elu")
def elu(x: Any, alpha: float) -> Any:
    return functional.elu(x, alpha)


# torch's own second derivative at 0 is that above the kink
@backward("elu")
def elu_backward(g: Any, x: Any, alpha: float) -> Any:
    return torch.ops.aten.elu_backward(g, alpha, 1.0, 1.0, False, x)


@backward("selu")
def selu_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.elu_backward(g, 1.6732632423543772848, 1.0507009873554804934, 1.0, False, x)


@kernel("softplus", by_autodiff=True)
def softplus(x: Any) -> Any:
    # torch switches from log(1 + e^x) to x at its threshold of 20, too early for float64
    return functional.softplus(x, threshold=40.0)


@backward("log_sigmoid")
def log_sigmoid_backward(g: Any, x: Any) -> Any:
    return g * torch.neg(x).sigmoid_()


def is_power_of_2(alpha: float) -> bool:
    """Whether ``x / alpha`` is not rounded. The compiler, which would make a program for each alpha, takes the formula."""
    return not torch.compiler.is_compiling() and math.frexp(alpha)[0] == 0.5


@kernel("celu", when=is_power_of_2)
def celu(x: Any, alpha: float) -> Any:
    return functional.celu(x, alpha)


@backward("celu", when=is_power_of_2)
def celu_backward(g: Any, x: Any, alpha: float) -> Any:
    return torch.ops.aten.elu_backward(g, alpha, 1.0, 1.0 / alpha, False, x)


@kernel("squareplus", within=(-1e18, 1e18))  # beyond, x² overflows
@in_pieces
@widened
def squareplus(x: Any, b: float) -> Any:
    # max(0, x) and what is above it, b / 2 / (|x| + √(x² + b))
    total = x.square().add_(b).sqrt_().add_(x.abs())
    return total.reciprocal_().mul_(0.5 * b).add_(x.clamp(min=0.0))


@backward("squareplus", within=(-1e18, 1e18))
@in_pieces
@widened
def squareplus_backward(g: Any, x: Any, b: float) -> Any:
    root = x.square().add_(b).sqrt_()
    below = x.abs().add_(root).mul_(root).reciprocal_().mul_(0.5 * b)
    above = torch.ops.aten.threshold_backward(below.mul(-2.0).add_(1.0), x, 0.0)
    return g * below.add_(above)


@backward("sinh", within=(-88.0, 88.0))
@in_pieces
@widened
def sinh_backward(g: Any, x: Any) -> Any:
    return g * x.cosh()
