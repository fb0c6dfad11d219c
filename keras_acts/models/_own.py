"""What takes the place of activations and layers of this package in a portable model."""

from typing import Any

import keras

from keras_acts import layers
from keras_acts._catalogue import describe
from keras_acts._record.register import PACKAGE
from keras_acts.layers._fixed import FixedActivation
from keras_acts.layers._learned import LearnedActivation
from keras_acts.layers._stochastic import StochasticActivation
from keras_acts.models import _steps as steps
from keras_acts.models._choice import in_keras, shown
from keras_acts.models._report import Reports
from keras_acts.models._steps import Step


def activation(owner: Any, form: Any, tolerance: float, reports: Reports) -> Step:
    """An activation by itself: one of Keras's layers, or its operations."""
    dtype = getattr(owner, "compute_dtype", None)
    known, difference = in_keras(form, dtype or "float32", tolerance)
    if known is not None:
        reports.add(owner, needs=PACKAGE, becomes=f"keras.layers.{shown(known)}", difference=difference)
        known.name = owner.name
        return lambda x, mask=None, **kwargs: known(x) if mask is None else known(x, mask=mask)
    entry = reports.add(owner, needs=PACKAGE, becomes=f"{describe(form).name} as operations")
    return steps.checked(entry.check_mask, steps.Operations(form, dtype))


def layer(layer: Any, tolerance: float, reports: Reports) -> Any:
    """A layer of this package: one of Keras's, or operations with what holds its weights."""
    if isinstance(layer, FixedActivation):
        return activation(layer, layer.activation, tolerance, reports)
    if isinstance(layer, layers.PReLU) and layer.num_parameters is None:
        reports.add(layer, needs=PACKAGE, becomes="keras.layers.PReLU")
        same = layer.get_config()
        del same["num_parameters"]
        return steps.weighted(keras.layers.PReLU.from_config(same), layer.get_weights())
    if isinstance(layer, LearnedActivation):
        weights = f"{len(layer.weights)} weight{'' if len(layer.weights) == 1 else 's'}"
        entry = reports.add(layer, needs=PACKAGE, becomes=f"operations, with {weights} in EinsumDense")
        return steps.learned(layer, entry.check_mask)
    if isinstance(layer, StochasticActivation):
        entry = reports.add(layer, needs=PACKAGE, becomes="operations", note="not random in training any more")
        return steps.called(layer.call, layer.compute_dtype, entry.check_mask)
    if isinstance(layer, layers.GatedDense):
        becomes = f"Dense, then the gate {describe(layer.activation).name} as operations"
        return steps.gated(layer, layer.name, reports.add(layer, needs=PACKAGE, becomes=becomes).check_mask)
    if isinstance(layer, layers.GatedFeedForward):
        entry = reports.add(layer, needs=PACKAGE, becomes="two Dense, with the gate as operations between them")
        return steps.feed_forward(layer, entry.check_mask)
    raise ValueError(f"make_portable knows no {type(layer).__name__}.")
