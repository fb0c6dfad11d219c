"""Activations as layers: with fixed, learned or random parameters."""

from keras_acts.layers._fixed import ELU, Activation, LeakyReLU, ReLU, Softmax
from keras_acts.layers._gated import GatedDense, GatedFeedForward
from keras_acts.layers._learned import TLU, XIELU, PReLU, Snake, SnakeBeta, SwishBeta
from keras_acts.layers._stochastic import GumbelSoftmax, RReLU

__all__ = [
    "ELU",
    "TLU",
    "XIELU",
    "Activation",
    "GatedDense",
    "GatedFeedForward",
    "GumbelSoftmax",
    "LeakyReLU",
    "PReLU",
    "RReLU",
    "ReLU",
    "Snake",
    "SnakeBeta",
    "Softmax",
    "SwishBeta",
]

# The module name goes into every saved file: it must be the public one.
for _name in __all__:
    globals()[_name].__module__ = __name__
