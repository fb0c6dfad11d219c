"""What eager torch gains where the numbers of a tensor can be read: a look at them beforehand, and work on pieces of it."""

import functools
from typing import Any

import torch

from keras_acts import _precision
from keras_acts._frameworks.kernels import Function, Guarded

LARGE = 2**15  # elements that are worth a call or two more
FEW = 0.25  # of the numbers of a tensor, for which a kernel is given up
PIECE = 2**17  # elements for each thread whose intermediate results stay in its cache


def in_pieces(function: Function) -> Function:
    """An element-wise function of tensors of one shape, evaluated on pieces whose intermediate results stay in the cache."""

    @functools.wraps(function)
    def run(*tensors: Any, **numbers: Any) -> Any:
        if not all(readable(tensor) and tensor.numel() >= LARGE for tensor in tensors):
            return function(*tensors, **numbers)
        result = torch.empty_like(tensors[0])
        # a convolution leaves its axes in another order than memory has them
        order = sorted(range(result.ndim), key=result.stride, reverse=True)
        rows = [tensor.permute(order) for tensor in (result, *tensors)]
        if not all(row.is_contiguous() for row in rows):
            return function(*tensors, **numbers)
        piece = PIECE * torch.get_num_threads()
        for part, *parts in zip(*(row.view(-1).split(piece) for row in rows), strict=True):
            part.copy_(function(*parts, **numbers))
        return result

    return run


def widened(function: Function) -> Function:
    """A kernel computed in the wide dtype of its tensors and rounded once, which still shows its parameters."""
    # not in `_precision`, whose function torch.compile traces: it can't read the attributes of an operator
    return functools.wraps(function)(_precision.widened(function))


def readable(tensor: Any) -> bool:
    """Whether numbers can be looked at for free: not on a GPU, and not under vmap, the compiler, tracing or export."""
    return not torch.compiler.is_compiling() and tensor.device.type == "cpu" and plain(tensor)


def plain(tensor: Any) -> bool:
    """Whether it is a tensor with numbers of its own: not under vmap, tracing or export."""
    if torch._C._get_tracing_state() or type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return False
    return not torch._C._functorch.is_functorch_wrapped_tensor(tensor)


def guard(kernel: Guarded, general: Function) -> Function:
    """The kernel for the numbers that it is right for, `general` for the others. To look costs a pass that writes nothing."""
    function, (low, high) = kernel.function, kernel.within
    dtypes = [getattr(torch, name) for name in kernel.dtypes]

    def run(*tensors: Any) -> Any:
        x = tensors[-1].detach()
        if x.dtype not in dtypes or not readable(tensors[-1]) or not x.numel():
            return general(*tensors)
        least, most = x.aminmax()  # NaN if there is one
        if low < least.item() and most.item() < high:
            return function(*tensors)
        outside = ((x > low) & (x < high)).logical_not_()
        if outside.count_nonzero().item() > FEW * x.numel():
            return general(*tensors)
        y = function(*tensors)
        y[outside] = general(*(tensor[outside] for tensor in tensors))
        return y

    return run
