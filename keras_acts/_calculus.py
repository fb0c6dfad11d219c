"""Attaches an exact derivative to a formula. The one module that knows a framework.

Rules of this file:
- Only the framework that Keras runs on is imported.
- A backward pass keeps the inputs and nothing else; the derivative is computed from them.
- What a framework does better than the formula is data, in the `Engine` of each: kernels for values, kernels for backward
  passes, and the names whose automatic derivative is right and lean. The same tests hold them to the same contract.
"""

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
from keras import ops

from keras_acts._precision import HALF, HUGE, cast, widen, widened

Function = Callable[..., Any]


@dataclass(frozen=True)
class Engine:
    """How one framework takes part.

    - `attach(value, derivatives, lean)` makes a function with that value and those derivatives, one for each argument.
    - `tensors` are the types of its dense tensors.
    - `native` finds the kernel for given parameters, where there is one that is right in every float dtype.
    - `lean` holds backward passes ``(gradient, x)`` that take fewer passes over memory than the formulas.
    - `differentiated` names those whose automatic derivative, of kernel or formula, is right and lean.
    - `compile` makes one call of many operations.
    - `sin`, `cos`, `tanh` stand in for those of `keras.ops` that lose float64.
    """

    attach: Callable[[Function, Sequence[Function], Function | None], Function]
    tensors: tuple[type, ...] = ()
    native: Mapping[str, Callable[..., Function | None]] = field(default_factory=dict)
    lean: Mapping[str, Function] = field(default_factory=dict)
    differentiated: frozenset[str] = frozenset()
    compile: Callable[[Function], Function] = lambda function: function
    keep_logits: Callable[[Any, Any], None] = lambda probabilities, logits: None
    sin: Function = ops.sin
    cos: Function = ops.cos
    tanh: Function = ops.tanh


def _relu(negative_slope: float, max_value: float | None, threshold: float) -> Function | None:
    return ops.relu if (negative_slope, max_value, threshold) == (0, None, 0) else None


# Piecewise linear: automatic differentiation multiplies by the slope of the branch taken, which is exact. The first two
# round nothing in any dtype.
LINEAR = frozenset({"linear", "relu", "leaky_relu"})
EXACT: Mapping[str, Callable[..., Function | None]] = {"linear": lambda: lambda x: x, "relu": _relu}


def differentiable(
    name: str,
    formula: Function,
    derivatives: Sequence[Function],
    kernel: Function | None = None,
) -> Function:
    """``formula(x, *parameters)`` for any float dtype, with `derivatives` (one for each argument) as its gradient.

    Args:
        name: Name of the activation.
        formula: Its value.
        derivatives: Derivatives in `x` and the parameters; empty if the framework is to differentiate the formula.
        kernel: The framework's own kernel, which then stands in for the formula.
    """
    value = kernel or widened(formula)
    if kernel and name in ENGINE.differentiated:
        return value
    if not derivatives:
        return ENGINE.compile(value)
    attached = ENGINE.attach(value, derivatives, ENGINE.lean.get(name))
    if name not in ENGINE.differentiated:
        return attached
    compiled = ENGINE.compile(value)

    def choose(x: Any, *parameters: Any) -> Any:
        # In half precision automatic differentiation would keep the widened copy of x, twice its size.
        half = keras.backend.standardize_dtype(x.dtype) in HALF
        return (attached if half else compiled)(x, *parameters)

    return choose


def native(name: str, parameters: Mapping[str, Any]) -> Function | None:
    """The framework's own kernel for an activation with these parameters, where it is right in every float dtype."""
    find = ENGINE.native.get(name)
    return find(**parameters) if find else None


def keep_logits(probabilities: Any, logits: Any) -> None:
    """Leave the logits where Keras's cross-entropies look for them (they do on TensorFlow only)."""
    ENGINE.keep_logits(probabilities, logits)


def _inference_only() -> Engine:
    """Backends that only infer (numpy, openvino) attach nothing."""
    return Engine(attach=lambda value, derivatives, lean: value)


