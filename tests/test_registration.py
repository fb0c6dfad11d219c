"""Strings in Keras: new names, Keras's own names, and the switch between them."""

import importlib.util
import sys
import types
import warnings

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._names import keras_names
from keras_acts._record import register

BY_NAME = {
    name: record.function
    for record in map(keras_acts.describe, keras_acts.names())
    if record.callable_by_name
    for name in (record.name, *record.aliases)
}
STOCK = {name: getattr(keras.activations, name) for name in BY_NAME if hasattr(keras.activations, name)}
CHANGING = {name for name, function in BY_NAME.items() if function.record.changes_shape}  # refused: see test_hostile.py
NEW = sorted(BY_NAME.keys() - STOCK.keys() - CHANGING)
REPLACEABLE = sorted(STOCK.keys() - {"leaky_relu"})
SEQUENCE, IMAGE, FILM = (2, 4, 3), (2, 5, 5, 3), (2, 2, 4, 3)

# where Keras takes the name of an activation: how the layer is made, its input, and where it keeps the activation
PLACES = {
    "Dense": (lambda name: keras.layers.Dense(2, activation=name), SEQUENCE, lambda layer: layer.activation),
    "Activation": (lambda name: keras.layers.Activation(name), SEQUENCE, lambda layer: layer.activation),
    "Conv1D": (lambda name: keras.layers.Conv1D(2, 2, activation=name), SEQUENCE, lambda layer: layer.activation),
    "Conv2D": (lambda name: keras.layers.Conv2D(2, 2, activation=name), IMAGE, lambda layer: layer.activation),
    "SeparableConv1D": (
        lambda name: keras.layers.SeparableConv1D(2, 2, activation=name),
        SEQUENCE,
        lambda layer: layer.activation,
    ),
    "SeparableConv2D": (
        lambda name: keras.layers.SeparableConv2D(2, 2, activation=name),
        IMAGE,
        lambda layer: layer.activation,
    ),
    "DepthwiseConv2D": (lambda name: keras.layers.DepthwiseConv2D(2, activation=name), IMAGE, lambda layer: layer.activation),
    "EinsumDense": (
        lambda name: keras.layers.EinsumDense("abc,cd->abd", (None, 2), activation=name),
        SEQUENCE,
        lambda layer: layer.activation,
    ),
    "LSTM": (lambda name: keras.layers.LSTM(2, activation=name), SEQUENCE, lambda layer: layer.activation),
    "LSTM gates": (
        lambda name: keras.layers.LSTM(2, recurrent_activation=name),
        SEQUENCE,
        lambda layer: layer.recurrent_activation,
    ),
    "GRU": (lambda name: keras.layers.GRU(2, activation=name), SEQUENCE, lambda layer: layer.activation),
    "GRU gates": (
        lambda name: keras.layers.GRU(2, recurrent_activation=name),
        SEQUENCE,
        lambda layer: layer.recurrent_activation,
    ),
    "SimpleRNN": (lambda name: keras.layers.SimpleRNN(2, activation=name), SEQUENCE, lambda layer: layer.activation),
    "ConvLSTM1D": (lambda name: keras.layers.ConvLSTM1D(2, 2, activation=name), FILM, lambda layer: layer.activation),
    "Bidirectional": (
        lambda name: keras.layers.Bidirectional(keras.layers.GRU(2, activation=name)),
        SEQUENCE,
        lambda layer: layer.forward_layer.activation,
    ),
    "TimeDistributed": (
        lambda name: keras.layers.TimeDistributed(keras.layers.Dense(2, activation=name)),
        SEQUENCE,
        lambda layer: layer.layer.activation,
    ),
}


@pytest.fixture(autouse=True)
def _registered():
    """Whatever a test does to the names, the next one finds them as import leaves them."""
    yield
    for replacement in list(keras_names._active):
        replacement.undo()
    keras_acts.register()


@pytest.fixture(params=PLACES)
def place(request):
    return PLACES[request.param]


@pytest.mark.any_backend
def test_every_new_name_is_taken_wherever_keras_takes_one(place):
    make, _, held = place
    for name in NEW:
        assert held(make(name)) is BY_NAME[name]


