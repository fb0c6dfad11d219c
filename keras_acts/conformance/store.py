"""Exact numbers for many points at once: computed on all cores, shared by whoever asks, kept in files if `FOLDER` is set."""

import concurrent.futures
import dataclasses
import functools
import hashlib
import inspect
import math
import multiprocessing
import os
import pathlib
import uuid

import mpmath
import numpy as np

from keras_acts.conformance import balls, oracle, references

FOLDER = None  # a path: set by the tests, which have the same numbers computed once for all backends
_kept = {}


class Exact:
    """Exact numbers as pairs of float64, whose sum they are: to 30 digits where they come from mpmath."""

    def __init__(self, high, low):
        self.high, self.low = high, low

    def __getitem__(self, index):
        return Exact(self.high[index], self.low[index])

    def error(self, got):
        """``got - exact``, rounded once."""
        return (got - self.high) - self.low


@dataclasses.dataclass(frozen=True)
class Request:
    """The value and the first `order` derivatives of the activation `name` at float64 `points`.

    `fast` are computed in float64 wherever that is known to be right to 38 bits.
    """

    name: str
    points: np.ndarray
    order: int
    parameters: dict
    fast: bool = True

    @functools.cached_property
    def key(self):
        """A hash of all that goes into the numbers."""
        key = hashlib.sha256(_machinery())
        key.update(_source(references.formula_of(self.name)).encode())
        key.update(repr((self.order, self.fast, sorted(self.parameters.items()))).encode())
        key.update(self.points.tobytes())
        return f"{self.name}-{key.hexdigest()[:20]}"

    @property
    def path(self):
        return FOLDER and pathlib.Path(FOLDER, f"{self.key}.npz")

    def pairs(self):
        """The pairs of float64, of shape ``(order + 1, 2, points)``."""
        formula = references.formula_of(self.name)
        pairs = np.full((self.order + 1, 2, len(self.points)), np.nan)
        if self.fast:
            pairs[:, 0] = oracle.evaluate_fast(formula, self.points, self.order, self.parameters)
            pairs[:, 1] = 0.0
        for i in np.flatnonzero(np.isnan(pairs).any((0, 1))):
            values = oracle.evaluate(formula, float(self.points[i]), self.order, self.parameters)
            pairs[:, :, i] = [_pair(value) for value in values]
        return pairs


def exact(request):
    """The answer: `Exact` numbers for the value and each derivative."""
    if request.key not in _kept:
        if len(_kept) >= 8:  # the dtypes and modes of one activation come one after another
            _kept.pop(next(iter(_kept)))
        _kept[request.key] = _loaded(request)
    return [Exact(*pair) for pair in _kept[request.key]]


def _loaded(request):
    path = request.path
    if path and path.exists():
        with np.load(path) as stored:
            return stored["pairs"]
    pairs = request.pairs()
    if path:
        _write(path, pairs)
    return pairs


def prepare(requests):
    """Compute and store what is not stored yet, on all cores."""
    missing = {request.path: request for request in requests if not request.path.exists()}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        for path, pairs in zip(missing, pool.map(Request.pairs, missing.values()), strict=True):
            _write(path, pairs)


def _pair(value):
    high = float(value)
    if not math.isfinite(high):
        return high, 0.0
    return high, float(mpmath.fsub(value, high, exact=True))


def _write(path, pairs):
    """Written elsewhere and moved, since another run may be reading."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{uuid.uuid4().hex}")
    with temporary.open("wb") as file:
        np.savez(file, pairs=pairs)
    temporary.replace(path)


@functools.cache
def _machinery():
    return b"".join(pathlib.Path(each.__file__).read_bytes() for each in (oracle, balls)) + mpmath.__version__.encode()


@functools.cache
def _source(formula):
    """The text of a formula and of the references that it uses."""
    found = {}
    waiting = [formula]
    while waiting:
        function = waiting.pop()
        found[function] = inspect.getsource(function)
        beside = [function.__globals__.get(name) for name in function.__code__.co_names]
        waiting += [each for each in beside if inspect.isfunction(each) and _is_reference(each) and each not in found]
    return "".join(found.values())


def _is_reference(function):
    return function.__module__.startswith(references.__name__)
