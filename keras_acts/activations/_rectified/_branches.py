"""What rectifiers are made of."""

from typing import Any

from keras_acts._math import ops


def branches(x: Any, threshold: float, below: Any, above: float) -> Any:
    """`below` up to and including the threshold, `above` beyond it, NaN for NaN."""
    return ops.where(x <= threshold, below, ops.where(x > threshold, above, x))


def is_number(parameter: Any, number: float) -> bool:
    """Whether a parameter is that number, which one that is learned is not."""
    return isinstance(parameter, float) and parameter == number
