"""What torch does better than the formulas: kernels for values and for backward passes.

In eager mode each operation is a pass over memory and each new tensor a fresh allocation: work in place on tensors that nobody
else holds. The product with the gradient is never in place, since under vmap it may have a batch axis more. No `torch.where`:
it takes as long as twenty sums.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.engine import BY_AUTODIFF, FREE_OF_ROUNDING, Function, Guarded
from keras_acts._frameworks.torch_plain import Within, in_double, in_pieces
from keras_acts._frameworks.torch_rows import ROWS
from keras_acts._precision import HUGE, widened


def through_double(kernel: Function) -> Function:
    """A kernel of torch that is right in float32 and float64; half precision goes through float64, where it loses nothing."""

    def run(*tensors: Any) -> Any:
        dtype = tensors[0].dtype
        if dtype in (torch.float32, torch.float64):
            return kernel(*tensors)
        return kernel(*(tensor.double() for tensor in tensors)).to(dtype)

    return run


@widened
def softsign(x: Any) -> Any:
    finite = x.clamp(-HUGE, HUGE)
    return finite.div_(finite.abs().add_(1.0))


def leaky_relu(negative_slope: float) -> Function:
    # 0 · (-inf) is NaN
    return functools.partial(functional.leaky_relu, negative_slope=negative_slope) if negative_slope else torch.relu


def small_sigmoid(x: Any, factor: float = 1.0) -> Any:
    return x.abs().mul_(-factor).sigmoid_()


sigmoid_backward = torch.ops.aten.sigmoid_backward
hardtanh_backward = torch.ops.aten.hardtanh_backward


def celu_backward(alpha: float) -> Function:
    return lambda g, x: torch.ops.aten.elu_backward(g, alpha, 1.0, 1.0 / alpha, False, x)


hardshrink_backward = torch.ops.aten.hardshrink_backward
threshold_backward = torch.ops.aten.threshold_backward


def clip(low: float, high: float) -> Function:
    return functools.partial(functional.hardtanh, min_val=low, max_val=high)


def inside(low: float, high: float) -> Function:
    return lambda g, x: hardtanh_backward(g, x, low, high)


def above(threshold: float, value: float = 0.0) -> Function:
    return functools.partial(functional.threshold, threshold=threshold, value=value)


def shrink(threshold: float, bias: float = 0.0) -> Function | None:
    if bias not in (0.0, threshold):
        return None
    # in half precision torch would round the threshold too
    kernel = functional.softshrink if bias else functional.hardshrink
    return widened(functools.partial(kernel, lambd=threshold))


def outside(threshold: float, bias: float = 0.0) -> Function:
    def pull(g: Any, x: Any) -> Any:
        if torch.compiler.is_compiling():  # which may make a variable of the threshold, and the kernel takes none
            return torch.where(x.abs() <= threshold, 0.0, g)
        return hardshrink_backward(g, x, threshold)

    return pull


def ramp(x: Any, start: float) -> Any:
    """``x / 2 + start``, clipped to [0, 1]"""
    return x.mul(0.5).add_(start).clamp_(0.0, 1.0)


@in_pieces
@widened
def sparse_sigmoid(x: Any) -> Any:
    return ramp(x, 0.5)


@in_pieces
@widened
def sparse_plus(x: Any) -> Any:
    return ramp(x, 0.5).square_().mul_(x.clamp(min=1.0))


@in_pieces
@widened
def hard_mish(x: Any) -> Any:
    return ramp(x, 1.0).mul_(x.clamp(min=-2.0))


@in_pieces
def hard_mish_backward(g: Any, x: Any) -> Any:
    return g * functional.threshold(x.clamp(-2.0, 0.0).add_(1.0), -1.0, 0.0, inplace=True)


@in_pieces
@widened
def tanh_shrink(x: Any) -> Any:
    u = x.square()
    if x.dtype == torch.float64:  # Lambert's fraction, as in the formula
        near = monic(u, 292.5, 18427.5, 261056.25).mul_(u).div_(monic(u, 308.0, 21021.0, 360360.0, 765765.0)).mul_(44 / 45)
    else:  # the best of its kind between -1 and 1: 2⁻²⁹
        near = monic(u, 22.65957828).mul_(u).div_(monic(u, 28.20210071, 63.49945501)).mul_(0.9341076299)
    magnitude = x.abs()
    far = torch.add(magnitude.sub(1.0), magnitude.mul(-2.0).sigmoid_(), alpha=2.0).copysign_(x)
    # a where of three passes over numbers, since those over bools are slow
    below_1 = 1.0 - torch.finfo(x.dtype).eps / 2
    return hardtanh_backward(near.mul_(x), x, -1.0, 1.0).add_(threshold_backward(far, magnitude, below_1))


def monic(u: Any, *coefficients: float) -> Any:
    """The polynomial with these coefficients after a leading 1."""
    y = u.add(coefficients[0])
    for coefficient in coefficients[1:]:
        y.mul_(u).add_(coefficient)
    return y


@in_pieces
def tanh_shrink_backward(g: Any, x: Any) -> Any:
    # tanh is -e / (2 + e), three times as fast as torch's own
    e = x.abs().mul_(-2.0).expm1_()
    return g * e.div_(e.add(2.0)).square_()


def gelu(x: Any) -> Any:
    return functional.gelu(x.double()).to(x.dtype)


def gelu_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.gelu_backward(g.double(), x.double()).to(x.dtype)


def swish(slope: float) -> Function:
    def value(x: Any) -> Any:
        wide = x.double()
        return wide.mul(slope).sigmoid_().mul_(wide).to(x.dtype)

    return value


def swish_backward(slope: float) -> Function:
    def pull(g: Any, x: Any) -> Any:
        gate = x.double().mul_(slope)
        s = gate.sigmoid()
        return (g * gate.mul_(1.0 - s).add_(1.0).mul_(s)).to(x.dtype)

    return pull


CUBIC, TWICE = 0.044715, math.sqrt(8.0 / math.pi)


def gelu_tanh(x: Any) -> Any:
    wide = x.double()
    return wide.square().mul_(CUBIC * TWICE).add_(TWICE).mul_(wide).sigmoid_().mul_(wide).to(x.dtype)


def gelu_tanh_backward(g: Any, x: Any) -> Any:
    wide = x.double()
    square = wide.square()
    s = square.mul(CUBIC * TWICE).add_(TWICE).mul_(wide).sigmoid_()
    rise = square.mul_(3.0 * CUBIC * TWICE).add_(TWICE).mul_(wide).mul_(1.0 - s).add_(1.0)
    return (g * rise.mul_(s)).to(x.dtype)


def squareplus(b: float) -> Function:
    # max(0, x) and what is above it, b / 2 / (|x| + √(x² + b))
    def value(x: Any) -> Any:
        total = x.square().add_(b).sqrt_().add_(x.abs())
        return total.reciprocal_().mul_(0.5 * b).add_(x.clamp(min=0.0))

    return in_pieces(widened(value))


def squareplus_backward(b: float) -> Function:
    def pull(g: Any, x: Any) -> Any:
        root = x.square().add_(b).sqrt_()
        below = x.abs().add_(root).mul_(root).reciprocal_().mul_(0.5 * b)
        above = threshold_backward(below.mul(-2.0).add_(1.0), x, 0.0)
        return g * below.add_(above)

    return in_pieces(widened(pull))


def erf_backward(g: Any, x: Any) -> Any:
    return (g * x.double().square_().neg_().exp_().mul_(2.0 / math.sqrt(math.pi))).to(x.dtype)


def is_power_of_2(number: float) -> bool:
    return math.frexp(number)[0] == 0.5


def sine(omega: float) -> Function:
    return torch.sin if omega == 1 else in_pieces(widened(lambda x: x.mul(omega).sin_()))


def turned(omega: float, function: Function) -> Within:
    """A function of ``omega · x`` that takes no infinite angle."""
    largest = HUGE / max(1.0, omega)
    return Within(function, -largest, largest)


KERNELS: Mapping[str, Callable[..., Function | Guarded | None]] = {
    **FREE_OF_ROUNDING,
    **ROWS,
    "leaky_relu": leaky_relu,
    "elu": lambda alpha: functools.partial(functional.elu, alpha=alpha),
    "selu": lambda: functional.selu,
    "sigmoid": lambda: torch.sigmoid,
    "tanh": lambda: torch.tanh,
    "softsign": lambda: softsign,
    "log_sigmoid": lambda: functional.logsigmoid,
    # torch switches from log(1 + e^x) to x at its threshold of 20, too early for float64
    "softplus": lambda: functools.partial(functional.softplus, threshold=40.0),
    "relu6": lambda: functional.relu6,
    "clipped_relu": lambda max_value: clip(0.0, max_value),
    "hard_tanh": lambda min_value, max_value: clip(min_value, max_value),
    "hard_sigmoid": lambda: functional.hardsigmoid,
    "thresholded_relu": above,
    "threshold": lambda threshold, default_value: above(threshold, default_value),
    "tlu": lambda tau: above(tau, tau),
    "prelu": lambda alpha: leaky_relu(alpha),
    "hard_shrink": shrink,
    "soft_shrink": lambda threshold: shrink(threshold, threshold),
    "shrink": shrink,
    "sign": lambda straight_through: Within(torch.sign),  # it gives 0 for NaN
    "sparse_sigmoid": lambda: sparse_sigmoid,
    "sparse_plus": lambda: sparse_plus,
    "tanh_shrink": lambda: tanh_shrink,
    "abs": lambda: torch.abs,
    "celu": lambda alpha: functools.partial(functional.celu, alpha=alpha) if is_power_of_2(alpha) else None,
    "atan": lambda: torch.atan,
    "asinh": lambda: torch.asinh,
    "erf": lambda: through_double(torch.erf),
    # torch's own give NaN at -inf and 0 as soon as exp(-x) overflows; in BACKWARD they multiply x by a rounded 1 - sigmoid(x)
    "silu": lambda: Within(functional.silu, -80.0),
    "mish": lambda: Within(functional.mish, -80.0),
    "hard_silu": lambda: Within(functional.hardswish, -1e37, 1e37),  # 6 x overflows
    "sinh": lambda: Within(torch.sinh, -88.0, 88.0),
    "sin": lambda omega: turned(omega, sine(omega)),
    "cos": lambda: Within(torch.cos),
    # even double precision loses the tail, one minus erf, at last
    "gelu": lambda approximate: in_double(gelu_tanh) if approximate else in_double(gelu, -6.0),
    "gelu_tanh": lambda: in_double(gelu_tanh),
    "quick_gelu": lambda: in_double(swish(1.702)),
    "swish_beta": lambda beta: in_double(swish(beta)),
    "squareplus": lambda b: Within(squareplus(b), -1e18, 1e18) if b else None,  # beyond, x² overflows
    "hard_mish": lambda: hard_mish,
}

BACKWARD: Mapping[str, Callable[..., Function | Guarded | None]] = {
    "sigmoid": lambda: lambda g, x: sigmoid_backward(g, small_sigmoid(x)),
    "tanh": lambda: lambda g, x: sigmoid_backward(g, small_sigmoid(x, 2.0)).mul_(4.0),
    "softsign": lambda: lambda g, x: g / x.abs().add_(1.0).square_(),
    "log_sigmoid": lambda: lambda g, x: g * torch.neg(x).sigmoid_(),
    # torch.compile makes a float32 of the 1/6 in torch's own
    "hard_sigmoid": lambda: lambda g, x: hardtanh_backward(g, x, -3.0, 3.0).div_(6.0),
    "clipped_relu": lambda max_value: inside(0.0, max_value),
    "hard_tanh": lambda min_value, max_value: inside(min_value, max_value),
    "hard_shrink": outside,
    "soft_shrink": outside,
    "shrink": outside,
    "sign": lambda straight_through: inside(-1.0, 1.0) if straight_through else lambda g, x: torch.zeros_like(g),
    "sparse_sigmoid": lambda: lambda g, x: hardtanh_backward(g, x, -1.0, 1.0).mul_(0.5),
    "sparse_plus": lambda: in_pieces(lambda g, x: g * ramp(x, 0.5)),
    "tanh_shrink": lambda: tanh_shrink_backward,
    "hard_silu": lambda: torch.ops.aten.hardswish_backward,
    "abs": lambda: Within(lambda g, x: g * x.sign()),
    "celu": lambda alpha: celu_backward(alpha) if is_power_of_2(alpha) else None,
    "atan": lambda: in_pieces(widened(lambda g, x: g / x.square().add_(1.0))),
    "asinh": lambda: in_pieces(widened(lambda g, x: g / torch.hypot(x, x.new_ones(())))),
    "erf": lambda: in_double(erf_backward),
    "silu": lambda: Within(torch.ops.aten.silu_backward, -80.0, 12.0),
    "mish": lambda: Within(torch.ops.aten.mish_backward, -80.0, 12.0),
    "sinh": lambda: Within(in_pieces(widened(lambda g, x: g * x.cosh())), -88.0, 88.0),
    "sin": lambda omega: turned(omega, in_pieces(widened(lambda g, x: g * x.mul(omega).cos_().mul_(omega)))),
    "cos": lambda: Within(in_pieces(widened(lambda g, x: g * x.sin().neg_()))),
    "gelu": lambda approximate: in_double(gelu_tanh_backward) if approximate else in_double(gelu_backward, -6.0),
    "gelu_tanh": lambda: in_double(gelu_tanh_backward),
    "quick_gelu": lambda: in_double(swish_backward(1.702)),
    "swish_beta": lambda beta: in_double(swish_backward(beta)),
    "squareplus": lambda b: Within(squareplus_backward(b), -1e18, 1e18) if b else None,
    "hard_mish": lambda: hard_mish_backward,
}

AUTOMATIC = BY_AUTODIFF | {"elu", "selu", "softplus", "relu6", "thresholded_relu", "threshold", "tlu", "prelu"}
