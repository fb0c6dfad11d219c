"""Shrinkage."""

from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.torch.declare import backward, kernel
from keras_acts._frameworks.torch.pieces import in_pieces, widened


# widened, since torch would round the threshold too
@kernel("shrink", when=lambda threshold, bias: bias == 0)
@kernel("hard_shrink")
@widened
def hard_shrink(x: Any, threshold: float) -> Any:
    return functional.hardshrink(x, threshold)


@kernel("shrink", when=lambda threshold, bias: bias == threshold)
@kernel("soft_shrink")
@widened
def soft_shrink(x: Any, threshold: float) -> Any:
    return functional.softshrink(x, threshold)


@backward("hard_shrink")
@backward("soft_shrink")
def shrink_backward(g: Any, x: Any, threshold: float) -> Any:
    if torch.compiler.is_compiling():  # which may make a variable of the threshold, and the kernel takes none
        return torch.where(x.abs() <= threshold, 0.0, g)
    return torch.ops.aten.hardshrink_backward(g, x, threshold)


@backward("shrink")
def biased_shrink_backward(g: Any, x: Any, threshold: float, bias: float) -> Any:
    return shrink_backward(g, x, threshold)


@kernel("tanh_shrink")
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
    near = torch.ops.aten.hardtanh_backward(near.mul_(x), x, -1.0, 1.0)
    return near.add_(torch.ops.aten.threshold_backward(far, magnitude, below_1))


def monic(u: Any, *coefficients: float) -> Any:
    """The polynomial with these coefficients after a leading 1."""
    y = u.add(coefficients[0])
    for coefficient in coefficients[1:]:
        y.mul_(u).add_(coefficient)
    return y


@backward("tanh_shrink")
@in_pieces
def tanh_shrink_backward(g: Any, x: Any) -> Any:
    # tanh is -e / (2 + e), three times as fast as torch's own
    e = x.abs().mul_(-2.0).expm1_()
    return g * e.div_(e.add(2.0)).square_()
