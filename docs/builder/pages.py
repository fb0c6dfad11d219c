"""The pages of the site that are made from the catalogue: the gallery and one page for each activation."""

import html
import math
import re
from functools import cache
from itertools import groupby
from pathlib import Path

import keras
import latex2mathml.converter
import pictures

import keras_acts
from keras_acts import Record
from keras_acts._declared import Declared
from keras_acts._names.elsewhere import names_of
from keras_acts._record.identities import identities_of
from keras_acts._record.parameters import Parameter
from keras_acts._record.register import learners
from keras_acts._sentences import as_layers, by_name, defaults_elsewhere, in_keras, learning_layers, properties

ROOT = Path(__file__).parent.parent.parent
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
SAMPLE = {1: [-2.0, -0.5, 0.0, 1.0], -1: [2.0, -0.5, 0.0, 1.0]}


def activation(record: Record) -> str:
    """All about one activation, in Markdown."""
    return "\n\n".join(
        part
        for part in (
            f"# {record.name}",
            record.summary,
            _formulas(record),
            f'<figure class="acts-picture">{pictures.picture(record)}</figure>',
            "## Use it",
            example(record),
            "\n".join(f"- {line}" for line in _ways(record)),
            "## Facts",
            _facts(record),
            _parameters(record),
            _names(record),
            _conformance(record),
            _exports(record),
            "## Reference",
            f"Source: {_linked(record.reference)}.",
            f"::: keras_acts.activations.{record.name}\n    options:\n      show_root_toc_entry: false",
        )
        if part
    )


def example(record: Record) -> str:
    """Three lines that run: in a layer, on numbers, and its derivative."""
    lines = ["import keras, keras_acts", ""]
    chosen = keras_acts.get(record.name, **record.example)
    shown = repr(chosen) if not record.callable_by_name else f'"{_in_keras(record)}"'
    if record.changes_shape:
        given = "".join(f", {name}={value!r}" for name, value in _needed(record).items())
        lines.append(f'layer = keras_acts.layers.Activation("{record.name}"{given})')
    else:
        layer = "Conv2D(64, 3" if record.output_shape else "Dense(64"
        lines.append(f"layer = keras.layers.{layer}, activation={shown})")
    if all(settings in (-1, None) for name, settings in chosen_settings(record) if name == "axis"):
        x = SAMPLE[1 if record.elementwise else -1]
        given = "".join(f", {name}={value!r}" for name, value in _needed(record).items())
        call = f"keras_acts.activations.{record.name}"
        lines.append(f"y = {call}({x}{given})  # {_rounded(record.function(x, **record.example))}")
        if record.elementwise:
            slope = _rounded(record.function.derivative(x, **record.example))
            lines.append(f"slope = {call}.derivative({x}{given})  # {slope}")
    return "```python\n" + "\n".join(lines) + "\n```"


def chosen_settings(record: Record) -> tuple[tuple[str, object], ...]:
    """The parameters and what they are in examples."""
    return record.check(record.example).fixed


def _needed(record: Record) -> dict[str, object]:
    return {} if record.callable_by_name else dict(record.example)


def _rounded(tensor: object) -> str:
    values = keras.ops.convert_to_numpy(tensor).tolist()
    return "[" + ", ".join(f"{value:.4g}" if value else "0" for value in values) + "]"


def _in_keras(record: Record) -> str:
    return f"keras_acts>{record.name}" if hasattr(keras.activations, record.name) else record.name


def _ways(record: Record) -> list[str]:
    """How to use it: in a layer of Keras, as a layer, and with learned parameters."""
    chosen = keras_acts.get(record.name, **record.example)
    applied = (f"As a layer: {line}" for line in as_layers(record, chosen))
    return [*by_name(record, chosen), *applied, *learning_layers(record)]


def _formulas(record: Record) -> str:
    lines = [_formula("value", "f(x) = " if record.elementwise else "", record.latex, record.formula)]
    if record.derivative:
        lines.append(_formula("slope", "f'(x) = ", record.derivative_latex, record.derivative))
    if "gate" in dict(chosen_settings(record)):
        lines.append("<p><i>a</i> and <i>b</i> are the halves of an axis; <code>gate</code> says which half is <i>b</i>.</p>")
    return "\n".join(lines)


