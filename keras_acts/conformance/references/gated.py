"""References of the gated activations and of those that change the size of an axis."""

from keras_acts.conformance.oracle import cosh, exp, sinh
from keras_acts.conformance.references import self_gated


def glu(row, gate="second"):
    return [a / (1 + exp(-b)) for a, b in _pairs(row, gate)]


def bilinear(row, gate="second"):
    return [a * b for a, b in _pairs(row, gate)]


def reglu(row, gate="second"):
    return [a * b if b > 0 else 0 * b for a, b in _pairs(row, gate)]


def geglu(row, gate="second", approximate=False):
    return [a * self_gated.gelu(b, approximate) for a, b in _pairs(row, gate)]


def swiglu(row, gate="second", beta=1):
    return [a * b / (1 + exp(-beta * b)) for a, b in _pairs(row, gate)]


def swiglu_oai(row, gate="second", alpha=1.702, limit=7):
    def one(a, b):
        value = -limit if a <= -limit else a if a < limit else limit
        c = b if b < limit else limit
        return (1 + value) * c / (1 + exp(-alpha * c))

    return [one(a, b) for a, b in _pairs(row, gate)]


def softcapped_swiglu(row, gate="second", gate_cap=4, value_cap=25):
    def capped(x, cap):
        return cap * sinh(x / cap) / cosh(x / cap)

    return [capped(a, value_cap) * capped(b, gate_cap) * exp(b) / (1 + exp(b)) for a, b in _pairs(row, gate)]


def crelu(row):
    return [x if x > 0 else 0 * x for x in row] + [0 * x if x >= 0 else -x for x in row]


def maxout(row, pool_size=None, num_units=None, layout="adjacent"):
    units = num_units or len(row) // pool_size
    count = len(row) // units
    pools = [row[i::units] for i in range(units)] if layout == "strided" else [row[i * count :][:count] for i in range(units)]
    return [_largest(pool) for pool in pools]


def _pairs(row, gate):
    """Each value with its gate."""
    if gate == "interleaved":
        return list(zip(row[1::2], row[0::2], strict=True))
    first, second = row[: len(row) // 2], row[len(row) // 2 :]
    return list(zip(first, second, strict=True)) if gate == "second" else list(zip(second, first, strict=True))


def _largest(pool):
    """The first of equal ones."""
    largest = pool[0]
    for x in pool[1:]:
        if x > largest:
            largest = x
    return largest
