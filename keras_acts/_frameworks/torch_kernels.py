"""What torch does better than the formulas: kernels for values and for backward passes.

In eager mode each operation is a pass over memory and each new tensor a fresh allocation: work in place on tensors that nobody
else holds. The product with the gradient is never in place, since under vmap it may have a batch axis more.
"""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.engine import EXACT, LINEAR, Function
from keras_acts._frameworks.torch_rows import ROWS
from keras_acts._precision import HUGE, widened


def through_double(kernel: Function) -> Function:
    """A kernel of torch that is right in float32 and float64; half precision goes through float64, where it loses nothing."""

    def run(*tensors: Any) -> Any:
        dtype = tensors[0].dtype
        if dtype in (torch.float32, torch.float64):
            return kernel(*tensors)
        return kernel(*(tensor.double() for tensor in tensors)).to(dtype)

    run.any_dtype = True  # type: ignore[attr-defined]
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
hardshrink_backward = torch.ops.aten.hardshrink_backward
threshold_backward = torch.ops.aten.threshold_backward

LARGE = 2**15  # elements that fit in a cache, and that are worth a call or two more


def in_pieces(function: Function) -> Function:
    """An element-wise function of tensors of one shape, evaluated on pieces whose intermediate results stay in the cache."""

    @functools.wraps(function)
    def run(*tensors: Any) -> Any:
        if not all(map(is_large_and_plain, tensors)):
            return function(*tensors)
        result = torch.empty_like(tensors[0])
        piece = LARGE * torch.get_num_threads()
        for part, *parts in zip(*(tensor.view(-1).split(piece) for tensor in (result, *tensors)), strict=True):
            part.copy_(function(*parts))
        return result

    return run


def is_large_and_plain(tensor: Any) -> bool:
    """Whether a tensor is worth the trouble and plain memory: not on a GPU, nor what vmap, forward mode or the compiler see."""
    if torch.compiler.is_compiling() or type(tensor) is not torch.Tensor or tensor.numel() < LARGE:
        return False
    memory = tensor.device.type == "cpu" and tensor.is_contiguous()
    return memory and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def is_finite(tensor: Any) -> bool:
    """Whether its sum shows that nothing is infinite or NaN: a pass that writes nothing, to spare others that do."""
    return is_large_and_plain(tensor) and math.isfinite(tensor.sum(dtype=torch.float32).item())


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
    return lambda g, x: hardshrink_backward(g, x, threshold)


def sign(x: Any) -> Any:
    # torch gives 0 for NaN
    return x.sign() if is_finite(x) else torch.where(x.isnan(), x, x.sign())


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


def hard_silu(x: Any) -> Any:
    if is_large_and_plain(x):
        # torch's own overflows in x · 6, and gives NaN for -inf: rarely, so look first
        y = functional.hardswish(x)
        if is_finite(y):
            return y
    return hard_silu_of_anything(x)


@widened
def hard_silu_of_anything(x: Any) -> Any:
    return functional.hardsigmoid(x).mul_(x.clamp(min=-3.0))


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


# torch's own give NaN at -inf, and for silu 0 as soon as exp(-x) overflows
@through_double
def silu(x: Any) -> Any:
    x = x.clamp(min=-1000.0)
    root = torch.exp(0.5 * x)
    return torch.where(x < -80.0, x * root * root, functional.silu(x))


@through_double
def silu_backward(g: Any, x: Any) -> Any:
    x = x.clamp(min=-1000.0)
    root = torch.exp(0.5 * x)
    return torch.where(x < -80.0, g * ((1.0 + x) * root * root), torch.ops.aten.silu_backward(g, x))


@through_double
def mish(x: Any) -> Any:
    return functional.mish(x.clamp(min=-HUGE), inplace=True)


@through_double
def mish_backward(g: Any, x: Any) -> Any:
    return torch.ops.aten.mish_backward(g, x.clamp(min=-HUGE))


NATIVE: Mapping[str, Callable[..., Function | None]] = {
    **EXACT,
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
    "sign": lambda straight_through: sign,
    "sparse_sigmoid": lambda: sparse_sigmoid,
    "sparse_plus": lambda: sparse_plus,
    "tanh_shrink": lambda: tanh_shrink,
    "hard_silu": lambda: hard_silu,
    "silu": lambda: in_pieces(silu),
    "mish": lambda: in_pieces(mish),
    "hard_mish": lambda: hard_mish,
}

LEAN: Mapping[str, Callable[..., Function | None]] = {
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
    "silu": lambda: in_pieces(silu_backward),
    "mish": lambda: in_pieces(mish_backward),
    "hard_mish": lambda: hard_mish_backward,
}

DIFFERENTIATED = LINEAR | {"elu", "selu", "softplus", "relu6", "thresholded_relu", "threshold", "tlu", "prelu"}
