"""Backends that only infer (numpy, openvino): nothing is attached."""

from dataclasses import replace

import keras
from keras import ops

from keras_acts._frameworks.engine import Engine

INFERENCE = Engine(attach=lambda value, derivatives, pull: value)

# In an eager call OpenVINO (2026.4) takes |a - b| and |-a| for a - b and -a; its expm1 is as coarse as if there were none.
OPENVINO = replace(INFERENCE, exporting=lambda: True, absolute=lambda x: ops.maximum(x, -x))

ENGINE = OPENVINO if keras.backend.backend() == "openvino" else INFERENCE
