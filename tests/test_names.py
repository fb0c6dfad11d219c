"""`get`, `names` and `describe`: looking an activation up by its name."""

import inspect

import pytest

import keras_acts
from keras_acts import Record
from tests import kinds

NUMBERS = [-1.5, 0.0, 2.0]


def close_to(x, y):
    return [float(v) for v in x] == [float(v) for v in y]


@pytest.mark.any_backend
@pytest.mark.parametrize("name", [name for name in keras_acts.names() if keras_acts.describe(name).callable_by_name])
def test_get_without_parameters_is_the_function_itself(name):
    record, function = keras_acts.describe(name), getattr(keras_acts.activations, name)
    for name in (record.name, *record.aliases):
        assert keras_acts.get(name) is function
        assert keras_acts.get(f"keras_acts>{name}") is function
    assert keras_acts.get(function) is function


@pytest.mark.any_backend
def test_aliases_resolve_to_the_canonical_record(record):
    for alias in record.aliases:
        assert keras_acts.describe(alias) is keras_acts.describe(record.name)
        assert not hasattr(keras_acts.activations, alias) or alias in keras_acts.names()


@pytest.mark.any_backend
def test_function_has_its_own_name_signature_and_docstring(record):
    function = record.function
    assert function.__name__ == record.name
    mask = ["mask"] if record.takes_mask else []
    assert list(inspect.signature(function).parameters) == ["x", *(parameter.name for parameter in record.parameters), *mask]
    assert record.formula in function.__doc__


def test_describe_takes_name_function_and_parameterised_form():
    by_name = keras_acts.describe("elu")
    assert isinstance(by_name, Record)
    assert keras_acts.describe(keras_acts.activations.elu) is by_name
    assert keras_acts.describe(keras_acts.get("elu", alpha=2.0)) is by_name


def test_names_are_the_public_functions():
    assert keras_acts.names() == sorted(keras_acts.activations.__all__)


def test_names_with_aliases_add_every_alias_once():
    aliases = [alias for name in keras_acts.names() for alias in keras_acts.describe(name).aliases]
    assert keras_acts.names(aliases=True) == sorted([*keras_acts.names(), *aliases])
    assert len(set(keras_acts.names(aliases=True))) == len(keras_acts.names(aliases=True))


def test_families_partition_the_names():
    families = {keras_acts.describe(name).family for name in keras_acts.names()}
    assert sorted(name for family in families for name in keras_acts.names(family)) == keras_acts.names()
    for family in families:
        assert all(keras_acts.describe(name).family == family for name in keras_acts.names(family))


def test_names_of_an_unknown_family_lists_the_families():
    with pytest.raises(ValueError, match=r"unknown family 'perodic'.*periodic"):
        keras_acts.names("perodic")


@pytest.mark.parametrize(("wrong", "right"), [("snak", "snake"), ("keras_acts>snak", "snake"), ("softsgn", "softsign")])
def test_unknown_name_is_refused_with_the_nearest(wrong, right):
    with pytest.raises(ValueError, match=f"unknown activation '{wrong}'.*Did you mean .*'{right}'"):
        keras_acts.get(wrong)
    with pytest.raises(ValueError, match=f"'{right}'"):
        keras_acts.describe(wrong)


def test_name_far_from_all_is_refused_without_a_suggestion():
    with pytest.raises(ValueError, match=r"unknown activation 'qqqqqqqqq'\.$"):
        keras_acts.get("qqqqqqqqq")


@pytest.mark.parametrize("name", [3, b"snake", ["snake"], len, object(), {"class_name": "snake"}])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(TypeError, match="looked up by its name"):
        keras_acts.get(name)


def test_unknown_parameter_is_refused_with_the_known_ones():
    with pytest.raises(TypeError, match=r"leaky_relu has no parameter 'negativ_slope'.*Did you mean 'negative_slope'"):
        keras_acts.get("leaky_relu", negativ_slope=0.1)
    with pytest.raises(TypeError, match="leaky_relu has no parameter 'alfa'"):
        keras_acts.activations.leaky_relu(NUMBERS, alfa=0.1)
    with pytest.raises(TypeError, match=r"tanh has no parameter 'alpha'. It takes no parameters"):
        keras_acts.get("tanh", alpha=1.0)


