"""What a parameter may be: declared once as an annotation, used by validation, configurations, documents and tests.

    def elu(x, alpha: NonNegative = 1.0): ...

Checking a value returns it as the plain Python number that goes into a configuration, or raises an error that names the
activation, the parameter, the value and what would do. Arguments of layers and losses are declared in the same way.
"""

import inspect
import math
import numbers
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from keras_acts._precision import HUGE

MASK = "mask"  # the name of an input beside `x`: booleans, False for what does not count
PER_CHANNEL = "One number a channel goes into the call, as an array or a tensor, or into a learned layer of keras_acts.layers."
TINY = 2.0**-100  # with room before float32's 2⁻¹²⁶, for what formulas divide by it
BEYOND_FLOAT32 = "Its magnitude is too small or too large to be computed with in float32: 0, or from 7.9e-31 to 3.4e38."
MAX_RANK = 32  # the largest number of dimensions that any array library behind Keras takes


class Kind:
    """What a parameter may be. `learnable` tells whether it may be a tensor."""

    learnable = False

    def check(self, owner: str, name: str, value: Any) -> Any:
        """`value` as it is kept, if it is of this kind; else an error that names owner, parameter, value and what would do."""
        raise NotImplementedError

    def save(self, value: Any) -> Any:
        """A value that was checked, as a configuration holds it."""
        return value


