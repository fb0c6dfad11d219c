"""What careless or hostile callers do: numbers at the edges, tensors of other kinds, threads, changes behind the back."""

import os
import pickle
import socket
import subprocess
import sys
import threading

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._names import keras_names
from keras_acts._record.parameters import HUGE, TINY
from keras_acts.conformance import backends, cases, oracle, references
from tests import kinds

REALS = [
    pytest.param(record, parameter, id=f"{record.name}-{parameter.name}")
    for record in cases.ELEMENTWISE
    for parameter in record.parameters
    if type(parameter.kind).__name__ == "Real"
]
LEARNABLE = [each for each in REALS if each.values[1].kind.learnable]


def one_of_each(parameters):
    return kinds.one_of_each([each.values for each in parameters], kind_of, id_of)


def computed(parameters):
    """JAX compiles the formulas that TensorFlow runs as they are, for each number anew: there one of each kind will do."""
    return one_of_each(parameters) if backends.NAME == "jax" else parameters


def kind_of(record, parameter):
    return kinds.kind(record.name)


def id_of(record, parameter):
    return f"{record.name}-{parameter.name}"


X = np.array([-1e30, -1e10, -100.0, -2.0, -1e-3, 0.0, 1e-3, 0.5, 2.0, 100.0, 1e10, 1e30], "float32")


def edges(record, parameter):
    """The least and the largest magnitudes that a parameter may have."""
    found = []
    for value in (TINY, 1e-10, 1e10, 1e30, HUGE, -TINY, -1e10, -HUGE):
        try:
            record.check({**record.example, parameter.name: value})
        except ValueError:
            continue
        found.append(value)
    return found


@pytest.mark.parametrize(("record", "parameter"), computed(REALS))
def test_a_parameter_at_the_edges_of_float32_gives_a_right_number_or_a_limit(record, parameter):
    """Right to 1e-4 of the terms that the parameter is added to, and infinite only where the exact value is beyond 1e37."""
    formula = references.formula_of(record.name)
    for value in edges(record, parameter):
        given = {parameter.name: value}
        settings = cases.in_dtype(cases.all_parameters(record, given), "float32")
        exact = np.array([float(oracle.evaluate(formula, x, 0, settings)[0]) for x in X.tolist()])
        got = backends.array(cases.function(record, given)(backends.tensor(X, "float32")))
        slopes = backends.array(backends.gradient(cases.function(record, given))(backends.tensor(X, "float32")))
        assert not np.isnan(got).any(), (value, X[np.isnan(got)])
        assert not np.isnan(slopes).any(), (value, X[np.isnan(slopes)])
        if record.family == "periodic" and abs(value) > 1e6:
            continue  # the angle is rounded, by more than a turn
        held = np.abs(exact) < 1e37
        terms = np.abs(exact) + 1e-6 * np.abs(X) + 1e-30
        assert (np.abs(got - exact)[held] <= 1e-4 * terms[held]).all(), (value, X[held], got[held], exact[held])


@pytest.mark.parametrize("value", [1e39, -1e39, 5e-324, 1e-45, 1e-38, 1e308, 10**400])
@pytest.mark.parametrize(("record", "parameter"), one_of_each(REALS))
def test_a_parameter_beyond_float32_is_refused(record, parameter, value):
    with pytest.raises(ValueError, match=f"{record.name}: {parameter.name} must be"):
        keras_acts.get(record.name, **{**record.example, parameter.name: value})


@pytest.mark.parametrize("value", ["complex", "bool", "masked"])
@pytest.mark.parametrize(("record", "parameter"), one_of_each(LEARNABLE))
def test_a_tensor_of_no_real_numbers_is_refused_as_parameter(record, parameter, value):
    tensor = {
        "complex": lambda: keras.ops.convert_to_tensor(np.array([1 + 2j], "complex64")),
        "bool": lambda: keras.ops.convert_to_tensor(np.array([True])),
        "masked": lambda: np.ma.MaskedArray([1.0], [True]),
    }[value]()
    with pytest.raises(TypeError, match=r"real numbers; got dtype|masked array"):
        record.function(np.ones(1, "float32"), **{**record.example, parameter.name: tensor})


