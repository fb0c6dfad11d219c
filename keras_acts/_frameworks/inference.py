"""Backends that only infer (numpy, openvino): nothing is attached."""

from keras_acts._frameworks.engine import Engine

ENGINE = Engine(attach=lambda value, derivatives, lean: value)
