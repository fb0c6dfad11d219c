"""The family files: what they import, which family they belong to, and that their names are written down."""

import ast
import importlib
from pathlib import Path

import pytest

import keras_acts
from keras_acts import activations

pytestmark = pytest.mark.any_backend

FOLDER = Path(activations.__file__).parent
FILES = sorted(path for path in FOLDER.rglob("*.py") if path != Path(activations.__file__))
SIZE = 300

# what a family file may import: whole modules, or these names of them
ANYTHING = ("math", "functools", "fractions", "collections.abc", "typing", "keras_acts._math", "keras_acts._record.parameters")
NAMES = {
    "keras_acts._catalogue": {"Declaration", "activation", "along_axis", "derivative"},
    "keras_acts._record.record": {"Pairs", "Record", "Shape"},
    "keras_acts._precision": {"HUGE", "has_rank", "rounded"},
    "keras_acts._call.compute": {"gated", "pairwise"},
}
INSTEAD = {
    "keras": "operations come from keras_acts._math, as `from keras_acts._math import ops`",
    "numpy": "constants are Python's own, of `math` or `fractions`, and operations come from keras_acts._math",
    "keras_acts._frameworks": "what a framework needs goes behind keras_acts._math.ops",
    "keras_acts._precision": "dtypes are handled before a formula is called, which may import HUGE, has_rank and rounded",
}


def imported(source):
    """The line, the module and the name of each import; no name for a whole module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name, None) for each in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, "." * node.level + (node.module or ""), each.name) for each in node.names)


def within(module, packages):
    return next((each for each in packages if f"{module}.".startswith(f"{each}.")), None)


def complaints(source):
    """What is wrong with the imports of a family file, and what to import instead."""
    for line, module, name in imported(source):
        beside = within(module, ["keras_acts.activations"]) and module != "keras_acts.activations"
        whole = f"{module}.{name}" if (module, name) == ("keras_acts", "_math") else module
        if not (beside or within(whole, ANYTHING) or name in NAMES.get(module, ())):
            place = within(module, INSTEAD)
            instead = (
                INSTEAD[place] if place else f"a family file imports {', '.join(ANYTHING)}, {', '.join(NAMES)} and families"
            )
            yield f"line {line} imports {name or module} from {module}: {instead}."


def shown(path):
    return str(path.relative_to(FOLDER))


def module_of(path):
    return ".".join(path.relative_to(FOLDER.parent.parent).with_suffix("").parts).removesuffix(".__init__")


each_file = pytest.mark.parametrize("path", FILES, ids=shown)


@each_file
def test_a_family_file_takes_what_it_needs_through_the_door(path):
    assert not list(complaints(path.read_text())), shown(path)


@pytest.mark.parametrize(
    ("line", "instead"),
    [
        ("from keras import ops", "from keras_acts._math import ops"),
        ("import keras.ops", "from keras_acts._math import ops"),
        ("import numpy as np", "Python's own"),
        ("from keras_acts._frameworks import door", "behind keras_acts._math.ops"),
        ("from keras_acts._precision import cast", "HUGE, has_rank and rounded"),
        ("from keras_acts._catalogue import names", "keras_acts._catalogue"),
        ("from keras_acts import activations", "families"),
        ("from keras_acts.activations import relu", "families"),
        ("from . import _piecewise", "families"),
        ("import os", "families"),
    ],
)
def test_an_import_beside_the_door_is_refused_with_what_to_import(line, instead):
    (complaint,) = complaints(f'"""A family."""\n\n{line}\n')
    assert complaint.startswith("line 3 imports ")
    assert instead in complaint


@each_file
def test_a_family_file_is_short(path):
    assert len(path.read_text().splitlines()) <= SIZE, f"{shown(path)} is longer than {SIZE} lines: make a package of it."


@each_file
def test_all_files_of_a_family_bear_its_name(path):
    """A family is a file or a package, which is named after it; so is the file of its references."""
    family = getattr(importlib.import_module(module_of(path)), "FAMILY", None)
    place = path.relative_to(FOLDER).parts[0].removesuffix(".py")
    assert family in (None, place.removeprefix("_")), f'{shown(path)} must say FAMILY = "{place.removeprefix("_")}"'


@each_file
def test_each_file_that_declares_is_gathered(path):
    """Else its activations are not in the catalogue, and nothing would miss them."""
    gathered = {module for _, module, _ in imported(Path(activations.__file__).read_text())}
    if "\nFAMILY = " in path.read_text():
        assert module_of(path) in gathered, f"activations/__init__.py must import from {module_of(path)}"


def test_each_family_has_a_file_of_references():
    families = {keras_acts.describe(name).family for name in keras_acts.names()}
    references = {path.stem for path in (FOLDER.parent / "conformance" / "references").glob("*.py")}
    assert families <= references


def test_a_name_that_is_not_written_down_is_missed_at_import():
    source = Path(activations.__file__).read_text()
    with pytest.raises(ImportError, match=r"activations/__init__\.py must import 'glu'"):
        exec(source.replace("    glu as glu,\n", ""), {})
    with pytest.raises(ImportError, match="must not import 'math', which is not in the catalogue"):
        exec(source.replace("\n\n__all__", "\nimport math\n\n__all__"), {})