@pytest.mark.any_backend
def test_every_name_after_the_package_is_taken_wherever_keras_takes_one(place):
    make, _, held = place
    for name, function in BY_NAME.items():
        assert held(make(f"keras_acts>{name}")) is function


@pytest.mark.any_backend
def test_layer_by_name_computes_what_kerass_function_does(place):
    make, shape, _ = place
    x = np.linspace(-2.0, 2.0, int(np.prod(shape)), dtype="float32").reshape(shape)
    outputs = []
    for name in ("keras_acts>softsign", "softsign"):
        keras.utils.set_random_seed(1)
        outputs.append(keras.ops.convert_to_numpy(make(name)(x)))
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


def test_the_founding_names_that_keras_lacks_are_new():
    assert {"snake", "lisht", "squared_relu"} <= set(NEW)


@pytest.mark.parametrize("name", STOCK)
def test_name_that_keras_has_means_its_function_by_default(name):
    assert keras.activations.get(name) is STOCK[name]
    assert keras.layers.Dense(2, activation=name).activation is STOCK[name]


def test_unknown_string_is_refused_by_keras():
    with pytest.raises(ValueError, match="snak"):
        keras.layers.Dense(2, activation="snak")


def test_new_names_are_listed_nowhere_as_classes():
    assert all(callable(keras.activations.get(name)) and not isinstance(keras.activations.get(name), type) for name in NEW)


# ---- replace_builtins


@pytest.mark.parametrize("name", REPLACEABLE)
def test_replaced_name_means_ours(name):
    with keras_acts.replace_builtins():
        assert keras.layers.Dense(2, activation=name).activation is BY_NAME[name]
    assert keras.layers.Dense(2, activation=name).activation is STOCK[name]


def test_replacement_leaves_leaky_relu_and_functions_alone():
    with keras_acts.replace_builtins() as replacement:
        assert keras.activations.get("leaky_relu") is keras.activations.leaky_relu
        assert keras.layers.Dense(2, activation=keras.activations.softsign).activation is keras.activations.softsign
        assert "leaky_relu" not in replacement.names


def test_replacement_covers_every_other_name_that_both_have():
    with keras_acts.replace_builtins() as replacement:
        assert sorted(replacement.names) == REPLACEABLE


def test_replacement_takes_effect_on_the_call_and_ends_with_undo():
    replacement = keras_acts.replace_builtins()
    assert keras.activations.get("softsign") is BY_NAME["softsign"]
    assert "active" in repr(replacement)
    assert "softsign" in repr(replacement)
    replacement.undo()
    assert keras.activations.get("softsign") is STOCK["softsign"]
    assert "undone" in repr(replacement)
    replacement.undo()
    assert keras.activations.get("softsign") is STOCK["softsign"]


def test_replacement_ends_with_an_error_in_its_block():
    with pytest.raises(KeyError), keras_acts.replace_builtins():
        raise KeyError
    assert keras.activations.get("tanh") is STOCK["tanh"]


def test_nested_replacement_gives_back_what_the_outer_one_holds():
    with keras_acts.replace_builtins():
        with keras_acts.replace_builtins(except_=["tanh"]):
            assert keras.activations.get("tanh") is BY_NAME["tanh"]
        assert keras.activations.get("softsign") is BY_NAME["softsign"]
    assert keras.activations.get("softsign") is STOCK["softsign"]


def test_replacements_can_be_undone_in_any_order():
    first = keras_acts.replace_builtins(except_=["tanh"])
    second = keras_acts.replace_builtins(except_=["elu"])
    first.undo()
    assert keras.activations.get("elu") is STOCK["elu"]
    assert keras.activations.get("tanh") is BY_NAME["tanh"]
    second.undo()
    assert keras.activations.get("tanh") is STOCK["tanh"]


@pytest.mark.parametrize("left", ["tanh", ["tanh"], ("tanh",), {"tanh"}, iter(["tanh"])])
def test_excepted_name_stays_kerass(left):
    with keras_acts.replace_builtins(except_=left):
        assert keras.activations.get("tanh") is STOCK["tanh"]
        assert keras.activations.get("elu") is BY_NAME["elu"]


