"""References of the sigmoidal activations."""

from keras_acts.conformance import oracle
from keras_acts.conformance.oracle import erfc, exp, expm1, sqrt


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x > 0 else exp(x) / (exp(x) + 1)


def tanh(x):
    return logit_softcap(x, 1)


def softsign(x):
    return 1 - 1 / (1 + x) if x > 1 else x / (1 + x) if x > 0 else x / (1 - x)


def atan(x):
    return oracle.atan(x)


def asinh(x):
    return oracle.asinh(x)


def erf(x):
    return oracle.erf(x)


def laplace(x, mu=0.707107, sigma=0.282095):
    return erfc((mu - x) / (sigma * sqrt(2))) / 2


def logit_softcap(x, cap=30):
    if x > 0:
        return -logit_softcap(-x, cap)
    if x < -cap:
        e = exp(2 * x / cap)
        return cap * (2 * e / (1 + e) - 1)
    e = expm1(2 * x / cap)
    return cap * e / (e + 2)
