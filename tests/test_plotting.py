"""Pictures: what is drawn is the activation and its derivative, on any machine, with no trace left behind."""

import io
import sys

import keras
import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure

import keras_acts
from keras_acts import describe, plotting
from keras_acts.conformance import cases
from keras_acts.plotting import _drawing

pytestmark = pytest.mark.any_backend

EIGHT = ("softsign", "leaky_relu", "elu", "selu", "softplus", "snake", "lisht", "squared_relu")


def lines(axes):
    """The curves of a panel by label, x and y without the gaps."""
    drawn = {line.get_label(): np.array(line.get_data()) for line in axes.get_lines()}
    return {label: xy[:, np.isfinite(xy[1])] for label, xy in drawn.items() if label in {"f(x)", "f'(x)"}}


def titles(figure):
    return [axes.texts[0].get_text() for axes in figure.axes]


def at(function, x):
    return keras.ops.convert_to_numpy(function(x.astype("float32")))


def test_each_activation_gets_a_panel_with_its_name_and_formula():
    figure = plotting.plot(["snake", "softsign"])
    assert titles(figure) == ["snake", "softsign"]
    assert [axes.get_title(loc="left").strip() for axes in figure.axes] == ["x + sin(alpha · x)² / alpha", "x / (1 + |x|)"]


def test_the_solid_line_is_the_function(elementwise_kind):
    x, y = lines(plotting.plot(elementwise_kind.name).axes[0])["f(x)"]
    np.testing.assert_array_equal(y, at(cases.function(elementwise_kind), x))


def test_the_dashed_line_is_the_derivative(elementwise_kind):
    axes = plotting.plot(elementwise_kind.name).axes[0]
    x, y = lines(axes)["f'(x)"]
    np.testing.assert_array_equal(y, at(cases.derivative(elementwise_kind), x))
    assert [line.is_dashed() for line in axes.get_lines() if line.get_label() == "f'(x)"] == [True]


def test_the_derivative_can_be_left_out():
    assert set(lines(plotting.plot("snake", derivative=False).axes[0])) == {"f(x)"}


def test_softmax_is_drawn_for_a_row_of_two_without_a_derivative():
    axes = plotting.plot("softmax").axes[0]
    assert set(lines(axes)) == {"f(x)"}
    x, y = lines(axes)["f(x)"]
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), atol=1e-6)


@pytest.mark.parametrize("name", ["lp_normalize", "standardize"])
def test_what_only_sees_the_direction_of_a_row_is_drawn_beside_more(name):
    curve = plotting.curve(name, (-4, 4))
    assert curve.row == "first of (x, 1, −1)"
    rows = np.stack([curve.x, np.ones_like(curve.x), -np.ones_like(curve.x)], axis=-1)
    np.testing.assert_allclose(curve.y, at(describe(name).function, rows)[:, 0], rtol=1e-6)
    assert len(np.unique(curve.y)) > 1000


@pytest.mark.parametrize(
    ("name", "reach"), [("tanh", 4), ("relu6", 8), ("clipped_gelu", 12.5), ("swiglu_oai", 8.75), ("logit_softcap", 37.5)]
)
def test_the_sensible_range_reaches_beyond_bounds(name, reach):
    assert plotting.sensible_range(name) == (-reach, reach)


def test_a_jump_is_a_gap_and_not_a_steep_line():
    slope = next(line for line in plotting.plot("relu").axes[0].get_lines() if line.get_label() == "f'(x)")
    y = slope.get_ydata()
    assert np.isnan(y).sum() == 1
    assert np.nanmax(np.abs(np.diff(y))) == 0


def test_a_jump_is_a_gap_beside_another():
    x = np.linspace(-1, 1, 101)
    y = np.where(x < -0.5, np.nan, np.where(x < 0, 1.0, 0.0))
    assert np.nanmax(np.abs(np.diff(_drawing.broken(x, y)[1]))) == 0


def test_a_kink_is_no_gap():
    assert not any(np.isnan(line.get_ydata()).any() for line in plotting.plot("softsign").axes[0].get_lines())


def test_parameters_change_the_curve_and_are_named_in_the_title():
    steep = keras_acts.get("snake", alpha=5.0)
    figure = plotting.plot(["snake", steep])
    assert titles(figure) == ["snake", "snake(alpha=5)"]
    x, y = lines(figure.axes[1])["f(x)"]
    np.testing.assert_array_equal(y, at(steep, x))