class Fixed(dict[str, Any]):
    """Values by name that can't be changed, since what they are the parameters of has read them."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError("these parameters are fixed. Make another activation with keras_acts.get(name, **parameters).")

    __setitem__ = __delitem__ = __ior__ = update = setdefault = pop = popitem = clear = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


@dataclass(frozen=True)
class Real(Kind):
    """A finite number in an interval. It can also be learned, that is be given as a tensor, unless told otherwise."""

    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    learnable: bool = True

    def __str__(self) -> str:
        if math.isinf(self.low) and math.isinf(self.high):
            return "a finite number"
        if math.isinf(self.high):
            return f"a finite number {'>' if self.open_low else '>='} {self.low:g}"
        return f"a number in {'(' if self.open_low else '['}{self.low:g}, {self.high:g}]"

    def check(self, owner: str, name: str, value: Any) -> float:
        """`value` as a float, if it is a number of this kind."""
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(_complaint(owner, name, self, value))
        try:
            number = float(value)
        except OverflowError:
            raise ValueError(_complaint(owner, name, self, value)) from None
        below = number <= self.low if self.open_low else number < self.low
        if not -math.inf < number < math.inf or below or number > self.high:  # torch.compile can't trace math.isfinite
            raise ValueError(_complaint(owner, name, self, value))
        if number != 0 and not TINY <= abs(number) <= HUGE:
            raise ValueError(f"{_complaint(owner, name, self, value)} {BEYOND_FLOAT32}")
        return number


@dataclass(frozen=True)
class Optional(Kind):
    """A parameter of another kind, or None."""

    kind: "Real | Integer"

    def __str__(self) -> str:
        return f"{self.kind} or None"

    def check(self, owner: str, name: str, value: Any) -> Any:
        """`value` if it is None, else what the inner kind makes of it."""
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise TypeError(_complaint(owner, name, self, value))
        return self.kind.check(owner, name, value)


@dataclass(frozen=True)
class Axes(Kind):
    """One axis, or several different ones unless told otherwise, counted from the front or (negative) from the back."""

    several: bool = True

    def __str__(self) -> str:
        return "an integer axis or a sequence of different ones" if self.several else "an integer axis"

    def check(self, owner: str, name: str, value: Any) -> int | tuple[int, ...]:
        """`value` as an int, or as a tuple of ints if it is a sequence."""
        several = self.several and isinstance(value, Sequence) and not isinstance(value, str | bytes)
        axes = value if several else (value,)
        if not all(isinstance(axis, numbers.Integral) and not isinstance(axis, bool) for axis in axes):
            raise TypeError(_complaint(owner, name, self, value))
        numbers_ = tuple(operator.index(axis) for axis in axes)
        if not numbers_ or len(set(numbers_)) < len(numbers_) or not all(-MAX_RANK <= n < MAX_RANK for n in numbers_):
            raise ValueError(_complaint(owner, name, self, value))
        return numbers_ if several else numbers_[0]

    def fit(self, owner: str, name: str, value: int | tuple[int, ...], shape: Sequence[int | None]) -> None:
        """Raise unless every axis exists in `shape` and none is named twice."""
        rank = len(shape)
        axes = value if isinstance(value, tuple) else (value,)
        if not all(-rank <= axis < rank for axis in axes) or len({axis % rank for axis in axes}) < len(axes):
            raise ValueError(
                f"{owner}: {name}={value!r} does not fit an input of shape {tuple(shape)}. "
                f"Give different axes in [{-rank}, {rank - 1}]."
                if rank
                else f"{owner} works along an axis, but the input is a scalar. Give it at least one dimension."
            )


@dataclass(frozen=True)
class Integer(Kind):
    """A whole number in an interval."""

    low: int
    high: int

    def __str__(self) -> str:
        return f"an integer from {self.low} to {self.high}"

    def check(self, owner: str, name: str, value: Any) -> int:
        """`value` as an int, if it is one of these."""
        if isinstance(value, bool) or not isinstance(value, numbers.Integral):
            raise TypeError(_complaint(owner, name, self, value))
        if not self.low <= int(value) <= self.high:
            raise ValueError(_complaint(owner, name, self, value))
        return int(value)


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few words."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{', '.join(map(repr, self.words[:-1]))} or {self.words[-1]!r}"

    def check(self, owner: str, name: str, value: Any) -> str:
        """`value`, if it is one of the words."""
        if not isinstance(value, str):
            raise TypeError(_complaint(owner, name, self, value))
        if value not in self.words:
            raise ValueError(_complaint(owner, name, self, value))
        return value


@dataclass(frozen=True)
class Flag(Kind):
    """True or False."""

    def __str__(self) -> str:
        return "True or False"

    def check(self, owner: str, name: str, value: Any) -> bool:
        """`value`, if it is a bool; 0 and 1 are none."""
        if not isinstance(value, bool):
            raise TypeError(_complaint(owner, name, self, value))
        return value


@dataclass(frozen=True)
class Vector(Kind):
    """Several finite numbers: the coefficients of a unit. Learned, it is a tensor whose first axis counts them."""

    least: int = 1
    most: int = 64
    learnable = True

    def __str__(self) -> str:
        return f"a sequence of {self.least} to {self.most} finite numbers"

    def check(self, owner: str, name: str, value: Any) -> tuple[float, ...]:
        """`value` as a tuple of floats, if it is a sequence of as many numbers."""
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            raise TypeError(_complaint(owner, name, self, value))
        if not self.least <= len(value) <= self.most:
            raise ValueError(_complaint(owner, name, self, value))
        return tuple(Real().check(owner, f"{name}[{place}]", each) for place, each in enumerate(value))

    def count(self, owner: str, name: str, shape: Sequence[int | None]) -> int:
        """How many coefficients a tensor of this shape holds."""
        if not len(shape) or shape[0] is None or not self.least <= shape[0] <= self.most:
            raise ValueError(
                f"{owner}: {name} must be {self}, or a tensor whose first axis has as many entries; got one of shape "
                f"{tuple(shape)}."
            )
        return shape[0]


AnyReal = Annotated[float, Real()]
NonNegative = Annotated[float, Real(low=0.0)]
Positive = Annotated[float, Real(low=0.0, open_low=True)]
OptionalPositive = Annotated[float | None, Optional(Real(low=0.0, open_low=True))]
Coefficients = Annotated[Sequence[float], Vector()]
Axis = Annotated[int | Sequence[int], Axes()]
SingleAxis = Annotated[int, Axes(several=False)]
Switch = Annotated[bool, Flag()]
GATES = Choice(("second", "first", "interleaved"))
Gate = Annotated[str, GATES]
FixedReal = Annotated[float, Real(learnable=False)]
FixedPositive = Annotated[float, Real(low=0.0, open_low=True, learnable=False)]
Norm = Annotated[float, Real(low=1.0, learnable=False)]
OptionalCount = Annotated[int | None, Optional(Integer(1, 2**31 - 1))]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an activation: its name, what it may be, and its default (`inspect.Parameter.empty` if none)."""

    name: str
    kind: Kind
    default: Any

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is inspect.Parameter.empty

    def __str__(self) -> str:
        return f"{self.name}: {self.kind}" + ("" if self.required else f", default {self.default!r}")


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The parameters after `x` that a formula declares by annotation; a mask is no parameter but an input."""
    declared = []
    for name, argument in list(inspect.signature(function, eval_str=True).parameters.items())[1:]:
        if name == MASK:
            continue
        kind = kind_of(argument.annotation)
        if kind is None:
            raise TypeError(f"{function.__name__}: parameter {name!r} must declare its kind, as in `{name}: Positive`.")
        declared.append(Parameter(name, kind, argument.default))
    return tuple(declared)


def kind_of(annotation: Any) -> Kind | None:
    """The kind that an annotation declares, if it does."""
    kinds = [extra for extra in getattr(annotation, "__metadata__", ()) if isinstance(extra, Kind)]
    return kinds[0] if len(kinds) == 1 else None


def crossed_bounds(min_value: float, max_value: float) -> str | None:
    """What is wrong with the two ends of a clip, if anything."""
    return None if min_value < max_value else f"min_value={min_value} must be less than max_value={max_value}."


def _complaint(owner: str, name: str, kind: Kind, value: Any) -> str:
    several = kind.learnable and isinstance(value, list | tuple | np.ndarray) and getattr(value, "ndim", 1) > 0
    return f"{owner}: {name} must be {kind}; got {shown(value)}.{f' {PER_CHANNEL}' if several else ''}"


def shown(value: Any, length: int = 80) -> str:
    """What an error says of a value: its repr, cut, or its type where even that fails, as for a list nested too deep."""
    try:
        text = repr(value[:length] if isinstance(value, str) else value)  # a file may hold a string of any length
    except (RecursionError, ValueError):
        text = f"<{type(value).__name__}>"
    return text if len(text) <= length else f"{text[: length - 3]}..."
