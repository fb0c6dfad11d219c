"""The catalogue: how an activation is declared and looked up.

A family file names its `FAMILY` once, then declares each formula under `@activation` or `@along_axis` and its derivatives under
`@derivative`; everything else that is known or done about it follows from that one place.
"""

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from keras_acts._call import compute
from keras_acts._call.forms import Parameterised, call
from keras_acts._record import register
from keras_acts._record.parameters import MASK, Axes, Vector, parameters_of
from keras_acts._record.record import ActivationFunction, Conflict, Record, Shape, default_settings, look_up, records
from keras_acts._record.register import PACKAGE

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])
Limits = tuple[float | None, float | None]


class Declaration(Protocol):
    """Makes a public function of a formula."""

    def __call__(self, formula: Callable[P, Any], /) -> ActivationFunction[P]: ...


def activation(
    *,
    range: tuple[float, float],
    monotonic: bool,
    smoothness: float,
    limits: Limits | None = None,
    reference: str,
    parity: str | None = None,
    aliases: tuple[str, ...] = (),
    same_as: tuple[str, ...] = (),
    equals: tuple[str, ...] = (),
    example: Mapping[str, Any] | None = None,
    conflict: Conflict | None = None,
    keeps_logits: bool = False,
) -> Declaration:
    """Declare an element-wise activation: the decorated formula becomes a public function of the catalogue.

    The arguments are those of `Record`. The limits of one that is monotonic are the ends of its range, unless told otherwise.
    """
    if limits is None:
        if not monotonic:
            raise TypeError("an activation that is not monotonic must declare its limits.")
        limits = range
    return _declaration(
        elementwise=True,
        range=range,
        monotonic=monotonic,
        smoothness=smoothness,
        limits=limits,
        reference=reference,
        parity=parity,
        aliases=aliases,
        same_as=same_as,
        equals=equals,
        example=example or {},
        conflict=conflict,
        keeps_logits=keeps_logits,
    )


def along_axis(
    *,
    reference: str,
    aliases: tuple[str, ...] = (),
    same_as: tuple[str, ...] = (),
    equals: tuple[str, ...] = (),
    range: tuple[float, float] | None = None,
    example: Mapping[str, Any] | None = None,
    output_shape: Callable[..., Shape] | None = None,
    conflict: Conflict | None = None,
    takes_half: bool = False,
    keeps_logits: bool = False,
) -> Declaration:
    """Declare an activation that works along an axis: normalising, gated, or one that changes the shape.

    The arguments are those of `Record`. The formula may take ``mask=None`` as a keyword: a tensor of bools that broadcasts to
    `x`, or None.
    """
    return _declaration(
        elementwise=False,
        reference=reference,
        aliases=aliases,
        same_as=same_as,
        equals=equals,
        range=range,
        example=example or {},
        output_shape=output_shape,
        conflict=conflict,
        takes_half=takes_half,
        keeps_logits=keeps_logits,
    )


def _declaration(**known: Any) -> Declaration:
    def declare(formula: Callable[P, Any], /) -> ActivationFunction[P]:
        family = formula.__globals__.get("FAMILY")
        if not isinstance(family, str):
            raise TypeError(f'{formula.__module__} declares {formula.__name__}: it must say FAMILY = "…" before.')
        name, parameters = formula.__name__, parameters_of(formula)
        function = _public_function(formula)
        function.record = Record(
            function=function,
            compute=formula,
            family=family,
            parameters=parameters,
            defaults=default_settings(name, parameters, known.get("conflict")),
            axes=tuple((each.name, each.kind) for each in parameters if isinstance(each.kind, Axes)),
            takes_mask=MASK in inspect.signature(formula).parameters,
            **known,
        )
        register.enter(function, name, known["aliases"])
        return cast(ActivationFunction[P], function)

    return declare


def derivative(function: ActivationFunction[...], wrt: str = "x") -> Callable[[F], F]:
    """Declare the exact derivative of an activation with respect to `x`, or to a parameter that can be learned.

    It takes what the activation takes, without defaults: every call gives it every parameter. A derivative by a vector also
    takes the place of one of its entries, as `entry`.
    """

    def declare(formula: F) -> F:
        record = function.record
        kinds = {parameter.name: parameter.kind for parameter in record.parameters}
        if wrt != "x" and not (wrt in kinds and kinds[wrt].learnable):
            raise TypeError(f"{record.name} has no parameter {wrt!r} that can be learned.")
        expected = ["x", *kinds, *(["entry"] if isinstance(kinds.get(wrt), Vector) else [])]
        taken = inspect.signature(formula).parameters.values()
        if [each.name for each in taken] != expected or any(each.default is not each.empty for each in taken):
            raise TypeError(f"a derivative of {record.name} takes ({', '.join(expected)}), without defaults.")
        record.derivatives[wrt] = formula
        return formula

    return declare


def resolve(name: Any, **parameters: Any) -> Any:
    """What `keras_acts.get` returns for a name of the catalogue: all that a file may hold."""
    if isinstance(name, Parameterised):
        return Parameterised(name.activation, {**name.parameters, **parameters}) if parameters else name
    function = look_up(name)
    if parameters or not function.record.callable_by_name:
        return Parameterised(function.record.name, parameters)
    return function


def names(family: str | None = None, *, aliases: bool = False) -> list[str]:
    """The names in the catalogue, sorted.

    Args:
        family: Only those of one family, such as ``"rectified"`` or ``"self-gated"``.
        aliases: Whether to list the aliases too, beside the canonical names.

    Raises:
        ValueError: If there is no such family.

    >>> import keras_acts
    >>> keras_acts.names("shrinkage")
    ['hard_shrink', 'shrink', 'soft_shrink', 'tanh_shrink']
    """
    families = sorted({record.family for record in records()})
    wanted = None if family is None else str(family).replace("-", "_")
    if wanted is not None and wanted not in families:
        raise ValueError(f"unknown family {family!r}. The families are {', '.join(families)}.")
    chosen = [record for record in records() if wanted in (None, record.family)]
    return sorted(name for record in chosen for name in (record.name, *(record.aliases if aliases else ())))


def describe(name: Any) -> Record:
    """The record of an activation: formula, derivative, parameters, range, smoothness, limits, reference, aliases.

    >>> import keras_acts
    >>> keras_acts.describe("softsign").derivative
    '1 / (1 + |x|)²'
    """
    return look_up(name.activation if isinstance(name, Parameterised) else name).record


def _public_function(formula: Callable[..., Any]) -> ActivationFunction[...]:
    @functools.wraps(formula)
    def function(x: Any, *args: Any, **parameters: Any) -> Any:
        return call(public.record, x, args, parameters)

    def derivative_at(x: Any, *args: Any, **parameters: Any) -> Any:
        return compute.derivative(public.record, x, public.record.bind(args, parameters))

    _name(function, formula.__name__)
    _name(derivative_at, f"{formula.__name__}.derivative")
    public = cast(ActivationFunction[...], function)
    public.compute = formula
    public.derivative = derivative_at  # type: ignore[method-assign]
    return public


def _name(function: Any, name: str) -> None:
    """Its name in tracebacks and profilers too; torch's compiler counts the programs of each code object."""
    function.__code__ = function.__code__.replace(co_name=name, co_qualname=name)
    function.__module__ = f"{PACKAGE}.activations"
    function.__name__ = function.__qualname__ = name
