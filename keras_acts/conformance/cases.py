"""Where the activations are evaluated, fixed points of each dtype and settings of the parameters, and what is exact there."""

import functools
import math

import numpy as np
from keras import ops

import keras_acts
from keras_acts._record.parameters import Flag, Optional, Real
from keras_acts.conformance import store

HALF = ("float16", "bfloat16")
SIZE = 2**16
ENDS = np.array([np.nan, -np.inf, np.inf])
FEW = np.array([-9.3, -3.25, -1.1, -0.2, 0.4, 1.7, 5.2, 31.0], "float32")  # away from kinks
ROWS = np.array(
    [
        [0.5, -1.25, 3.0, 0.0],
        [1e4, -1e4, 0.0, 9999.0],
        [-1e4, -1e4, -1e4, -1e4],
        [20.0, 0.0, -5.0, -20.0],
        *np.random.default_rng(0).normal(0, 4, (20, 4)),
    ]
)
KINKS = (0.25, 0.5, 0.7, 1.0, 2.0, 3.0, 6.0, 20.0)
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
        every = _stratified(np.dtype(dtype).type, {"float32": 1, "float64": 8}[dtype])
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
    special = np.array([0.0, *KINKS, *SETTINGS, info.tiny, info.smallest_subnormal, largest], kind)
    special = np.concatenate([special, np.nextafter(special, kind(0)), np.nextafter(special, kind(100))])
    return np.concatenate([grid, special, -special]).astype(np.float64)


@functools.cache
def inputs(dtype):
    """What functions are called with: `points(dtype)`, NaN, -inf, inf, and zeros to a size that all dtypes share.

    One size, so that a framework which compiles for each needs to do so once.
    """
    known = np.concatenate([points(dtype), ENDS])
    return np.concatenate([known, np.zeros(SIZE - len(known))])


def settings(record):
    """Valid parameters of an activation: the defaults, each parameter alone at other values, and all of them changed."""
    choices = {parameter.name: _values(record.name, parameter) for parameter in record.parameters}
    choices = {name: values for name, values in choices.items() if values}
    found = [{name: value} for name, values in choices.items() for value in values]
    if len(choices) > 1:
        changed = {name: [value for value in values if value] or values for name, values in choices.items()}
        found += [
            {name: values[(i + shift) % min(2, len(values))] for i, (name, values) in enumerate(changed.items())}
            for shift in range(2)
        ]
    return [{}, *(given for given in found if _fit_together(record, given))]


def _fit_together(record, given):
    """Whether the parameters are valid beside each other."""
    try:
        record.check({**record.example, **given})
    except ValueError:
        return False
    return True


def _values(owner, parameter):
    kind = parameter.kind.kind if isinstance(parameter.kind, Optional) else parameter.kind
    if isinstance(kind, Flag):
        return [not parameter.default]
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
    as_they_are = (bool, type(None))
    return {name: value if isinstance(value, as_they_are) else float(kind(value)) for name, value in parameters.items()}


def all_parameters(record, given):
    """The settings of a call, defaults filled in."""
    known = {**record.example, **given}
    return {parameter.name: known.get(parameter.name, parameter.default) for parameter in record.parameters}


def function(record, given=None):
    """The public function with parameters given, those that have no default filled in."""
    chosen = {**record.example, **(given or {})}
    return (lambda x: record.function(x, **chosen)) if chosen else record.function


def row_function(record, given=None):
    """The public function along the last axis of its input, whatever its own default, and for any number of dimensions."""
    along = dict(record.check({**record.example, **(given or {})}).fixed)["axis"]
    of = function(record, given)
    if along == -1:
        return of

    def along_the_last_axis(x):
        missing = max(0, -along - len(x.shape))
        places = list(range(missing + len(x.shape)))
        there = [*places[:along], places[-1], *places[along:-1]]  # torch's vmap has no moveaxis
        y = ops.transpose(
            of(ops.transpose(ops.reshape(x, (*[1] * missing, *x.shape)), there)), [there.index(i) for i in places]
        )
        return ops.reshape(y, y.shape[missing:])

    return along_the_last_axis


def derivative(record, given=None):
    """The same of the public derivative."""
    chosen = {**record.example, **(given or {})}
    return lambda x: record.function.derivative(x, **chosen)


ELEMENTWISE = [record for record in map(keras_acts.describe, keras_acts.names()) if record.elementwise]
CASES = [(record, given) for record in ELEMENTWISE for given in settings(record)]


def exact(record, dtype, given=None):
    """`store.Exact` value and derivatives at `points(dtype)`: two in float32, else one."""
    return store.exact(_request(record, dtype, given or {}))


def prepare(names=None):
    """Compute whatever is missing for any test of these activations, on all cores, so that runs under all backends share it."""
    records = set(ELEMENTWISE if names is None else map(keras_acts.describe, names))
    wanted = [_request(each, of, {}) for each in ELEMENTWISE if each in records for of in (*HALF, "float64")]
    store.prepare(wanted + [_request(each, "float32", settings) for each, settings in CASES if each in records])


def _request(record, dtype, given):
    parameters = in_dtype(all_parameters(record, given), dtype)
    return store.Request(record.name, points(dtype), 2 if dtype == "float32" else 1, parameters, fast=dtype != "float64")
