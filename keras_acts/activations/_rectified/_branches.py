"""Values that differ on the two sides of a threshold, as the derivatives of rectifiers do."""

from typing import Any

from keras_acts._math import ops


def branches(x: Any, threshold: float, below: Any, above: float) -> Any:
    """`below` up to and including the threshold, `above` beyond it, NaN for NaN."""
    return ops.where(x <= threshold, below, ops.where(x > threshold, above, x))