def _formula(kind: str, head: str, latex: str, plain: str) -> str:
    return f'<div class="acts-formula {kind}" title="{html.escape(plain)}">{mathml(head + latex)}</div>'


def spoken(family: str) -> str:
    """A family's name as text."""
    return family.replace("_", "-")


def mathml(latex: str, display: str = "block") -> str:
    """A formula that browsers set themselves; words of several letters as text."""
    found = latex2mathml.converter.convert(latex.replace("\\mathrm", "\\text"), display=display).replace("\\_", "_")
    return re.sub(r"<mo>([a-z]{2,}\d*)</mo>", r"<mi>\1</mi>", found)  # a function has no space around its name


def _facts(record: Record) -> str:
    given = ", ".join(f"{name} = {value:g}" for name, value in record.example.items() if isinstance(value, float))
    rows = [
        ("family", f'<a href="../gallery.html#family={record.family}">{spoken(record.family)}</a>'),
        *properties(record),
    ]
    if record.elementwise and has_parameters(record):
        rows.insert(1, ("holds", f"at {given}" if given else "at the default parameters"))
    if not record.elementwise:
        rows.append(("works", "along an axis" + (", takes a mask" if record.takes_mask else "")))
    if record.changes_shape:
        rows.append(("shape", "changes"))
    rows += [("identity", f"`{each}`") for each in identities_of(record)]
    return _table(("", ""), rows)


def _parameters(record: Record) -> str:
    if not record.parameters:
        return ""
    rows = [(*_argument(each), _defaults_elsewhere(record, each)) for each in record.parameters]
    heading = ("", "allowed values", "default", "default elsewhere")
    columns = len(heading) if any(row[-1] for row in rows) else len(heading) - 1
    return "## Parameters\n\n" + _table(heading[:columns], [row[:columns] for row in rows])


def _argument(parameter: Parameter) -> tuple[str, str, str]:
    """Name, allowed values and default."""
    default = "required" if parameter.required else f"`{parameter.default!r}`"
    return f"`{parameter.name}`", str(parameter.kind), default


def arguments(declared: type[Declared]) -> str:
    """A table of the arguments that a layer or a loss declares."""
    return _table(("argument", "allowed values", "default"), [_argument(each) for each in declared.arguments.values()])


def _defaults_elsewhere(record: Record, parameter: Parameter) -> str:
    """The values that other libraries start from, and where."""
    found = defaults_elsewhere(record, parameter)
    for each in names_of(record):
        if parameter.name in each.parameters and not each.prefix.startswith("keras."):
            found.append((each.parameters[parameter.name], each.full))
    return ", ".join(f"`{value!r}` in `{where}`" for value, where in found)


def _names(record: Record) -> str:
    """Where else it exists, and under which name."""
    rows = []
    if record.aliases:
        rows.append(("aliases here", ", ".join(f"`{alias}`" for alias in record.aliases)))
    for library, names in groupby(names_of(record), lambda each: each.library):
        rows.append((library.title, ", ".join(f"`{each.full}`" for each in names)))
    return "## Names\n\nEach of these is understood by `keras_acts.get`.\n\n" + _table(("", ""), rows) if rows else ""


def _conformance(record: Record) -> str:
    """The rows of the conformance tables, one for each backend and dtype."""
    rows = []
    for backend, title in BACKENDS.items():
        for dtype, row in tables(f"conformance-{backend}.md").get(record.name, {}).items():
            rows.append((f"[{title}](../conformance-{backend}.md)", dtype, *row[:4]))
    heading = ("backend", "dtype", "value", "gradient", "stock value", "stock gradient")
    text = (
        "Worst error in units in the last place against exact results; 0.5 is correctly rounded. ! is beyond our bounds, for "
        "rounding or for what NaN, infinities, kinks and zeros must give."
    )
    if any("(" in cell for row in rows for cell in row[2:]):
        text += " A figure with a number in brackets is an exception that the backend's table gives the reason for."
    return f"## How exact\n\n{text}\n\n{_table(heading, rows)}" if rows else ""


