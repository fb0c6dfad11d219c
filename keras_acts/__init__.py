"""Activation functions for Keras 3: by name, exact and lean on TensorFlow, JAX and PyTorch.

Importing the package makes its names known to Keras:

>>> import keras, keras_acts
>>> layer = keras.layers.Dense(64, activation="snake")
"""

__version__ = "0.2.0"

from keras_acts import _backend as _backend, activations, layers, losses, models
from keras_acts._call.forms import ActivationOperation, Parameterised
from keras_acts._catalogue import describe, names
from keras_acts._frameworks.door import check_kernels
from keras_acts._frameworks.fusion import fusion, fusion_mode
from keras_acts._names.addons import AddonsNames, register_addons
from keras_acts._names.elsewhere import get
from keras_acts._names.keras_names import Replacement, register, replace_builtins
from keras_acts._record.record import ActivationFunction, Record, records

__all__ = [
    "ActivationFunction",
    "ActivationOperation",
    "AddonsNames",
    "Parameterised",
    "Record",
    "Replacement",
    "activations",
    "describe",
    "fusion",
    "fusion_mode",
    "get",
    "layers",
    "losses",
    "models",
    "names",
    "register",
    "register_addons",
    "replace_builtins",
]

check_kernels(records())
register()
