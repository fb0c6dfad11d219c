"""The catalogue: how an activation is declared and looked up.

A family file declares a formula under `@activation` and its derivative under `@derivative`; everything else that is known
or done about it follows from that one place.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from keras_acts._forms import Parameterised, apply, apply_derivative
from keras_acts._parameters import MASK, parameters_of, shown
from keras_acts._records import PACKAGE, ActivationFunction, Record, Shape, add, in_catalogue, look_up, records

P = ParamSpec("P")
F = TypeVar("F", bound=Callable[..., Any])


class Declaration(Protocol):
    """Makes a public function of a formula."""

    def __call__(self, formula: Callable[P, Any], /) -> ActivationFunction[P]: ...


def activation(
    *,
    range: tuple[float, float],
    monotonic: bool,
    smoothness: float,
    limits: tuple[float | None, float | None],
    reference: str,
    parity: str | None = None,
    aliases: tuple[str, ...] = (),
    example: Mapping[str, Any] | None = None,
    conflict: Callable[..., str | None] | None = None,
    keeps_logits: bool = False,
) -> Declaration:
    """Declare an element-wise activation: the decorated formula becomes a public function of the catalogue."""
    facts = {"range": range, "monotonic": monotonic, "smoothness": smoothness, "limits": limits, "parity": parity}
    known = {"reference": reference, "aliases": aliases, "example": example or {}}
    rest = {"conflict": conflict, "keeps_logits": keeps_logits}
    return cast(Declaration, partial(_declare, elementwise=True, **facts, **known, **rest))


def along_axis(
    *,
    reference: str,
    aliases: tuple[str, ...] = (),
    range: tuple[float, float] | None = None,
    example: Mapping[str, Any] | None = None,
    output_shape: Callable[..., Shape] | None = None,
    conflict: Callable[..., str | None] | None = None,
    takes_half: bool = False,
    keeps_logits: bool = False,
) -> Declaration:
    """Declare an activation that mixes the numbers along an axis: normalising, gated, or one that changes the shape.

    The formula may take ``mask=None`` as a keyword: a tensor of bools that broadcasts to `x`, or None.
    """
    known = {"reference": reference, "aliases": aliases, "range": range, "example": example or {}}
    rest = {"output_shape": output_shape, "conflict": conflict, "takes_half": takes_half, "keeps_logits": keeps_logits}
    return cast(Declaration, partial(_declare, elementwise=False, **known, **rest))


def _declare(formula: Callable[P, Any], /, **known: Any) -> ActivationFunction[P]:
    function = _public_function(Record(compute=formula, parameters=parameters_of(formula), **known))
    add(function)
    return cast(ActivationFunction[P], function)


def derivative(function: ActivationFunction[...], wrt: str = "x") -> Callable[[F], F]:
    """Declare the exact derivative of an activation with respect to `x`, or to a parameter that can be learned."""

    def declare(formula: F) -> F:
        record = function.record
        function.record = replace(record, derivatives={**record.derivatives, wrt: formula})
        return formula

    return declare


def get(name: Any, **parameters: Any) -> Any:
    """The activation called `name`; with parameters, a callable that saves with its model.

    Other libraries' names are understood too: in any spelling where that leaves no doubt (``"SiLU"``), and after the library's
    own name with its defaults (``"tf.nn.leaky_relu"`` has slope 0.2). Saved models and Keras's layers take names of the
    catalogue only.

    Args:
        name: A canonical name, an alias, either after ``"keras_acts>"``, another library's name, or what `get` returned before.
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
    >>> keras_acts.get("keras.layers.LeakyReLU")
    keras_acts.get('leaky_relu', negative_slope=0.3)
    """
    if isinstance(name, str) and not in_catalogue(name):
        from keras_acts._migration import translate  # it is made of activations

        ours, theirs = translate(name)
        try:
            return resolve(ours, **{**theirs, **parameters})
        except TypeError as error:
            raise TypeError(f"{error} {shown(name)} is {ours!r} here; parameters go with the names of this package.") from None
    return resolve(name, **parameters)


def resolve(name: Any, **parameters: Any) -> Any:
    """What `get` returns for a name of the catalogue: all that a file may hold."""
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


def _public_function(record: Record) -> ActivationFunction[...]:
    @functools.wraps(record.compute)
    def function(x: Any, *args: Any, **parameters: Any) -> Any:
        mask = parameters.pop(MASK, None) if public.record.takes_mask else None
        return apply(public.record, x, public.record.bind(args, parameters), mask)

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
