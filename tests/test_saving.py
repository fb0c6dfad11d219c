"""Saving: whatever is put in a model comes back as itself, in every format."""

import copy
import json
import pickle
import zipfile

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import ActivationOperation, Parameterised
from tests import everything, kinds


@pytest.fixture(scope="module", params=kinds.TOGETHER)
def names(request):
    """The names of the activations in the model."""
    return request.param


@pytest.fixture(scope="module")
def model(names):
    """A model with these activations in every form, and every layer."""
    return everything.model_of(names)


@pytest.fixture(scope="module")
def expected(model):
    return everything.predict(model, everything.inputs())


def through_keras(model, folder):
    model.save(folder / "m.keras")
    return keras.models.load_model(folder / "m.keras")


def through_h5(model, folder):
    model.save(folder / "m.h5")
    return keras.models.load_model(folder / "m.h5")


def through_json_and_weights(model, folder):
    model.save_weights(folder / "m.weights.h5")
    loaded = keras.models.model_from_json(model.to_json())
    loaded.load_weights(folder / "m.weights.h5")
    return loaded


def through_clone(model, _):
    loaded = keras.models.clone_model(model)
    loaded.set_weights(model.get_weights())
    return loaded


def through_deepcopy(model, _):
    return copy.deepcopy(model)


def through_pickle(model, _):
    return pickle.loads(pickle.dumps(model))


WAYS = [through_keras, through_h5, through_json_and_weights, through_clone, through_deepcopy, through_pickle]


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: way.__name__.removeprefix("through_"))
def copied(request, model, tmp_path_factory):
    return request.param(model, tmp_path_factory.mktemp("saved"))


def test_copy_predicts_exactly_the_same(copied, expected):
    for got, wanted in zip(everything.predict(copied, everything.inputs()), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_functions_come_back_identical(model, copied, names):
    by_name = [layer for layer in model.layers if layer.name.endswith("_by_name")]
    assert len(by_name) == sum(keras_acts.describe(name).callable_by_name for name in names)
    for layer in by_name:
        assert copied.get_layer(layer.name).activation is layer.activation
        assert layer.activation is keras_acts.get(layer.name.removesuffix("_by_name"))


def test_parameterised_forms_come_back_equal(model, copied, names):
    parameterised = [layer for layer in model.layers if layer.name.endswith("_with_parameters")]
    assert len(parameterised) == sum(bool(keras_acts.describe(name).parameters) for name in names)
    for layer in parameterised:
        assert isinstance(layer.activation, Parameterised)
        assert copied.get_layer(layer.name).activation == layer.activation


def test_symbolic_nodes_come_back_with_their_names_and_parameters(model, copied, names):
    def nodes(of):
        return [node.get_config() for node in of.operations if isinstance(node, ActivationOperation)]

    assert len(nodes(model)) > len(names)
    assert nodes(copied) == nodes(model)


def test_layers_come_back_as_their_class_with_their_configuration(model, copied):
    ours = [layer for layer in model.layers if type(layer).__module__ == "keras_acts.layers"]
    assert {type(layer).__name__ for layer in ours} == set(keras_acts.layers.__all__)
    for layer in ours:
        assert type(copied.get_layer(layer.name)) is type(layer)
        assert json.dumps(copied.get_layer(layer.name).get_config()) == json.dumps(layer.get_config())


def test_activation_with_parameters_comes_back_inside_a_recurrent_layer(copied):
    assert copied.get_layer("recurrent").activation == keras_acts.get("snake", alpha=2.0)
    assert copied.get_layer("recurrent").recurrent_activation is keras_acts.activations.sigmoid


def test_nested_model_comes_back(copied):
    nested = copied.get_layer("nested")
    assert nested.get_layer("inner").activation is keras_acts.activations.lisht
    assert type(nested.get_layer("inner_softmax")) is keras_acts.layers.Softmax


def test_learned_layer_inside_another_comes_back_with_its_weight(model, copied):
    for name in ("Snake", "PReLU"):
        inner, again = (of.get_layer(f"{name}_in_dense").activation for of in (model, copied))
        assert type(again) is getattr(keras_acts.layers, name)
        np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(layer.alpha) for layer in (inner, again)))


