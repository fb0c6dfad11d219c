"""The record of an activation, its validated settings, and the register of all of them."""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol

import keras

from keras_acts._notation import latex
from keras_acts._parameters import MASK, PER_CHANNEL, Axes, Parameter, shown
from keras_acts._precision import receive_parameter

PACKAGE = "keras_acts"
P_co = ParamSpec("P_co")
Pairs = tuple[tuple[str, Any], ...]
Shape = tuple[int | None, ...]


class ActivationFunction(Protocol[P_co]):
    """A function of the catalogue: call it on a tensor; `derivative` takes the same arguments."""

    __name__: str
    record: "Record"

    def __call__(self, *args: P_co.args, **kwargs: P_co.kwargs) -> Any: ...

    def derivative(self, *args: P_co.args, **kwargs: P_co.kwargs) -> Any: ...


@dataclass(frozen=True, eq=False)
class Record:
    """What is known about an activation. Facts hold at the default parameters; a test can refute each of them.

    `smoothness` is the largest k for which f is k times continuously differentiable, -1 if it jumps; `limits` are those at -inf
    and +inf, None where there is none; `parity` is "odd", "even" or None; `range` is the closed interval of the values. All but
    `range` are None for activations that work along an axis. Where parameters have no default, the facts hold at `example`.
    `output_shape` is set if the shape changes or not every shape will do: called with the input's and the parameters, it raises
    if they don't fit.
    `conflict` is set if not all parameters go together: called with them, it says what is wrong, or returns None.
    `takes_half` is set if the formula is given half precision as it is, because it rounds nothing or once by itself.
    `axes`, `takes_mask` and `defaults` (the settings of a call without parameters) follow from the rest.
    """

    compute: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    aliases: tuple[str, ...]
    reference: str
    elementwise: bool
    range: tuple[float, float] | None = None
    monotonic: bool | None = None
    smoothness: float | None = None
    limits: tuple[float | None, float | None] | None = None
    parity: str | None = None
    example: Mapping[str, Any] = field(default_factory=dict)
    output_shape: Callable[..., Shape] | None = None
    conflict: Callable[..., str | None] | None = None
    takes_half: bool = False
    keeps_logits: bool = False
    derivatives: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    axes: tuple[tuple[str, Axes], ...] = field(init=False)
    takes_mask: bool = field(init=False)
    defaults: "Settings | None" = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "takes_mask", MASK in inspect.signature(self.compute).parameters)
        axes = tuple((each.name, each.kind) for each in self.parameters if isinstance(each.kind, Axes))
        object.__setattr__(self, "axes", axes)
        object.__setattr__(self, "defaults", self.check({}) if self.callable_by_name else None)

    def __repr__(self) -> str:
        slope = f"\nderivative: {self.derivative}" if self.derivative else ""
        return f"{self.name}: {self.formula}{slope}\n{self.signature}"

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.compute.__name__

    @property
    def family(self) -> str:
        """The family, named after the module that declares the activation."""
        return self.compute.__module__.rpartition("._")[2]

    @property
    def formula(self) -> str:
        """The formula: what stands between the first double backticks of the docstring."""
        return _formula(self.compute)

    @property
    def derivative(self) -> str | None:
        """The formula of the derivative, None for activations that are not element-wise."""
        return _formula(self.derivatives["x"]) if "x" in self.derivatives else None

    @property
    def latex(self) -> str:
        """The formula in LaTeX, without dollar signs."""
        return latex(self.formula)

    @property
    def derivative_latex(self) -> str | None:
        """The formula of the derivative in LaTeX, None for activations that are not element-wise."""
        return latex(self.derivative) if self.derivative else None

    @property
    def summary(self) -> str:
        """The sentences of the docstring between the formula and the arguments."""
        text = inspect.cleandoc(self.compute.__doc__ or "")
        return text.split("\n\n")[1].replace("\n", " ")

    @property
    def function(self) -> ActivationFunction[...]:
        """The public function."""
        return _functions[self.name]

    def check(self, given: Mapping[str, Any]) -> "Settings":
        """Validated settings for this activation, defaults filled in."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise TypeError(f"{self.name} has no parameter {shown(name)}. {self.signature}{suggest(name, known)}")
        fixed, learned = [], []
        for name, parameter in known.items():
            value = given.get(name, parameter.default)
            if value is inspect.Parameter.empty:
                raise TypeError(f"{self.name} needs {parameter.name!r}. {self.signature}{self._layers()}")
            if parameter.kind.learnable and _is_tensor(value):
                learned.append((name, value))
            else:
                fixed.append((name, parameter.kind.check(self.name, name, value)))
        complaint = self.conflict(**dict(fixed)) if self.conflict and not learned else None  # no :=, for TensorFlow's AutoGraph
        if complaint:
            raise ValueError(f"{self.name}: {complaint}")
        return Settings(tuple(fixed), tuple(learned))

    def bind(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> "Settings":
        """Settings from the arguments of a call after `x`."""
        if self.defaults and not (args or given):
            return self.defaults
        names = [parameter.name for parameter in self.parameters]
        if len(args) > len(names):
            raise TypeError(f"{self.name} takes {len(names)} parameters after x; got {len(args)}. {self.signature}")
        positional = dict(zip(names, args, strict=False))
        twice = sorted(positional.keys() & given.keys())
        if twice:
            raise TypeError(f"{self.name} got {twice[0]!r} twice. {self.signature}")
        return self.check({name: receive_parameter(value) for name, value in {**positional, **given}.items()})

    @property
    def callable_by_name(self) -> bool:
        """Whether the name alone says it all: no parameter is required."""
        if any(parameter.required for parameter in self.parameters):
            return False
        return not (self.conflict and self.conflict(**{each.name: each.default for each in self.parameters}))

    @property
    def changes_shape(self) -> bool:
        """Whether the result has another shape than the input."""
        shape = (6, 6, 6, 6)  # divisible by what examples divide by
        fixed = dict(self.check(self.example).fixed)
        return self.output_shape is not None and self.output_shape(shape, **fixed) != shape

    def _layers(self) -> str:
        """The layers that learn what is missing."""
        from keras_acts import layers  # it is made of activations

        names = [name for name in layers.__all__ if getattr(getattr(layers, name), "function", None) is self.function]
        return f" keras_acts.layers.{' or '.join(names)} learns it." if names else ""

    @property
    def signature(self) -> str:
        """The parameters in words, for errors."""
        if not self.parameters:
            return "It takes no parameters."
        return "Its parameters are: " + "; ".join(map(str, self.parameters)) + "."


@dataclass(frozen=True)
class Settings:
    """Validated parameters: plain numbers, which are part of the function, and tensors, which are learned."""

    fixed: Pairs
    learned: Pairs = ()

    @property
    def learned_names(self) -> tuple[str, ...]:
        """The names of the parameters given as tensors."""
        return tuple(name for name, _ in self.learned)

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The values of the parameters given as tensors."""
        return tuple(keras.ops.convert_to_tensor(value) for _, value in self.learned)

    def numbers(self, owner: str) -> dict[str, Any]:
        """The parameters as plain data, for what is saved: refuses tensors."""
        if self.learned:
            raise TypeError(
                f"{owner}: {self.learned[0][0]} is a tensor, which a saved activation can't hold. Give a number here. "
                f"{PER_CHANNEL}"
            )
        return dict(self.fixed)


