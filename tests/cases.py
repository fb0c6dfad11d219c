"""Where the activations are evaluated, fixed points of each dtype and settings of the parameters, and what is exact there."""

import functools
import math

import numpy as np
import pytest

import keras_acts
from keras_acts._parameters import Optional, Real
from tests import oracle

HALF = ("float16", "bfloat16")
SETTINGS = (0.3, 2.5, 5.0)  # tried for every parameter that is a real number, if it may be one


@functools.cache
def points(dtype):
    """Sorted finite numbers of `dtype`, as float64: all there are in half precision, else a stratified grid."""
    if dtype == "float16":
        every = np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float64)
    elif dtype == "bfloat16":
        with np.errstate(invalid="ignore"):  # of signalling NaN
            every = (np.arange(2**16, dtype=np.uint32) << 16).view(np.float32).astype(np.float64)
    else:
        every = _stratified(np.dtype(dtype).type, {"float32": 1, "float64": 4}[dtype])
    return np.unique(every[np.isfinite(every)])


def _stratified(kind, thinned):
    """Evenly spread and log-uniform points, what is special about each dtype, and the neighbours of kinks."""
    random = np.random.default_rng(0)
    largest = float(np.finfo(np.float32).max)  # of float64 too: an exponential of more is beyond the references
    wide = random.uniform(-100, 100, 8000 // thinned)
    near = random.uniform(-8, 8, 4000 // thinned)
    decades = 10.0 ** random.uniform(-44, math.log10(largest), 4000 // thinned)
    grid = np.concatenate([wide, near, decades, -decades, np.linspace(-100, 100, 1601)]).astype(kind)
    info = np.finfo(kind)
    special = np.array([0.0, 1.0, 3.0, 6.0, 20.0, *SETTINGS, info.tiny, info.smallest_subnormal, largest], kind)
    special = np.concatenate([special, np.nextafter(special, kind(0)), np.nextafter(special, kind(100))])
    return np.concatenate([grid, special, -special]).astype(np.float64)


def settings(record):
    """Valid parameters of an activation: the defaults, each parameter alone at other values, and all of them changed."""
    choices = {parameter.name: _values(record.name, parameter) for parameter in record.parameters}
    choices = {name: values for name, values in choices.items() if values}
    found = [{name: value} for name, values in choices.items() for value in values]
    if len(choices) > 1:
        for shift in range(2):
            chosen = {name: [v for v in values if v][(i + shift) % 2] for i, (name, values) in enumerate(choices.items())}
            found.append(chosen)
    return [{}, *found]


def _values(owner, parameter):
    kind = parameter.kind.kind if isinstance(parameter.kind, Optional) else parameter.kind
    if not isinstance(kind, Real):
        return []
    ends = [end for end in (kind.low, kind.high) if math.isfinite(end)]
    found = []
    for value in (*SETTINGS, *ends, sum(ends) / 2 if len(ends) == 2 else -0.7):
        try:
            parameter.kind.check(owner, parameter.name, value)
        except ValueError:
            continue
        if value != parameter.default:
            found.append(value)
    return found


def in_dtype(parameters, dtype):
    """Parameters and defaults as the computation in `dtype` has them: rounded to float32, or float64 there."""
    kind = np.float64 if dtype == "float64" else np.float32
    return {name: value if value is None else float(kind(value)) for name, value in parameters.items()}


def all_parameters(record, given):
    """The settings of a call, defaults filled in."""
    return {parameter.name: given.get(parameter.name, parameter.default) for parameter in record.parameters}


ELEMENTWISE = [record for record in map(keras_acts.describe, keras_acts.names()) if record.elementwise]
CASES = [(record, given) for record in ELEMENTWISE for given in settings(record)]
case = pytest.mark.parametrize(
    ("record", "given"),
    CASES,
    ids=["-".join([record.name, *(f"{name}={value}" for name, value in given.items())]) for record, given in CASES],
)


def exact(record, dtype, given=None):
    """`oracle.Exact` value and derivatives at `points(dtype)`: two in float32, else one."""
    request = _request(record, dtype, given or {})
    if not oracle.known(request):
        prepare()
    return oracle.exact(request)


def prepare():
    """Compute whatever is missing for any test, on all cores, so that the runs under each backend share it."""
    wanted = [_request(each, of, {}) for each in ELEMENTWISE for of in (*HALF, "float64")]
    oracle.compute(wanted + [_request(each, "float32", settings) for each, settings in CASES])


def _request(record, dtype, given):
    parameters = in_dtype(all_parameters(record, given), dtype)
    return oracle.Request(record.name, points(dtype), 2 if dtype == "float32" else 1, parameters)