def test_too_many_arguments_are_refused():
    with pytest.raises(TypeError, match="snake takes 1 parameters after x; got 2"):
        keras_acts.activations.snake(NUMBERS, 1.0, 2.0)
    with pytest.raises(TypeError, match="snake got 'alpha' twice"):
        keras_acts.activations.snake(NUMBERS, 1.0, alpha=2.0)


def test_parameters_work_by_place_and_by_name():
    for_both = keras_acts.activations.snake
    assert close_to(for_both(NUMBERS, 2.0), for_both(NUMBERS, alpha=2.0))
    assert close_to(for_both.derivative(NUMBERS, 2.0), for_both.derivative(NUMBERS, alpha=2.0))


def test_parameterised_form_equals_the_call_with_parameters():
    steep = keras_acts.get("snake", alpha=3.0)
    assert close_to(steep(NUMBERS), keras_acts.activations.snake(NUMBERS, alpha=3.0))
    assert close_to(steep.derivative(NUMBERS), keras_acts.activations.snake.derivative(NUMBERS, alpha=3.0))
    assert not close_to(steep(NUMBERS), keras_acts.activations.snake(NUMBERS))


def test_parameterised_forms_are_equal_by_name_and_parameters():
    one = keras_acts.get("elu", alpha=2)
    assert one == keras_acts.get("keras_acts>elu", alpha=2.0)
    assert hash(one) == hash(keras_acts.get("elu", alpha=2.0))
    assert one != keras_acts.get("elu", alpha=3.0)
    assert one != keras_acts.get("snake", alpha=2.0)
    assert one != keras_acts.activations.elu
    assert len({one, keras_acts.get("elu", alpha=2.0), keras_acts.get("elu", alpha=3.0)}) == 2


def test_parameterised_form_reads_as_the_call_that_makes_it():
    one = keras_acts.get("relu", max_value=6)
    assert repr(one) == "keras_acts.get('relu', negative_slope=0.0, max_value=6.0, threshold=0.0)"
    assert eval(repr(one)) == one


def test_parameterised_form_is_called_by_the_name_of_its_activation():
    assert keras_acts.get("lrelu", negative_slope=0.1).__name__ == "leaky_relu"


def test_get_on_a_parameterised_form_returns_or_changes_it():
    six = keras_acts.get("relu", max_value=6.0)
    assert keras_acts.get(six) is six
    assert keras_acts.get(six, negative_slope=0.1) == keras_acts.get("relu", max_value=6.0, negative_slope=0.1)
    assert six == keras_acts.get("relu", max_value=6.0)


def test_parameters_of_any_number_type_become_python_floats():
    from fractions import Fraction

    import numpy as np

    for half in (0.5, np.float32(0.5), np.float64(0.5), Fraction(1, 2)):
        alpha = keras_acts.get("elu", alpha=half).parameters["alpha"]
        assert type(alpha) is float
        assert alpha == 0.5
    assert keras_acts.get("softmax", axis=np.int64(-1)).parameters == {"axis": -1}
    assert type(keras_acts.get("softmax", axis=np.int64(-1)).parameters["axis"]) is int
    assert keras_acts.get("softmax", axis=[0, 1]).parameters == {"axis": (0, 1)}


def test_parameterised_form_refuses_a_tensor():
    import keras

    with pytest.raises(TypeError, match=r"snake: alpha is a tensor.*learned layer"):
        keras_acts.get("snake", alpha=keras.ops.ones(()))


@pytest.mark.parametrize("name", kinds.one_name_of_each(kinds.ALONG_AN_AXIS))
def test_activation_that_mixes_a_row_has_no_elementwise_derivative(name):
    record = keras_acts.describe(name)
    assert record.derivative is None
    with pytest.raises(TypeError, match=f"{record.name} is not element-wise"):
        record.function.derivative([NUMBERS], **record.example)
