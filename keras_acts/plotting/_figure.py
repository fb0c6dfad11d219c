"""Matplotlib's figure, which a notebook shows without pyplot. Imported only where something is drawn."""

import io

from matplotlib.figure import Figure


class NotebookFigure(Figure):
    """A `Figure` that is its own picture where a cell ends with it."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=100)
        return stream.getvalue()
