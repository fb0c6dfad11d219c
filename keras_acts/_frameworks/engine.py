"""How a framework takes part, and what the parts of all frameworks share."""

import functools
import operator
from collections.abc import Callable, Sequence, Set
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from keras import ops

from keras_acts._frameworks.kernels import Function, Guarded, Kernels
from keras_acts._precision import cast, has_rank, widen, widened


def repeat(step: Function, start: Any, most: int) -> Any:
    for _ in range(most):
        start = step(start)
    return start


cached = functools.lru_cache(maxsize=1024)

FOR_EXPORT: ContextVar[bool] = ContextVar("for_export", default=False)  # by a function of this package


def absolute(x: Any) -> Any:
    """``|x|`` with the derivative -1 at 0."""
    return ops.where(x > 0, x, -x)


def negative_part(x: Any) -> Any:
    """``min(0, x)`` with the derivative 1 at 0."""
    return ops.where(x > 0, 0.0, x)


@dataclass(frozen=True)
class Engine:
    """How one framework takes part.

    Attributes:
        attach: ``attach(name, value, derivatives, pull)`` makes a function of the activation of that name with that value and
            those derivatives, one for each argument. `pull` is a backward pass ``(gradient, x)``, or None.
        tensors: The types of its dense tensors.
        kernels: What it does better than the formulas.
        parts: ``parts(owner, x, elementwise, single)`` gives the dense tensor inside a tensor of another kind and a function
            that makes the same kind of a result, or None if `x` is dense; it raises where that can't be. `single` tells that no
            parameter is broadcast. None if the framework has but one kind.
        guard: ``guard(kernel, general)`` takes a `Guarded` kernel for the tensors that it is right for, and `general` for the
            others: for all in a framework that can't look at numbers.
        in_pieces: Makes an element-wise function of tensors of one shape go over large ones fewer times.
        compile: Makes one call of many operations.
        keep_logits: Leaves the logits of probabilities where Keras's losses look for them, if they do.
        fixed_point: ``fixed_point(step, start, most)`` repeats a step, at most so often, until nothing changes if the framework
            can see that.
        exporting: Whether what is computed is recorded by an exporter, which some frameworks know by themselves.
        formats: The formats of `keras.Model.export` that every activation was exported to and run back by tests/exports.py.
        cached: Makes a function keep its last results by argument.
        as_written: Makes a function run as it is written where one of them would rewrite the code that it traces.
        uniform: ``uniform(shape, low, high)`` draws from the framework's own generator, whose state its recomputation brings
            back; None if it has no such one.
        where: Stands in for `keras.ops.where`, which makes a float32 of a number on one of them.
        clip: Stands in for `keras.ops.clip`, which the Taylor mode of one of them can't take.
        absolute: ``|x|`` with the derivative -1 at 0, in one operation if there is such a one.
        negative_part: ``min(0, x)`` with the derivative 1 at 0, likewise.
        amax: Stands in for `keras.ops.max`, which the compiler of one framework can't take along several axes.
        sin: Stands in, like the next four, for that of `keras.ops` where it loses float64.
        cos: As `sin`.
        tanh: As `sin`.
        arctan: As `sin`.
        arcsinh: As `sin`.
    """

    attach: Callable[[str, Function, Sequence[Function], Function | Guarded | None], Function]
    tensors: tuple[type, ...] = ()
    kernels: Kernels = field(default_factory=Kernels)
    parts: Callable[[str, Any, bool, bool], tuple[Any, Function] | None] | None = None
    guard: Callable[[Guarded, Function], Function] = lambda kernel, general: general
    in_pieces: Callable[[Function], Function] = lambda function: function
    compile: Callable[[Function], Function] = lambda function: function
    keep_logits: Callable[[Any, Any], None] = lambda probabilities, logits: None
    fixed_point: Callable[[Function, Any, int], Any] = repeat
    exporting: Callable[[], bool] = FOR_EXPORT.get
    formats: tuple[str, ...] = ()
    cached: Callable[[Function], Function] = cached
    as_written: Callable[[Function], Function] = lambda function: function
    uniform: Callable[..., Any] | None = None
    where: Function = ops.where
    clip: Function = ops.clip
    absolute: Function = absolute
    negative_part: Function = negative_part
    amax: Function = ops.max
    sin: Function = ops.sin
    cos: Function = ops.cos
    tanh: Function = ops.tanh
    arctan: Function = ops.arctan
    arcsinh: Function = ops.arcsinh

    @property
    def by_autodiff(self) -> Set[str]:
        """The names of activations whose automatic derivative is right and lean."""
        return self.kernels.by_autodiff


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
    if not has_rank(product.shape):
        if target is not inputs[0]:
            raise ValueError(f"a parameter of shape {tuple(target.shape)} has no gradient for an input of unknown rank.")
        return cast(product, target.dtype)
    extra = len(product.shape) - len(target.shape)
    if extra:
        product = ops.sum(product, axis=tuple(range(extra)))
    ones = tuple(axis for axis, size in enumerate(target.shape) if size == 1 and product.shape[axis] != 1)
    if ones:
        product = ops.sum(product, axis=ones, keepdims=True)
    return cast(product, target.dtype)
