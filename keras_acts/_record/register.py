"""The register of names: which function a name or an alias means, and which layers learn it. It knows nothing else."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from keras_acts._record.parameters import shown

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
    bare = name.removeprefix(f"{PACKAGE}>")
    return bare in _functions or bare in _aliases


def find(name: str) -> Any:
    """The function of a name or an alias, with or without ``"keras_acts>"`` before it."""
    bare = name.removeprefix(f"{PACKAGE}>")
    function = _functions.get(_aliases.get(bare, bare))
    if function is None:
        raise _explanations[-1](name) if _explanations else unknown(name)
    return function


def explain_unknown_names(explain: Callable[[str], ValueError]) -> None:
    """Let the errors for unknown names come from a room that knows more names than this one."""
    _explanations[:] = [explain]


def unknown(name: str) -> ValueError:
    """The error for a name that nobody has, with the nearest ones of the catalogue."""
    near = suggest(name.removeprefix(f"{PACKAGE}>"), [*_functions, *_aliases])
    return ValueError(f"unknown activation {shown(name)}.{near}")


def suggest(name: Any, known: Iterable[str]) -> str:
    """The names next to a mistyped one, as the end of an error."""
    near = difflib.get_close_matches(str(name)[:80], list(known), n=3, cutoff=0.5)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""


def add_learner(name: str, layer: Any, arguments: str = "") -> None:
    """Enter a layer that, made with these arguments, learns parameters of an activation."""
    _learners.setdefault(name, {})[layer.__name__] = (layer, arguments)


def learners(name: str) -> list[tuple[Any, str]]:
    """The layers that learn parameters of an activation, and the arguments that they are made with for it."""
    return list(_learners.get(name, {}).values())
