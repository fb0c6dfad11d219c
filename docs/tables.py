"""Writes docs/catalogue.md, the tables of docs/migrating.md and the count in README.md: ``python docs/tables.py [--check]``."""

import re
import sys
from pathlib import Path

import keras_acts
from keras_acts import layers
from keras_acts._names.elsewhere import LIBRARIES, Library, names_in
from keras_acts._record.spelling import spelling

ROOT = Path(__file__).parent.parent
CATALOGUE = Path("docs/catalogue.md")
MIGRATING = Path("docs/migrating.md")
MADE = "<!-- What follows is made by `make tables`. -->\n"
README = Path("README.md")
COUNT = re.compile(r"\d+ activations, \d+ names and \d+ layers")


def catalogue() -> str:
    """A table for each family: name, formula, parameters, derivative, aliases, where it comes from."""
    parts = [
        "# Catalogue",
        "",
        f"{count()}, made from the package by `make tables`. `python -m keras_acts show NAME` tells more.",
        "",
    ]
    families = sorted({keras_acts.describe(name).family for name in keras_acts.names()})
    for family in families:
        parts += [
            f"## {family.replace('_', '-')}",
            "",
            _row("name", "formula", "parameters", "derivative", "aliases", "reference"),
        ]
        parts += ["| --- " * 6 + "|"]
        for record in map(keras_acts.describe, keras_acts.names(family)):
            cells = [f"`{record.name}`", _code(record.formula), "<br>".join(map(str, record.parameters))]
            cells += [_code(record.derivative or ""), ", ".join(f"`{alias}`" for alias in record.aliases), record.reference]
            parts.append(_row(*cells))
        parts.append("")
    parts += ["## Layers", "", _row("layer", "what it is"), "| --- | --- |"]
    for name in layers.__all__:
        summary = (getattr(layers, name).__doc__ or "").split("\n\n")[0].replace("\n", " ")
        parts.append(_row(f"`{name}`", summary.replace("``", "`").replace("|", "\\|")))
    return "\n".join(parts) + "\n"


def migrating() -> str:
    """The page on other libraries with the tables of today."""
    text = (ROOT / MIGRATING).read_text().partition(MADE)[0]
    return text + MADE + "".join(map(_library, LIBRARIES))


def _library(library: Library) -> str:
    """What the names of another library are here: in a table where that is more than a spelling, else in a list."""
    plain, rows = [], []
    for each in names_in(library):
        if each.layer:
            rows.append(_row(f"`{each.full}`", f"the layer `{each.layer}`"))
        elif each.parameters or spelling(each.name) != spelling(each.ours):
            given = ", ".join(f"{key}={value!r}" for key, value in each.parameters.items())
            rows.append(_row(f"`{each.full}`", f"`{each.ours}`" + (f" with `{given}`" if given else "")))
        else:
            plain.append(f"`{each.name}`")
    prefixes = " or ".join(f"`{prefix}`" for prefix in library.prefixes)
    parts = ["", f"## {library.title}", "", f"After {prefixes}: {', '.join(plain)}."]
    if rows:
        parts += ["", _row(library.title, "here"), "| --- | --- |", *rows]
    return "\n".join(parts) + "\n"


def count() -> str:
    """How much there is, in words."""
    names = keras_acts.names(aliases=True)
    return f"{len(keras_acts.names())} activations, {len(names)} names and {len(layers.__all__)} layers"


def readme() -> str:
    """The README with the count of today."""
    text, times = COUNT.subn(count(), (ROOT / README).read_text())
    if not times:
        raise SystemExit("README.md no longer holds a count of the form '72 activations, 130 names and 20 layers'.")
    return text


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _code(text: str) -> str:
    """A formula in a table: a bar would end the cell."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def main() -> int:
    """Write the tables, or with `--check` name the documents that are out of date."""
    made = {CATALOGUE: catalogue(), MIGRATING: migrating(), README: readme()}
    old = {path: text for path, text in made.items() if not (ROOT / path).exists() or (ROOT / path).read_text() != text}
    if sys.argv[1:] == ["--check"]:
        for path in old:
            print(f"{path} is out of date: run `make tables`")
        return 1 if old else 0
    for path, text in old.items():
        (ROOT / path).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
