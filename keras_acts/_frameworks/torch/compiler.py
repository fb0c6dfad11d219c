"""What torch's compiler and its exporters need."""

import functools
from typing import Any

import torch

from keras_acts._frameworks.engine import FOR_EXPORT, cached
from keras_acts._frameworks.kernels import Function


def cached_when_eager(function: Function) -> Function:
    """The compiler would warn of a cache, and trace what is behind it anyway."""
    quick = cached(function)

    @functools.wraps(function)
    def run(*arguments: Any) -> Any:
        return function(*arguments) if torch.compiler.is_compiling() else quick(*arguments)

    return run


def exporting() -> bool:
    if torch.compiler.is_compiling():  # which takes no context variable
        return torch.compiler.is_exporting()
    return FOR_EXPORT.get() or torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]


def amax(x: Any, axis: Any, keepdims: bool) -> Any:
    return torch.amax(x, dim=axis, keepdim=keepdims)
