"""References of the self-gated activations."""

from keras_acts.conformance.oracle import cosh, erfc, exp, expm1, log1p, pi, sinh, sqrt


def silu(x):
    return x * exp(x) / (exp(x) + 1)


def swish_beta(x, beta=1):
    return x * exp(beta * x) / (exp(beta * x) + 1)


def quick_gelu(x):
    return silu(1702 * x / 1000) * 1000 / 1702


def gelu(x, approximate=False):
    return gelu_tanh(x) if approximate else x * erfc(-x / sqrt(2)) / 2


def gelu_tanh(x):
    u = sqrt(2 / pi) * (x + 44715 * x * x * x / 1000000)
    return x / (1 + exp(-2 * u))


def clipped_gelu(x, min_value=-10, max_value=10):
    y = gelu(x)
    return min_value if y <= min_value else y if y < max_value else max_value


def mish(x):
    u = log1p(exp(x))
    return x * sinh(u) / cosh(u)


def lisht(x):
    e = expm1(2 * x)
    return x * e / (e + 2)


def hard_silu(x):
    return 0 if x <= -3 else x * (x + 3) / 6 if x < 3 else x


def hard_mish(x):
    return 0 if x <= -2 else x * (x + 2) / 2 if x < 0 else x