_functions: dict[str, ActivationFunction[...]] = {}
_aliases: dict[str, str] = {}


def records() -> Iterator[Record]:
    """The records of all activations, by canonical name."""
    return (_functions[name].record for name in sorted(_functions))


def add(function: ActivationFunction[...]) -> None:
    """Enter a function under its name and aliases; only the same declaration, imported again, may replace itself."""
    record = function.record
    for name in (record.name, *record.aliases):
        holder = _functions.get(_aliases.get(name, name))
        if holder is not None and _origin(holder.record) != _origin(record):
            raise ValueError(
                f"the name {name!r} of {'.'.join(_origin(record))} is taken by {'.'.join(_origin(holder.record))}. "
                f"Choose another name or alias."
            )
    _functions[record.name] = function
    _aliases.update(dict.fromkeys(record.aliases, record.name))


def _origin(record: Record) -> tuple[str, str]:
    return record.compute.__module__, record.compute.__name__


def in_catalogue(name: str) -> bool:
    """Whether `look_up` finds `name`."""
    bare = name.removeprefix(f"{PACKAGE}>")
    return bare in _functions or bare in _aliases


def look_up(name: Any) -> ActivationFunction[...]:
    if isinstance(name, str):
        bare = name.removeprefix(f"{PACKAGE}>")
        function = _functions.get(_aliases.get(bare, bare))
        if function is None:
            from keras_acts._migration import not_ours  # it is made of activations

            raise not_ours(name)
        return function
    record = getattr(name, "record", None)
    if isinstance(record, Record):
        return record.function
    raise TypeError(f"an activation is looked up by its name or as a function of {PACKAGE}; got {shown(name)}.")


def unknown(name: str) -> ValueError:
    """The error for a name that nobody has, with the nearest ones of the catalogue."""
    near = suggest(name.removeprefix(f"{PACKAGE}>"), [*_functions, *_aliases])
    return ValueError(f"unknown activation {shown(name)}.{near}")


def suggest(name: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name)[:80], list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def _formula(function: Callable[..., Any]) -> str:
    found = re.match(r"\s*``(.+?)``", function.__doc__ or "", re.DOTALL)
    if not found:
        raise TypeError(f"{function.__module__}.{function.__name__}: the docstring must begin with its formula in ``…``.")
    return found[1]


def _is_tensor(value: Any) -> bool:
    if isinstance(value, int | float):
        return False  # torch.compile can't be asked for the shape of a number
    return isinstance(value, keras.Variable | keras.KerasTensor) or (hasattr(value, "shape") and keras.ops.is_tensor(value))