def test_a_function_stands_for_its_name():
    assert titles(plotting.plot(keras_acts.activations.lisht)) == ["lisht"]


def test_all_panels_have_the_same_scale():
    figure = plotting.plot(EIGHT, range=(-2, 3))
    assert {axes.get_xlim() for axes in figure.axes} == {(-2, 3)}
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


def test_nothing_outgrows_the_range_of_the_x_axis():
    low, high = plotting.plot("squared_relu", range=(-4, 4)).axes[0].get_ylim()
    assert -1 < low < 0
    assert 4 < high < 4.5


@pytest.mark.parametrize(("columns", "rows"), [(None, 2), (2, 4), (8, 1), (20, 1)])
def test_columns_sets_the_panels_in_a_row(columns, rows):
    assert plotting.plot(EIGHT, columns=columns).axes[0].get_gridspec().nrows == rows


def test_a_single_activation_can_be_drawn_on_given_axes():
    figure = Figure()
    axes = figure.subplots()
    assert plotting.plot("tanh", ax=axes) is figure
    assert legend(axes) == ["tanh", "tanh'"]
    assert axes.texts[0].get_text() == "tanh"
    assert axes.get_title(loc="left") == describe("tanh").formula


def test_activations_on_the_same_axes_are_told_apart():
    axes = Figure().subplots()
    plotting.plot("tanh", ax=axes)
    plotting.plot("snake", ax=axes, range=(-2, 6))
    plotting.plot("elu", ax=axes, derivative=False)
    assert legend(axes) == ["tanh", "tanh'", "snake", "snake'", "elu"]
    assert len({line.get_color() for line in axes.get_lines() if line.get_label() in {"tanh", "snake", "elu"}}) == 3
    assert (list(axes.texts), axes.get_title(loc="left")) == ([], "")
    assert axes.get_xlim() == (-4, 6)


def legend(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ("snak", {}, "unknown activation 'snak'. Did you mean 'snake'?"),
        ([], {}, "nothing to plot"),
        ("snake", {"range": (1, 1)}, r"range must be two finite numbers in rising order; got \(1, 1\)"),
        ("snake", {"range": (0, float("nan"))}, "range must be two finite numbers"),
        ("snake", {"range": (0, float("inf"))}, "range must be two finite numbers"),
        ("snake", {"columns": 0}, "columns must be 1 or more; got 0"),
        (["snake", "elu"], {"ax": Figure().subplots()}, "ax takes one activation; got 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(names, options, message):
    with pytest.raises(ValueError, match=message):
        plotting.plot(names, **options)


def test_a_strip_is_one_row_of_titles_and_curves():
    figure = plotting.strip(EIGHT)
    assert [axes.get_title() for axes in figure.axes] == list(EIGHT)
    assert figure.axes[0].get_gridspec().nrows == 1
    assert list(figure.get_size_inches() * 200) == [2800, 520]
    assert not any(axes.axison for axes in figure.axes)


@pytest.mark.parametrize("draw", [plotting.plot, plotting.strip])
def test_the_background_is_opaque_white(draw):
    pixels = io.BytesIO()
    draw("snake").savefig(pixels, format="rgba", dpi=40)
    assert pixels.getvalue()[:4] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("draw", [plotting.plot, plotting.strip])
def test_drawing_needs_no_display_and_leaves_the_settings_alone(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    before = dict(matplotlib.rcParams)
    draw("snake").savefig(io.BytesIO(), dpi=40)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("draw", [plotting.plot, plotting.strip])
def test_without_matplotlib_the_error_says_what_to_install(draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "keras_acts.plotting._figure", raising=False)
    with pytest.raises(ImportError, match=r'pip install "keras-acts\[plot\]"'):
        draw("snake")


def test_a_sketch_has_the_size_asked_for():
    rows = plotting.sketch("softmax", width=20, height=5).split("\n")
    assert [len(row) for row in rows] == [20] * 5


def test_a_sketch_shows_the_curve_and_the_axes():
    # both diagonals of a 2 x 2 dot pattern would be wrong for the identity, which only rises
    rising, falling = plotting.sketch("linear", width=4, height=4).split("\n")[0], "⠑"
    assert rising[-1] != "\u2800"
    assert rising[0] == "\u2800"
    assert falling not in rising


def test_a_notebook_shows_a_figure_without_pyplot():
    assert plotting.plot("relu")._repr_png_().startswith(b"\x89PNG")
