"""The structure of the package: imports run downward, and each framework is known in one folder only."""

import ast
import graphlib
from pathlib import Path

import pytest

import keras_acts

pytestmark = pytest.mark.any_backend

ROOT = Path(keras_acts.__file__).parent
FRAMEWORKS = {"jax", "torch", "tensorflow", "tf", "ml_dtypes"}


def modules():
    """Every module of the package by its dotted name, as a tree."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), ast.parse(path.read_text())


MODULES = dict(modules())


def imports(tree):
    """What a module imports, wherever in it; what only type checkers see is left out."""
    unseen = {
        each
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for each in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def target(name):
    """The module of the package that an imported name is or comes from, or None."""
    while name and name not in MODULES:
        name = name.rpartition(".")[0]
    return name or None


GRAPH = {
    name: {found for each in imports(tree) if (found := target(each)) is not None and found != name}
    for name, tree in MODULES.items()
}


def test_no_module_is_imported_by_what_it_imports():
    order = list(graphlib.TopologicalSorter(GRAPH).static_order())
    assert set(order) == set(MODULES)


WINGS = ("_record", "_frameworks", "_math", "_call", "_catalogue", "activations", "layers", "_names", "models")


@pytest.mark.parametrize("lower", WINGS[:-1])
def test_a_wing_imports_nothing_from_those_above_it(lower):
    above = WINGS[WINGS.index(lower) + 1 :]
    for name, found in GRAPH.items():
        if name.split(".")[1:2] == [lower]:
            upward = [each for each in found if each.split(".")[1:2] and each.split(".")[1] in above]
            assert not upward, f"{name} imports {upward[0]}"


def test_only_one_folder_and_one_file_know_a_framework():
    for name, tree in MODULES.items():
        known = {each.partition(".")[0] for each in imports(tree)} & FRAMEWORKS
        assert not known or name.startswith("keras_acts._frameworks.") or name == "keras_acts.conformance.backends", name


def test_what_is_for_users_has_no_underscore_and_nothing_else_has_none():
    public = {name.split(".")[1] for name in MODULES if "." in name and not name.split(".")[1].startswith("_")}
    assert public == {"activations", "conformance", "layers", "losses", "models", "plotting"}
