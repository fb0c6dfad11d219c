"""The record of an activation: what its declaration says, and the settings that its parameters allow."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ParamSpec, Protocol

import keras

from keras_acts._precision import receive_parameter
from keras_acts._record import register
from keras_acts._record.notation import latex
from keras_acts._record.parameters import PER_CHANNEL, Axes, Parameter, Vector, shown
from keras_acts._record.register import PACKAGE, called_otherwise, suggest

P_co = ParamSpec("P_co")
Conflict = Callable[..., str | None]
Pairs = tuple[tuple[str, Any], ...]
Shape = tuple[int | None, ...]


class ActivationFunction(Protocol[P_co]):
    """A function of the catalogue: call it on a tensor; `derivative` takes the same arguments.

    `compute` is its formula alone, for other formulas: it takes a tensor in the dtype that is computed in.
    """

    __name__: str
    record: "Record"
    compute: Callable[..., Any]

    def __call__(self, *args: P_co.args, **kwargs: P_co.kwargs) -> Any: ...

    def derivative(self, *args: P_co.args, **kwargs: P_co.kwargs) -> Any: ...


@dataclass(frozen=True)
class Settings:
    """Validated parameters: plain numbers, which are part of the function, and tensors, which are learned.

    A vector of learned coefficients stands there as its entries, called ``name[0]``, ``name[1]`` and so on.
    """

    fixed: Pairs
    learned: Pairs = ()

    @property
    def learned_names(self) -> tuple[str, ...]:
        """The names of the parameters given as tensors."""
        return tuple(name for name, _ in self.learned)

    @property
    def tensors(self) -> tuple[Any, ...]:
        """The values of the parameters given as tensors."""
        return tuple(_as_tensor(value) for _, value in self.learned)

    def numbers(self, owner: str) -> dict[str, Any]:
        """The parameters as plain data, for what is saved: refuses tensors."""
        if self.learned:
            name = self.learned[0][0].partition("[")[0]
            raise TypeError(
                f"{owner}: {name} is a tensor, which a saved activation can't hold, nor a functional model. "
                f"Give a number here. {PER_CHANNEL}"
            )
        return dict(self.fixed)


@dataclass(frozen=True, eq=False)
class Record:
    """What is known about an activation. Facts hold at the default parameters; a test can refute each of them.

    Attributes:
        function: The public function.
        compute: The formula that it was declared with.
        family: The family that its module declares.
        parameters: The parameters after `x`.
        defaults: The settings of a call without parameters, or None if some must be given.
        axes: The names and kinds of the parameters that are axes.
        takes_mask: Whether a call takes a mask.
        aliases: Further names.
        reference: Where it comes from.
        elementwise: Whether each number is computed by itself; else it works along an axis.
        range: The closed interval of the values, or None.
        monotonic: Whether it never falls. Like the next three, None for an activation that works along an axis.
        smoothness: The largest k for which it is k times continuously differentiable, -1 if it jumps.
        limits: The limits at -inf and +inf, None where there is none.
        parity: "odd", "even" or None.
        example: Values for the parameters that have no default, at which the facts hold then.
        output_shape: A function of the input's shape and the parameters that gives the shape of the result or raises an error;
            None if any shape will do and is kept.
        conflict: A function of the parameters that says why they do not go together, or returns None; or None.
        takes_half: Whether the formula takes half precision as it is, because it rounds nothing, or once by itself.
        keeps_logits: Whether Keras's cross-entropies find the input behind the result.
        same_as: Expressions that give the same numbers to the last bit.
        equals: Expressions that give the same numbers up to rounding.
        derivatives: The formulas of the derivatives, by "x" and by the names of parameters that can be learned.
    """

    function: ActivationFunction[...]
    compute: Callable[..., Any]
    family: str
    parameters: tuple[Parameter, ...]
    defaults: Settings | None
    axes: tuple[tuple[str, Axes], ...]
    takes_mask: bool
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
    conflict: Conflict | None = None
    takes_half: bool = False
    keeps_logits: bool = False
    same_as: tuple[str, ...] = ()
    equals: tuple[str, ...] = ()
    derivatives: dict[str, Callable[..., Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        slope = f"\nderivative: {self.derivative}" if self.derivative else ""
        return f"{self.name}: {self.formula}{slope}\n{self.signature}"

    def __reduce__(self) -> tuple[Any, ...]:
        return record_named, (self.name,)

    @property
    def name(self) -> str:
        """The canonical name."""
        return self.compute.__name__

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
    def callable_by_name(self) -> bool:
        """Whether the name alone says it all: no parameter is required."""
        return self.defaults is not None

    @property
    def changes_shape(self) -> bool:
        """Whether the result has another shape than the input."""
        shape = (6, 6, 6, 6)  # divisible by what examples divide by
        fixed = dict(self.check(self.example).fixed)
        return self.output_shape is not None and self.output_shape(shape, **fixed) != shape

    @property
    def signature(self) -> str:
        """The parameters in words, for errors."""
        if not self.parameters:
            return "It takes no parameters."
        return "Its parameters are: " + "; ".join(map(str, self.parameters)) + "."

    def check(self, given: Mapping[str, Any]) -> Settings:
        """Validated settings for this activation, defaults filled in."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                near = suggest(name, known) or called_otherwise(name, known)
                raise TypeError(f"{self.name} has no parameter {shown(name)}. {self.signature}{near}")
        fixed, learned = [], []
        for name, parameter in known.items():
            value = given.get(name, parameter.default)
            if value is inspect.Parameter.empty:
                raise TypeError(f"{self.name} needs {parameter.name!r}. {self.signature}{self._learners()}")
            if isinstance(parameter.kind, Vector) and (entries := _entries(self.name, parameter, value)):
                learned += [(f"{name}[{place}]", _numeric(self.name, parameter, entry)) for place, entry in enumerate(entries)]
            elif parameter.kind.learnable and _is_tensor(value):
                learned.append((name, _numeric(self.name, parameter, value)))
            else:
                fixed.append((name, parameter.kind.check(self.name, name, value)))
        complaint = self.conflict(**dict(fixed)) if self.conflict and not learned else None  # no :=, for TensorFlow's AutoGraph
        if complaint:
            raise ValueError(f"{self.name}: {complaint}")
        return Settings(tuple(fixed), tuple(learned))

    def bind(self, args: tuple[Any, ...], given: Mapping[str, Any]) -> Settings:
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

    def _learners(self) -> str:
        """The layers that learn what is missing."""
        found = register.learners(self.name)
        calls = [f"{layer.__name__}({arguments})" if arguments else layer.__name__ for layer, arguments in found]
        return f" keras_acts.layers.{' or '.join(calls)} learns it." if calls else ""


