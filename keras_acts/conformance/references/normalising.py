"""References of the normalising activations."""

from keras_acts.conformance.oracle import exp, log, log1p, sqrt, with_slopes_of


def softmax(row):
    total = sum(exp(x) for x in row)
    return [exp(x) / total for x in row]


def log_softmax(row):
    return [-log1p(sum(exp(other - x) for j, other in enumerate(row) if j != i)) for i, x in enumerate(row)]


def softmin(row):
    return [1 / sum(exp(x - other) for other in row) for x in row]


def softmax2d(row):
    return softmax(row)


def hardmax(row, straight_through=False):
    top = 0
    for i, x in enumerate(row):
        if x > row[top]:
            top = i
    chosen = [float(i == top) for i in range(len(row))]
    slopes = softmax(row) if straight_through else [0.0] * len(row)
    return [with_slopes_of(y, slope) for y, slope in zip(chosen, slopes, strict=True)]


def standardize(row, epsilon):
    mean = sum(row) / len(row)
    variance = sum((x - mean) * (x - mean) for x in row) / len(row)
    return [(x - mean) / sqrt(variance + epsilon) for x in row]


def lp_normalize(row, p):
    powers = [exp(p * log(abs(x))) for x in row if abs(x) > 0]
    return [x / exp(log(sum(powers)) / p) for x in row] if powers else [0 * x for x in row]


def sparsemax(row):
    """From the largest on, each entry that is above the threshold of those so far together with it."""
    threshold, entries = row[0], []
    for x in sorted(row, reverse=True):
        if not entries or x > threshold:
            entries.append(x)
            threshold = (sum(entries) - 1) / len(entries)
    return [x - threshold if x > threshold else 0 * x for x in row]


def entmax15(row):
    threshold, entries = row[0], []
    for x in sorted((x / 2 for x in row), reverse=True):
        if not entries or x > threshold:
            entries.append(x)
            mean = sum(entries) / len(entries)
            rest = 1 - sum((each - mean) * (each - mean) for each in entries)
            threshold = mean - sqrt(rest / len(entries))
    return [(x / 2 - threshold) * (x / 2 - threshold) if x / 2 > threshold else 0 * x for x in row]
