"""The catalogue: how an activation is declared and looked up.

A family file declares a formula under `@activation` and its derivative under `@derivative`; everything else that is known
or done about it follows from that one place.
"""

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar, cast

from keras_acts._forms import Parameterised, apply, apply_derivative
from keras_acts._parameters import parameters_of
from keras_acts._records import PACKAGE, ActivationFunction, Record, add, look_up, records

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


def activation(
    *,
    range: tuple[float, float],
    monotonic: bool,
    smoothness: float,
    limits: tuple[float | None, float | None],
    reference: str,
    parity: str | None = None,
    aliases: tuple[str, ...] = (),
    elementwise: bool = True,
    keeps_logits: bool = False,
) -> Callable[[Callable[P, Any]], ActivationFunction[P]]:
    """Declare an activation: the decorated formula becomes a public function of the catalogue."""

    def declare(formula: Callable[P, Any]) -> ActivationFunction[P]:
        record = Record(
            compute=formula,
            parameters=parameters_of(formula),
            range=range,
            monotonic=monotonic,
            smoothness=smoothness,
            limits=limits,
            parity=parity,
            aliases=aliases,
            reference=reference,
            elementwise=elementwise,
            keeps_logits=keeps_logits,
        )
        function = _public_function(record)
        add(function)
        return cast(ActivationFunction[P], function)

    return declare


def derivative(function: ActivationFunction[...], wrt: str = "x") -> Callable[[F], F]:
    """Declare the exact derivative of an activation with respect to `x`, or to a parameter that can be learned."""

    def declare(formula: F) -> F:
        record = function.record
        function.record = replace(record, derivatives={**record.derivatives, wrt: formula})
        return formula

    return declare


def get(name: Any, **parameters: Any) -> Any:
    """The activation called `name`; with parameters, a callable that saves with its model.

    Args:
        name: A canonical name, an alias, either after ``"keras_acts>"``, or what `get` returned before.
        **parameters: Parameters of that activation as numbers; see `describe`.

    Returns:
        The function itself if no parameters are given, else a `Parameterised` activation. Both have `.derivative`.

    Raises:
        ValueError: For an unknown name, with the nearest ones, or a parameter outside its range.
        TypeError: For an unknown parameter or one of the wrong type.

    >>> import keras_acts
    >>> keras_acts.get("leaky_relu") is keras_acts.activations.leaky_relu
    True
    >>> keras_acts.get("leaky_relu", negative_slope=0.05)
    keras_acts.get('leaky_relu', negative_slope=0.05)
    """
    if isinstance(name, Parameterised):
        return Parameterised(name.activation, {**name.parameters, **parameters}) if parameters else name
    function = look_up(name)
    if parameters or not function.record.callable_by_name:
        return Parameterised(function.record.name, parameters)
    return function


def names(family: str | None = None, *, aliases: bool = False) -> list[str]:
    """The names in the catalogue, sorted.

    Args:
        family: Only those of one family, such as ``"rectified"``.
        aliases: Whether to list the aliases too, beside the canonical names.

    Raises:
        ValueError: If there is no such family.

    >>> import keras_acts
    >>> keras_acts.names("periodic")
    ['snake']
    """
    families = sorted({record.family for record in records()})
    if family is not None and family not in families:
        raise ValueError(f"unknown family {family!r}. The families are {', '.join(families)}.")
    chosen = [record for record in records() if family in (None, record.family)]
    return sorted(name for record in chosen for name in (record.name, *(record.aliases if aliases else ())))


def describe(name: Any) -> Record:
    """The record of an activation: formula, derivative, parameters, range, smoothness, limits, reference, aliases.

    >>> import keras_acts
    >>> keras_acts.describe("softsign").derivative
    '1 / (1 + |x|)²'
    """
    return look_up(name.activation if isinstance(name, Parameterised) else name).record


def _public_function(record: Record) -> ActivationFunction[...]:
    @functools.wraps(record.compute)
    def function(x: Any, *args: Any, **parameters: Any) -> Any:
        return apply(public.record, x, public.record.bind(args, parameters))

    def derivative_at(x: Any, *args: Any, **parameters: Any) -> Any:
        return apply_derivative(public.record, x, public.record.bind(args, parameters))

    function.__module__ = f"{PACKAGE}.activations"
    function.__qualname__ = record.name
    derivative_at.__module__ = function.__module__
    derivative_at.__name__ = derivative_at.__qualname__ = f"{record.name}.derivative"
    public = cast(ActivationFunction[...], function)
    public.record = record
    public.derivative = derivative_at  # type: ignore[method-assign]
    return public