def default_settings(owner: str, parameters: tuple[Parameter, ...], conflict: Conflict | None) -> Settings | None:
    """The settings of a call without parameters, or None if some must be given."""
    if any(parameter.required for parameter in parameters):
        return None
    values = {each.name: each.kind.check(owner, each.name, each.default) for each in parameters}
    return None if conflict and conflict(**values) else Settings(tuple(values.items()))


def records() -> list[Record]:
    """The records of all activations, by canonical name."""
    return [function.record for function in register.functions()]


def look_up(name: Any) -> ActivationFunction[...]:
    """The function of the catalogue that a name stands for, or that is given as itself."""
    if isinstance(name, str):
        found: ActivationFunction[...] = register.find(name)
        return found
    record = getattr(name, "record", None)
    if isinstance(record, Record):
        return record.function
    raise TypeError(f"an activation is looked up by its name or as a function of {PACKAGE}; got {shown(name)}.")


def record_named(name: str) -> Record:
    """The record that a name of the catalogue stands for."""
    return look_up(name).record


def _formula(function: Callable[..., Any]) -> str:
    found = re.match(r"\s*``(.+?)``", function.__doc__ or "", re.DOTALL)
    if not found:
        raise TypeError(f"{function.__module__}.{function.__name__}: the docstring must begin with its formula in ``…``.")
    return found[1]


def _entries(owner: str, parameter: Parameter, value: Any) -> list[Any]:
    """The coefficients of a vector if they are learned: a tensor along its first axis, or a sequence of tensors."""
    if _is_tensor(value):
        tensor = value if isinstance(value, keras.KerasTensor) else keras.ops.convert_to_tensor(value)
        count = parameter.kind.count(owner, parameter.name, tensor.shape)  # type: ignore[attr-defined]
        return list(keras.ops.unstack(tensor, count, axis=0))
    return list(value) if isinstance(value, list | tuple) and any(map(_is_tensor, value)) else []


def _as_tensor(value: Any) -> Any:
    """A parameter as a tensor, on the device where it is."""
    return keras.ops.convert_to_tensor(value) if isinstance(value, keras.Variable | int | float) else value


def _numeric(owner: str, parameter: Parameter, value: Any) -> Any:
    """A tensor that is given as a parameter, if it holds real numbers."""
    if isinstance(value, int | float):  # among the coefficients of a vector
        return value
    dtype = keras.backend.standardize_dtype(value.dtype)
    if not dtype.startswith(("float", "bfloat", "int", "uint")):
        raise TypeError(f"{owner}: {parameter.name} must be {parameter.kind}, or a tensor of real numbers; got dtype {dtype}.")
    return value


def _is_tensor(value: Any) -> bool:
    if isinstance(value, int | float):
        return False  # torch.compile can't be asked for the shape of a number
    return isinstance(value, keras.Variable | keras.KerasTensor) or (hasattr(value, "shape") and keras.ops.is_tensor(value))
