"""The drawing: curves, panels and sketches."""

import builtins
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from keras_acts._call.forms import Parameterised
from keras_acts._catalogue import describe
from keras_acts._names.elsewhere import get
from keras_acts._record.record import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Interval = tuple[float, float]

POINTS = 1601
MOST, WIDEST = 0.75, 1024.0  # the part of a bounded range that a picture should reach, within limits
BEYOND = 1.25  # where a picture ends, in terms of the largest default
FLAT = 1e-3  # `standardize` is that close to a step at (x, 0), because of its epsilon
# Blue and vermillion of Okabe & Ito: told apart by every kind of colour vision. The dashes do it in grey, too.
VALUE, SLOPE = "#0072B2", "#D55E00"
MORE = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # theirs too, for further activations on the same axes
INK, QUIET, FAINT = "#1f2328", "#59636e", "#e4e7eb"


@dataclass(frozen=True)
class Curve:
    """An activation along a line: its values and those of its derivative (None if it is not element-wise)."""

    record: Record
    title: str
    x: Any
    y: Any
    slope: Any
    row: str = ""

    @property
    def formula(self) -> str:
        """The formula; for what is not element-wise, with the row that is drawn."""
        return f"{self.record.formula}, {self.row}" if self.row else self.record.formula


def plot(
    names: Any,
    *,
    derivative: bool = True,
    range: Interval = (-4.0, 4.0),
    columns: int | None = None,
    ax: "Axes | None" = None,
) -> "Figure":
    """Activations (solid) and their derivatives (dashed), one panel each, all on the same scale.

    Args:
        names: One or more names, functions of ``keras_acts.activations`` or results of `keras_acts.get`.
        derivative: Whether to draw the derivative.
        range: The ends of the x axis. Values beyond the same range are cut off.
        columns: Panels in a row; by default up to four.
        ax: Axes of your own to draw a single activation on. Those drawn there before stay: each has a colour of its own and
            stands in the legend by its name.

    Returns:
        The figure. Save it with ``figure.savefig("functions.png", dpi=200)``; in a notebook it shows itself.

    Raises:
        ValueError: For an unknown name, no name, an empty range, or several names for one `ax`.
        ImportError: If matplotlib is missing.
    """
    curves = _curves(names, range)
    limits = _limits(curves, range, derivative)
    if ax is not None:
        if len(curves) > 1:
            raise ValueError(f"ax takes one activation; got {len(curves)}. Leave ax out to get a panel for each.")
        _overlay(ax, curves[0], range, limits, derivative)
        return ax.get_figure(root=True)  # type: ignore[return-value]
    columns = min(len(curves), 4) if columns is None else columns
    if columns < 1:
        raise ValueError(f"columns must be 1 or more; got {columns}.")
    rows = math.ceil(len(curves) / columns)
    height = rows * 2.75 + 0.45
    figure = figure_class()(figsize=(columns * 2.9 + 0.2, height), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.09, h_pad=0.09, rect=(0, 0, 1, 1 - 0.35 / height))
    panels = figure.subplots(rows, columns, squeeze=False).flatten()
    for start in builtins.range(0, len(curves), columns):
        row = curves[start : start + columns]
        lines = max(_wrapped(curve.formula).count("\n") + 1 for curve in row)
        for panel, curve in zip(panels[start:], row, strict=False):
            _panel(panel, curve, range, limits, derivative, lines)
    for panel in panels[len(curves) :]:
        panel.remove()
    figure.legend(*panels[0].get_legend_handles_labels(), loc="upper left", ncols=2, frameon=False, fontsize=10, labelcolor=INK)
    return figure


def strip(names: Any, *, derivative: bool = True, range: Interval = (-4.0, 4.0)) -> "Figure":
    """Activations in one row without axes, for the head of a page: takes what `plot` takes."""
    curves = _curves(names, range)
    low, high = _limits(curves, range, derivative)
    limits = (max(low, 0.55 * min(range[0], 0.0)), high)
    figure = figure_class()(figsize=(1.75 * len(curves), 2.6), facecolor="white")
    panels = figure.subplots(1, len(curves), squeeze=False).flatten()
    figure.subplots_adjust(left=0.008, right=0.992, bottom=0.05, top=0.82, wspace=0.12)
    for panel, curve in zip(panels, curves, strict=True):
        _lines(panel, curve, range, limits, derivative, width=2.8)
        panel.set_title(curve.title, fontsize=15, fontweight="bold", color=INK, pad=9)
        panel.set_axis_off()
    return figure


