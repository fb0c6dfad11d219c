"""Models where this package is not installed: what each layer needs there, and a copy that needs nothing."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_acts._frameworks import door
from keras_acts._record.register import PACKAGE
from keras_acts.models._choice import ROUNDING
from keras_acts.models._conversion import OURS, Conversion
from keras_acts.models._files import check_model, is_sequential
from keras_acts.models._report import LayerReport

UNKNOWN_SIZES = (32, 256)  # tried for an axis of the input that may have any, to compare predictions


@dataclass(frozen=True)
class Portability:
    """What `portability` found: a sequence of `layers`, which prints as a table.

    Args:
        model: The name of the model.
        layers: A `LayerReport` for each layer.
        difference: The largest difference between the predictions of the model and of its portable form for random inputs,
            relative to the largest prediction; None if there is no portable form, or none of the sizes that were tried for
            unknown axes (32 and 256) fits the model.
    """

    model: str
    layers: tuple[LayerReport, ...]
    difference: float | None

    @property
    def problems(self) -> tuple[LayerReport, ...]:
        """The layers that keep the model from becoming portable."""
        return tuple(layer for layer in self.layers if layer.problem)

    def __str__(self) -> str:
        rows = [("layer", "class", "needs", "exports", "portable as")]
        for layer in self.layers:
            form = f"no: {layer.problem}" if layer.problem else layer.becomes or "it is"
            if layer.becomes and layer.difference:
                form += f" (differs by {layer.difference:.1e})"
            form = f"{form}; {layer.note}" if layer.note else form
            rows.append((layer.name, layer.kind, layer.needs, layer.exports, form))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows]
        if self.problems:
            last = "not portable."
        elif self.difference is None:
            last = "portable; predictions were not compared, for want of an input shape."
        else:
            last = f"portable; predictions differ by {self.difference:.1e} of the largest."
        formats = ", ".join(door.ENGINE.formats) or "no format"
        lines += [f"{self.model}: {last}", f"all formats, by keras_acts.models.export on {keras.backend.backend()}: {formats}."]
        return "\n".join(lines)


def make_portable(model: keras.Model, tolerance: float = 1e-6) -> keras.Model:
    """A new model with the same weights and predictions that loads where this package is not installed.

    An activation of this package becomes Keras's own where that computes the same, else the operations of `keras.ops` that its
    formula consists of. Learned layers become such operations beside a layer of Keras that holds the weight, which goes on
    learning. The new model is functional and not compiled.

    Save it as ``.keras``, or as JSON with ``.weights.h5``: Keras can't load operations from its legacy ``.h5``.

    What is lost: an activation written out keeps the values of this package but not its gradients, which are then those of the
    backend for each operation; and what is random in training only (RReLU, GumbelSoftmax) is written as it is at inference.

    Args:
        model: A functional or sequential model, with nested ones if need be; built, that is with known input shapes.
        tolerance: The largest difference, above 0, at which Keras's own function counts as the same: relative to the value, or
            to 1 if that is larger, and not less than one rounding of the layer's dtype. It is measured at sample points.

    Returns:
        A `keras.Model` with no trace of this package in its file.

    Raises:
        ValueError: If a layer can't do without this package (a recurrent layer that learns its activation, a subclassed model),
            with its name and the reason; if the predictions differ; if the model is not built.
        TypeError: If `model` is no model.

    >>> import keras, keras_acts
    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, activation="snake")])
    >>> "keras_acts" in keras_acts.models.make_portable(model).to_json()
    False
    """
    portable, report = _converted(model, tolerance)
    if portable is None:
        reasons = "".join(f"\n- {layer.name} ({layer.kind}): {layer.problem}" for layer in report.problems)
        raise ValueError(f"make_portable: {report.model!r} can't do without {PACKAGE}:{reasons}")
    return portable


def portability(model: keras.Model, tolerance: float = 1e-6) -> Portability:
    """What each layer of a model needs to be loaded, and what `make_portable` would put in its place.

    Args:
        model: A functional or sequential model, built.
        tolerance: As in `make_portable`.

    Raises:
        ValueError: If the model is not built, or subclassed.
        TypeError: If `model` is no model.

    >>> import keras, keras_acts
    >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4, "snake", name="wave")], name="small")
    >>> print(keras_acts.models.portability(model))  # doctest: +ELLIPSIS
    layer  class  needs       exports  portable as
    wave   Dense  keras_acts  all      Dense, then snake as operations
    small: portable; predictions differ by ...
    all formats, by keras_acts.models.export on ...
    """
    return _converted(model, tolerance)[1]


def _converted(model: Any, tolerance: float) -> tuple[keras.Model | None, Portability]:
    check_model(model)
    if isinstance(tolerance, bool) or not isinstance(tolerance, int | float) or not 0 < tolerance < 1:
        raise ValueError(f"tolerance must be a number above 0 and below 1; got {tolerance!r}.")
    conversion = Conversion(tolerance)
    portable = conversion.model(model)
    order = [operation.name for operation in (model.layers if is_sequential(model) else model.operations)]
    reports = sorted(conversion.reports.all, key=lambda report: order.index(report.name.partition("/")[0]))
    found = Portability(model.name, tuple(reports), None)
    if found.problems:
        return None, found
    left = [layer["config"].get("name") for layer in portable.get_config()["layers"] if OURS in str(layer)]
    if left:
        raise ValueError(
            f"make_portable: {model.name!r} still holds objects of {PACKAGE} in {left[0]!r}, in a place that is not "
            f"known. Put the activation behind the layer, as keras_acts.layers.Activation(…)."
        )
    difference = _difference_of_models(model, portable)
    if difference is not None and not difference <= (0.1 if _in_half(model) else 1e3 * max(tolerance, 1e-6)):
        raise ValueError(
            f"make_portable: the predictions of {model.name!r} for random inputs change by {difference:.1e} of the "
            f"largest; a smaller tolerance than {tolerance:g} would write more activations out."
        )
    return portable, replace(found, difference=difference)


def _in_half(model: keras.Model) -> bool:
    """Whether any layer computes in half precision."""
    return any(_in_half(each) if isinstance(each, keras.Model) else each.compute_dtype in ROUNDING for each in model.layers)


def _difference_of_models(model: keras.Model, portable: keras.Model) -> float | None:
    """The largest difference of predictions for random inputs; None if none of the sizes fits the model."""
    for size in UNKNOWN_SIZES:
        inputs = _random_inputs(model, size)
        try:
            before = _predictions(model, inputs)
        except Exception:  # of whatever kind the backend has for shapes that don't fit
            continue
        if all(y.size for y in before):
            return max(map(_relative_difference, before, _predictions(portable, inputs)))
    return None


def _random_inputs(model: keras.Model, size: int) -> Any:
    random = np.random.default_rng(0)

    def sample(x: Any) -> Any:
        shape = [(size if i else 2) if each is None else each for i, each in enumerate(x.shape)]
        dtype = keras.backend.standardize_dtype(x.dtype)
        numbers = random.normal(0, 1, shape) if "float" in dtype else random.integers(0, 2, shape)
        return ops.cast(ops.convert_to_tensor(np.asarray(numbers, "float32")), dtype)

    inputs = [sample(x) for x in model.inputs]
    if is_sequential(model):
        return inputs[0]
    return keras.tree.pack_sequence_as(model.input, inputs)


def _predictions(model: keras.Model, inputs: Any) -> list[Any]:
    results = keras.tree.flatten(model(inputs, training=False))
    return [np.asarray(ops.convert_to_numpy(ops.cast(y, "float32"))) for y in results]


def _relative_difference(before: Any, after: Any) -> float:
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    error = np.nan_to_num(np.abs(before - after), nan=np.inf)
    largest = max(float(np.abs(before[np.isfinite(before)]).max(initial=0.0)), 1e-30)
    return float(np.where(same, 0.0, error / largest).max())
