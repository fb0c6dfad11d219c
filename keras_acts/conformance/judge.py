"""Whether results keep the contract: the one place that decides, for the tests and for the conformance run."""

import inspect
import math
from dataclasses import dataclass

import numpy as np

from keras_acts.conformance import cases, oracle, references, tolerances

MOST_ZEROS = 200  # of a derivative, within reach of float32's bounds


@dataclass(frozen=True)
class Judgement:
    """The worst error of some results, in ULP, and the bound it has; `breach` says what breaks the contract, if anything."""

    what: str  # "value" or "gradient"
    error: float
    bound: float
    x: float
    got: float
    exact: float
    not_finite: int  # results that are not although the exact ones are
    near_zero: float = 0.0  # the worst where a zero nearby makes its bound another, in that bound's unit
    breach: str = ""

    @property
    def kept(self):
        """Whether the contract is."""
        return not self.breach


def value(record, dtype, got, given=None):
    """Judge the values `got` of an element-wise activation at `cases.inputs(dtype)`."""
    exact, first, *_ = cases.exact(record, dtype, given)
    got, at_nan, at_ends = _parts(dtype, got)
    error, lost = _errors(dtype, got, exact)
    if given:
        error = _less_rounding_of_parameters(error, exact, first, dtype)
    near, near_limit = None, 0.0
    if record.name in tolerances.CROSSING:
        radius, near_limit = tolerances.NEAR_ZERO[dtype]
        x, ulp = cases.points(dtype), tolerances.FORMATS[dtype].ulp
        zeros = x[:-1][np.sign(exact.high[:-1]) * np.sign(exact.high[1:]) < 0]
        close = (np.abs(x[:, None] - zeros) <= radius).any(-1)
        terms = np.maximum(np.abs(x) + np.abs(exact.high), 1.0)
        near = np.where(close, error if dtype in cases.HALF else error * ulp(exact.high) / ulp(terms), 0.0)
        error = np.where(close, 0.0, error)
    limits = (None, None) if given else record.limits
    problem = _at_ends(dtype, at_ends, limits) if np.isnan(at_nan) else f"at x = nan: got {float(at_nan)!r}"
    return _judgement("value", record, dtype, got, exact, error, lost, near, near_limit, problem)


def gradient(record, dtype, got, given=None):
    """Judge the derivatives `got` of an element-wise activation at `cases.inputs(dtype)`."""
    x = cases.points(dtype)
    _, exact, *second = cases.exact(record, dtype, given)
    got, _, at_ends = _parts(dtype, got)
    error, lost = _errors(dtype, got, exact)
    if given:
        error = _less_rounding_of_parameters(error, exact, second[0], dtype)
    limit = tolerances.bound(tolerances.GRADIENT, record, "gradient", dtype)
    radius, near_limit = tolerances.NEAR_ZERO[dtype]
    formula = references.formula_of(record.name)
    parameters = cases.in_dtype(cases.all_parameters(record, given or {}), dtype)
    far = np.ones(len(x), bool)
    for _ in range(MOST_ZEROS):
        left = np.where(far, error, 0.0)
        i = int(left.argmax())
        if left[i] <= limit:
            break
        zero = oracle.zero_of_slope(formula, x[i] - radius, x[i] + radius, parameters)
        if zero is None:
            break
        far &= np.abs(x - zero) > radius
        far[i] = False
    ulp = tolerances.FORMATS[dtype].ulp
    near = np.where(far | (error <= limit), 0.0, error if dtype in cases.HALF else error * ulp(exact.high) / ulp(1.0))
    limits = (None, None) if given else [_limit_of_slope(formula, parameters, sign) for sign in (-1, 1)]
    problem = _at_ends(dtype, at_ends, limits, slack=1e-6)
    return _judgement("gradient", record, dtype, got, exact, np.where(far, error, 0.0), lost, near, near_limit, problem)


def _parts(dtype, got):
    """Results at `cases.points(dtype)`, at NaN, and at -inf and inf."""
    size = len(cases.points(dtype))
    return got[:size], got[size], got[size + 1 : size + 3]


def _at_ends(dtype, got, limits, slack=0.0):
    """What is wrong with results at -inf and inf: a NaN, or another number than the limit if there is one."""
    for x, result, limit in zip((-np.inf, np.inf), got, limits, strict=True):
        wrong = limit is not None and result != limit
        if np.isnan(result) or (wrong and not abs(result - limit) <= slack + 0.51 * tolerances.FORMATS[dtype].ulp(limit)):
            return f"at x = {x}: got {float(result)!r}, the limit is {limit}"
    return ""


def _limit_of_slope(formula, parameters, sign):
    """The limit of the derivative, as far as it shows at huge numbers; None if it oscillates."""
    far, farther, farthest = (float(oracle.evaluate(formula, sign * x, 1, parameters)[1]) for x in (1e20, 1e25, 1e30))
    if abs(far - farthest) <= 1e-6 and abs(farther - farthest) <= 1e-6:
        return farthest
    grows = min(abs(farther / far), abs(farthest / farther)) > 1e3
    return math.copysign(math.inf, farthest) if grows else None


def _errors(dtype, got, exact):
    """Errors in ULP, 0 where there is no bound, and where a result is not finite although the exact one is."""
    x = cases.points(dtype)
    lost = np.isnan(got) | tolerances.overflows(got, exact, dtype)
    error = np.where(lost, 0.0, tolerances.errors(x, got, exact, dtype))
    return error if dtype in cases.HALF else np.where(tolerances.practical(x, exact), error, 0.0), lost


