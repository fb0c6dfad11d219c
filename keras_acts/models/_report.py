"""What a conversion says of each layer."""

from dataclasses import dataclass, replace
from typing import Any

from keras_acts._record.register import PACKAGE


@dataclass(frozen=True)
class LayerReport:
    """What one layer, or one activation called by itself, means for loading the model elsewhere.

    Args:
        name: Its name; layers of a nested model come after its name and a slash.
        kind: Its class.
        needs: What must be installed or registered to load it as it is: "Keras", "keras_acts", or another package's name.
        becomes: What stands for it in a portable model, or "" if it stays.
        difference: The largest difference between it and what stands for it, relative to the value or to 1 if that is larger,
            seen at sample points; 0 if the same formula stands for it.
        problem: Why nothing can stand for it, or "".
        note: What else changes, or "".
    """

    name: str
    kind: str
    needs: str
    becomes: str = ""
    difference: float = 0.0
    problem: str = ""
    note: str = ""

    @property
    def exports(self) -> str:
        """Which formats `export` can write it to: "all" that the backend has, "as in Keras", or "not known"."""
        return {PACKAGE: "all", "Keras": "as in Keras"}.get(self.needs, "not known")


class Reports:
    """The reports on the layers of a model and of those nested in it, in the order in which they are met."""

    def __init__(self) -> None:
        self.all: list[LayerReport] = []
        self.path = ""

    def add(self, owner: Any, **known: Any) -> "Entry":
        """Report on a layer, or on an activation called by itself."""
        self.all.append(LayerReport(self.path + owner.name, type(owner).__name__, **known))
        return Entry(self.all, len(self.all) - 1)


class Entry:
    """A report that may turn into a problem when the layer is called."""

    def __init__(self, reports: list[LayerReport], place: int) -> None:
        self.reports, self.place = reports, place

    def check_mask(self, x: Any) -> None:
        """Note a problem if an input carries a mask of time steps, which operations would not pass on to the next layer."""
        if getattr(x, "_keras_mask", None) is not None:
            problem = "the mask that comes with its input would end at the operations"
            self.reports[self.place] = replace(self.reports[self.place], problem=problem)
