"""References of the piecewise activations."""

from keras_acts.conformance.oracle import with_slopes_of


def linear(x):
    return x


def abs(x):
    return x if x > 0 else -x if x < 0 else 0 * x


def sign(x, straight_through=False):
    y = 1 if x > 0 else -1 if x < 0 else 0
    return with_slopes_of(y, hard_tanh(x)) if straight_through else y


def hard_tanh(x, min_value=-1, max_value=1):
    return min_value if x <= min_value else x if x < max_value else max_value


def hard_sigmoid(x):
    return 0 if x <= -3 else (x + 3) / 6 if x < 3 else 1


def hard_sigmoid_02(x, alpha=0.2, beta=0.5):
    y = alpha * x + beta
    return 0 if y <= 0 else y if y < 1 else 1


def sparse_sigmoid(x):
    return 0 if x <= -1 else (x + 1) / 2 if x < 1 else 1


def sparse_plus(x):
    return 0 if x <= -1 else (x + 1) * (x + 1) / 4 if x < 1 else x
