"""Activations that work along an axis: values, sums, axes, masks and gradients against exact rows."""

import math

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._record.parameters import Axes, Choice, Flag, Real
from keras_acts.conformance import backends, cases, judge, tolerances
from tests import marks

each_mode = marks.each_mode
EVERY = [record for record in map(keras_acts.describe, keras_acts.names()) if not record.elementwise]
INF, NAN = math.inf, math.nan


def settings(record):
    """Each parameter but the axis at other values than its default."""
    found = []
    for parameter in record.parameters:
        kind, values = parameter.kind, ()
        if isinstance(kind, Real):
            values = [value for value in (1.0, 1.5, 3.0, 1e-3) if value >= kind.low]
        elif isinstance(kind, Flag):
            values = (True, False)
        elif isinstance(kind, Choice):
            values = kind.words
        found += [{parameter.name: value} for value in values if value != parameter.default]
    return found


setting = marks.one_setting_of_each([(record, given) for record in EVERY for given in settings(record)])
each = pytest.mark.parametrize("record", EVERY, ids=lambda record: record.name)
masked = pytest.mark.parametrize("record", [r for r in EVERY if r.takes_mask], ids=lambda record: record.name)
DISTRIBUTIONS = ["softmax", "softmin", "sparsemax", "entmax15"]


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor), "float64")


def judged(record, rows, got, given=None, dtype="float32"):
    judgement = judge.row_values(record, dtype, np.asarray(rows, "float64"), got, given)
    assert judgement.kept, judgement.breach


def check(record, dtype, mode, given=None):
    with backends.floats(dtype):
        x = backends.tensor(cases.ROWS, dtype)
        got = backends.array(backends.in_mode(cases.row_function(record, given), mode)(x))
        judged(record, backends.array(x), got, given, dtype)


@marks.each_dtype
@each
def test_a_row_is_right(record, dtype, mode):
    check(record, dtype, mode)


@marks.other_mode_in_full
@setting
def test_a_row_is_right_with_other_parameters(record, given, mode):
    check(record, "float32", mode, given)


def check_gradient(record, mode, given=None):
    """Of ``sum(upstream · f(x))``."""
    rows = cases.ROWS.astype("float32")
    function = cases.row_function(record, given)
    width = function(backends.tensor(rows, "float32")).shape[-1]
    upstream = np.random.default_rng(1).normal(0, 1, (len(rows), width)).astype("float32")
    weights = backends.tensor(upstream, "float32")
    pulled = backends.gradient_in_mode(lambda x: keras.ops.sum(weights * function(x)), mode)
    got = backends.array(pulled(backends.tensor(rows, "float32")))
    judgement = judge.row_gradients(record, rows.astype("float64"), upstream.astype("float64"), got, given)
    assert judgement.kept, judgement.breach


@each_mode
@each
def test_the_gradient_of_a_row_is_right(record, mode):
    check_gradient(record, mode)


@marks.other_mode_in_full
@setting
def test_the_gradient_of_a_row_is_right_with_other_parameters(record, given, mode):
    check_gradient(record, mode, given)


@marks.other_mode_in_full
@pytest.mark.parametrize("dtype", cases.HALF)
@each
def test_in_half_precision_the_gradient_is_that_of_float32_rounded_once(record, dtype, mode):
    rows = backends.array(backends.tensor(cases.ROWS, dtype))
    function = cases.row_function(record)
    width = function(backends.tensor(rows, "float32")).shape[-1]
    upstream = backends.array(backends.tensor(np.random.default_rng(1).normal(0, 1, (len(rows), width)), dtype))

    def pulled(of, mode):
        weights = backends.tensor(upstream, of)
        gradient = backends.gradient_in_mode(lambda x: keras.ops.sum(weights * function(x)), mode)(backends.tensor(rows, of))
        assert keras.backend.standardize_dtype(gradient.dtype) == of
        return backends.array(gradient)

    wide, got = pulled("float32", "eager"), pulled(dtype, mode)
    largest = np.maximum(np.abs(upstream).max(-1), np.abs(wide).max(-1))[:, None]
    ulp = tolerances.FORMATS[dtype].ulp
    error = np.minimum(np.abs(got - wide) / ulp(wide), np.abs(got - wide) / (2.0**-8 * ulp(largest)))
    assert error.max() <= 0.51


