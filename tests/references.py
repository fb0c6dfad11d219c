"""What each activation is, from its paper: one formula a name, in another form than the package's.

`x` and the result are numbers of `oracle`, which evaluates a formula at 60 digits together with its derivatives, so the value
is all there is to write. Write what keeps its digits there: `expm1` and `log1p` where a difference from 1 would be lost, and
`exp` instead of 1 minus something close to 1; a test evaluates every formula at two precisions to see that it does.

A normalising activation takes a list of numbers, its row, and returns one. At a kink the branch at or below it counts:
write ``x if x > 0 else …``. A constant has the derivative 0.
"""

import functools

from tests.oracle import cos, cosh, erfc, exp, expm1, log1p, pi, sin, sinh, sqrt


def linear(x):
    return x


def abs(x):
    return x if x > 0 else -x if x < 0 else 0 * x


def sigmoid(x):
    return exp(x) / (exp(x) + 1)


def tanh(x):
    return sinh(x) / cosh(x)


def relu(x, negative_slope=0, max_value=None, threshold=0):
    y = x if x > threshold else negative_slope * (x - threshold)
    return y if max_value is None or y < max_value else max_value


def leaky_relu(x, negative_slope=0.01):
    return x if x > 0 else negative_slope * x


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


def softsign(x):
    return 1 - 1 / (1 + x) if x > 1 else x / (1 + x) if x > 0 else x / (1 - x)


def softplus(x):
    return x + log1p(exp(-x)) if x > 0 else log1p(exp(x))


def log_sigmoid(x):
    return -log1p(exp(-x)) if x > 0 else x - log1p(exp(x))


def squared_relu(x):
    return x * x if x > 0 else 0 * x


def snake(x, alpha=1):
    half = alpha * x / 2
    sine = 2 * sin(half) * cos(half)
    return x + sine * sine / alpha


def lisht(x):
    e = expm1(2 * x)
    return x * e / (e + 2)


def softmax(row):
    total = sum(exp(x) for x in row)
    return [exp(x) / total for x in row]


def log_softmax(row):
    return [-log1p(sum(exp(other - x) for j, other in enumerate(row) if j != i)) for i, x in enumerate(row)]
