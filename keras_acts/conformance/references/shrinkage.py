"""References of the shrinkage activations."""

from keras_acts.conformance.oracle import cosh, exp


def hard_shrink(x, threshold=0.5):
    return 0 if -threshold <= x <= threshold else x


def soft_shrink(x, threshold=0.5):
    return x - threshold if x > threshold else x + threshold if x < -threshold else 0


def shrink(x, threshold=0.5, bias=0):
    return x - bias if x > threshold else x + bias if x < -threshold else 0


def tanh_shrink(x):
    """Near 0 by the series of ``x cosh(x) - sinh(x)``, whose terms have one sign, over ``cosh(x)``."""
    if x < 0:
        return -tanh_shrink(-x)
    if x > 1:
        e = exp(-2 * x)
        return x - 1 + 2 * e / (1 + e)
    term, total = x, 0 * x
    for k in range(1, 30):
        term = term * x * x / (2 * k * (2 * k + 1))
        total = total + 2 * k * term
    return total / cosh(x)