FORMS = {
    "scalar": lambda value: keras.ops.convert_to_tensor(np.float32(value)),
    "vector": lambda value: keras.ops.convert_to_tensor(np.full(8, value, "float32")),
    "variable": lambda value: keras.Variable(np.float32(value)),
    "array": lambda value: np.full(8, value, "float32"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("record", "parameter"), computed(LEARNABLE))
def test_a_tensor_as_parameter_gives_what_the_number_does(record, parameter, form):
    """At infinite inputs and where the parameter changes the branch too."""
    x = np.array([-np.inf, -3.0, -0.5, 0.0, 0.25, 1.0, 4.0, np.inf], "float32")
    for value in (0.0, 0.5, 1.0, 2.0, -0.5):
        try:
            wanted = record.function(x, **{**record.example, parameter.name: value})
        except ValueError:
            continue
        got = record.function(x, **{**record.example, parameter.name: FORMS[form](value)})
        np.testing.assert_allclose(backends.array(got), backends.array(wanted), rtol=3e-6, atol=1e-7, err_msg=str(value))


def test_what_is_handed_out_is_not_changed_behind_the_back():
    form = keras_acts.get("leaky_relu", negative_slope=0.1)
    for change in (
        lambda parameters: parameters.update(negative_slope=0.5),
        lambda parameters: parameters.__setitem__("negative_slope", 0.5),
        lambda parameters: parameters.pop("negative_slope"),
        lambda parameters: parameters.clear(),
    ):
        with pytest.raises(TypeError, match=r"these parameters are fixed. Make another activation with keras_acts.get"):
            change(form.parameters)
    form.get_config()["parameters"]["negative_slope"] = 0.5
    assert form == keras_acts.get("leaky_relu", negative_slope=0.1)
    assert pickle.loads(pickle.dumps(form)) == form
    layer = keras_acts.layers.PReLU(shared_axes=[1, 2])
    layer.get_config()["shared_axes"].append(3)
    assert layer.get_config()["shared_axes"] == [1, 2]


@pytest.mark.any_backend
@pytest.mark.parametrize("handle", [keras_acts.register_addons, keras_acts.replace_builtins])
def test_handles_survive_eight_threads(handle):
    stores = [keras_names.dictionary(), keras.saving.get_custom_objects()]
    before = [dict(store) for store in stores]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(10):
            start = threading.Barrier(8)

            def use(start=start):
                start.wait()
                with handle():
                    pass

            threads = [threading.Thread(target=use) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert [dict(store) for store in stores] == before
    finally:
        sys.setswitchinterval(interval)


def test_an_entry_of_another_package_stays_and_comes_back():
    def theirs(x):
        return x

    strings = keras_names.dictionary()
    stock = strings["relu"]
    try:
        strings["relu"] = theirs
        keras_acts.register()
        assert strings["relu"] is theirs
        with keras_acts.replace_builtins():
            assert strings["relu"] is keras_acts.activations.relu
        assert strings["relu"] is theirs
        replacement = keras_acts.replace_builtins()
        strings["relu"] = theirs
        replacement.undo()
        assert strings["relu"] is theirs
    finally:
        strings["relu"] = stock


CHANGING = [
    name
    for name in keras_acts.names()
    if keras_acts.describe(name).callable_by_name and keras_acts.describe(name).changes_shape and name != "glu"
]


@pytest.mark.parametrize("name", CHANGING)
def test_an_activation_that_changes_the_shape_is_refused_as_a_string_in_a_layer(name):
    with pytest.raises(ValueError, match=rf"activation='{name}'.*keras_acts.layers.Activation\('{name}'\)"):
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation=name)])
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8), keras_acts.layers.Activation(name)])
    assert model.output_shape == (None, 16 if name == "crelu" else 4)
    held = keras.layers.Dense.from_config(keras.layers.Dense(8, activation=keras_acts.get(name)).get_config())
    assert held.activation is keras_acts.get(name)  # as files of 0.1 and 0.2 hold it


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: keras_acts.layers.LeakyReLU(alpha=0.2), "Did you mean 'negative_slope'"),
        (lambda: keras_acts.get("thresholded_relu", theta=1.0), "Did you mean 'threshold'"),
        (lambda: keras_acts.get("hard_shrink", lambd=1.0), "Did you mean 'threshold'"),
        (lambda: keras_acts.layers.Snake(np.ones(2)), "alpha_initializer must be"),
        (lambda: keras_acts.layers.Snake(keras.ops.ones(2)), r"Snake is a class, which makes a layer: write Snake\(\)"),
        (lambda: keras_acts.layers.Snake(dtype="complex64"), "Snake: dtype must be one of float32"),
        (lambda: keras_acts.layers.Snake.from_config({"dtype": "string"}), "Snake: dtype must be one of float32"),
        (lambda: keras_acts.get({"class_name": "Dense", "config": {}}), "an activation is looked up by its name"),
    ],
)
def test_errors_say_the_way_out(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_a_node_of_something_else_than_a_tensor_is_refused():
    node = keras_acts.ActivationOperation("snake", {})
    with pytest.raises(TypeError, match="snake takes a tensor; got 3"):
        node.compute_output_spec(3)


def test_a_learned_parameter_in_a_functional_model_belongs_into_a_layer():
    x = keras.Input((2,))
    with pytest.raises(
        TypeError, match="snake: alpha is a tensor, which a saved activation can't hold, nor a functional model"
    ):
        keras_acts.activations.snake(x, alpha=keras.Input((2,)))


@pytest.mark.parametrize("config", [{"dtype": "nonsense"}, {"axis": 400}, {"axis": "last"}, {"axis": True}])
@pytest.mark.parametrize("loss", keras_acts.losses.__all__)
def test_a_loss_of_a_tampered_file_is_refused(loss, config):
    kind = getattr(keras_acts.losses, loss)
    with pytest.raises((TypeError, ValueError)):
        kind.from_config({**kind().get_config(), **config})(np.eye(3), np.eye(3))


def test_get_takes_what_keras_takes():
    linear, snake = keras_acts.activations.linear, keras_acts.activations.snake
    assert keras_acts.get(None) is linear
    assert keras_acts.get(keras.activations.serialize(snake)) is snake
    form = keras_acts.get("snake", alpha=2.0)
    assert keras_acts.get(keras.activations.serialize(form)) == form
    with pytest.raises(ValueError, match="unknown activation 'system'"):
        keras_acts.get({"class_name": "function", "config": "system", "module": "os"})


class Mine(keras.initializers.Initializer):
    made = 0

    def __init__(self):
        type(self).made += 1

    def __call__(self, shape, dtype=None):
        return keras.ops.ones(shape, dtype)


def test_nothing_of_another_module_is_made_before_it_is_refused():
    keras.saving.get_custom_objects()["my>Thing"] = Mine
    try:
        with pytest.raises((TypeError, ValueError), match="alpha_initializer must be one of Keras's own"):
            keras_acts.layers.Snake.from_config({"alpha_initializer": "my>Thing"})
        assert Mine.made == 0
    finally:
        del keras.saving.get_custom_objects()["my>Thing"]


POLICIES = {
    "float32": lambda: "float32",
    "mixed_bfloat16": lambda: keras.DTypePolicy("mixed_bfloat16"),
    "map": lambda: keras.dtype_policies.DTypePolicyMap(),
    "map of a policy": lambda: keras.dtype_policies.DTypePolicyMap(
        default_policy="mixed_bfloat16", policy_map={"up": keras.DTypePolicy("float32")}
    ),
}


@pytest.mark.any_backend
@pytest.mark.parametrize("policy", POLICIES)
def test_every_layer_with_every_kind_of_policy_comes_back_from_a_file(policy, tmp_path):
    arguments = {"Activation": ["snake"], "GatedDense": [4]}
    made = [
        getattr(keras_acts.layers, name)(*arguments.get(name, []), dtype=POLICIES[policy]())
        for name in keras_acts.layers.__all__
    ]
    model = keras.Sequential([keras.Input((4,)), *made])
    x = np.linspace(-1.0, 1.0, 8, dtype="float32").reshape(2, 4)
    for path in (tmp_path / "model.keras", tmp_path / "model.h5"):
        model.save(path)
        loaded = keras.models.load_model(path)
        np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each(x)) for each in (model, loaded)))
        for before, after in zip(model.layers, loaded.layers, strict=True):
            assert after.dtype_policy.get_config() == before.dtype_policy.get_config()


