"""One kernel, made by `torch.compile`, in place of the operations of an element-wise function in an eager call."""

import threading
import types
import warnings
from typing import Any

import torch

from keras_acts._frameworks.fusion import fusion
from keras_acts._frameworks.torch.pieces import LARGE, plain

_LOCK = threading.Lock()


def fused(name: str, function: Any) -> Any:
    """`function`, of tensors of one shape, as one kernel for every size where that is asked for and the tensors are large.

    Args:
        name: The activation that it belongs to.
        function: An element-wise function of tensors of one shape.
    """
    if not isinstance(function, types.FunctionType) or torch.compiler.is_compiling():
        return function  # a kernel of torch's, or part of a program that is compiled anyway
    kernel: Any = None
    usable = True

    def run(*tensors: Any) -> Any:
        nonlocal kernel, usable
        if fusion.mode != "on" or not usable or not _takes(tensors):
            return function(*tensors)
        try:
            with _LOCK:  # one thread at a time compiles
                kernel = kernel or torch.compile(_with_own_code(function), dynamic=True, fullgraph=True)
                return kernel(*(tensor.view(-1) for tensor in tensors)).view(tensors[-1].shape)
        except Exception as error:
            usable = False
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            message = f"{name}: torch.compile made no fused kernel, so its operations run one by one. {reason}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return function(*tensors)

    return run


def _takes(tensors: tuple[Any, ...]) -> bool:
    return not torch.compiler.is_compiling() and all(
        plain(tensor) and tensor.numel() >= LARGE and tensor.is_contiguous() for tensor in tensors
    )


def _with_own_code(function: Any) -> Any:
    """A copy whose programs torch's compiler does not count together with those of another function."""
    return types.FunctionType(
        function.__code__.replace(), function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