def _less_rounding_of_parameters(error, exact, slope, dtype):
    return np.maximum(error - tolerances.of_a_product(cases.points(dtype), exact, slope, dtype), 0.0)


def _judgement(what, record, dtype, got, exact, error, lost, near=None, near_limit=0.0, problem=""):
    x, table = cases.points(dtype), {"value": tolerances.VALUE, "gradient": tolerances.GRADIENT}[what]
    limit = tolerances.bound(table, record, what, dtype)
    near = np.zeros(len(x)) if near is None else near
    breach = problem
    if lost.any():
        i = np.flatnonzero(lost)[np.abs(x[lost]).argmin()]
        breach = f"{np.count_nonzero(lost)} results are not finite: {tolerances.worst(x[[i]], got[[i]], exact[[i]])}"
    elif error.max() > limit:
        breach = f"error {error.max():.4g} ULP of at most {limit} {tolerances.worst(x, got, exact, error)}"
    elif near.max() > near_limit:
        where = tolerances.worst(x, got, exact, near)
        breach = f"error {near.max():.4g} of at most {near_limit} near a zero {where}"
    i = int(error.argmax())
    numbers = [float(each) for each in (error[i], limit, x[i], got[i], exact.high[i])]
    return Judgement(what, *numbers, int(np.count_nonzero(lost)), float(near.max()), breach)


def row_values(record, dtype, rows, got, given=None):
    """Judge the results `got` of an activation that works along an axis, for some rows in that dtype."""
    exact = np.array([[float(y) for y in _of_row(record, row, given=given)] for row in rows])
    exact = np.where(np.abs(exact) > tolerances.FORMATS[dtype].largest, np.copysign(np.inf, exact), exact)
    ulp, limit = tolerances.FORMATS[dtype].ulp, 0.51 if dtype in cases.HALF else tolerances.ROW_VALUE
    limit = tolerances.bound({dtype: limit}, record, "value", dtype)
    with np.errstate(invalid="ignore"):  # inf - inf
        off = np.abs(got - exact)
    if dtype in cases.HALF:
        error = np.minimum(off / ulp(exact), off / ulp(np.abs(exact).max(-1, keepdims=True)))
    else:
        error = np.minimum(off / ulp(exact), limit * off / (tolerances.ROW_ABSOLUTE * ulp(1.0)))
    return _judgement_of_rows("value", rows, got, exact, error, limit)


def row_gradients(record, rows, upstream, got, given=None):
    """Judge the float32 gradients `got` of ``sum(upstream · f(x))`` of such an activation, by the largest number of a row."""
    exact = np.array([
        [float(sum(g * y for g, y in zip(above, _of_row(record, row, unit, given), strict=True))) for unit in np.eye(len(row))]
        for row, above in zip(rows, upstream, strict=True)
    ])  # fmt: skip
    largest = np.maximum(np.abs(upstream).max(-1), np.abs(exact).max(-1))[:, None]
    error = np.abs(got - exact) / (2.0**-23 * largest)
    limit = tolerances.bound({"float32": tolerances.ROW_GRADIENT}, record, "gradient", "float32")
    return _judgement_of_rows("gradient", rows, got, exact, error, limit)


def _of_row(record, row, direction=None, given=None):
    formula = references.formula_of(record.name)
    taken = inspect.signature(formula).parameters
    parameters = {name: value for name, value in cases.all_parameters(record, given or {}).items() if name in taken}
    return oracle.evaluate_row(formula, row, direction, parameters)


def _judgement_of_rows(what, rows, got, exact, error, limit):
    lost = np.isfinite(exact) & ~np.isfinite(got)
    error = np.where(lost | (got == exact), 0.0, error)
    i, j = np.unravel_index(np.argmax(lost if lost.any() else error), error.shape)
    breach = ""
    if lost.any() or not error.max() <= limit:
        problem = "not finite" if lost.any() else f"error {error.max():.4g} ULP of at most {limit}"
        breach = f"{problem} in row {rows[i].tolist()}: got {float(got[i, j])!r}, exact {float(exact[i, j])!r}"
    x = rows[i, min(j, rows.shape[1] - 1)]
    return Judgement(what, *map(float, (error.max(), limit, x, got[i, j], exact[i, j])), int(lost.sum()), breach=breach)


def few(record, order, got):
    """What is wrong with a derivative of that order in float32, 0 for the value, at `cases.FEW`, or an empty string."""
    formula, parameters = references.formula_of(record.name), cases.in_dtype(cases.all_parameters(record, {}), "float32")
    exact = np.array([float(oracle.evaluate(formula, x, order, parameters)[order]) for x in cases.FEW.tolist()])
    return _different(got, exact, slack=(1.0, 1.0, 2.0, 50.0, 50.0)[order])


def few_rows(record, rows, got):
    """The same of the value for some rows."""
    return _different(got, np.array([[float(y) for y in _of_row(record, row)] for row in rows]))


def _different(got, exact, slack=1.0):
    if got.shape != exact.shape:
        return f"gives the shape {got.shape}"
    off = ~(np.abs(got - exact) <= slack * (2e-6 * np.abs(exact) + 5e-7))
    if not off.any():
        return ""
    return f"gives {float(got[off][0])!r}, exact {float(exact[off][0])!r}"
