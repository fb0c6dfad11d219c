"""What torch does better than the formulas along an axis.

Its kernels take one pass but give NaN for a whole row that has +inf, or nothing but -inf. Where numbers can be looked at for
free, one entry of each row tells whether there is such a row; elsewhere the input is always cleaned first.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from keras_acts._frameworks.engine import Function
from keras_acts._frameworks.torch_plain import readable
from keras_acts._precision import HUGE, widened

LOOP: Any = getattr(torch, "while_loop", None)  # a prototype of torch's compiler, which older versions lack


def fixed_point(step: Function, start: Any, most: int) -> Any:
    if LOOP and torch.compiler.is_compiling():
        return _compiled(step, start, most)
    look = readable(start)
    for _ in range(most):
        before, start = start, step(start)
        if look and torch.equal(before, start):
            break
    return start


def _compiled(step: Function, start: Any, most: int) -> Any:
    """The steps as a loop of the compiler, which takes five times as long to compile all of them one after another."""

    def moves(count: Any, before: Any, after: Any) -> Any:
        return (count < most) & ((before != after) & (after == after)).any()  # not if after is NaN

    def again(count: Any, before: Any, after: Any) -> Any:
        return count + 1, after.clone(), step(after)

    one = torch.ones((), dtype=torch.int64, device=start.device)
    return LOOP(moves, again, (one, start, step(start)))[2]


def guarded(kernel: Function, nothing: float) -> Callable[..., Function | None]:
    """One of torch's kernels, with a row of -inf giving `nothing`, and +inf taken for the largest number."""

    def at(axis: Any) -> Function | None:
        if not isinstance(axis, int):
            return None

        @widened
        def guarded_kernel(x: Any) -> Any:
            if not x.numel():
                return x.clone()
            if readable(x):
                y = kernel(x, axis)
                if not y.detach().select(axis, 0).isnan().any():
                    return y
            empty = x.detach().amax(axis, keepdim=True) == -math.inf
            finite = torch.where(x == math.inf, HUGE, x)
            return kernel(finite.masked_fill(empty, 0.0), axis).masked_fill(empty, nothing)

        return guarded_kernel

    return at


def softmin(axis: Any) -> Function | None:
    kernel = softmax(axis)
    return kernel and (lambda x: kernel(-x))


softmax = guarded(torch.softmax, 0.0)

ROWS: Mapping[str, Callable[..., Function | None]] = {
    "softmax": softmax,
    "softmax2d": softmax,
    "softmin": softmin,
    "log_softmax": guarded(torch.log_softmax, -math.inf),
}
