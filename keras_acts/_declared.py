"""Layers and losses are declared: a docstring and annotated arguments. Constructor, checks and configuration follow from them.

    class RReLU(StochasticActivation):
        lower: FixedNonNegative = 1 / 8
        upper: FixedNonNegative = 1 / 3

Here ``RReLU(lower, upper, seed, **kwargs)`` is the constructor: a class's own arguments come first, then those of its bases,
then Keras's. Each is checked by its kind, becomes an attribute of its name, and goes into the configuration.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar, dataclass_transform

import keras

from keras_acts._record.parameters import Parameter, kind_of, shown
from keras_acts._record.register import called_otherwise, suggest

T = TypeVar("T")


def last(default: T, *, kw_only: bool = True) -> T:
    """The default of an argument of a base class: it follows those of the subclass, so that type checkers want its name."""
    return default


@dataclass_transform(eq_default=False, field_specifiers=(last,))
class Declared:
    """Base of what is declared by its arguments. `__post_init__` is called when all of them are attributes."""

    arguments: ClassVar[Mapping[str, Parameter]] = {}
    keras_arguments: ClassVar[tuple[inspect.Parameter, ...]] = (
        inspect.Parameter("kwargs", inspect.Parameter.VAR_KEYWORD, annotation=Any),
    )

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        hints = inspect.get_annotations(cls)
        own = {
            name: Parameter(name, kind, vars(cls).get(name, inspect.Parameter.empty))
            for name, hint in hints.items()
            if (kind := kind_of(hint)) is not None
        }
        cls.arguments = {**own, **{name: each for name, each in cls.arguments.items() if name not in own}}
        if "__init__" not in vars(cls):
            cls.__init__ = _constructor(cls)  # type: ignore[method-assign]

    def __post_init__(self) -> None:
        """What is left to do once the arguments are attributes."""

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        own = {name: argument.kind.save(getattr(self, name)) for name, argument in self.arguments.items()}
        return {**super().get_config(), **own}  # type: ignore[misc]

    def _start(self, keras_arguments: dict[str, Any]) -> None:
        """Let Keras's own class begin."""
        super().__init__(**keras_arguments)


def _constructor(cls: type[Declared]) -> Callable[..., None]:
    """A constructor with the signature that the arguments of a class make."""
    declared = [_in_signature(cls, argument) for argument in cls.arguments.values()]
    self = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    signature = inspect.Signature([self, *declared, *cls.keras_arguments], return_annotation=None)

    def construct(self: Declared, *args: Any, **kwargs: Any) -> None:
        owner = type(self).__name__
        if args and (isinstance(args[0], keras.KerasTensor) or keras.ops.is_tensor(args[0])):
            raise TypeError(
                f"{owner} is a class, which makes a layer: write {owner}() where an activation or a layer is wanted."
            )
        try:
            bound = signature.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{owner}: {error}. {_listed(cls)}") from None
        bound.apply_defaults()
        given = dict(bound.arguments)
        del given["self"]
        values = {name: given.pop(name) for name in cls.arguments}
        self._start({**given.pop("kwargs", {}), **given})
        for name, value in values.items():
            setattr(self, name, cls.arguments[name].kind.check(owner, name, value))
        self.__post_init__()

    construct.__signature__ = signature  # type: ignore[attr-defined]
    construct.__name__, construct.__qualname__, construct.__module__ = (
        "__init__",
        f"{cls.__qualname__}.__init__",
        cls.__module__,
    )
    return construct


def _in_signature(cls: type, argument: Parameter) -> inspect.Parameter:
    hint = next(found[argument.name] for base in cls.__mro__ if argument.name in (found := inspect.get_annotations(base)))
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    return inspect.Parameter(argument.name, kind, default=argument.default, annotation=hint.__origin__)


def refuse_unknown(cls: type[Declared], given: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raise if an argument is neither declared nor one of Keras's."""
    for name in given:
        if name not in known:
            near = suggest(name, [*cls.arguments, *known]) or called_otherwise(name, cls.arguments)
            raise TypeError(f"{cls.__name__} has no argument {shown(name)}. {_listed(cls)}{near}")


def _listed(cls: type[Declared]) -> str:
    return f"Its arguments are {', '.join([*cls.arguments, 'those of Keras itself'])}."
