"""References of the rectified activations."""


def relu(x, negative_slope=0, max_value=None, threshold=0):
    y = x if x > threshold else negative_slope * (x - threshold)
    return y if max_value is None or y < max_value else max_value


def leaky_relu(x, negative_slope=0.01):
    return x if x > 0 else negative_slope * x


def squared_relu(x):
    return x * x if x > 0 else 0 * x


def relu6(x):
    return 0 if x <= 0 else x if x < 6 else 6


def clipped_relu(x, max_value=1):
    return 0 if x <= 0 else x if x < max_value else max_value


def thresholded_relu(x, threshold=1):
    return x if x > threshold else 0


def threshold(x, threshold, default_value):
    return x if x > threshold else default_value


def prelu(x, alpha):
    return x if x > 0 else alpha * x


def tlu(x, tau=0):
    return x if x > tau else tau


def filter_response_tlu_affine(x, alpha=0, tau=0):
    line = alpha * x + tau
    if alpha > 1:
        return line if x < line else x
    return x if x > line else line
