"""References of the self-gated activations."""

from keras_acts.conformance.oracle import erfc, exp, expm1, pi, sqrt


def silu(x):
    return x + silu(-x) if x > 0 else x * exp(x) / (exp(x) + 1)


def swish_beta(x, beta=1):
    e = exp(beta * x)
    return x + swish_beta(-x, beta) if beta * x > 0 else x * e / (e + 1)


def quick_gelu(x):
    return silu(1702 * x / 1000) * 1000 / 1702


def gelu(x, approximate=False):
    return gelu_tanh(x) if approximate else x * erfc(-x / sqrt(2)) / 2


def gelu_tanh(x):
    if x > 0:
        return x + gelu_tanh(-x)
    e = exp(2 * sqrt(2 / pi) * (x + 44715 * x * x * x / 1000000))
    return x * e / (1 + e)


def clipped_gelu(x, min_value=-10, max_value=10):
    y = gelu(x)
    return min_value if y <= min_value else y if y < max_value else max_value


def mish(x):
    """The hyperbolic tangent of ``log(1 + e^x)`` is a quotient of polynomials of ``e^x``, and of ``e^-x``."""
    if x > 0:
        e = exp(-x)
        return x - 2 * x * e * e / (1 + 2 * e + 2 * e * e)
    e = exp(x)
    return x * e * (e + 2) / (e * e + 2 * e + 2)


def lisht(x):
    if x < 0:
        return lisht(-x)
    if x > 1:
        e = exp(-2 * x)
        return x - 2 * x * e / (1 + e)
    e = expm1(2 * x)
    return x * e / (e + 2)


def hard_silu(x):
    return 0 if x <= -3 else x * (x + 3) / 6 if x < 3 else x


def hard_mish(x):
    return 0 if x <= -2 else x * (x + 2) / 2 if x < 0 else x
