"""The conformance run: each activation, and stock Keras's function of its name, against the exact numbers."""

import inspect
import warnings

import keras
import numpy as np

import keras_acts
from keras_acts.conformance import backends, cases, judge, tolerances
from keras_acts.conformance.report import AS_STOCK, Finding, Report
from keras_acts.conformance.tolerances import DTYPES


def check(names, dtypes, compiled, progress):
    """See `keras_acts.conformance.check`."""
    names = keras_acts.names() if names is None else _several(names)
    records = list({record.name: record for record in map(keras_acts.describe, names)}.values())
    dtypes = list(dict.fromkeys(_several(dtypes)))
    for dtype in dtypes:
        if dtype not in DTYPES:
            raise ValueError(f"{dtype!r} can't be checked. The dtypes are {', '.join(DTYPES)}.")
    if not (records and dtypes):
        raise ValueError("nothing to check: give at least one name and one dtype, or leave them out for all.")
    mode = "compiled" if compiled else "eager"
    findings, works = [], {}
    for done, record in enumerate(records):
        if progress:
            progress(done, len(records), record.name)
        with warnings.catch_warnings(action="ignore"):  # compilers talk
            for dtype in dtypes:
                findings += _findings(record, dtype, mode)
            works[record.name] = _what_works(record)
    if progress:
        progress(len(records), len(records), "done")
    return Report(
        package=keras_acts.__version__,
        keras=keras.__version__,
        backend=backends.NAME,
        framework=backends.VERSION,
        device=backends.device(),
        mode=mode,
        findings=findings,
        works=works,
    )


def _several(text_or_texts):
    return [text_or_texts] if isinstance(text_or_texts, str) else list(text_or_texts)


def stock(record):
    """Keras's own function of the same name, with our parameters as far as it has them, or None."""
    theirs = getattr(keras.activations, record.name, None)
    if theirs is None:
        return None
    known = inspect.signature(theirs).parameters
    shared = {name: value for name, value in cases.all_parameters(record, {}).items() if name in known}
    return lambda x: theirs(x, **shared)


def _ours(record):
    return cases.function(record) if record.elementwise else cases.row_function(record)


def _findings(record, dtype, mode):
    """Value and, where it has a bound, gradient."""
    judged = _elementwise if record.elementwise else _rows
    theirs = stock(record)
    ours = _tried(judged, _ours(record), record, dtype, mode)
    theirs = _tried(judged, theirs, record, dtype, mode) if theirs else {}
    for what, judgement in ours.items():
        exception = tolerances.EXCEPTIONS.get((record.name, what, dtype))
        why = exception and f"{exception[2]} ({exception[1]})"
        yield Finding(record.name, dtype, what, judgement, theirs.get(what), why)


def _tried(judged, *rest):
    """The judgements of a function by what is judged; what it raises breaks the contract."""
    try:
        with backends.floats(rest[2]):
            return {each.what: each for each in judged(*rest)}
    except Exception as error:
        nothing = float("nan")
        numbers = (float("inf"), 0.0, nothing, nothing, nothing, 0)
        return {what: judge.Judgement(what, *numbers, breach=_raised(error)) for what in ("value", "gradient")}


def _raised(error):
    return f"raises {type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _elementwise(function, record, dtype, mode):
    """In eager mode the value is that of a call by itself, compiled it comes from one program with the gradient."""
    x = backends.tensor(cases.inputs(dtype), dtype)
    value, gradient = map(backends.array, backends.value_and_gradient_in_mode(function, mode)(x))
    if mode == "eager":
        value = backends.array(function(x))
    return judge.value(record, dtype, value), judge.gradient(record, dtype, gradient)


def _rows(function, record, dtype, mode):
    x = backends.tensor(cases.ROWS, dtype)
    rows, y = backends.array(x), backends.array(backends.in_mode(function, mode)(x))
    found = [judge.row_values(record, dtype, rows, y)]
    if dtype == "float32":  # the gradient has a bound
        upstream = backends.array(backends.tensor(np.random.default_rng(1).normal(0, 1, y.shape), dtype))
        weights = backends.tensor(upstream, dtype)
        pulled = backends.gradient_in_mode(lambda x: keras.ops.sum(weights * function(x)), mode)
        found.append(judge.row_gradients(record, rows, upstream, backends.array(pulled(x))))
    return found


OPS = {"atan": "arctan", "asinh": "arcsinh"}  # names of Keras's operations that differ from ours


def _what_works(record):
    """What is wrong with a float32 function under each transform: an empty string if nothing is.

    It begins with `AS_STOCK` if the framework's own function of that name fails there too.
    """
    function, theirs = _ours(record), stock(record) or getattr(keras.ops, OPS.get(record.name, record.name), None)
    x = backends.tensor(cases.FEW if record.elementwise else cases.ROWS, "float32")
    found = {}
    for name, (order, transform) in backends.TRANSFORMS.items():
        if not record.elementwise and (order > 0 or name in backends.FOR_ELEMENTWISE):
            continue

        def problem(of):
            got = backends.array(transform(of, x))  # noqa: B023
            return judge.few(record, order, got) if record.elementwise else judge.few_rows(record, backends.array(x), got)  # noqa: B023

        found[name] = _problem(problem, function)
        if found[name] and theirs is not None and _problem(problem, theirs):
            found[name] = f"{AS_STOCK}{found[name]}"
    return found


def _problem(call, function):
    try:
        return call(function)
    except Exception as error:
        return _raised(error)
