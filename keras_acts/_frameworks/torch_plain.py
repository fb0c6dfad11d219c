"""What eager torch gains where a tensor is plain memory: work on pieces of it, and a look at its numbers beforehand."""

import functools
from dataclasses import dataclass
from typing import Any

import torch

from keras_acts._frameworks.engine import Function, Partial
from keras_acts._precision import HUGE

LARGE = 2**15  # elements that are worth a call or two more
PIECE = 2**17  # elements for each thread whose intermediate results stay in its cache


def in_pieces(function: Function) -> Function:
    """An element-wise function of tensors of one shape, evaluated on pieces whose intermediate results stay in the cache."""

    @functools.wraps(function)
    def run(*tensors: Any) -> Any:
        if not all(map(is_large_and_plain, tensors)):
            return function(*tensors)
        result = torch.empty_like(tensors[0])
        piece = PIECE * torch.get_num_threads()
        for part, *parts in zip(*(tensor.view(-1).split(piece) for tensor in (result, *tensors)), strict=True):
            part.copy_(function(*parts))
        return result

    return run


def readable(tensor: Any) -> bool:
    """Whether numbers can be looked at for free: not on a GPU, and not under vmap, the compiler, tracing or export."""
    if torch.compiler.is_compiling() or torch._C._get_tracing_state() or tensor.device.type != "cpu":
        return False
    plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    return plain and not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def is_plain(tensor: Any) -> bool:
    """Whether it has numbers, side by side, that can be looked at for free."""
    return readable(tensor) and tensor.is_contiguous() and tensor.numel() > 0


def is_large_and_plain(tensor: Any) -> bool:
    """Whether a tensor is worth the trouble besides."""
    return is_plain(tensor) and tensor.numel() >= LARGE


@dataclass(frozen=True)
class Within(Partial):
    """A function ``(…, x)`` that is right for plain tensors of the `dtypes` if every number of x lies between two bounds."""

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
        if x.dtype not in self.dtypes or not is_plain(x):
            return False
        low, high = x.detach().aminmax()  # NaN if there is one
        return bool(self.low < low.item() and high.item() < self.high)


NARROW = (torch.float32, torch.float16, torch.bfloat16)


def in_double(function: Function, low: float = -HUGE) -> Within:
    """What computes in double precision where a formula would compensate its rounding errors: no gain for float64 itself."""
    return Within(in_pieces(function), low, dtypes=NARROW)