def _pushed(derivatives: Sequence[Function]) -> Function:
    """``(tangents, inputs) -> Σ tangent · derivative(inputs)``, rounded once."""
    count = len(derivatives)

    def total(*tangents_and_inputs: Any) -> Any:
        tangents, inputs = tangents_and_inputs[:count], tangents_and_inputs[count:]
        terms = [tangent * derivative(*inputs) for tangent, derivative in zip(tangents, derivatives, strict=True)]
        return functools.reduce(operator.add, terms)

    return widened(total)


def _pulled(gradient: Any, derivative: Function, inputs: Any, target: Any) -> Any:
    """The gradient of one input: ``gradient · derivative(inputs)``, summed to its shape and then rounded to its dtype."""
    wide_gradient, *wide = widen(gradient, *inputs)
    product = wide_gradient * derivative(*wide)
    extra = len(product.shape) - len(target.shape)
    if extra:
        product = ops.sum(product, axis=tuple(range(extra)))
    ones = tuple(axis for axis, size in enumerate(target.shape) if size == 1 and product.shape[axis] != 1)
    if ones:
        product = ops.sum(product, axis=ones, keepdims=True)
    return cast(product, target.dtype)


def _jax() -> Engine:
    import jax

    def attach(value: Function, derivatives: Sequence[Function], lean: Function | None) -> Function:
        function = jax.custom_jvp(value)

        @function.defjvp
        def _(primals: Any, tangents: Any) -> Any:
            return function(*primals), _pushed(derivatives)(*tangents, *primals)

        # checkpoint: keep the inputs only. jit: without it an eager call of a checkpointed function takes 120 µs and more.
        compiled: Function = jax.jit(jax.checkpoint(function), inline=True)
        return compiled

    return Engine(
        attach,
        (jax.Array,),
        EXACT,
        differentiated=LINEAR,
        compile=functools.partial(jax.jit, inline=True),
        sin=jax.numpy.sin,
        cos=jax.numpy.cos,
        tanh=jax.numpy.tanh,
    )


