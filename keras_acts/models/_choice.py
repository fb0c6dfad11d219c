"""Which layer of Keras computes the same as an activation, if one does."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._catalogue import describe
from keras_acts._record.record import Record

SAME_PARAMETERS = {"relu": "ReLU", "leaky_relu": "LeakyReLU", "elu": "ELU", "softmax": "Softmax"}  # as Keras's layers take
ROUNDING = {"float16": 2.0**-10, "bfloat16": 2.0**-7}  # the distance of numbers above 1


def in_keras(form: Any, dtype: str, tolerance: float) -> tuple[Any, float]:
    """The layer of Keras that computes the same, and how far it is off; None if there is none."""
    record, given = describe(form), dict(getattr(form, "parameters", {}))
    values = {parameter.name: given.get(parameter.name, parameter.default) for parameter in record.parameters}
    if record.name in SAME_PARAMETERS:
        layer = getattr(keras.layers, SAME_PARAMETERS[record.name])(**values, dtype=dtype)
    elif values == {parameter.name: parameter.default for parameter in record.parameters} and _keras_name(record):
        layer = keras.layers.Activation(getattr(keras.activations, _keras_name(record)), dtype=dtype)
    else:
        return None, 0.0
    difference = _difference(layer, form, dtype)
    return (layer, difference) if difference <= max(tolerance, ROUNDING.get(dtype, 0.0)) else (None, difference)


def shown(layer: Any) -> str:
    """A layer that `in_keras` chose, as a report writes it."""
    return f"Activation({layer.activation.__name__!r})" if isinstance(layer, keras.layers.Activation) else type(layer).__name__


def _keras_name(record: Record) -> str:
    """The name under which Keras has a function for an activation, or ""."""
    return next((name for name in (record.name, *record.aliases) if callable(getattr(keras.activations, name, None))), "")


def _difference(layer: Any, form: Any, dtype: str) -> float:
    """The largest difference at sample points, relative to the value or to 1."""
    if describe(form).elementwise:
        near = np.linspace(-30.0, 30.0, 4001)
        x = np.concatenate([near, near / 300, -np.logspace(-6, 4, 500), np.logspace(-6, 4, 500)])
    else:
        x = np.random.default_rng(0).normal(0, 3, (6, 6, 6, 6))
    tensor = ops.convert_to_tensor(x.astype("float32"))
    theirs, ours = (np.asarray(ops.convert_to_numpy(ops.cast(f(ops.cast(tensor, dtype)), "float32"))) for f in (layer, form))
    if theirs.shape != ours.shape:
        return float("inf")
    with np.errstate(invalid="ignore"):
        error = np.abs(theirs - ours) / np.maximum(np.abs(ours), 1.0)
    return float(np.where(theirs == ours, 0.0, np.nan_to_num(error, nan=np.inf)).max())
