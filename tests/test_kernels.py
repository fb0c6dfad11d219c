"""Kernels of a framework: whose they are, and the numbers for which they say they are right."""

import copy

import numpy as np
import pytest

import keras_acts
from keras_acts._frameworks import door
from keras_acts._frameworks.kernels import FINITE, NARROW, Guarded, Kernels
from keras_acts._record.record import records
from keras_acts.conformance import backends, cases, judge, store, tolerances

NARROWEST = (-0.9, 0.9)
FAR = 1e30  # beyond which an end stands for infinity


def windows(record, given, dtype=None):
    """The bounds of kernel and backward pass, of those that are right for all numbers `FINITE`."""
    parts = [part for part in door.kernels(record.name, cases.all_parameters(record, given)) if part is not None]
    guarded = [part for part in parts if isinstance(part, Guarded)]
    found = {part.within for part in guarded if dtype is None or dtype in part.dtypes}
    return sorted(found if len(guarded) == len(parts) else {*found, FINITE})


def guarded(record, given):
    return any(isinstance(part, Guarded) for part in door.kernels(record.name, cases.all_parameters(record, given)))


def dtypes(record, given):
    """Those in which a call that holds infinities and NaN, as in other tests, does not show what a kernel does."""
    if guarded(record, given):
        return ["float32"] if given else [*cases.HALF, "float32", "float64"]
    return [] if given else cases.HALF


@pytest.mark.parametrize(
    ("record", "given", "kernel_dtype"),
    [
        pytest.param(record, given, dtype, id=f"{record.name}-{given}-{dtype}")
        for record, given in cases.CASES
        if windows(record, given)
        for dtype in dtypes(record, given)
    ],
)
def test_value_and_gradient_are_right_at_all_numbers_that_a_kernel_is_declared_for(record, given, kernel_dtype):
    """As in training. Outside of a window the results are those of a tensor that holds every number."""
    points, of = cases.inputs(kernel_dtype), backends.value_and_gradient(cases.function(record, given), again=False)
    with backends.floats(kernel_dtype):
        results = [backends.array(each) for each in of(backends.tensor(points, kernel_dtype))]
        for low, high in (NARROWEST, *windows(record, given, kernel_dtype)):
            inside = np.flatnonzero((low < points) & (points < high))
            narrow = of(backends.tensor(np.resize(points[inside], cases.SIZE), kernel_dtype))
            for whole, part in zip(results, narrow, strict=True):
                whole[inside] = backends.array(part)[: len(inside)]
            for judged, whole in zip((judge.value, judge.gradient), results, strict=True):
                judgement = judged(record, kernel_dtype, whole, given)
                assert judgement.kept, (low, high, judgement.breach)


