"""torch: an autograd function that keeps the inputs only, and kernels for values and backward passes."""

from typing import Any

import keras
import torch

from keras_acts._frameworks.engine import Engine
from keras_acts._frameworks.kernels import Function
from keras_acts._frameworks.torch.attach import attach
from keras_acts._frameworks.torch.compiler import amax, cached_when_eager, exporting
from keras_acts._frameworks.torch.fixed_point import fixed_point
from keras_acts._frameworks.torch.kernels import KERNELS
from keras_acts._frameworks.torch.pieces import guard, in_pieces


def absolute(x: Any) -> Any:
    return torch.nn.functional.leaky_relu(x, -1.0)  # torch's own has the derivative 0 at 0


def negative_part(x: Any) -> Any:
    return torch.clamp(x, max=0.0)


def parts(owner: str, x: Any, elementwise: bool, single: bool) -> tuple[Any, Function] | None:
    """The values of a nested tensor."""
    if torch.compiler.is_compiling():  # which can't ask for the layout inside an autograd function
        return None
    if not isinstance(x, torch.Tensor) or (x.layout is torch.strided and not x.is_nested):
        return None
    if x.layout is torch.jagged:  # type: ignore[attr-defined]
        if not elementwise:
            raise TypeError(
                f"{owner} works along an axis and takes dense tensors; got a nested one. Give x.to_padded_tensor(0.0)."
            )
        nested: Any = x
        offsets, lengths, axis = nested.offsets(), nested.lengths(), nested._ragged_idx

        def whole(y: Any) -> Any:
            return torch.nested.nested_tensor_from_jagged(y, offsets=offsets, lengths=lengths, jagged_dim=axis)

        return nested.values(), whole
    if x.is_nested:
        raise TypeError(f"{owner} takes nested tensors of the layout torch.jagged; got one of the layout torch.strided.")
    raise TypeError(f"{owner} takes dense tensors; got one of the layout {x.layout}. Give x.to_dense().")


def uniform(shape: Any, low: float, high: float) -> Any:
    """Random numbers that are the same when `torch.utils.checkpoint` computes a layer again."""
    return torch.empty(tuple(shape), dtype=torch.float32, device=keras.ops.zeros(()).device).uniform_(low, high)


ENGINE = Engine(
    attach,
    (torch.Tensor,),
    kernels=KERNELS,
    parts=parts,
    uniform=uniform,
    guard=guard,
    in_pieces=in_pieces,
    amax=amax,
    where=torch.where,
    absolute=absolute,
    negative_part=negative_part,
    fixed_point=fixed_point,
    exporting=exporting,
    formats=("onnx", "torch", "openvino"),
    cached=cached_when_eager,
)