@pytest.mark.parametrize("left", ["snake", ["tanh", "tanhh"], "leaky_relu"])
def test_excepted_name_that_is_not_replaced_anyway_is_refused(left):
    with pytest.raises(ValueError, match="is not replaced anyway"):
        keras_acts.replace_builtins(except_=left)
    assert not keras_names._active


def test_default_strings_of_recurrent_layers_get_ours():
    with keras_acts.replace_builtins():
        for layer in (keras.layers.LSTM(2), keras.layers.GRU(2)):
            assert layer.activation is BY_NAME["tanh"]
            assert layer.recurrent_activation is BY_NAME["sigmoid"]
    assert keras.layers.LSTM(2).activation is STOCK["tanh"]


def test_recurrent_layer_with_ours_computes_what_keras_does():
    x = np.linspace(-2.0, 2.0, 24, dtype="float32").reshape(SEQUENCE)
    outputs = []
    for left in ((), REPLACEABLE):
        with keras_acts.replace_builtins(except_=left):
            keras.utils.set_random_seed(1)
            outputs.append(keras.ops.convert_to_numpy(keras.layers.LSTM(3)(x)))
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


def test_model_built_inside_reloads_as_ours_inside_and_outside(tmp_path):
    with keras_acts.replace_builtins():
        layers = [keras.layers.Dense(2, activation=name, name=name) for name in REPLACEABLE]
        model = keras.Sequential([keras.Input((3,)), *layers])
        model.save(tmp_path / "inside.keras")
        reloaded = [keras.models.load_model(tmp_path / "inside.keras")]
    reloaded.append(keras.models.load_model(tmp_path / "inside.keras"))
    for copy in (model, *reloaded):
        assert [layer.activation for layer in copy.layers] == [BY_NAME[name] for name in REPLACEABLE]


def test_model_built_outside_keeps_kerass_functions_inside(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=keras.activations.softsign)])
    model.save(tmp_path / "outside.keras")
    with keras_acts.replace_builtins():
        assert model.layers[-1].activation is STOCK["softsign"]
    assert keras.models.load_model(tmp_path / "outside.keras").layers[-1].activation is STOCK["softsign"]


def test_registering_again_keeps_an_active_replacement():
    with keras_acts.replace_builtins(except_="elu"):
        keras_acts.register()
        keras_acts.register()
        assert keras.activations.get("softsign") is BY_NAME["softsign"]
        assert keras.activations.get("elu") is STOCK["elu"]
    assert keras.activations.get("softsign") is STOCK["softsign"]


# ---- what may happen to the registration


def saves_and_loads(path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="snake"), keras_acts.layers.Snake()])
    model.save(path)
    loaded = keras.models.load_model(path)
    return loaded.layers[0].activation is BY_NAME["snake"] and type(loaded.layers[1]) is keras_acts.layers.Snake


def test_registering_twice_is_harmless(tmp_path):
    keras_acts.register()
    assert saves_and_loads(tmp_path / "m.keras")


def test_clear_session_is_harmless(tmp_path):
    keras.utils.clear_session()
    assert saves_and_loads(tmp_path / "m.keras")


def test_register_cures_cleared_custom_objects(tmp_path):
    assert saves_and_loads(tmp_path / "m.keras")
    kept = dict(keras.saving.get_custom_objects())
    keras.saving.get_custom_objects().clear()
    try:
        with pytest.raises((TypeError, ValueError)):
            keras.models.load_model(tmp_path / "m.keras")
        keras_acts.register()
        assert saves_and_loads(tmp_path / "m.keras")
        for alias in keras_acts.names(aliases=True):
            assert keras.saving.get_custom_objects()[f"keras_acts>{alias}"].record is keras_acts.describe(alias)
    finally:
        keras.saving.get_custom_objects().update({**kept, **keras.saving.get_custom_objects()})


def test_reloading_the_package_is_harmless(tmp_path):
    importlib.reload(keras_acts)
    assert saves_and_loads(tmp_path / "m.keras")


def test_reloading_a_family_replaces_its_activations_by_themselves(monkeypatch):
    monkeypatch.setattr(register, "_functions", dict(register._functions))
    monkeypatch.setattr(register, "_aliases", dict(register._aliases))
    before = keras_acts.names(aliases=True)
    importlib.reload(sys.modules[BY_NAME["snake"].record.compute.__module__])
    assert keras_acts.names(aliases=True) == before
    keras_acts.register()
    again = keras_acts.get("snake")
    assert again is not BY_NAME["snake"]
    assert keras.activations.get("snake") is again


