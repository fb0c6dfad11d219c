"""Values against the exact ones."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends, cases, judge, oracle, references
from keras_acts.conformance.references import periodic
from tests import kinds, marks


def check(record, dtype, mode, given=None):
    """Value of the public function within its bound wherever the contract has one; elsewhere finite if the exact one is.

    NaN gives NaN and nothing else does; the infinities give the limits.
    """
    with backends.floats(dtype):
        y = backends.in_mode(cases.function(record, given), mode)(backends.tensor(cases.inputs(dtype), dtype))
        assert keras.backend.standardize_dtype(y.dtype) == dtype
        judgement = judge.value(record, dtype, backends.array(y), given)
    assert judgement.kept, judgement.breach


@marks.other_mode_in_full  # compiled gradients are judged with the values beside them
@pytest.mark.parametrize("dtype", cases.HALF)
def test_half_precision_is_rounded_correctly_at_every_bit_pattern(elementwise, dtype, mode):
    check(elementwise, dtype, mode)


@marks.each_mode
def test_float32_is_right_to_a_few_roundings(elementwise, mode):
    check(elementwise, "float32", mode)


@marks.other_mode_in_full
@marks.setting
def test_float32_is_right_with_other_parameters(record, given, mode):
    check(record, "float32", mode, given)


@marks.other_mode_in_full
def test_float64_is_right_to_a_few_roundings(elementwise, mode):
    check(elementwise, "float64", mode)


@pytest.mark.any_backend
def test_each_number_among_the_parameters_is_a_point_if_there_is_a_kink(elementwise):
    """So that the tests at all points are tests of kinks too."""
    formula = references.formula_of(elementwise.name)
    for given in cases.settings(elementwise):
        parameters = cases.in_dtype(cases.all_parameters(elementwise, given), "float32")
        for value in parameters.values():
            if isinstance(value, float) and value not in cases.points("float32"):
                before, after = (oracle.branches(formula, value + step, parameters) for step in (-1e-9, 1e-9))
                assert before == after, f"add {abs(value)} to cases.KINKS"


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "bool"])
def test_integers_are_taken_as_floats(each_kind, dtype):
    numbers = np.array([[[0, 1], [2, 7]]], dtype)
    got = cases.function(each_kind)(keras.ops.convert_to_tensor(numbers))
    floats = cases.function(each_kind)(keras.ops.convert_to_tensor(numbers.astype("float32")))
    assert keras.backend.standardize_dtype(got.dtype) == keras.config.floatx()
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(got), keras.ops.convert_to_numpy(floats))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (2, 3, 4)])
def test_any_shape_is_kept(elementwise_kind, shape):
    got = cases.function(elementwise_kind)(keras.ops.ones(shape))
    assert tuple(got.shape) == shape


@pytest.mark.any_backend
@pytest.mark.parametrize("thinned", [4, pytest.param(1, marks=pytest.mark.full)])
def test_each_reference_keeps_its_digits(elementwise, thinned):
    """At twice the digits a reference gives the same: none is lost to cancellation where results are compared."""
    formula = references.formula_of(elementwise.name)
    parameters = cases.all_parameters(elementwise, {})
    for dtype, step in (("float32", 37), ("float64", 37), ("bfloat16", 511)):
        for x in cases.points(dtype)[:: thinned * step]:
            some = oracle.evaluate(formula, x, 2, parameters)
            more = oracle.evaluate(formula, x, 2, parameters, bits=600)
            for a, b in zip(some[:2], more[:2], strict=True):
                assert abs(a - b) <= abs(b) * 2.0**-80 + 2.0**-200, (x, a, b)


@pytest.mark.any_backend
def test_each_derivative_of_a_reference_is_that_of_mpmath(elementwise):
    import mpmath

    formula = references.formula_of(elementwise.name)
    parameters = cases.all_parameters(elementwise, {})
    with mpmath.workdps(40):
        for x in (-3.7, -0.4, 0.9, 12.3):
            value, *derivatives = oracle.evaluate(formula, x, 2, parameters)
            for n, derivative in enumerate(derivatives, 1):
                found = mpmath.diff(lambda x: oracle.evaluate(formula, x, 0, parameters, bits=900)[0], mpmath.mpf(x), n)
                assert abs(found - derivative) <= 1e-15 * max(abs(derivative), abs(value))


def test_a_missing_reference_says_what_to_write(monkeypatch):
    monkeypatch.delattr(periodic, "snake")
    with pytest.raises(LookupError, match=r"def snake\(x"):
        references.formula_of("snake")


# JAX's numbers take the dtype of the tensor beside them
@pytest.mark.parametrize("name", kinds.one_name_of_each() if backends.NAME == "jax" else kinds.NAMES)
@pytest.mark.parametrize("floatx", ["float16", "bfloat16"])
def test_another_floatx_changes_no_number(name, floatx):
    """A tensor has its own dtype; `floatx` is that of what has none."""
    record = keras_acts.describe(name)
    function = cases.function(record) if record.elementwise else cases.row_function(record)
    tensor = backends.tensor(cases.FEW.reshape(1, 1, 2, -1) if not record.elementwise else cases.FEW, "float32")
    before = [backends.array(each) for each in backends.value_and_gradient(function)(tensor)]
    keras.config.set_floatx(floatx)
    try:
        again = backends.value_and_gradient(function)(tensor)
        assert [keras.backend.standardize_dtype(each.dtype) for each in again] == ["float32"] * 2
        for one, other in zip(before, again, strict=True):
            np.testing.assert_array_equal(backends.array(other), one)
        if record.elementwise:
            np.testing.assert_allclose(backends.array(cases.derivative(record)(tensor)), before[1], rtol=2e-6, atol=1e-6)
    finally:
        keras.config.set_floatx("float32")