@marks.other_mode_in_full
@pytest.mark.parametrize("width", [3, 100, 5000, 50_000])
@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_probabilities_sum_to_1(name, width, mode):
    """Each is rounded, so that the rounding errors of a row as wide as a vocabulary add up like a random walk."""
    function = backends.in_mode(keras_acts.get(name), mode)
    for spread in (1e-3, 0.1, 3.0, 50.0):
        x = np.random.default_rng(0).normal(0, spread, (4, width)).astype("float32")
        got = backends.array(function(backends.tensor(x, "float32")))
        assert (got >= 0).all()
        assert np.abs(got.sum(-1) - 1).max() <= tolerances.ROW_SUM * 2.0**-23


@pytest.mark.parametrize("width", [5000, 50_000])
def test_the_logarithms_of_a_wide_row_are_right(width):
    x = np.random.default_rng(0).normal(0, 3, (4, width)).astype("float32")
    exact = x - np.log(np.exp(x.astype("float64")).sum(-1, keepdims=True))
    got = backends.array(keras_acts.activations.log_softmax(backends.tensor(x, "float32")))
    assert (np.abs(got - exact) / np.spacing(np.abs(exact).astype("float32"))).max() <= tolerances.ROW_VALUE


@pytest.mark.parametrize("axis", [0, 1, -1, -2, (0, 2), (-1, 1), (0, 1, 2)])
@each
def test_any_axes_can_be_worked_along(record, axis):
    kind = dict(record.axes)["axis"]
    if isinstance(axis, tuple) and not kind.several:
        pytest.skip("it takes one axis")
    x = np.random.default_rng(0).normal(0, 3, (2, 6, 4)).astype("float32")
    got = numbers(record.function(x, **record.example, axis=axis))
    axes = [a % 3 for a in (axis if isinstance(axis, tuple) else (axis,))]
    order = [*(a for a in range(3) if a not in axes), *sorted(axes)]
    rows = x.transpose(order).reshape(-1, math.prod(x.shape[a] for a in axes))
    judged(record, rows, got.transpose(order).reshape(len(rows), -1))


@each
def test_any_axes_are_declared(record):
    assert [name for name, kind in record.axes if isinstance(kind, Axes)] == ["axis"]


# ---- the mask

WIDE = np.array([[0.5, 7.0, -1.25, 3.0, NAN, 0.25], [INF, 1e4, 9.999e3, -1e4, -INF, 0.0], [-3.0, 20.0, 19.0, 18.5, 1e38, 2.0]])
KEPT = np.array([[1, 0, 1, 1, 0, 1], [0, 1, 1, 1, 0, 1], [1, 0, 1, 1, 0, 1]], bool)
EMPTY = {"log_softmax": -INF}


def along_the_last(record, x, mask):
    """The activation along the last axis under a mask of the same shape."""
    axis = dict(record.check({}).fixed)["axis"]
    if axis == -1:
        return record.function(x, mask=mask)
    moved = (keras.ops.moveaxis(each[None, ...], -1, axis) for each in (x, mask))
    return keras.ops.moveaxis(record.function(next(moved), mask=next(moved)), axis, -1)[0]


@marks.each_dtype
@masked
def test_what_is_masked_does_not_count(record, dtype, mode):
    """Not even NaN and infinity. What is left is the row without it."""
    with backends.floats(dtype):
        x, mask = backends.tensor(WIDE, dtype), keras.ops.convert_to_tensor(KEPT)
        got = backends.array(backends.in_mode(lambda x: along_the_last(record, x, mask), mode)(x))
        rows = backends.array(x)[KEPT].reshape(len(WIDE), -1)
    assert (got[~KEPT] == EMPTY.get(record.name, 0.0)).all()
    judged(record, rows, got[KEPT].reshape(rows.shape), dtype=dtype)


@each_mode
@masked
def test_masked_gradients_are_those_of_the_row_without_it(record, mode):
    x, mask = backends.tensor(WIDE, "float32"), keras.ops.convert_to_tensor(KEPT)
    upstream = np.random.default_rng(1).normal(0, 1, WIDE.shape).astype("float32")
    weights = backends.tensor(upstream, "float32")

    def total(x):
        y = along_the_last(record, x, mask)
        return keras.ops.sum(keras.ops.where(mask, weights * y, 0.0))

    got = backends.array(backends.gradient_in_mode(total, mode)(x))
    assert (got[~KEPT] == 0).all()
    rows, above = (each.astype("float32").astype("float64")[KEPT].reshape(len(WIDE), -1) for each in (WIDE, upstream))
    judgement = judge.row_gradients(record, rows, above, got[KEPT].reshape(rows.shape))
    assert judgement.kept, judgement.breach


