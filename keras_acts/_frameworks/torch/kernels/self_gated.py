"""Self-gated activations: in double precision where a formula would compensate its rounding errors, no gain for float64."""

import math
from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.kernels import FINITE, NARROW
from keras_acts._frameworks.torch.declare import backward, kernel
from keras_acts._frameworks.torch.pieces import in_pieces, widened
from keras_acts._precision import HUGE

CUBIC, TWICE = 0.044715, math.sqrt(8.0 / math.pi)
QUICK = 1.702

# torch's own values are NaN at -inf, and 0 as soon as exp(-x) overflows; its derivatives multiply x by a rounded 1 - sigmoid(x)
kernel("silu", within=(-80.0, HUGE))(functional.silu)
backward("silu", within=(-80.0, 12.0))(torch.ops.aten.silu_backward)
kernel("mish", within=(-80.0, HUGE))(functional.mish)
backward("mish", within=(-80.0, 12.0))(torch.ops.aten.mish_backward)
kernel("hard_silu", within=(-1e37, 1e37))(functional.hardswish)  # 6 x overflows
backward("hard_silu")(torch.ops.aten.hardswish_backward)


# even double precision loses the tail, one minus erf, at last
@kernel("gelu", when=lambda approximate: not approximate, within=(-6.0, HUGE), dtypes=NARROW)
@in_pieces
def gelu(x: Any) -> Any:
    return functional.gelu(x.double()).to(x.dtype)


@backward("gelu", when=lambda approximate: not approximate, within=(-6.0, HUGE), dtypes=NARROW)
@in_pieces
def gelu_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.gelu_backward(g.double(), x.double()).to(x.dtype)


@kernel("gelu", when=lambda approximate: approximate, within=FINITE, dtypes=NARROW)
@kernel("gelu_tanh", within=FINITE, dtypes=NARROW)
@in_pieces
def gelu_tanh(x: Any) -> Any:
    wide = x.double()
    return wide.square().mul_(CUBIC * TWICE).add_(TWICE).mul_(wide).sigmoid_().mul_(wide).to(x.dtype)


@backward("gelu", when=lambda approximate: approximate, within=FINITE, dtypes=NARROW)
@backward("gelu_tanh", within=FINITE, dtypes=NARROW)
@in_pieces
def gelu_tanh_backward(g: Any, x: Any) -> Any:
    wide = x.double()
    square = wide.square()
    s = square.mul(CUBIC * TWICE).add_(TWICE).mul_(wide).sigmoid_()
    rise = square.mul_(3.0 * CUBIC * TWICE).add_(TWICE).mul_(wide).mul_(1.0 - s).add_(1.0)
    return (g * rise.mul_(s)).to(x.dtype)


@kernel("swish_beta", within=FINITE, dtypes=NARROW)
@in_pieces
def swish(x: Any, beta: float) -> Any:
    wide = x.double()
    return wide.mul(beta).sigmoid_().mul_(wide).to(x.dtype)


@backward("swish_beta", within=FINITE, dtypes=NARROW)
@in_pieces
def swish_backward(g: Any, x: Any, beta: float) -> Any:
    gate = x.double().mul_(beta)
    s = gate.sigmoid()
    return (g * gate.mul_(1.0 - s).add_(1.0).mul_(s)).to(x.dtype)


@kernel("quick_gelu", within=FINITE, dtypes=NARROW)
def quick_gelu(x: Any) -> Any:
    return swish(x, beta=QUICK)


@backward("quick_gelu", within=FINITE, dtypes=NARROW)
def quick_gelu_backward(g: Any, x: Any) -> Any:
    return swish_backward(g, x, beta=QUICK)


@kernel("hard_mish")
@in_pieces
@widened
def hard_mish(x: Any) -> Any:
    return x.mul(0.5).add_(1.0).clamp_(0.0, 1.0).mul_(x.clamp(min=-2.0))


@backward("hard_mish")
@in_pieces
def hard_mish_backward(g: Any, x: Any) -> Any:
    return g * functional.threshold(x.clamp(-2.0, 0.0).add_(1.0), -1.0, 0.0, inplace=True)
