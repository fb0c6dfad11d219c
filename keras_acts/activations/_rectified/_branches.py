"""What rectifiers are made of."""

from typing import Any

from keras_acts._math import ops
from keras_acts._precision import HUGE


def branches(x: Any, threshold: float, below: Any, above: float) -> Any:
    """`below` up to and including the threshold, `above` beyond it, NaN for NaN."""
    return ops.where(x <= threshold, below, ops.where(x > threshold, above, x))


def product(factor: Any, x: Any) -> Any:
    """``factor · x``, which is 0 for a factor of 0 even where x is infinite."""
    if isinstance(factor, float):
        return factor * x if factor else ops.zeros_like(x)
    return factor * ops.where(ops.equal(factor, 0), ops.clip(x, -HUGE, HUGE), x)


def is_number(parameter: Any, number: float) -> bool:
    """Whether a parameter is that number, which one that is learned is not."""
    return isinstance(parameter, float) and parameter == number
