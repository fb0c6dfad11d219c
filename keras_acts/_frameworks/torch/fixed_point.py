"""A step that is repeated until nothing changes, for activations that search along an axis."""

from typing import Any

import torch

from keras_acts._frameworks.kernels import Function
from keras_acts._frameworks.torch.pieces import readable

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