@marks.other_mode_in_full
@pytest.mark.parametrize("dtype", ["float16", "float32"])
@masked
def test_a_row_without_anything_is_0_with_gradient_0(record, dtype, mode):
    """-inf for the logarithm. The other rows don't notice."""
    rows = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    mask = keras.ops.convert_to_tensor(np.array([[False] * 3, [True] * 3]))

    def function(x):
        return along_the_last(record, x, mask)

    x = backends.tensor(rows, dtype)
    y = backends.array(backends.in_mode(function, mode)(x))
    assert (y[0] == EMPTY.get(record.name, 0.0)).all()
    assert np.isfinite(y[1]).all()
    slope = backends.array(backends.gradient_in_mode(lambda x: keras.ops.sum(function(x)[..., :2]), mode)(x))
    assert (slope[0] == 0).all()
    assert np.isfinite(slope).all()


@masked
def test_a_mask_broadcasts(record):
    x = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype("float32")
    for shape in ((4,), (1, 4), (3, 1), (2, 1, 4), (1, 1, 1), (2, 3, 4)):
        mask = np.arange(math.prod(shape)).reshape(shape) % 3 > 0
        whole = np.broadcast_to(mask, x.shape)
        np.testing.assert_allclose(
            numbers(record.function(x, mask=mask)), numbers(record.function(x, mask=whole)), rtol=1e-6, atol=1e-7
        )


@masked
def test_a_mask_counts_over_several_axes(record):
    if not dict(record.axes)["axis"].several:
        pytest.skip("it takes one axis")
    x = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype("float32")
    mask = np.arange(24).reshape(2, 3, 4) % 3 > 0
    got = numbers(record.function(x, axis=(0, 2), mask=mask)).transpose(1, 0, 2)
    kept = mask.transpose(1, 0, 2)
    for row, result, left in zip(x.transpose(1, 0, 2), got, kept, strict=True):
        judged(record, row[left][None], result[left][None])
    assert (got[~kept] == EMPTY.get(record.name, 0.0)).all()


@masked
@pytest.mark.parametrize(
    ("mask", "error", "words"),
    [
        (np.ones((2, 3, 4), "float32"), TypeError, "mask must hold bools.*got dtype float32"),
        (np.ones((2, 3, 4), "int32"), TypeError, "mask must hold bools.*got dtype int32"),
        (np.ones((3, 3), bool), ValueError, r"mask of shape \(3, 3\) does not broadcast to an input of shape \(2, 3, 4\)"),
        (np.ones((1, 2, 3, 4), bool), ValueError, r"mask of shape \(1, 2, 3, 4\) does not broadcast"),
    ],
)
def test_a_mask_that_does_not_fit_is_refused(record, mask, error, words):
    with pytest.raises(error, match=f"{record.name}: {words}"):
        record.function(np.zeros((2, 3, 4), "float32"), mask=mask)


@each
def test_no_mask_is_taken_where_there_is_none(record):
    if not record.takes_mask:
        with pytest.raises(TypeError, match=f"{record.name}"):
            record.function(np.zeros((2, 6), "float32"), **record.example, mask=np.ones((2, 6), bool))


@masked
def test_a_parameterised_form_takes_a_mask(record):
    x = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype("float32")
    mask = np.arange(24).reshape(2, 3, 4) % 3 > 0
    np.testing.assert_array_equal(
        numbers(keras_acts.get(record.name, axis=1)(x, mask=mask)), numbers(record.function(x, axis=1, mask=mask))
    )


@masked
def test_a_model_takes_its_mask_from_an_input_and_saves(record, tmp_path):
    x, kept = keras.Input((3, 4), name="x"), keras.Input((3, 4), dtype="bool", name="kept")
    model = keras.Model([x, kept], record.function(x, axis=1, mask=kept))
    rows = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype("float32")
    mask = np.arange(24).reshape(2, 3, 4) % 3 > 0
    expected = numbers(record.function(rows, axis=1, mask=mask))
    np.testing.assert_array_equal(numbers(model([rows, mask])), expected)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(numbers(loaded([rows, mask])), expected)


@masked
def test_a_constant_mask_is_part_of_the_graph(record):
    x = keras.Input((3, 4))
    mask = np.array([True, False, True, True])
    model = keras.Model(x, record.function(x, axis=-1, mask=keras.ops.convert_to_tensor(mask)))
    rows = np.random.default_rng(0).normal(0, 3, (2, 3, 4)).astype("float32")
    np.testing.assert_array_equal(numbers(model(rows)), numbers(record.function(rows, axis=-1, mask=mask)))


# ---- infinity and NaN

WEIGHTS = ["softmax", "softmax2d", "hardmax", "sparsemax", "entmax15"]


