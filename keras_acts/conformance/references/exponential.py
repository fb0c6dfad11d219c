"""References of the exponential activations."""

import functools

from keras_acts.conformance import oracle
from keras_acts.conformance.oracle import erfc, exp, expm1, log1p, pi, sqrt


def elu(x, alpha=1):
    return x if x > 0 else alpha * expm1(x)


def selu(x):
    alpha, scale = _selu_constants()
    return scale * (x if x > 0 else alpha * expm1(x))


@functools.cache
def _selu_constants():
    """The fixed point (mean 0, variance 1) of the paper's equation 14."""
    e1, e2 = erfc(1 / sqrt(2)), erfc(sqrt(2))
    alpha = -sqrt(2 / pi) / (e1 * exp(0.5) - 1)
    variance = 2 * e2 * exp(2) + pi * e1 * e1 * exp(1) - 2 * (2 + pi) * e1 * exp(0.5) + pi + 2
    return alpha, (1 - e1 * exp(0.5)) * sqrt(2 * pi) / sqrt(variance)


def softplus(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def log_sigmoid(x):
    return -log1p(exp(-x)) if x > 0 else x - log1p(exp(x))


def celu(x, alpha=1):
    return x if x > 0 else alpha * expm1(x / alpha)


def exponential(x):
    return exp(x / 2) * exp(x / 2)


def sqrt_softplus(x):
    return sqrt(softplus(x))


def squareplus(x, b=4):
    if x > 0:
        return x + squareplus(-x, b)
    if x < -1:
        ratio = b / (x * x)
        return -x * ratio / (2 * (1 + sqrt(1 + ratio)))
    return b / 2 / (sqrt(x * x + b) - x)


def xielu(x, alpha_p=0.8, alpha_n=0.8, beta=0.5):
    return alpha_p * x * x + beta * x if x > 0 else alpha_n * (expm1(x) - x) + beta * x


def sinh(x):
    return oracle.sinh(x)
