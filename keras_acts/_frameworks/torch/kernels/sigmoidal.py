"""Sigmoidal activations."""

import math
from typing import Any

import torch

from keras_acts._frameworks.kernels import FINITE, NARROW
from keras_acts._frameworks.torch.declare import backward, kernel
from keras_acts._frameworks.torch.pieces import in_pieces, widened
from keras_acts._precision import HUGE

kernel("sigmoid")(torch.sigmoid)
kernel("tanh")(torch.tanh)
kernel("atan")(torch.atan)
kernel("asinh")(torch.asinh)


@backward("sigmoid")
def sigmoid_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.sigmoid_backward(g, small_sigmoid(x, 1.0))


@backward("tanh")
def tanh_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.sigmoid_backward(g, small_sigmoid(x, 2.0)).mul_(4.0)


def small_sigmoid(x: Any, factor: float) -> Any:
    """The sigmoid of ``factor · x`` or of the opposite, whichever keeps its digits."""
    return x.abs().mul_(-factor).sigmoid_()


@kernel("softsign")
@widened
def softsign(x: Any) -> Any:
    finite = x.clamp(-HUGE, HUGE)
    return finite.div_(finite.abs().add_(1.0))


@backward("softsign")
def softsign_backward(g: Any, x: Any) -> Any:
    return g / x.abs().add_(1.0).square_()


@backward("atan")
@in_pieces
@widened
def atan_backward(g: Any, x: Any) -> Any:
    return g / x.square().add_(1.0)


@backward("asinh")
@in_pieces
@widened
def asinh_backward(g: Any, x: Any) -> Any:
    return g / torch.hypot(x, x.new_ones(()))


@kernel("erf")
def erf(x: Any) -> Any:
    # half precision goes through float64, where it loses nothing
    return torch.erf(x) if x.dtype in (torch.float32, torch.float64) else torch.erf(x.double()).to(x.dtype)


@backward("erf", within=FINITE, dtypes=NARROW)
@in_pieces
def erf_backward(g: Any, x: Any) -> Any:
    return (g * x.double().square_().neg_().exp_().mul_(2.0 / math.sqrt(math.pi))).to(x.dtype)