@marks.each_dtype
@pytest.mark.parametrize("name", [*WEIGHTS, "softmin"])
def test_infinite_scores_take_everything_and_minus_infinity_nothing(name, dtype, mode):
    sign = -1 if name == "softmin" else 1
    rows = sign * np.array([[INF, 0.0, -INF, 5.0], [-INF, -INF, -INF, -INF], [-INF, 2.0, -INF, -INF], [INF, 1.0, INF, 1e4]])
    with backends.floats(dtype):
        function = backends.in_mode(cases.row_function(keras_acts.describe(name)), mode)
        got = backends.array(function(backends.tensor(rows, dtype)))
    last = [1, 0, 0, 0] if name == "hardmax" else [0.5, 0, 0.5, 0]
    np.testing.assert_array_equal(got[:3], [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]])
    np.testing.assert_allclose(got[3], last, rtol=1e-6)


@marks.each_dtype
def test_the_logarithm_has_the_limits_of_infinite_scores(dtype, mode):
    rows = np.array([[-INF, -INF], [-INF, 7.0], [INF, 0.0], [INF, INF]])
    with backends.floats(dtype):
        function = backends.in_mode(keras_acts.activations.log_softmax, mode)
        got = backends.array(function(backends.tensor(rows, dtype)))
    assert (got[0] == -INF).all()
    assert got[1].tolist() == [-INF, 0]
    assert got[2, 0] == 0
    assert got[2, 1] <= -6e4
    np.testing.assert_allclose(got[3], -math.log(2), rtol=1e-2)


@marks.other_mode_in_full
@each
def test_nan_in_a_row_gives_nan_and_nothing_else_does(record, mode):
    if record.output_shape is not None and not record.takes_mask:
        pytest.skip("its entries don't all mix")
    rows = np.array([[0.0, NAN, 1.0, 2.0], [NAN, NAN, NAN, NAN], [0.0, 1e4, -1e4, 3.0], [-7.0, -7.0, -7.0, -7.0]])
    got = backends.array(backends.in_mode(cases.row_function(record), mode)(backends.tensor(rows, "float32")))
    assert np.isnan(got[:2]).all()
    assert np.isfinite(got[2:]).all()


@each_mode
@pytest.mark.parametrize("name", [*WEIGHTS, "softmin", "log_softmax"])
def test_gradients_beside_infinity_are_finite(name, mode):
    rows = np.array([[INF, 0.0, -INF, 5.0], [-INF] * 4, [-INF, 2.0, -INF, -INF], [INF, 1.0, INF, 1e4], [INF] * 4])
    function = cases.row_function(keras_acts.describe(name))
    weights = backends.tensor([1.0, -2.0, 0.5, 3.0], "float32")

    def total(x):
        y = function(x)
        return keras.ops.sum(keras.ops.where(y > -1e30, weights * y, 0.0))

    slope = backends.array(backends.gradient_in_mode(total, mode)(backends.tensor(rows, "float32")))
    assert np.isfinite(slope).all()
    if name != "log_softmax":
        assert (slope[1] == 0).all()


# ---- what each of them is for


@marks.other_mode_in_full
@pytest.mark.parametrize("name", [*WEIGHTS, "log_softmax"])
def test_adding_a_number_to_a_row_changes_nothing(name, mode):
    rows = np.random.default_rng(0).integers(-40, 40, (20, 4)) / 8
    function = backends.in_mode(cases.row_function(keras_acts.describe(name)), mode)
    one, other = (backends.array(function(backends.tensor(rows + shift, "float32"))) for shift in (0.0, 1000.0))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", [(4,), (2, 4), (1, 2, 3, 4, 5)])
def test_softmax2d_refuses_what_is_no_image(shape):
    with pytest.raises(ValueError, match=r"softmax2d") as caught:
        keras_acts.activations.softmax2d(np.zeros(shape, "float32"))
    assert str(shape) in str(caught.value)
    with pytest.raises(ValueError, match="softmax2d"):
        keras_acts.activations.softmax2d(keras.KerasTensor(shape))


def test_softmax2d_works_along_the_channels_whatever_their_place():
    x = np.random.default_rng(0).normal(0, 3, (2, 3, 4, 5)).astype("float32")
    first = numbers(keras_acts.activations.softmax2d(x))
    np.testing.assert_allclose(first.sum(1), 1, rtol=1e-6)
    last = numbers(keras_acts.activations.softmax2d(x.transpose(0, 2, 3, 1), axis=-1))
    np.testing.assert_allclose(last.transpose(0, 3, 1, 2), first, rtol=1e-6)
    np.testing.assert_allclose(numbers(keras_acts.activations.softmax2d(x[0])), first[0], rtol=1e-6)


