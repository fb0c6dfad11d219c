"""torch: an autograd function that keeps the inputs only."""

from collections.abc import Sequence
from typing import Any

import torch

from keras_acts._frameworks.engine import pulled, pushed
from keras_acts._frameworks.kernels import Function, Guarded
from keras_acts._frameworks.torch.fused import fused
from keras_acts._frameworks.torch.pieces import guard, in_pieces
from keras_acts._precision import widened


class Exact(torch.autograd.Function):
    """Value and derivatives as given; the backward pass is made of differentiable operations, so it can be repeated."""

    @staticmethod
    def forward(value: Function, derivatives: Any, pull: Any, *inputs: Any) -> Any:
        return value(*inputs)

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        _, ctx.derivatives, ctx.pull, *tensors = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: Any, gradient: Any) -> Any:
        inputs = ctx.saved_tensors
        if ctx.pull and not torch.is_grad_enabled():
            return None, None, None, ctx.pull(gradient, *inputs)
        return (
            *(None, None, None),
            *(
                pulled(gradient, derivative, inputs, tensor) if wanted else None
                for derivative, tensor, wanted in zip(ctx.derivatives, inputs, ctx.needs_input_grad[3:], strict=True)
            ),
        )


class ExactForward(Exact):
    """The same in forward mode too, which torch.compile does not take."""

    # Not generate_vmap_rule: that rule fails where none of the inputs has the batch axis, as in a Hessian.
    @staticmethod
    def vmap(info: Any, in_dims: Any, value: Function, derivatives: Any, pull: Any, *inputs: Any) -> Any:
        batched = list(zip(inputs, in_dims[3:], strict=True))
        rank = max(tensor.ndim + (dim is None) for tensor, dim in batched)

        def align(tensor: Any, dim: int | None) -> Any:
            tensor = tensor.unsqueeze(0) if dim is None else tensor.movedim(dim, 0)
            return tensor.reshape(tensor.shape[:1] + (1,) * (rank - tensor.ndim) + tensor.shape[1:])

        aligned = (align(tensor, dim) for tensor, dim in batched)
        return ExactForward.apply(value, derivatives, pull, *aligned), 0  # type: ignore[no-untyped-call]

    @staticmethod
    def jvp(ctx: Any, *arguments: Any) -> Any:
        tangents = arguments[3:]
        given = [i for i, tangent in enumerate(tangents) if tangent is not None]
        return pushed([ctx.derivatives[i] for i in given])(*(tangents[i] for i in given), *ctx.saved_tensors)


def attach(name: str, value: Function, derivatives: Sequence[Function], pull: Function | Guarded | None) -> Function:
    compiled = None  # the compiler fuses a derivative by itself
    if isinstance(pull, Guarded) or (pull is None and len(derivatives) == 1):
        general = in_pieces(lambda gradient, x: pulled(gradient, derivatives[0], (x,), x))
        pull = general if pull is None else guard(pull, general)
    elif pull is not None:
        compiled = pull = widened(pull)

    if pull is not None:  # of x alone
        value, pull = fused(name, value), fused(name, pull)

    def function(*inputs: Any) -> Any:
        if torch.compiler.is_compiling():
            return Exact.apply(value, derivatives, compiled, *inputs)  # type: ignore[no-untyped-call]
        if forward_modes() > 1:
            return value(*inputs)
        return ExactForward.apply(value, derivatives, pull, *inputs)  # type: ignore[no-untyped-call]

    return function


def forward_modes() -> int:
    """How many `torch.func.jvp` are nested here: torch drops the outer tangents inside the `jvp` of a function."""
    levels = torch._C._functorch.get_interpreter_stack() or ()
    return sum(level.key() == torch._C._functorch.TransformType.Jvp for level in levels)
