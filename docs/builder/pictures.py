"""Pictures of activations as SVG that takes the colours of the page it stands in: light or dark."""

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from keras_acts import plotting
from keras_acts._records import Record

# Colours that stand for the variables of assets/site.css.
VALUE, SLOPE, CURVATURE, INK, QUIET, FAINT = (f"#0a0b0{i}" for i in range(1, 7))
VARIABLES = {VALUE: "value", SLOPE: "slope", CURVATURE: "curvature", INK: "ink", QUIET: "quiet", FAINT: "faint"}


def thumbnail(record: Record) -> str:
    """The activation without axes, and its derivative dashed."""
    curve = plotting.curve(record.name, plotting.sensible_range(record.name))
    figure = Figure(figsize=(1.6, 1.1))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set_axis_off()
    _draw(ax, curve, [(curve.slope, SLOPE, (0, (3, 2)), 1.2), (curve.y, VALUE, "-", 2.0)], every=8)
    return _svg(figure, f"graph of {record.name}")


def picture(record: Record) -> str:
    """The activation with its first and second derivative, on axes."""
    curve = plotting.curve(record.name, plotting.sensible_range(record.name))
    figure = Figure(figsize=(6.4, 3.4))
    ax = figure.add_axes((0.07, 0.13, 0.91, 0.76))
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
    ax.tick_params(length=0, labelsize=9, colors=QUIET)
    ax.set_xlabel(curve.row or "x", color=QUIET, fontsize=10)
    _draw(ax, curve, lines, every=2)
    if len(lines) > 1:
        handles, labels = ax.get_legend_handles_labels()
        legend = {"frameon": False, "labelcolor": INK, "fontsize": 10, "ncols": 3, "loc": "upper left"}
        figure.legend(handles[::-1], labels[::-1], **legend)
    return _svg(figure, f"graph of {record.name}" + (" and its first two derivatives" if len(lines) > 1 else ""))


def _draw(ax: Any, curve: plotting.Curve, lines: list[tuple[Any, ...]], every: int) -> None:
    for line in (ax.axhline, ax.axvline):
        line(0, color=QUIET, linewidth=0.8, zorder=1)
    for values, colour, style, width, *label in lines:
        if values is None:
            continue
        x, y = plotting.broken(curve.x, values)
        keep = np.zeros(len(x), bool)
        keep[::every] = keep[-1] = True
        keep |= np.isnan(y) | np.roll(np.isnan(y), 1) | np.roll(np.isnan(y), -1)
        ax.plot(x[keep], y[keep], color=colour, linestyle=style, linewidth=width, label=label[0] if label else None)
    reach = np.ptp(curve.x)
    values = np.concatenate([curve.y, [0.0], [] if curve.slope is None else curve.slope])
    low, high = max(values.min(), -reach), min(values.max(), reach)
    if len(lines) > 2:  # the curvature adds half of the height on either side at most
        tallest, more = np.nan_to_num(lines[0][0]), 0.5 * (high - low)
        low, high = min(low, max(tallest.min(), low - more)), max(high, min(tallest.max(), high + more))
    margin = 0.06 * (high - low) or 1.0
    ax.set_xlim(curve.x[0], curve.x[-1])
    ax.set_ylim(low - margin, high + margin)


def _slope_of(curve: plotting.Curve) -> Any:
    """The second derivative by differences of the first, which is exact; nothing where that jumps."""
    slope, step = curve.slope, curve.x[1] - curve.x[0]
    second = np.gradient(slope, step)
    x, _ = plotting.broken(curve.x, slope)
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