def sketch(name: Any, *, range: Interval = (-4.0, 4.0), width: int = 48, height: int = 10) -> str:
    """An activation drawn in Braille characters, `width` by `height` of them, for a terminal.

    >>> from keras_acts.plotting import sketch
    >>> print(sketch("relu", width=8, height=2))
    ⠀⠀⠀⠀⡇⢀⡤⠞
    ⣀⣀⣀⣀⣷⣋⣀⣀
    """
    (drawn,) = _curves([name], range)
    low, high = _limits([drawn], range, derivative=False)
    cells = np.zeros((height, width), int)

    def dot(x: Any, y: Any) -> None:
        column = np.rint((x - range[0]) / (range[1] - range[0]) * (2 * width - 1)).astype(int)
        row = np.rint((high - y) / (high - low) * (4 * height - 1)).astype(int)
        bits = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
        np.bitwise_or.at(cells, (row // 4, column // 2), bits[row % 4, column % 2])

    visible = (drawn.y >= low) & (drawn.y <= high)
    dot(drawn.x[visible], drawn.y[visible])
    if low <= 0 <= high:
        dot(drawn.x, np.zeros(POINTS))
    if range[0] <= 0 <= range[1]:
        dot(np.zeros(POINTS), np.linspace(low, high, POINTS))
    return "\n".join("".join(chr(0x2800 + cell) for cell in row) for row in cells)


def _curves(names: Any, range: Interval) -> list[Curve]:
    low, high = range
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"range must be two finite numbers in rising order; got {range!r}.")
    several = names if isinstance(names, Sequence) and not isinstance(names, str) else [names]
    if not several:
        raise ValueError("nothing to plot: give at least one name.")
    return [curve(name, range) for name in several]


def curve(name: Any, range: Interval) -> Curve:
    """An activation at evenly spaced points: what the pictures draw."""
    record = describe(name)
    needs = isinstance(name, str) and not record.callable_by_name
    function = get(name, **record.example) if needs else get(name)
    x = np.linspace(*range, POINTS, dtype="float32")
    title = record.name
    if isinstance(function, Parameterised):
        given = {parameter.name: parameter.default for parameter in record.parameters}
        changed = {key: value for key, value in function.parameters.items() if value != given[key]}
        title += f"({', '.join(f'{key}={_number(value)}' for key, value in changed.items())})" if changed else ""
    if not record.elementwise:
        settings = dict(record.check(record.example).fixed)
        behind = (1,) * (-1 - settings["axis"])  # the axes behind that of the row
        gated = "gate" in settings

        def first(*row: Any) -> Any:
            """What becomes of the first entry of the row."""
            rows = np.stack(np.broadcast_arrays(*row), axis=-1, dtype="float32").reshape(-1, len(row), *behind)
            return _numpy(record.function(rows, **settings)).reshape(len(rows), -1)[:, 0]

        if gated:
            return Curve(record, title, x, first(1, x), None, "a = 1, b = x")
        if np.ptp(first(np.array([0.25, 0.5]), 0)) < FLAT:  # what only sees the direction of a row has two values at (x, 0)
            return Curve(record, title, x, first(x, 1, -1), None, "first of (x, 1, −1)")
        return Curve(record, title, x, first(x, 0), None, "first of (x, 0)")
    return Curve(record, title, x, _numpy(function(x)), _numpy(function.derivative(x)))


def sensible_range(name: Any) -> Interval:
    """An interval around 0 with the numbers among the defaults, such as clips, in which most of the values are reached."""
    record = describe(name)
    defaults = [each.default for each in record.parameters if isinstance(each.default, float)]
    reach = max([4.0, *(BEYOND * abs(default) for default in defaults)])
    if record.elementwise and record.range and math.isfinite(record.range[1] - record.range[0]):
        while reach < WIDEST and np.ptp(curve(name, (-reach, reach)).y) < MOST * (record.range[1] - record.range[0]):
            reach *= 2
    return (-reach, reach)


def _numpy(tensor: Any) -> Any:
    return np.array(ops.convert_to_numpy(keras.ops.stop_gradient(tensor)), "float64")


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _limits(curves: Sequence[Curve], range: Interval, derivative: bool) -> Interval:
    """The y axis that shows every curve, but no more of it than the x axis shows."""
    drawn = [values for curve in curves for values in (curve.y, curve.slope if derivative else None) if values is not None]
    values = np.concatenate([*drawn, [0.0]])
    low, high = max(values.min(), min(range[0], 0.0)), min(values.max(), max(range[1], 0.0))
    margin = 0.04 * (high - low) or 1.0
    return float(low - margin), float(high + margin)


def _overlay(ax: "Axes", curve: Curve, range: Interval, limits: Interval, derivative: bool) -> None:
    """One activation on axes that may hold others; of a single one, its name and formula stand above."""
    taken = {line.get_color(): line.get_label() for line in ax.get_lines()}
    if VALUE not in taken:
        _panel(ax, curve, range, limits, derivative, label=curve.title)
    else:
        for heading in [text for text in ax.texts if text.get_text() == taken[VALUE]]:
            heading.remove()
            ax.set_title("", loc="left")
        colour = next((colour for colour in MORE if colour not in taken), MORE[-1])
        range, limits = _around(ax.get_xlim(), range), _around(ax.get_ylim(), limits)
        _lines(ax, curve, range, limits, derivative, width=2.0, label=curve.title, colours=(colour, colour))
    ax.legend(frameon=False, labelcolor=INK)


def _around(one: Interval, other: Interval) -> Interval:
    return min(*one, *other), max(*one, *other)


def _panel(
    ax: "Axes", curve: Curve, range: Interval, limits: Interval, derivative: bool, lines: int = 1, label: str = ""
) -> None:
    """One activation with its axes, its name and, on that many lines or more, its formula."""
    _lines(ax, curve, range, limits, derivative, width=2.0, label=label)
    quiet(ax)
    ax.locator_params(nbins=5)
    formula = _wrapped(curve.formula)
    lines = max(lines, formula.count("\n") + 1)
    formula += "\n " * (lines - 1 - formula.count("\n"))  # names in a row stand side by side
    ax.set_title(formula, loc="left", fontsize=7.5, color=QUIET, linespacing=1.2)
    ax.annotate(
        curve.title,
        (0, 1),
        xytext=(0, 6 + 9.6 * lines),
        xycoords="axes fraction",
        textcoords="offset points",
        fontsize=11,
        fontweight="bold",
        color=INK,
        annotation_clip=False,
    )


def quiet(ax: "Axes") -> None:
    """Leave of the frame and the ticks only what helps to read a value."""
    ax.set_facecolor("white")
    ax.grid(color=FAINT, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.tick_params(length=0, labelsize=8, colors=QUIET)
    for side in ("top", "right", "left", "bottom"):
        ax.spines[side].set_visible(False)


def _lines(
    ax: "Axes",
    curve: Curve,
    range: Interval,
    limits: Interval,
    derivative: bool,
    width: float,
    label: str = "",
    colours: tuple[str, str] = (VALUE, SLOPE),
) -> None:
    value, slope = (label, f"{label}'") if label else ("f(x)", "f'(x)")
    for line in (ax.axhline, ax.axvline):
        line(0, color="#b6bdc5", linewidth=0.9, zorder=1)
    ax.plot(*broken(curve.x, curve.y), color=colours[0], linewidth=width, solid_capstyle="round", zorder=3, label=value)
    if derivative and curve.slope is not None:
        dashed: dict[str, Any] = {"color": colours[1], "linewidth": 0.75 * width, "dashes": (3.2, 1.6)}
        ax.plot(*broken(curve.x, curve.slope), **dashed, zorder=2, label=slope)
    ax.set_xlim(range)
    ax.set_ylim(limits)


def broken(x: Any, y: Any) -> tuple[Any, Any]:
    """The line with a gap at each jump: a step many times as high as the steps beside it."""
    steps = np.abs(np.diff(y))
    before, after = np.roll(steps, 2), np.roll(steps, -2)  # a point may lie in the middle of the jump
    before[:2], after[-2:] = after[:2], before[-2:]
    finite = y[np.isfinite(y)]
    height = np.ptp(finite) if finite.size else 0.0
    jumps = np.flatnonzero((steps > 8 * np.maximum(before, after)) & (steps > 1e-3 * height))
    return np.insert(x, jumps + 1, x[jumps]), np.insert(y, jumps + 1, np.nan)


def _wrapped(formula: str) -> str:
    """The formula on as many lines as a panel needs; cases stand below one another."""
    cases = formula.replace(", else ", ",\nelse ").split("\n")
    return "\n".join(line for case in cases for line in textwrap.wrap(case, 42))


def figure_class() -> "builtins.type[Figure]":
    """Matplotlib's `Figure` as notebooks show it, or an ImportError that says how to get it."""
    try:
        from keras_acts.plotting._figure import NotebookFigure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "keras-acts[plot]"') from error
    return NotebookFigure