def _exports(record: Record) -> str:
    """The rows of the export tables, one for each backend."""
    rows = []
    for backend, title in BACKENDS.items():
        table = f"exports-{backend}.md"
        for row in tables(table).get(record.name, {}).values():
            cells = [f"{format}: {cell.replace('0e+00', '0')}" for format, cell in zip(headings(table), row, strict=True)]
            rows.append((f"[{title}](../{table})", "<br>".join(cells)))
    text = "Largest difference of what the exported file computes in its own runtime; * needs `keras_acts.models.export`."
    return f"## Exports\n\n{text}\n\n{_table(('from', ''), rows)}" if rows else ""


@cache
def tables(name: str) -> dict[str, dict[str, list[str]]]:
    """The cells of a generated page of tables: by activation, then by the heading above the table."""
    found, heading = {}, ""
    for line in (ROOT / "docs" / name).read_text().splitlines():
        if line.startswith("## "):
            heading = line[3:]
        elif line.startswith("| ") and not line.startswith(("| ---", "| activation")):
            first, *cells = (cell.strip() for cell in line.strip("| ").split(" | "))
            found.setdefault(first.strip("`"), {})[heading] = cells
    return found


@cache
def headings(name: str) -> list[str]:
    """The columns of a generated page of tables, without the first."""
    line = next(line for line in (ROOT / "docs" / name).read_text().splitlines() if line.startswith("| activation"))
    return [cell.strip() for cell in line.strip("| ").split(" | ")[1:]]


def has_parameters(record: Record) -> bool:
    """Whether there is more to set than the axis."""
    return any(each.name != "axis" for each in record.parameters)


PROPERTIES = {
    "bounded": lambda record: record.range is not None and all(map(math.isfinite, record.range)),
    "never negative": lambda record: record.range is not None and record.range[0] >= 0,
    "monotonic": lambda record: bool(record.monotonic),
    "smooth (C∞)": lambda record: record.smoothness == math.inf,
    "no kinks (C¹)": lambda record: record.smoothness is not None and record.smoothness >= 1,
    "odd": lambda record: record.parity == "odd",
    "even": lambda record: record.parity == "even",
    "0 far left": lambda record: record.limits is not None and record.limits[0] == 0,
    "grows without end": lambda record: record.limits is not None and record.limits[1] == math.inf,
    "has parameters": has_parameters,
    "can be learned": lambda record: bool(learners(record.name)),
    "along an axis": lambda record: not record.elementwise,
    "takes a mask": lambda record: record.takes_mask,
    "changes the shape": lambda record: record.changes_shape,
    "not in Keras": lambda record: not in_keras(record),
}


def gallery() -> str:
    """Every activation as a small picture, with a search field and filters."""
    records = [keras_acts.describe(name) for name in keras_acts.names()]
    options = "".join(f'<option value="{each}">{spoken(each)}</option>' for each in sorted({r.family for r in records}))
    boxes = "".join(
        f'<label><input type="checkbox" name="has" value="{name}"><span>{name}</span></label>' for name in PROPERTIES
    )
    return f"""---
hide: [toc, navigation]
title: Gallery
---

# Gallery

<form class="acts-filters" aria-label="Filters">
<div class="row"><input type="search" name="words" placeholder="Name, alias, formula, author …" aria-label="Search the gallery">
<select name="family" aria-label="Family"><option value="">every family</option>{options}</select>
<button type="reset">Show all</button></div>
<div class="row">{boxes}</div>
</form>

<p><small>Solid: the activation. Dashed: its derivative. What takes several numbers is drawn along one of them.</small></p>
<p class="acts-count" role="status">{len(records)} activations</p>

<div class="acts-gallery">
{"".join(map(_card, records))}
</div>
"""


def _card(record: Record) -> str:
    has = ";".join(name for name, holds in PROPERTIES.items() if holds(record))
    elsewhere = (each.full for each in names_of(record))
    words = " ".join((record.name, *record.aliases, *elsewhere, record.formula, record.reference, record.summary)).lower()
    return (
        f'<a class="acts-card" href="activations/{record.name}.html" data-family="{record.family}" data-properties="{has}" '
        f'data-text="{html.escape(words)}">{pictures.thumbnail(record)}<b>{record.name}</b>'
        f"<small>{spoken(record.family)}</small></a>\n"
    )


def _table(heading: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heading, ("---",) * len(heading), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _linked(reference: str) -> str:
    return re.sub(r"arXiv:(\d+\.\d+)", r"[arXiv:\1](https://arxiv.org/abs/\1)", reference)