@pytest.mark.parametrize(
    ("record", "given"),
    [
        pytest.param(record, given, id=f"{record.name}-{given}")
        for record, given in cases.CASES
        if guarded(record, given) and "float32" in dtypes(record, given)
    ],
)
def test_one_number_that_a_kernel_is_not_right_for_takes_the_formula_alone(record, given):
    """So that an outlier makes no other number slower, and gets its right value and gradient."""
    points, of = cases.inputs("float32"), backends.value_and_gradient(cases.function(record, given), again=False)
    results = [backends.array(each) for each in of(backends.tensor(points, "float32"))]
    for low, high in windows(record, given, "float32"):
        outside = np.flatnonzero(~((low < points) & (points < high)))[::7]
        inside = np.flatnonzero((low < points) & (points < high))
        mixed = np.resize(points[inside], cases.SIZE)
        places = np.random.default_rng(0).choice(cases.SIZE, min(len(outside), cases.SIZE // 8), replace=False)
        alone = [backends.array(each) for each in of(backends.tensor(mixed, "float32"))]
        mixed[places] = points[outside[: len(places)]]
        together = [backends.array(each) for each in of(backends.tensor(mixed, "float32"))]
        for whole, kernel, got in zip(results, alone, together, strict=True):
            expected = kernel.copy()
            expected[places] = whole[outside[: len(places)]]
            np.testing.assert_allclose(got, expected, rtol=3e-6, atol=1e-37)


def beside(end, inwards, dtype):
    """The number of a dtype next to an end of a window, and some at all distances up to a tenth of it."""
    kind = np.dtype(dtype).type
    distances = abs(end) * 10.0 ** np.linspace(-8, -1, 57)
    return [np.nextafter(kind(end), kind(inwards * np.inf)), *(end + inwards * distances).astype(kind)]


@pytest.mark.parametrize(
    ("name", "given", "bounds", "kernel_dtype"),
    [
        pytest.param(record.name, given, bounds, dtype, id=f"{record.name}-{given}-{bounds}-{dtype}")
        for record, given in cases.CASES
        if guarded(record, given)
        for dtype in ("float32", "float64")
        for bounds in windows(record, given, dtype)
        if min(map(abs, bounds)) < FAR
    ],
)
def test_numbers_beside_the_ends_of_a_window_are_right(name, given, bounds, kernel_dtype):
    record = keras_acts.describe(name)
    x = np.unique([0.0, *(x for end, inwards in zip(bounds, (1, -1), strict=True) for x in beside(end, inwards, kernel_dtype))])
    x = x[(bounds[0] < x) & (x < bounds[1]) & (np.abs(x) < FAR)]
    parameters = cases.in_dtype(cases.all_parameters(record, given), kernel_dtype)
    exact = store.exact(store.Request(name, x, 1, parameters, fast=False))
    with backends.floats(kernel_dtype):
        of = backends.value_and_gradient(cases.function(record, given), again=False)
        got = of(backends.tensor(x, kernel_dtype))
    for result, right, table in zip(got, exact, (tolerances.VALUE, tolerances.GRADIENT), strict=True):
        error = np.where(tolerances.practical(x, right), tolerances.errors(x, backends.array(result), right, kernel_dtype), 0.0)
        assert error.max() <= table[kernel_dtype], tolerances.worst(x, backends.array(result), right, error)


CAN_LOOK = any(guarded(record, given) for record, given in cases.CASES)


@pytest.mark.skipif(not CAN_LOOK, reason="no kernel of this framework looks at numbers")
@pytest.mark.parametrize(
    ("numbers", "kernel_dtype", "taken"),
    [
        ([-5.99, 0.99], "float32", True),
        ([-5.99, 0.99], "bfloat16", True),
        ([-5.99, 0.99], "float64", False),
        ([-6.0, 0.0], "float32", False),
        ([0.0, 1.0], "float32", False),
        ([0.0, np.nan], "float32", False),
        ([-np.inf, 0.0], "float32", False),
        ([], "float32", False),
    ],
)
def test_a_guarded_kernel_is_taken_if_every_number_lies_between_its_bounds(numbers, kernel_dtype, taken):
    function = door.ENGINE.guard(Guarded(lambda x: "kernel", (-6.0, 1.0), NARROW), lambda x: "formula")
    assert function(backends.tensor(np.array(numbers), kernel_dtype)) == ("kernel" if taken else "formula")


# ---- whose they are


@pytest.fixture
def kernels(monkeypatch):
    """A copy of what the framework declares, in its place."""
    table = copy.deepcopy(door.ENGINE.kernels)
    monkeypatch.setattr(door, "ENGINE", type("Engine", (), {"kernels": table}))
    return table


def test_every_kernel_is_one_of_the_catalogue():
    door.check_kernels(records())


@pytest.mark.parametrize("declare", [Kernels.kernel, Kernels.backward])
def test_a_kernel_of_nobody_is_refused(kernels, declare):
    declare(kernels, "soft_sign")(lambda g, x: x)
    with pytest.raises(ValueError, match=r"'soft_sign', which is no activation\. Did you mean 'softsign'"):
        door.check_kernels(records())


def test_a_derivative_of_nobody_is_refused(kernels):
    kernels.by_autodiff.add("leakyrelu")
    with pytest.raises(ValueError, match=r"'leakyrelu'.*Did you mean 'leaky_relu'"):
        door.check_kernels(records())


@pytest.mark.parametrize(
    ("function", "facts", "part"),
    [
        (lambda x: x, {}, r"function of a kernel of 'elu' takes the parameters \(\)"),
        (lambda x, slope: x, {}, r"function of a kernel of 'elu' takes the parameters \(slope\)"),
        (lambda x, alpha, slope: x, {"when": lambda alpha: True}, r"function .* takes the parameters \(alpha, slope\)"),
        (lambda x, alpha: x, {"when": lambda slope: True}, r"when .* takes the parameters \(slope\)"),
        (lambda x, alpha: x, {"within": lambda: (-1.0, 1.0)}, r"within .* takes the parameters \(\)"),
    ],
)
def test_a_kernel_takes_the_parameters_of_its_activation(kernels, function, facts, part):
    kernels.kernel("elu", **facts)(function)
    with pytest.raises(TypeError, match=rf"{part}; those of the activation are \(alpha\)"):
        door.check_kernels(records())


def test_a_kernel_may_leave_out_what_its_condition_decides(kernels):
    kernels.kernel("elu", when=lambda alpha: alpha == 1)(lambda x: x)
    door.check_kernels(records())


def test_a_kernel_for_some_dtypes_says_for_which_numbers():
    with pytest.raises(TypeError, match="within which bounds"):
        Kernels().kernel("gelu", dtypes=NARROW)(lambda x: x)
