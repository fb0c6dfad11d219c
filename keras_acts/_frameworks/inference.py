"""Backends that only infer (numpy, openvino): nothing is attached."""

from dataclasses import replace

import keras

from keras_acts._frameworks.engine import Engine

INFERENCE = Engine(attach=lambda name, value, derivatives, pull: value)

# In an eager call the expm1 of OpenVINO (2026.4) is as coarse as if there were none.
OPENVINO = replace(INFERENCE, exporting=lambda: True)

ENGINE = OPENVINO if keras.backend.backend() == "openvino" else INFERENCE