def test_activation_takes_a_mask_and_stands_in_for_the_softmax_of_attention():
    scores, mask = np.array([[1.0, 2.0, 3.0]], "float32"), np.array([[True, True, False]])
    layer = keras_acts.layers.Activation("sparsemax")
    np.testing.assert_allclose(layer(scores, mask=keras.ops.convert_to_tensor(mask)), [[0.0, 1.0, 0.0]])
    with pytest.raises(TypeError, match="relu takes no mask"):
        keras_acts.layers.Activation("relu")(scores, mask=keras.ops.convert_to_tensor(mask))
    attention = keras.layers.MultiHeadAttention(1, 2)
    x = np.linspace(-1.0, 1.0, 12, dtype="float32").reshape(1, 3, 4)
    attention._softmax = layer
    _y, weights = attention(x, x, attention_mask=mask[:, None, :], return_attention_scores=True)
    assert (keras.ops.convert_to_numpy(weights)[..., 2] == 0).all()


def test_a_mask_of_one_axis_is_taken():
    layer = keras_acts.layers.Activation("softmax")
    y = layer(np.zeros((3, 3), "float32"), mask=keras.ops.convert_to_tensor(np.array([True, True, False])))
    np.testing.assert_allclose(keras.ops.convert_to_numpy(y), [[0.5, 0.5, 0.0]] * 3)


