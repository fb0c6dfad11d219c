"""What eager torch gains where the numbers of a tensor can be read: a look at them beforehand, and work on pieces of it."""

import functools
from dataclasses import dataclass
from typing import Any

import torch

from keras_acts._frameworks.engine import Function, Guarded
from keras_acts._precision import HUGE

LARGE = 2**15  # elements that are worth a call or two more
PIECE = 2**17  # elements for each thread whose intermediate results stay in its cache


def in_pieces(function: Function) -> Function:
    """An element-wise function of tensors of one shape, evaluated on pieces whose intermediate results stay in the cache."""

    @functools.wraps(function)
    def run(*tensors: Any) -> Any:
        if not all(readable(tensor) and tensor.numel() >= LARGE for tensor in tensors):
            return function(*tensors)
        result = torch.empty_like(tensors[0])
        # a convolution leaves its axes in another order than memory has them
        order = sorted(range(result.ndim), key=result.stride, reverse=True)
        rows = [tensor.permute(order) for tensor in (result, *tensors)]
        if not all(row.is_contiguous() for row in rows):
            return function(*tensors)
        piece = PIECE * torch.get_num_threads()
        for part, *parts in zip(*(row.view(-1).split(piece) for row in rows), strict=True):
            part.copy_(function(*parts))
        return result

    return run


def readable(tensor: Any) -> bool:
    """Whether numbers can be looked at for free: not on a GPU, and not under vmap, the compiler, tracing or export."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() or tensor.device.type != "cpu":
        return False
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    return plain and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


@dataclass(frozen=True)
class Within(Guarded):
    """A function ``(…, x)`` that is right for tensors of the `dtypes` if every number of x lies between two bounds."""

    function: Function
    low: float = -HUGE
    high: float = HUGE
    dtypes: tuple[torch.dtype, ...] = (torch.float32, torch.float64, torch.float16, torch.bfloat16)

    def or_else(self, general: Function) -> Function:
        """`general` where this one may be wrong. To look costs a pass that writes nothing."""

        def run(*tensors: Any) -> Any:
            return (self.function if self._takes(tensors[-1]) else general)(*tensors)

        return run

    def _takes(self, x: Any) -> bool:
        if x.dtype not in self.dtypes or not readable(x) or not x.numel():
            return False
        low, high = x.detach().aminmax()  # NaN if there is one
        return bool(self.low < low.item() and high.item() < self.high)


NARROW = (torch.float32, torch.float16, torch.bfloat16)


def in_double(function: Function, low: float = -HUGE) -> Within:
    """What computes in double precision where a formula would compensate its rounding errors: no gain for float64 itself."""
    return Within(in_pieces(function), low, dtypes=NARROW)
