"""Kernels: what a framework does better than the formulas, for values and for backward passes.

A kernel is declared under the name of its activation, beside its backward pass, and takes tensors before the parameters:

    @kernel("leaky_relu")
    def leaky_relu(x, negative_slope): ...

    @backward("leaky_relu")
    def leaky_relu_backward(g, x, negative_slope): ...

It is right at every number in every dtype, or says for which numbers and dtypes it is: `within` and `dtypes`.
"""

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from keras import ops

from keras_acts._precision import HUGE
from keras_acts._record.register import suggest

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)
Bounds = tuple[float, float]
Table = dict[str, list["Kernel"]]

FINITE: Bounds = (-HUGE, HUGE)
NARROW = ("float32", "float16", "bfloat16")
FLOATS = (*NARROW, "float64")


@dataclass(frozen=True)
class Guarded:
    """A function of tensors that is right for some of them only: of these dtypes, with every number of x between the bounds."""

    function: Function
    within: Bounds
    dtypes: tuple[str, ...] = FLOATS


@dataclass(frozen=True)
class Kernel:
    """A kernel or a backward pass as it is declared.

    Attributes:
        function: A function of x, or of the gradient and x, and of parameters of the activation.
        parameters: The names of those that it takes: all, unless `when` tells that the others do not matter.
        when: A condition on the parameters of the activation, or None if it is right for all.
        within: The open interval of the numbers that it is right for, or a function of the parameters that gives it; None if it
            is right for all, infinity and NaN too.
        dtypes: The dtypes that it is right and fast in; all if `within` is None.
    """

    function: Function
    parameters: tuple[str, ...]
    when: Callable[..., bool] | None = None
    within: Bounds | Callable[..., Bounds] | None = None
    dtypes: tuple[str, ...] = FLOATS

    def __post_init__(self) -> None:
        if self.within is None and self.dtypes != FLOATS:
            raise TypeError("a kernel that is not for all dtypes must say within which bounds it is right, such as FINITE.")

    def bind(self, given: Mapping[str, Any]) -> Function | Guarded:
        """The function of tensors alone, for these parameters of the activation."""
        numbers = {name: given[name] for name in self.parameters}
        function = functools.partial(self.function, **numbers) if numbers else self.function
        if self.within is None:
            return function
        return Guarded(function, self.within if isinstance(self.within, tuple) else self.within(**given), self.dtypes)

    def check(self, name: str, parameters: Sequence[str]) -> None:
        """Raise unless it takes the parameters that the activation of that name has."""
        rules = {part: rule for part, rule in (("when", self.when), ("within", self.within)) if callable(rule)}
        taken = {"function": self.parameters, **{part: _arguments(rule) for part, rule in rules.items()}}
        for part, names in taken.items():
            fewer = part == "function" and self.when and set(names) < set(parameters)
            if set(names) != set(parameters) and not fewer:
                raise TypeError(
                    f"the {part} of a kernel of {name!r} takes the parameters ({', '.join(names)}); "
                    f"those of the activation are ({', '.join(parameters)})."
                )


@dataclass
class Kernels:
    """What a framework does better than the formulas, by name of the activation. `kernel` and `backward` declare it.

    Attributes:
        values: The kernels of each activation, of which the first is taken whose condition holds.
        slopes: Likewise the backward passes ``(gradient, x)`` that go over memory less often than the formula.
        by_autodiff: The names of activations whose automatic derivative, of kernel or formula, is right and lean.
    """

    values: Table = field(default_factory=dict)
    slopes: Table = field(default_factory=dict)
    by_autodiff: set[str] = field(default_factory=set)

    def kernel(self, *names: str, by_autodiff: bool = False, **facts: Any) -> Callable[[F], F]:
        """Declare a function ``(x, parameters)`` as the kernel of activations. The facts are attributes of `Kernel`."""
        self.by_autodiff.update(names if by_autodiff else ())
        return _declaration(self.values, names, 1, facts)

    def backward(self, *names: str, **facts: Any) -> Callable[[F], F]:
        """Declare a function ``(gradient, x, parameters)`` as the backward pass of activations."""
        return _declaration(self.slopes, names, 2, facts)

    def bind(self, name: str, given: Mapping[str, Any]) -> tuple[Function | Guarded | None, Function | Guarded | None]:
        """Kernel and backward pass of an activation with these parameters, where there is a right one."""
        return _bound(self.values.get(name, ()), given), _bound(self.slopes.get(name, ()), given)

    def check(self, activations: Mapping[str, Sequence[str]]) -> None:
        """Raise if something is declared for a name that is none, or does not take the parameters of its activation.

        Args:
            activations: The names of the parameters of each activation.
        """
        for name in (*self.values, *self.slopes, *sorted(self.by_autodiff)):
            if name not in activations:
                raise ValueError(f"a kernel is declared for {name!r}, which is no activation.{suggest(name, activations)}")
        for name, several in (*self.values.items(), *self.slopes.items()):
            for each in several:
                each.check(name, activations[name])


def _bound(declared: Sequence[Kernel], given: Mapping[str, Any]) -> Function | Guarded | None:
    for each in declared:
        if each.when is None or each.when(**given):
            return each.bind(given)
    return None


def _declaration(table: Table, names: tuple[str, ...], tensors: int, facts: Mapping[str, Any]) -> Callable[[F], F]:
    def declare(function: F) -> F:
        kernel = Kernel(function, _arguments(function)[tensors:], **facts)
        for name in names:
            table.setdefault(name, []).append(kernel)
        return function

    return declare


def _arguments(function: Function) -> tuple[str, ...]:
    """The names of the arguments without default; of none in a function that is not written in Python."""
    innermost = inspect.unwrap(function)
    code = getattr(innermost, "__code__", None)  # inspect.signature takes a hundred times as long
    return code.co_varnames[: code.co_argcount - len(innermost.__defaults__ or ())] if code else ()


# What holds on every framework. Automatic differentiation multiplies by the slope of the branch taken, or by the value of the
# exponential: exact and lean. The kernels round nothing in any dtype.
SHARED = Kernels(by_autodiff={"leaky_relu", "exponential"})


@SHARED.kernel("linear", by_autodiff=True)
def linear(x: Any) -> Any:
    """``x``"""
    return x


SHARED.kernel(
    "relu",
    when=lambda negative_slope, max_value, threshold: (negative_slope, max_value, threshold) == (0, None, 0),
    by_autodiff=True,
)(ops.relu)