def test_copy_of_a_copy_is_saved_alike(copied):
    assert (
        json.loads(copied.to_json())["config"]["layers"]
        == json.loads(through_clone(copied, None).to_json())["config"]["layers"]
    )


# ---- one activation at a time


@pytest.fixture(params=keras_acts.names(aliases=True))
def function(request):
    """What each name and alias stands for."""
    return keras_acts.describe(request.param).function


@pytest.mark.any_backend
def test_function_survives_its_configuration(function):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(function)))
    assert keras.saving.deserialize_keras_object(config) is function
    assert keras.activations.deserialize(keras.activations.serialize(function)) is function


@pytest.mark.any_backend
def test_function_is_its_own_copy(function):
    assert copy.copy(function) is copy.deepcopy(function) is pickle.loads(pickle.dumps(function)) is function


def test_derivative_is_its_own_copy(each_kind):
    function = each_kind.function
    assert pickle.loads(pickle.dumps(function.derivative)) is copy.deepcopy(function.derivative) is function.derivative


@pytest.mark.any_backend
def test_every_alias_resolves_in_a_file(record):
    for name in (record.name, *record.aliases):
        config = {"module": "builtins", "class_name": "function", "config": f"keras_acts>{name}", "registered_name": "function"}
        assert keras.saving.deserialize_keras_object(config) is record.function


PARAMETERISED = [name for name in kinds.NAMES if keras_acts.describe(name).parameters]


@pytest.mark.parametrize("name", kinds.one_name_of_each(PARAMETERISED))
def test_parameterised_form_survives_its_configuration(name):
    form = keras_acts.get(name, **everything.settings(keras_acts.describe(name)))
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(form)))
    assert keras.saving.deserialize_keras_object(config) == form
    assert keras.activations.deserialize(keras.activations.serialize(form)) == form
    for way in (copy.copy, copy.deepcopy, lambda form: pickle.loads(pickle.dumps(form))):
        assert way(form) == form


@pytest.mark.any_backend
@pytest.mark.parametrize("name", PARAMETERISED)
def test_example_parameters_are_no_defaults(name):
    record = keras_acts.describe(name)
    form = keras_acts.get(name, **everything.settings(record))
    free = [parameter for parameter in record.parameters if parameter.name not in record.example]
    assert all(form.parameters[parameter.name] != parameter.default for parameter in free)


def test_configuration_of_a_parameterised_form_can_not_change_it():
    form = keras_acts.get("elu", alpha=2.0)
    form.get_config()["parameters"]["alpha"] = 3.0
    assert form == keras_acts.get("elu", alpha=2.0)
    assert form.get_config() == {"activation": "elu", "parameters": {"alpha": 2.0}}


# ---- files


def test_file_names_the_public_modules_only(model, tmp_path):
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        config = archive.read("config.json").decode()
    assert "keras_acts>" in config
    assert "keras_acts._" not in config
    assert "keras_acts._" not in model.to_json()


def test_file_holds_names_and_never_code(model):
    assert "__lambda__" not in model.to_json()
    assert '"keras_acts>sigmoid"' in model.to_json()


def test_compiled_model_goes_on_training_after_loading(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, activation="snake"),
            keras_acts.layers.Snake(),
            keras.layers.Dense(2, activation=keras_acts.layers.PReLU(num_parameters=2)),
        ]
    )
    model.compile(optimizer="adam", loss="mse")
    x = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(8, 3)
    model.fit(x, x[:, :2], epochs=1, verbose=0)
    loaded = through_keras(model, tmp_path)
    losses = [of.fit(x, x[:, :2], epochs=2, shuffle=False, verbose=0).history["loss"] for of in (model, loaded)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-6)
    assert losses[0][1] < losses[0][0]


def test_subclassed_model_with_an_activation_as_attribute_pickles():
    form = pickle.loads(pickle.dumps({"activation": keras_acts.get("elu", alpha=2.0), "again": keras_acts.activations.elu}))
    assert form["activation"] == keras_acts.get("elu", alpha=2.0)
    assert form["again"] is keras_acts.activations.elu
