"""Declaring an activation: what the catalogue takes and what it refuses."""

import math

import pytest

from keras_acts import layers
from keras_acts._catalogue import activation, derivative, describe, names
from keras_acts._names.elsewhere import get
from keras_acts._record import register
from keras_acts._record.parameters import AnyReal, Positive

FACTS = {
    "range": (-math.inf, math.inf),
    "monotonic": True,
    "smoothness": math.inf,
    "limits": (-math.inf, math.inf),
    "reference": "none",
}


FAMILY = "test"


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    """The catalogue, to be changed by a test and restored after it."""
    monkeypatch.setattr(register, "_functions", dict(register._functions))
    monkeypatch.setattr(register, "_aliases", dict(register._aliases))
    return register


def state():
    return dict(register._functions), dict(register._aliases)


def doubled(x):
    """``2 · x``

    Twice the input.
    """
    return 2.0 * x


def scaled(x, alpha: Positive = 2.0):
    """``alpha · x``

    A multiple of the input.
    """
    return alpha * x


def needy(x, alpha: AnyReal):
    """``alpha + x``

    Needs its parameter.
    """
    return alpha + x


def renamed(function, name, module=None):
    """Another function with the same body."""
    copy = type(function)(function.__code__, function.__globals__, name, function.__defaults__)
    copy.__doc__, copy.__annotations__, copy.__module__ = (
        function.__doc__,
        function.__annotations__,
        module or function.__module__,
    )
    return copy


def test_declared_activation_is_found_with_what_its_declaration_says():
    function = activation(**FACTS, aliases=("twofold",))(doubled)
    assert get("doubled") is get("twofold") is function
    assert "doubled" in names()
    assert "twofold" not in names()
    assert "twofold" in names(aliases=True)
    assert describe("twofold").formula == "2 · x"
    assert describe("twofold").summary == "Twice the input."
    assert [float(y) for y in function([1.0, -3.0])] == [2.0, -6.0]


def test_derivative_belongs_to_its_activation():
    function = activation(**FACTS)(renamed(doubled, "doubled"))

    @derivative(function)
    def _(x):
        """``2``"""
        return 0.0 * x + 2.0

    assert describe("doubled").derivative == "2"
    assert [float(y) for y in function.derivative([1.0, -3.0])] == [2.0, 2.0]


def test_required_parameter_makes_get_name_it_and_keeps_the_parameterised_form():
    activation(**FACTS)(needy)
    assert not describe("needy").callable_by_name
    with pytest.raises(TypeError, match="needy needs 'alpha'"):
        get("needy")
    with pytest.raises(TypeError, match="needy needs 'alpha'"):
        describe("needy").function([1.0])
    assert [float(y) for y in get("needy", alpha=1)([1.0])] == [2.0]


@pytest.mark.parametrize("taken", ["relu", "lrelu"])
@pytest.mark.parametrize("place", ["name", "alias"])
def test_name_taken_twice_is_refused_and_changes_nothing(taken, place):
    before = state()
    formula = renamed(doubled, taken if place == "name" else "doubled")
    aliases = ("fresh", taken) if place == "alias" else ("fresh",)
    with pytest.raises(ValueError, match=rf"the name '{taken}' .*is taken by .*relu.*Choose another"):
        activation(**FACTS, aliases=aliases)(formula)
    assert state() == before


def test_same_declaration_again_replaces_itself():
    first = activation(**FACTS, aliases=("twofold",))(renamed(doubled, "doubled"))
    second = activation(**FACTS, aliases=("twofold",))(renamed(doubled, "doubled"))
    assert first is not second
    assert get("doubled") is get("twofold") is second


def test_same_name_in_another_module_is_refused():
    first = activation(**FACTS)(renamed(doubled, "doubled", "one"))
    with pytest.raises(ValueError, match=r"'doubled' of two\.doubled is taken by one\.doubled"):
        activation(**FACTS)(renamed(doubled, "doubled", "two"))
    assert get("doubled") is first


def test_parameter_without_a_kind_is_refused():
    def loose(x, alpha=1.0):
        """``alpha · x``"""
        return alpha * x

    before = state()
    with pytest.raises(TypeError, match="parameter 'alpha' must declare its kind"):
        activation(**FACTS)(loose)
    assert state() == before