def _torch() -> Engine:
    import torch
    from torch.nn import functional

    class Exact(torch.autograd.Function):
        """Value and derivatives as given; the backward pass is made of differentiable operations, so it can be repeated."""

        @staticmethod
        def forward(value: Function, derivatives: Any, lean: Any, *inputs: Any) -> Any:
            return value(*inputs)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            _, ctx.derivatives, ctx.lean, *tensors = inputs
            ctx.save_for_backward(*tensors)
            ctx.save_for_forward(*tensors)

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            inputs = ctx.saved_tensors
            if ctx.lean and len(inputs) == 1 and not torch.is_grad_enabled():
                return None, None, None, widened(ctx.lean)(gradient, *inputs)
            return (
                *(None, None, None),
                *(
                    _pulled(gradient, derivative, inputs, tensor) if wanted else None
                    for derivative, tensor, wanted in zip(ctx.derivatives, inputs, ctx.needs_input_grad[3:], strict=True)
                ),
            )

    class ExactForward(Exact):
        """The same in forward mode too, which torch.compile does not take."""

        # Not generate_vmap_rule: that rule fails where none of the inputs has the batch axis, as in a Hessian.
        @staticmethod
        def vmap(info: Any, in_dims: Any, value: Function, derivatives: Any, lean: Any, *inputs: Any) -> Any:
            batched = list(zip(inputs, in_dims[3:], strict=True))
            rank = max(tensor.ndim + (dim is None) for tensor, dim in batched)

            def align(tensor: Any, dim: int | None) -> Any:
                tensor = tensor.unsqueeze(0) if dim is None else tensor.movedim(dim, 0)
                return tensor.reshape(tensor.shape[:1] + (1,) * (rank - tensor.ndim) + tensor.shape[1:])

            aligned = (align(tensor, dim) for tensor, dim in batched)
            return ExactForward.apply(value, derivatives, lean, *aligned), 0  # type: ignore[no-untyped-call]

        @staticmethod
        def jvp(ctx: Any, *arguments: Any) -> Any:
            tangents = arguments[3:]
            given = [i for i, tangent in enumerate(tangents) if tangent is not None]
            return _pushed([ctx.derivatives[i] for i in given])(*(tangents[i] for i in given), *ctx.saved_tensors)

    def attach(value: Function, derivatives: Sequence[Function], lean: Function | None) -> Function:
        def function(*inputs: Any) -> Any:
            if torch.compiler.is_compiling():
                return Exact.apply(value, derivatives, lean, *inputs)  # type: ignore[no-untyped-call]
            if forward_modes() > 1:
                return value(*inputs)
            return ExactForward.apply(value, derivatives, lean, *inputs)  # type: ignore[no-untyped-call]

        return function

    def forward_modes() -> int:
        """How many `torch.func.jvp` are nested here: torch drops the outer tangents inside the `jvp` of a function."""
        levels = torch._C._functorch.get_interpreter_stack() or ()
        return sum(level.key() == torch._C._functorch.TransformType.Jvp for level in levels)

    # In eager mode each operation is a pass over memory and each new tensor a fresh allocation: work in place on tensors
    # that nobody else holds. The product with the gradient is never in place, since under vmap it may have a batch axis more.
    @widened
    def softsign(x: Any) -> Any:
        finite = x.clamp(-HUGE, HUGE)
        return finite.div_(finite.abs().add_(1.0))

    def leaky_relu(negative_slope: float) -> Function:
        # 0 · (-inf) is NaN
        return functools.partial(functional.leaky_relu, negative_slope=negative_slope) if negative_slope else torch.relu

    def small_sigmoid(x: Any, factor: float = 1.0) -> Any:
        return x.abs().mul_(-factor).sigmoid_()

    sigmoid_backward = torch.ops.aten.sigmoid_backward
    return Engine(
        attach,
        (torch.Tensor,),
        native={
            **EXACT,
            "leaky_relu": leaky_relu,
            "elu": lambda alpha: functools.partial(functional.elu, alpha=alpha),
            "selu": lambda: functional.selu,
            "sigmoid": lambda: torch.sigmoid,
            "tanh": lambda: torch.tanh,
            "softsign": lambda: softsign,
            "log_sigmoid": lambda: functional.logsigmoid,
            # torch switches from log(1 + e^x) to x at its threshold of 20, too early for float64
            "softplus": lambda: functools.partial(functional.softplus, threshold=40.0),
        },
        lean={
            "sigmoid": lambda g, x: sigmoid_backward(g, small_sigmoid(x)),
            "tanh": lambda g, x: sigmoid_backward(g, small_sigmoid(x, 2.0)).mul_(4.0),
            "softsign": lambda g, x: g / x.abs().add_(1.0).square_(),
            "log_sigmoid": lambda g, x: g * torch.neg(x).sigmoid_(),
        },
        differentiated=LINEAR | {"elu", "selu", "softplus"},
    )


def _tensorflow() -> Engine:
    import tensorflow as tf

    def attach(value: Function, derivatives: Sequence[Function], lean: Function | None) -> Function:
        def function(*inputs: Any) -> Any:
            def backward(gradient: Any) -> Any:
                return [
                    _pulled(gradient, derivative, inputs, tensor)
                    for derivative, tensor in zip(derivatives, inputs, strict=True)
                ]

            return value(*inputs), backward

        with_gradient = tf.custom_gradient(function)
        # A variable has to become a tensor before: inside, TensorFlow would ask for its gradient in another way.
        return lambda *inputs: with_gradient(*map(tf.convert_to_tensor, inputs))

    def keep(probabilities: Any, logits: Any) -> None:
        probabilities._keras_logits = logits

    return Engine(attach, (tf.Tensor,), EXACT, differentiated=LINEAR, keep_logits=keep)


# Not behind a cached function: torch.compile traces through a cache, and a constant it takes as it is.
ENGINE = {"jax": _jax, "torch": _torch, "tensorflow": _tensorflow}.get(keras.backend.backend(), _inference_only)()
sin, cos, tanh = ENGINE.sin, ENGINE.cos, ENGINE.tanh
