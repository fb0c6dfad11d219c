"""References of the periodic activations."""

from keras_acts.conformance.oracle import cos as cosine_of, pi, sin as sine_of


def snake(x, alpha=1):
    half = alpha * x / 2
    sine = 2 * sine_of(half) * cosine_of(half)
    return x + sine * sine / alpha


def snake_beta(x, alpha=1, beta=1):
    sine = sine_of(alpha * x)
    return x + sine * sine / beta


def sin(x, omega=1):
    half = omega * x / 2
    return 2 * sine_of(half) * cosine_of(half)


def cos(x):
    sine, cosine = sine_of(x / 2), cosine_of(x / 2)
    if abs(x) < 1:
        return 1 - 2 * sine * sine
    return (cosine - sine) * (cosine + sine)


def sinc(x):
    if abs(x) > 0.25:
        return sine_of(pi * x) / (pi * x)
    square, total = pi * x * pi * x, 1
    for k in range(20, 0, -1):
        total = 1 - square / (2 * k * (2 * k + 1)) * total
    return total
