"""Activations called on symbolic tensors: one node in the graph, that saves in every format."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import ActivationOperation
from tests import kinds
from tests.everything import settings

snake = keras_acts.activations.snake


@pytest.fixture
def _fresh_names():
    """Names count from the start: not for every test, since Keras also collects all garbage, which takes a second."""
    keras.utils.clear_session()


def nodes(model):
    return [operation for operation in model.operations if isinstance(operation, ActivationOperation)]


def call(record, x, given=None):
    given = settings(record) if given is None and not record.callable_by_name else given or {}
    return record.function(x, **given)


def shape_of(record, shape):
    """The shape of what `call` returns for an input of `shape`."""
    given = {} if record.callable_by_name else settings(record)
    return keras_acts.Parameterised(record.name, given).output_shape(shape)


def value(model, *inputs):
    return keras.ops.convert_to_numpy(model(*inputs))


def test_activation_is_one_node_named_after_it(each_kind):
    x = keras.Input((4, 12))
    _, first, second = (node.name for node in keras.Model(x, call(each_kind, call(each_kind, x))).operations)
    count = int(first.removeprefix(each_kind.name).removeprefix("_") or 0)
    assert first == (f"{each_kind.name}_{count}" if count else each_kind.name)
    assert second == f"{each_kind.name}_{count + 1}"


@pytest.mark.usefixtures("_fresh_names")
def test_nodes_are_numbered_from_the_bare_name_on():
    x = keras.Input((3,))
    model = keras.Model(x, snake(snake(snake(x))))
    assert [node.name for node in nodes(model)] == ["snake", "snake_1", "snake_2"]


def test_node_computes_what_the_function_does(each_kind):
    x = keras.Input((4, 6))
    data = keras.ops.convert_to_tensor(np.linspace(-3.0, 3.0, 48, dtype="float32").reshape(2, 4, 6))
    for given in filter(None, ({} if each_kind.callable_by_name else None, settings(each_kind))):
        model = keras.Model(x, each_kind.function(x, **given))
        np.testing.assert_array_equal(value(model, data), keras.ops.convert_to_numpy(each_kind.function(data, **given)))
    assert keras.Model(x, call(each_kind, x)).output_shape == (None, *call(each_kind, data).shape[1:])


@pytest.mark.usefixtures("_fresh_names")
def test_parameterised_form_is_one_node_with_its_parameters():
    x = keras.Input((3,))
    model = keras.Model(x, keras_acts.get("relu", max_value=6.0)(x))
    (node,) = nodes(model)
    assert node.name == "relu"
    assert node.get_config() == {
        "activation": "relu",
        "parameters": {"negative_slope": 0.0, "max_value": 6.0, "threshold": 0.0},
        "name": "relu",
    }


@pytest.mark.usefixtures("_fresh_names")
@pytest.mark.parametrize("layer_first", [True, False])
def test_node_and_layer_of_one_name_do_not_clash(layer_first, tmp_path):
    y = x = keras.Input((3,))
    for step in (keras_acts.layers.Snake, lambda: snake, keras_acts.layers.Snake, lambda: snake)[:: 1 if layer_first else -1]:
        y = step()(y)
    model = keras.Model(x, y)
    names = [operation.name for operation in model.operations]
    assert sorted(names[1:]) == ["snake", "snake_1", "snake_2", "snake_3"]
    model.save(tmp_path / "m.keras")
    assert [operation.name for operation in keras.models.load_model(tmp_path / "m.keras").operations] == names


@pytest.mark.usefixtures("_fresh_names")
def test_layer_called_like_the_node_by_its_user_is_told_apart(tmp_path):
    x = keras.Input((3,))
    model = keras.Model(x, snake(keras.layers.Dense(3, name="snake_layer")(x)))
    model.save(tmp_path / "m.h5")
    assert [node.name for node in nodes(keras.models.load_model(tmp_path / "m.h5"))] == ["snake"]


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("given", "out"),
    [
        ("float32", "float32"),
        ("float16", "float16"),
        ("bfloat16", "bfloat16"),
        ("float64", "float64"),
        ("int32", "float32"),
        ("uint8", "float32"),
        ("bool", "float32"),
    ],
)
def test_dtype_that_comes_in_goes_out_and_integers_become_floatx(each_kind, given, out):
    y = call(each_kind, keras.KerasTensor((2, 4, 6), dtype=given))
    assert (y.shape, keras.backend.standardize_dtype(y.dtype)) == (shape_of(each_kind, (2, 4, 6)), out)


@pytest.mark.any_backend
def test_complex_input_is_refused_when_the_graph_is_built(each_kind):
    with pytest.raises(TypeError, match=f"{each_kind.name} takes real numbers.*complex64"):
        call(each_kind, keras.KerasTensor((2, 4, 6), dtype="complex64"))


@pytest.mark.any_backend
@pytest.mark.parametrize("shape", [(None, None, 6), (2, None, None, 6), (None, None, None), (5, 2, 4)])
def test_unknown_sizes_stay_unknown(each_kind, shape):
    y = call(each_kind, keras.KerasTensor(shape))
    assert y.shape == shape_of(each_kind, shape)
    assert [size is None for size in y.shape] == [size is None for size in shape]


def test_model_with_unknown_sizes_takes_any(each_kind):
    x = keras.Input((None, 6))
    model = keras.Model(x, call(each_kind, x))
    for length in (2, 8):
        assert value(model, np.ones((2, length, 6), "float32")).shape == shape_of(each_kind, (2, length, 6))


def test_graph_with_two_inputs_computes_and_saves(tmp_path):
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    model = keras.Model([a, b], [snake(a) + keras_acts.activations.softmax(b), snake(b, alpha=2.0)])
    data = [np.linspace(-2.0, 2.0, 6, dtype="float32").reshape(2, 3), np.linspace(3.0, -1.0, 6, dtype="float32").reshape(2, 3)]
    model.save(tmp_path / "m.keras")
    for of in (model, keras.models.load_model(tmp_path / "m.keras")):
        assert [node.name for node in nodes(of)] == [node.name for node in nodes(model)]
        first, second = of(data)
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(first),
            data[0] + np.sin(data[0]) ** 2 + np.exp(data[1]) / np.exp(data[1]).sum(1, keepdims=True),
            rtol=1e-5,
            atol=1e-6,
        )
        np.testing.assert_allclose(
            keras.ops.convert_to_numpy(second), data[1] + np.sin(2 * data[1]) ** 2 / 2, rtol=1e-5, atol=1e-6
        )


@pytest.mark.usefixtures("_fresh_names")
@pytest.mark.parametrize("form", ["m.keras", "m.h5"])
def test_nodes_keep_names_and_parameters_in_a_file(form, tmp_path):
    x = keras.Input((4, 3))
    y = keras_acts.activations.softmax(snake(snake(x, alpha=3.0)), axis=(1, 2))
    model = keras.Model(x, y)
    model.save(tmp_path / form)
    loaded = keras.models.load_model(tmp_path / form)
    assert [node.get_config() for node in nodes(loaded)] == [node.get_config() for node in nodes(model)]
    assert [node.name for node in nodes(loaded)] == ["snake", "snake_1", "softmax"]
    assert nodes(loaded)[2].get_config()["parameters"] == {"axis": (1, 2)}


@pytest.mark.any_backend
@pytest.mark.parametrize("name", kinds.one_name_of_each(kinds.ALONG_AN_AXIS))
@pytest.mark.parametrize("axis", [3, -4, (0, 3), (2, -1)])
def test_axis_that_the_input_lacks_is_refused_when_the_graph_is_built(name, axis):
    if isinstance(axis, tuple) and not dict(keras_acts.describe(name).axes)["axis"].several:
        pytest.skip("it takes one axis only, which test_bad_input.py tries")
    form = keras_acts.get(name, **{**keras_acts.describe(name).example, "axis": axis})
    with pytest.raises(ValueError, match=rf"{name}: axis=.* does not fit an input of shape \(None, 4, 6\)"):
        form(keras.Input((4, 6)))


def test_parameter_out_of_range_is_refused_when_the_graph_is_built():
    with pytest.raises(ValueError, match="snake: alpha must be"):
        snake(keras.Input((3,)), alpha=-1.0)


def test_tensor_as_parameter_of_a_node_is_refused_with_the_way_out():
    with pytest.raises(TypeError, match=r"snake: alpha is a tensor.*learned layer"):
        snake(keras.Input((3,)), alpha=keras.ops.ones(()))


def test_node_trains_with_the_layers_around_it():
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(1)(snake(keras.layers.Dense(4)(x))))
    model.compile(optimizer="sgd", loss="mse")
    data = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(8, 3)
    before = [np.array(weight) for weight in model.get_weights()]
    model.fit(data, data.sum(1, keepdims=True), epochs=1, verbose=0)
    assert all(np.any(old != new) for old, new in zip(before, model.get_weights(), strict=True))
