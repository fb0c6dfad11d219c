"""Pictures of activations as SVG that takes the colours of the page it stands in: light or dark."""

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

import keras_acts
from keras_acts import Record, plotting
from keras_acts.plotting._drawing import broken

# Colours that stand for the variables of assets/site.css.
VALUE, SLOPE, CURVATURE, INK, QUIET, FAINT = (f"#0a0b0{i}" for i in range(1, 7))
VARIABLES = {VALUE: "value", SLOPE: "slope", CURVATURE: "curvature", INK: "ink", QUIET: "quiet", FAINT: "faint"}


def thumbnail(record: Record) -> str:
    """The activation without axes, and its derivative dashed."""
    curve = _curve(record)
    figure = Figure(figsize=(1.6, 1.1))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    _draw(ax, curve, [(curve.slope, SLOPE, (0, (3, 2)), 1.2), (curve.y, VALUE, "-", 2.0)], every=8)
    return _svg(figure, f"graph of {record.name}")


def picture(record: Record) -> str:
    """The activation with its first and second derivative, on axes."""
    curve = _curve(record)
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.add_axes((0.08, 0.14, 0.9, 0.75))
    lines = [(curve.y, VALUE, "-", 2.2, "f")]
    if curve.slope is not None:
        lines = [
            (_slope_of(curve), CURVATURE, (0, (1, 1.5)), 1.6, "f ″"),
            (curve.slope, SLOPE, (0, (4, 2)), 1.8, "f ′"),
            *lines,
        ]
    for side in ax.spines.values():
        side.set_visible(False)
    ax.grid(color=FAINT, linewidth=0.6)
    ax.tick_params(length=0, labelsize=10, colors=QUIET)
    at = [f"{name} = {value:g}" for name, value in _apart(record).items()]
    ax.set_xlabel(curve.row or ", ".join(["x", *at]), color=QUIET, fontsize=11)
    _draw(ax, curve, lines, every=2)
    if len(lines) > 1:
        handles, labels = ax.get_legend_handles_labels()
        legend = {"frameon": False, "labelcolor": INK, "fontsize": 11, "ncols": 3, "loc": "upper left"}
        figure.legend(handles[::-1], labels[::-1], **legend)
    return _svg(figure, f"graph of {record.name}" + (" and its first two derivatives" if len(lines) > 1 else ""))


def _curve(record: Record) -> plotting.Curve:
    """The activation on its range, at settings that show it."""
    chosen = keras_acts.get(record.name, **_apart(record)) if _apart(record) else record.name
    return plotting.curve(chosen, plotting.sensible_range(record.name))


def _apart(record: Record) -> dict[str, float]:
    """Other values for parameters that are all 0 by default: each is out of the formula then, and a plain ReLU is left."""
    unseen = all(isinstance(each.default, float) and each.default == 0 for each in record.parameters)
    return {each.name: 0.5 for each in record.parameters} if unseen else {}


def _draw(ax: Any, curve: plotting.Curve, lines: list[tuple[Any, ...]], every: int) -> None:
    for line in (ax.axhline, ax.axvline):
        line(0, color=QUIET, linewidth=0.8, zorder=1)
    lines = [line for line in lines if line[0] is not None]
    for values, colour, style, width, *label in lines:
        x, y = broken(curve.x, values)
        keep = np.zeros(len(x), bool)
        keep[::every] = keep[-1] = True
        keep |= np.isnan(y) | np.roll(np.isnan(y), 1) | np.roll(np.isnan(y), -1)
        ax.plot(x[keep], y[keep], color=colour, linestyle=style, linewidth=width, label=label[0] if label else None)
    reach = np.ptp(curve.x)
    values = np.concatenate([[0.0], *(line[0] for line in lines)])
    low, high = max(np.nanmin(values), -reach), min(np.nanmax(values), reach)
    margin = 0.06 * (high - low) or 1.0
    ax.set_xlim(curve.x[0], curve.x[-1])
    ax.set_ylim(low - margin, high + margin)


def _slope_of(curve: plotting.Curve) -> Any:
    """The second derivative by differences of the first, which is exact; nothing where that jumps."""
    slope, step = curve.slope, curve.x[1] - curve.x[0]
    second = np.gradient(slope, step)
    x, _ = broken(curve.x, slope)
    before = np.flatnonzero(np.diff(x) == 0)
    for place in before - np.arange(len(before)):
        second[max(0, place - 1) : place + 3] = np.nan
    return second


def _svg(figure: Figure, title: str) -> str:
    """The figure as an element for HTML, the same for the same figure."""
    stream = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "keras_acts", "font.family": "sans-serif"}):
        figure.savefig(stream, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = re.search(r"<svg.*</svg>", stream.getvalue(), re.DOTALL)[0]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*pt"', r"\1", text)
    text = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", text)
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, f"var(--acts-{variable})")
    return re.sub(r"\s*\n\s*", " ", text).replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)
