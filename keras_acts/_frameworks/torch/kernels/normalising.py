"""Normalising activations along one axis.

torch's kernels take one pass but give NaN for a whole row that has +inf, or nothing but -inf. Where numbers can be looked at
for free, one entry of each row tells whether there is such a row; elsewhere the input is always cleaned first.
"""

import math
from typing import Any

import torch

from keras_acts._frameworks.kernels import Function
from keras_acts._frameworks.torch.declare import kernel
from keras_acts._frameworks.torch.pieces import readable, widened
from keras_acts._precision import HUGE


def with_clean_rows(function: Function, nothing: float) -> Function:
    """One of torch's kernels, with a row of -inf giving `nothing`, and +inf taken for the largest number."""

    @widened
    def run(x: Any, axis: int) -> Any:
        if not x.numel():
            return x.clone()
        if readable(x):
            y = function(x, axis)
            if not y.detach().select(axis, 0).isnan().any():
                return y
        empty = x.detach().amax(axis, keepdim=True) == -math.inf
        finite = torch.where(x == math.inf, HUGE, x)
        return function(finite.masked_fill(empty, 0.0), axis).masked_fill(empty, nothing)

    return run


WIDE = 1024  # torch adds up the terms of a row one after another: of 100,000, the sum was off by 67 roundings


def softmax_of_rows(x: Any, axis: int) -> Any:
    """The softmax of torch, of a wide row divided by its sum again."""
    y = torch.softmax(x, axis)
    return y / y.sum(axis, keepdim=True) if x.shape[axis] > WIDE else y


def log_softmax_of_rows(x: Any, axis: int) -> Any:
    """The log_softmax of torch, likewise."""
    y = torch.log_softmax(x, axis)
    return y - y.exp().sum(axis, keepdim=True).log() if x.shape[axis] > WIDE else y


def is_single(axis: Any) -> bool:
    return isinstance(axis, int)


softmax = with_clean_rows(softmax_of_rows, 0.0)
kernel("softmax", "softmax2d", when=is_single)(softmax)
kernel("log_softmax", when=is_single)(with_clean_rows(log_softmax_of_rows, -math.inf))


@kernel("softmin", when=is_single)
def softmin(x: Any, axis: int) -> Any:
    return softmax(-x, axis=axis)