def test_derivative_with_a_default_value_is_refused():
    """Every call gives it every parameter, so that a default would only be another fact that may be wrong."""
    function = activation(**FACTS)(scaled)

    def slope(x, alpha=2.0):
        """``alpha``"""
        return 0.0 * x + alpha

    with pytest.raises(TypeError, match=r"a derivative of scaled takes \(x, alpha\), without defaults"):
        derivative(function)(slope)
    assert not function.record.derivatives


def test_limits_are_the_ends_of_the_range_or_must_be_declared():
    facts = {**{name: fact for name, fact in FACTS.items() if name != "limits"}, "range": (-math.inf, 5.0)}
    assert activation(**facts)(renamed(doubled, "doubled")).record.limits == (-math.inf, 5.0)
    with pytest.raises(TypeError, match="not monotonic must declare its limits"):
        activation(**{**facts, "monotonic": False})


def test_file_that_names_no_family_is_refused(monkeypatch):
    monkeypatch.delitem(globals(), "FAMILY")
    before = state()
    with pytest.raises(TypeError, match=r'declares doubled: it must say FAMILY = "…" before'):
        activation(**FACTS)(doubled)
    assert state() == before


def test_docstring_without_a_formula_is_refused_where_it_is_read():
    def silent(x):
        """Nothing."""
        return x

    activation(**FACTS)(silent)
    with pytest.raises(TypeError, match="must begin with its formula"):
        _ = describe("silent").formula


def test_parameters_are_read_from_the_signature():
    activation(**FACTS)(scaled)
    (alpha,) = describe("scaled").parameters
    assert (alpha.name, alpha.default, alpha.required) == ("alpha", 2.0, False)
    assert str(alpha) == "alpha: a finite number > 0, default 2.0"


@pytest.mark.any_backend
def test_every_record_has_formula_summary_reference_and_derivative(record):
    assert record.formula
    assert record.summary.endswith(".")
    assert record.reference
    assert (record.derivative is not None) == record.elementwise


def test_record_prints_its_name_formula_derivative_and_parameters():
    assert repr(describe("atan")) == "atan: arctan(x)\nderivative: 1 / (1 + x²)\nIt takes no parameters."


@pytest.mark.any_backend
def test_every_record_prints_in_a_few_lines(record):
    name, *rest = repr(record).split("\n")
    assert name == f"{record.name}: {record.formula}"
    assert rest == [f"derivative: {record.derivative}"] * record.elementwise + [record.signature]


@pytest.mark.parametrize(
    ("name", "way_out"),
    [
        ("GELU", r"Did you mean 'gelu'\?"),
        ("LeakyReLU", r"Did you mean 'leaky_relu'\?"),
        ("gelu_python_tanh", r"Did you mean 'gelu_tanh'\?"),
        ("torch.nn.SiLU", r"keras_acts\.get\('torch.nn.SiLU'\) reads it: here it is 'silu'\."),
        ("keras.layers.LeakyReLU", r"here it is 'leaky_relu' with negative_slope=0\.3\."),
    ],
)
@pytest.mark.parametrize("way", [describe, layers.Activation, lambda name: layers.GatedDense(4, activation=name)])
def test_name_that_only_get_reads_is_refused_with_what_it_is_here(name, way_out, way):
    get(name)
    with pytest.raises(ValueError, match=rf"unknown activation '{name}'\. .*{way_out}"):
        way(name)


def test_name_of_a_layer_elsewhere_is_refused_with_the_layer():
    with pytest.raises(ValueError, match=r"'torch.nn.PReLU' is a layer here.*keras_acts\.layers\.PReLU"):
        describe("torch.nn.PReLU")


@pytest.mark.parametrize(
    ("name", "given", "ours"),
    [("jax.nn.gelu", {"approximate": False}, "gelu_tanh"), ("torch.nn.Softshrink", {"lambd": 0.3}, "soft_shrink")],
)
def test_unknown_parameter_after_another_librarys_name_is_refused_with_ours(name, given, ours):
    with pytest.raises(TypeError, match=rf"{ours} has no parameter .* '{name}' is '{ours}' here; parameters go with"):
        get(name, **given)


def test_family_is_found_with_a_hyphen_too():
    assert "silu" in names("self-gated")
    assert names("self-gated") == names("self_gated")


def test_names_are_identifiers_and_unique():
    every = names(aliases=True)
    assert all(name.isidentifier() and name == name.lower() for name in every)
    assert len(set(every)) == len(every)
