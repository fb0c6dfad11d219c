"""What releases promised: every public name with its signature, and every name and alias of the catalogue.

python -m tests.released      writes tests/released/v<version>.txt, once for each release: the lists are never edited
"""

import dataclasses
import importlib
import inspect
from pathlib import Path

import keras_acts

FOLDER = Path(__file__).parent / "released"
MODULES = ("", ".activations", ".layers", ".losses", ".models", ".plotting", ".conformance")
HANDED_OUT = {
    "Record",
    "ActivationFunction",
    "Replacement",
    "AddonsNames",
    "Portability",
    "LayerReport",
    "Curve",
}  # never made by users


def surface():
    """A line for each public name: functions, classes and their methods with their signatures; names and what they mean."""
    lines = []
    for place in MODULES:
        module = importlib.import_module(f"keras_acts{place}")
        for name in module.__all__:
            lines += _described(f"keras_acts{place}.{name}", getattr(module, name))
    for name in keras_acts.names(aliases=True):
        lines.append(f"name {name} = {keras_acts.describe(name).name}")
    return sorted(lines)


def _described(path, thing):
    if inspect.isclass(thing):
        yield path if thing.__name__ in HANDED_OUT else f"{path}{signature(thing)}"
        fields = {field.name for field in dataclasses.fields(thing)} if dataclasses.is_dataclass(thing) else set()
        yield from (f"{path}.{name}" for name in fields if not hasattr(thing, name) and not name.startswith("_"))
        for name in dir(thing):
            owner = next((base for base in thing.__mro__ if name in vars(base)), None)
            if name.startswith("_") or not str(getattr(owner, "__module__", "")).startswith("keras_acts"):
                continue
            member = inspect.getattr_static(thing, name)
            called = callable(getattr(member, "__func__", member)) and not isinstance(member, type)
            yield f"{path}.{name}{signature(getattr(thing, name)) if called else ''}"
    elif callable(thing):
        yield f"{path}{signature(thing)}"
        if hasattr(thing, "derivative"):
            yield f"{path}.derivative"
    else:
        yield path


def signature(thing):
    """The parameters with their defaults, without annotations."""
    return f"({', '.join(map(_parameter, inspect.signature(thing).parameters.values()))})"


def _parameter(parameter):
    star = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**", parameter.KEYWORD_ONLY: "keyword "}.get(
        parameter.kind, ""
    )
    if parameter.default is parameter.empty:
        return star + parameter.name
    value = parameter.default
    shown = f"{type(value).__name__}({value.get_config()})" if hasattr(value, "get_config") else repr(value)
    return f"{star}{parameter.name}={shown.replace(', ', ' ')}"


def lost(line, lines):
    """Whether a line of a release holds no longer: a signature may get more arguments, if they have defaults."""
    if line in lines:
        return False
    name, _, arguments = line.partition("(")
    now = next((each.partition("(")[2] for each in lines if each.startswith(f"{name}(")), None)
    if now is None or not arguments:
        return True
    before, after = (each.removesuffix(")").split(", ") for each in (arguments, now))
    added = [each for each in after if each not in before]
    return [each for each in after if each in before] != before or not all("=" in each or "*" in each for each in added)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"v{keras_acts.__version__}.txt").write_text("\n".join(surface()) + "\n")
