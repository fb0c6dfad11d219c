"""How a framework takes part, and what the parts of all frameworks share."""

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from keras import ops

from keras_acts._precision import cast, widen, widened

Function = Callable[..., Any]


def repeat(step: Function, start: Any, most: int) -> Any:
    for _ in range(most):
        start = step(start)
    return start


class Partial:
    """A kernel that is right for some tensors only."""

    def or_else(self, general: Function) -> Function:
        """The kernel where it is right, else `general`."""
        raise NotImplementedError


remember = functools.lru_cache(maxsize=1024)

EXPORTING: ContextVar[bool] = ContextVar("exporting", default=False)  # by a function of this package


@dataclass(frozen=True)
class Engine:
    """How one framework takes part.

    - `attach(value, derivatives, lean)` makes a function with that value and those derivatives, one for each argument.
    - `tensors` are the types of its dense tensors.
    - `native` finds the kernel for given parameters, where there is one that is right in every float dtype; some are `Partial`.
    - `lean` finds the backward pass ``(gradient, x)`` for given parameters that passes over memory less often than the formula.
    - `differentiated` names those whose automatic derivative, of kernel or formula, is right and lean.
    - `in_pieces` makes an element-wise function of one shape work on pieces of large tensors, where that spares memory traffic.
    - `compile` makes one call of many operations.
    - `settle(step, start, most)` repeats a step, at most so often, until nothing changes if the framework can see that.
    - `exporting` tells whether what is computed is recorded by an exporter, which some frameworks know by themselves.
    - `formats` are those of `keras.Model.export` that every activation was exported to and run back by tests/exports.py.
    - `remember` makes a function keep its last results by argument.
    - `absolute` stands in for `keras.ops.abs`, which one of them drops behind a difference of constants.
    - `amax` stands in for `keras.ops.max`, which the compiler of one framework can't take along several axes.
    - `sin`, `cos`, `tanh`, `arctan`, `arcsinh` stand in for those of `keras.ops` that lose float64.
    """

    attach: Callable[[Function, Sequence[Function], Function | Partial | None], Function]
    tensors: tuple[type, ...] = ()
    native: Mapping[str, Callable[..., Function | Partial | None]] = field(default_factory=dict)
    lean: Mapping[str, Callable[..., Function | Partial | None]] = field(default_factory=dict)
    differentiated: frozenset[str] = frozenset()
    in_pieces: Callable[[Function], Function] = lambda function: function
    compile: Callable[[Function], Function] = lambda function: function
    keep_logits: Callable[[Any, Any], None] = lambda probabilities, logits: None
    settle: Callable[[Function, Any, int], Any] = repeat
    exporting: Callable[[], bool] = EXPORTING.get
    formats: tuple[str, ...] = ()
    remember: Callable[[Function], Function] = remember
    absolute: Function = ops.abs
    amax: Function = ops.max
    sin: Function = ops.sin
    cos: Function = ops.cos
    tanh: Function = ops.tanh
    arctan: Function = ops.arctan
    arcsinh: Function = ops.arcsinh


def _relu(negative_slope: float, max_value: float | None, threshold: float) -> Function | None:
    return ops.relu if (negative_slope, max_value, threshold) == (0, None, 0) else None


# Automatic differentiation multiplies by the slope of the branch taken, or by the value of the exponential: exact and lean.
# The first two round nothing in any dtype.
DIFFERENTIATED = frozenset({"linear", "relu", "leaky_relu", "exponential"})
EXACT: Mapping[str, Callable[..., Function | None]] = {"linear": lambda: lambda x: x, "relu": _relu}


def pushed(derivatives: Sequence[Function]) -> Function:
    """``(tangents, inputs) -> Σ tangent · derivative(inputs)``, rounded once."""
    count = len(derivatives)

    def total(*tangents_and_inputs: Any) -> Any:
        tangents, inputs = tangents_and_inputs[:count], tangents_and_inputs[count:]
        terms = [tangent * derivative(*inputs) for tangent, derivative in zip(tangents, derivatives, strict=True)]
        return functools.reduce(operator.add, terms)

    return widened(total)


def pulled(gradient: Any, derivative: Function, inputs: Any, target: Any) -> Any:
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
