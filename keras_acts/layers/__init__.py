"""Activations as layers: with fixed parameters, and with learned ones."""

from keras_acts.layers._fixed import ELU, Activation, LeakyReLU, ReLU, Softmax
from keras_acts.layers._learned import PReLU, Snake

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Snake", "Softmax"]

# The module name goes into every saved file: it must be the public one.
for _name in __all__:
    globals()[_name].__module__ = __name__
