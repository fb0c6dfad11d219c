"""The register of names: which function a name or an alias means, and which layers learn it. It knows nothing else."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from keras_acts._record.parameters import shown
from keras_acts._record.spelling import LONGEST, Spellings, did_you_mean

PACKAGE = "keras_acts"

_functions: dict[str, Any] = {}
_aliases: dict[str, str] = {}
_learners: dict[str, dict[str, tuple[Any, str]]] = {}
_explanations: list[Callable[[str], ValueError]] = []


def functions() -> list[Any]:
    """The public functions of all activations, by canonical name."""
    return [_functions[name] for name in sorted(_functions)]


def enter(function: Any, name: str, aliases: Iterable[str]) -> None:
    """Enter a function under its name and aliases; only the same declaration, imported again, may replace itself."""
    for each in (name, *aliases):
        holder = _functions.get(_aliases.get(each, each))
        if holder is not None and _origin(holder) != _origin(function):
            raise ValueError(
                f"the name {each!r} of {_origin(function)} is taken by {_origin(holder)}. Choose another name or alias."
            )
    _functions[name] = function
    _aliases.update(dict.fromkeys(aliases, name))


def _origin(function: Any) -> str:
    formula = function.__wrapped__
    return f"{formula.__module__}.{formula.__name__}"


def holds(name: str) -> bool:
    """Whether the catalogue has `name`."""
    bare = _bare(name)
    return bare in _functions or bare in _aliases


def find(name: str) -> Any:
    """The function of a name or an alias, with or without ``"keras_acts>"`` before it."""
    bare = _bare(name)
    function = _functions.get(_aliases.get(bare, bare))
    if function is None:
        raise _explanations[-1](name) if _explanations else unknown(name)
    return function


def explain_unknown_names(explain: Callable[[str], ValueError]) -> None:
    """Let the errors for unknown names come from a room that knows more names than this one."""
    _explanations[:] = [explain]


def spelt_like(name: str) -> list[str]:
    """The names and aliases with the spelling of `name`, sorted."""
    return sorted(_spellings().alike(name))


def canonical(name: str) -> str:
    """The name that a name or an alias of the catalogue stands for."""
    return _aliases.get(name, name)


def unknown(name: str) -> ValueError:
    """The error for a name that nobody has, with the nearest ones of the catalogue."""
    return ValueError(f"unknown activation {shown(name)}.{did_you_mean(_spellings().near(_bare(name)))}")


def suggest(name: Any, known: Iterable[str]) -> str:
    """The names next to a mistyped one, as the end of an error."""
    return did_you_mean(Spellings(known).near(str(name)))


# what other libraries call the parameters of activations
OTHER_WORDS = {
    "alpha": ("negative_slope", "beta", "b", "cap", "omega"),
    "slope": ("negative_slope", "alpha", "beta"),
    "theta": ("threshold",),
    "lambd": ("threshold",),
    "value": ("default_value",),
    "max_val": ("max_value",),
    "min_val": ("min_value",),
    "dim": ("axis",),
    "eps": ("epsilon",),
    "tau": ("temperature",),
}


def called_otherwise(name: Any, known: Iterable[str]) -> str:
    """What a parameter is called here that another library calls `name`, as the end of an error."""
    names = list(known)
    return did_you_mean([word for word in OTHER_WORDS.get(str(name), ()) if word in names][:1])


def _bare(name: str) -> str:
    """A name without ``"keras_acts>"``. One that is too long to be known is cut, so that it costs no more than a short one."""
    return name[: len(PACKAGE) + LONGEST + 2].removeprefix(f"{PACKAGE}>")


def _spellings() -> Spellings:
    """The index of all names. It is made again only when the catalogue has changed."""
    return _indexed((*_functions, *_aliases))


_indexed = lru_cache(maxsize=1)(Spellings)


def add_learner(name: str, layer: Any, arguments: str = "") -> None:
    """Enter a layer that, made with these arguments, learns parameters of an activation."""
    _learners.setdefault(name, {})[layer.__name__] = (layer, arguments)


def learners(name: str) -> list[tuple[Any, str]]:
    """The layers that learn parameters of an activation, and the arguments that they are made with for it."""
    return list(_learners.get(name, {}).values())