def test_importing_a_second_copy_is_harmless(tmp_path):
    first = {name: module for name, module in sys.modules.items() if name.split(".")[0] == "keras_acts"}
    for name in first:
        del sys.modules[name]
    try:
        second = importlib.import_module("keras_acts")
        assert second is not keras_acts
        assert keras.activations.get("snake") is second.activations.snake
        assert keras.activations.get("softsign") is keras.activations.softsign
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="snake")])
        model.save(tmp_path / "m.keras")
        assert keras.models.load_model(tmp_path / "m.keras").layers[0].activation is second.activations.snake
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == "keras_acts"]:
            del sys.modules[name]
        sys.modules.update(first)
        keras_acts.register()
    assert keras.activations.get("snake") is BY_NAME["snake"]


@pytest.fixture(params=["a function without the dictionary", "another kind of callable"])
def _hidden(request, monkeypatch):
    """A Keras that hides its dictionary of names."""
    monkeypatch.setattr(keras.activations, "get", (lambda name: name) if request.param.startswith("a function") else len)


@pytest.mark.usefixtures("_hidden")
def test_hidden_dictionary_is_reported_at_registration():
    with pytest.warns(RuntimeWarning, match=r"hides its dictionary.*keras_acts\.get\('snake'\)"):
        keras_acts.register()


@pytest.mark.usefixtures("_hidden")
def test_hidden_dictionary_makes_the_switch_fail():
    with pytest.raises(RuntimeError, match="hides its dictionary"):
        keras_acts.replace_builtins()
    assert not keras_names._active


@pytest.mark.usefixtures("_hidden")
def test_hidden_dictionary_leaves_everything_else_working(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        keras_acts.register()
    function = keras_acts.get("snake", alpha=2.0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=function)])
    model.save(tmp_path / "m.keras")
    assert keras.models.load_model(tmp_path / "m.keras").layers[0].activation == function


def test_replacement_can_be_undone_after_the_dictionary_is_hidden(monkeypatch):
    replacement = keras_acts.replace_builtins()
    with monkeypatch.context() as patch:
        patch.setattr(keras.activations, "get", len)
        replacement.undo()
    keras_acts.register()
    assert keras.activations.get("tanh") is STOCK["tanh"]


def test_name_that_a_later_keras_brings_itself_is_left_to_keras(monkeypatch):
    dictionary = keras_names.dictionary()

    def theirs(x):
        return x

    monkeypatch.setitem(dictionary, "snake", theirs)
    keras_acts.register()
    assert keras.activations.get("snake") is theirs
    assert keras.activations.get("keras_acts>snake") is BY_NAME["snake"]


def test_search_over_names_trains(tmp_path, monkeypatch):
    tuner = pytest.importorskip("keras_tuner", reason="KerasTuner is not installed")
    if importlib.util.find_spec("tensorboard") is None:
        # KerasTuner imports it under one backend before it looks whether there is a callback that needs it
        for name in ("", ".plugins", ".plugins.hparams", ".plugins.hparams.api"):
            monkeypatch.setitem(sys.modules, f"tensorboard{name}", types.ModuleType(f"tensorboard{name}"))
    names = ["snake", "keras_acts>softsign"]

    def build(choices):
        activation = choices.Choice("activation", names)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation=activation), keras.layers.Dense(1)])
        model.compile(optimizer="sgd", loss="mse")
        return model

    search = tuner.RandomSearch(build, objective="val_loss", max_trials=2, seed=0, directory=tmp_path, project_name="names")
    x = np.linspace(-1.0, 1.0, 24, dtype="float32").reshape(8, 3)
    y = x.sum(1, keepdims=True)
    search.search(x, y, validation_data=(x, y), epochs=1, verbose=0)
    scores = {trial.hyperparameters.get("activation"): trial.score for trial in search.oracle.trials.values()}
    assert set(scores) == set(names)
    assert all(isinstance(score, float) and np.isfinite(score) for score in scores.values())