def test_the_mask_of_a_sequence_passes_by():
    model = keras.Sequential([keras.Input((3, 2)), keras.layers.Masking(), keras_acts.layers.Activation("sparsemax")])
    x = np.array([[[1.0, 2.0], [0.0, 0.0], [3.0, 1.0]]], "float32")
    np.testing.assert_allclose(model(x), [[[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]])


def test_a_model_becomes_portable_while_names_are_replaced():
    x = np.linspace(-2.0, 2.0, 8, dtype="float32").reshape(2, 4)
    layers = [keras.layers.Dense(4, activation="softsign"), keras.layers.LSTM(3), keras.layers.Dense(4, "snake")]
    model = keras.Sequential([keras.Input((4,)), layers[0], keras.layers.Reshape((2, 2)), layers[1], layers[2]])
    with keras_acts.replace_builtins():
        portable = keras_acts.models.make_portable(model)
        assert "keras_acts" not in portable.to_json()
    np.testing.assert_allclose(*(keras.ops.convert_to_numpy(each(x)) for each in (portable, model)), rtol=1e-5, atol=1e-6)


@pytest.mark.any_backend
def test_a_saved_file_keeps_its_permissions_and_what_was_killed_is_cleared_away(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="snake")])
    path = tmp_path / "model.keras"
    model.save(path)
    path.chmod(0o600)
    code = "import os, sys; sys.stdout.write(str(os.getpid()))"
    dead = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    left = tmp_path / f".model.keras-{socket.gethostname()}-{dead}-abc"
    other = tmp_path / f".model.keras-{socket.gethostname()}-{os.getpid()}-abc"
    for folder in (left, other):
        folder.mkdir()
        (folder / "model.keras").write_text("half")
    keras_acts.models.save(model, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not left.exists()
    assert other.exists()
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted([path.name, other.name])


def test_integers_beyond_every_float_are_refused():
    config = keras_acts.layers.Snake().get_config()
    config["alpha_initializer"] = {
        "module": "keras.initializers", "class_name": "Constant", "config": {"value": 10**400}, "registered_name": None,
    }  # fmt: skip
    with pytest.raises((ValueError, TypeError), match="with finite numbers as arguments"):
        keras_acts.layers.Snake.from_config(config)


@pytest.mark.any_backend
def test_a_backend_that_is_not_installed_is_told_in_one_line():
    code = "import sys; sys.modules['torch'] = None; import keras_acts"
    environment = {**os.environ, "KERAS_BACKEND": "torch"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    last = run.stderr.strip().splitlines()[-1]
    assert last.startswith("ImportError: Keras is set to the backend 'torch', which is not installed. Installed: ")
    assert "Set KERAS_BACKEND=" in last