@each_mode
def test_hardmax_is_the_first_maximum(mode):
    function = backends.in_mode(keras_acts.activations.hardmax, mode)
    rows = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [-5.0, -7.0, -4.0]])
    got = backends.array(function(backends.tensor(rows, "float32")))
    assert got.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]


def test_hardmax_over_several_axes_has_one_1():
    x = np.zeros((2, 3, 4), "float32")
    x[0, 1, 2] = x[0, 2, 0] = x[1, 0, 3] = 5.0
    got = numbers(keras_acts.activations.hardmax(x, axis=(1, 2)))
    assert got.sum((1, 2)).tolist() == [1, 1]
    assert got[0, 1, 2] == got[1, 0, 3] == 1


@each_mode
def test_hardmax_has_no_gradient_unless_straight_through(mode):
    x = backends.tensor(cases.ROWS, "float32")
    weights = backends.tensor(np.random.default_rng(1).normal(0, 1, cases.ROWS.shape), "float32")

    def slope(function):
        return backends.array(backends.gradient_in_mode(lambda x: keras.ops.sum(weights * function(x)), mode)(x))

    assert (slope(keras_acts.activations.hardmax) == 0).all()
    through = slope(keras_acts.get("hardmax", straight_through=True))
    np.testing.assert_allclose(through, slope(keras_acts.activations.softmax), rtol=0, atol=tolerances.ROW_GRADIENT * 2.0**-23)
    hard = keras_acts.get("hardmax", straight_through=True)(x)
    np.testing.assert_array_equal(numbers(hard), numbers(keras_acts.activations.hardmax(x)))


@marks.other_mode_in_full
@pytest.mark.parametrize("offset", [0.0, 1e3, 1e4, 1e6, -3e7])
def test_standardize_does_not_cancel_far_from_zero(offset, mode):
    rows = (offset + np.random.default_rng(0).normal(0, 8, (6, 50))).astype("float32")
    got = backends.array(backends.in_mode(keras_acts.activations.standardize, mode)(backends.tensor(rows, "float32")))
    wide = rows.astype("float64")
    exact = (wide - wide.mean(-1, keepdims=True)) / np.sqrt(wide.var(-1, keepdims=True) + 1e-5)
    assert np.abs(got - exact).max() <= tolerances.ROW_ABSOLUTE * 2.0**-23 * np.abs(exact).max()


@marks.other_mode_in_full
@pytest.mark.parametrize("constant", [0.0, 0.1, -1e-20, 12345.678, 3e30])
@pytest.mark.parametrize("width", [1, 3, 1000])
def test_standardize_makes_a_constant_row_0(constant, width, mode):
    rows = np.full((2, width), constant)
    got = backends.array(backends.in_mode(keras_acts.activations.standardize, mode)(backends.tensor(rows, "float32")))
    # the mean of a thousand is rounded, and once more in a graph of TensorFlow, which multiplies by 1 / 1000
    assert np.abs(got).max() <= (1e-12 if mode == "graph" else 1e-20)


@marks.other_mode_in_full
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, 50.0])
@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30, 1e38])
def test_lp_normalize_neither_overflows_nor_underflows(p, scale, mode):
    rows = np.array([[3.0, -1.0, 0.5, 0.0]] * 2) * scale
    got = backends.array(backends.in_mode(keras_acts.get("lp_normalize", p=p), mode)(backends.tensor(rows, "float32")))
    exact = np.array([3.0, -1.0, 0.5, 0.0]) / (3.0**p + 1.0 + 0.5**p) ** (1 / p)
    np.testing.assert_allclose(got, [exact] * 2, rtol=1e-6)


@marks.other_mode_in_full
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_lp_normalize_leaves_a_row_of_zeros_with_gradient_0(p, mode):
    function, x = keras_acts.get("lp_normalize", p=p), backends.tensor(np.zeros((2, 3)), "float32")
    assert (backends.array(backends.in_mode(function, mode)(x)) == 0).all()
    assert (backends.array(backends.gradient_in_mode(lambda x: keras.ops.sum(function(x)), mode)(x)) == 0).all()


@each_mode
def test_lp_normalize_shares_length_1_among_infinite_entries(mode):
    function = backends.in_mode(keras_acts.activations.lp_normalize, mode)
    got = backends.array(function(backends.tensor([[INF, 0.0, 5.0], [INF, -INF, 1e30]], "float32")))
    np.testing.assert_allclose(got[:, :2], [[1, 0], [math.sqrt(0.5), -math.sqrt(0.5)]], rtol=1e-6)
