"""Bad input: each mistake gets an error that names it; nothing loads from a tampered file, nothing computes a silent number."""

import contextlib
import copy
import json
import os
import threading
import zipfile
from decimal import Decimal
from fractions import Fraction

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts._call.compute import output_shape
from keras_acts._record.parameters import Axes, Choice, Flag, Integer, Optional, Real
from keras_acts.conformance import cases
from tests import kinds

NAN, INF = float("nan"), float("inf")
X = np.linspace(-3.0, 3.0, 12, dtype="float32").reshape(4, 3)

# whatever the kind, these are no values of a parameter
WRONG = [
    NAN,
    INF,
    -INF,
    True,
    False,
    "1.0",
    "inf",
    b"1",
    1 + 2j,
    object(),
    [],
    {},
    {1.0},
    lambda: 1.0,
    Ellipsis,
    np.bool_(True),
]


def wrong_values(kind):
    """Values that a parameter of this kind must refuse."""
    if isinstance(kind, Axes):
        several = [] if kind.several else [[0], (0, 1)]
        return [*WRONG, None, 1.0, "0", [0, 0], [0.5], [True], 32, -33, 10**12, 10**400, (), ((0,),), Fraction(1), *several]
    if isinstance(kind, Integer):
        return [*WRONG, None, 1.0, "1", [1], kind.low - 1, kind.high + 1, 10**400, Fraction(1)]
    if isinstance(kind, Choice):
        return [*WRONG, None, 1, 1.0, "", kind.words[0].upper(), [kind.words[0]], 10**400]
    if isinstance(kind, Flag):
        return [*(value for value in WRONG if not isinstance(value, bool)), None, 0, 1, 1.0, "True", [True], 10**400]
    if isinstance(kind, Optional) and isinstance(kind.kind, Integer):
        return [value for value in wrong_values(kind.kind) if value is not None]
    inner = kind.kind if isinstance(kind, Optional) else kind
    assert isinstance(inner, Real), f"a new kind of parameter, {inner!r}, needs its wrong values here"
    outside = [bound for bound in (inner.low - 1.0, inner.high + 1.0) if np.isfinite(bound)]
    edge = [inner.low] if inner.open_low else []
    absent = [] if isinstance(kind, Optional) else [None]
    return [*WRONG, *outside, *edge, *absent, [1.0], (1.0,), 10**400, np.float32("nan"), Decimal("1.5")]


PARAMETERS = kinds.one_of_each(
    [(record, parameter) for record in map(keras_acts.describe, kinds.NAMES) for parameter in record.parameters],
    kind_of=lambda record, parameter: (record.elementwise, parameter.kind, parameter.required),
    id_of=lambda record, parameter: f"{record.name}-{parameter.name}",
)


def shown(value):
    """What an error says of a value: long ones are cut."""
    text = repr(value)
    return text if len(text) <= 80 else text[:60]


WAYS = {
    "get": lambda record, given: keras_acts.get(record.name, **given),
    "call": lambda record, given: record.function(X, **given),
    "derivative": lambda record, given: record.function.derivative(X, **given),
    "layer": lambda record, given: keras_acts.layers.Activation(record.name, **given),
    "configuration": lambda record, given: keras_acts.Parameterised.from_config(
        {"activation": record.name, "parameters": given}
    ),
}


@pytest.mark.any_backend
@pytest.mark.parametrize(("record", "parameter"), PARAMETERS)
@pytest.mark.parametrize("way", WAYS)
def test_wrong_value_is_refused_with_activation_parameter_and_value(record, parameter, way):
    for value in wrong_values(parameter.kind):
        with pytest.raises((ValueError, TypeError)) as caught:
            WAYS[way](record, {**record.example, parameter.name: value})
        message = str(caught.value)
        assert record.name in message, (value, message)
        assert parameter.name in message, (value, message)
        assert shown(value) in message, (value, message)


@pytest.mark.any_backend
@pytest.mark.parametrize(("record", "parameter"), PARAMETERS)
def test_huge_number_is_a_value_error(record, parameter):
    """And no OverflowError."""
    error = TypeError if isinstance(parameter.kind, Choice | Flag) else ValueError
    with pytest.raises(error, match=f"{record.name}: {parameter.name} must be"):
        keras_acts.get(record.name, **{**record.example, parameter.name: 10**400})


def test_error_cuts_a_long_value():
    with pytest.raises(TypeError) as caught:
        keras_acts.get("elu", alpha="9" * 10_000)
    assert len(str(caught.value)) < 300


def test_parameter_at_its_bound_is_taken():
    assert keras_acts.get("leaky_relu", negative_slope=0).parameters == {"negative_slope": 0.0}
    assert keras_acts.get("relu", max_value=None).parameters["max_value"] is None


PER_CHANNEL = r"One number a channel goes into the call, as an array or a tensor, or into a learned layer of keras_acts\.layers"
SLOPES = np.array([0.25, 0.5, 2.0], "float32")


@pytest.mark.parametrize("slopes", [SLOPES, SLOPES.astype("float64"), np.array([1, 2, 3]), SLOPES.astype("float16")])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_call_takes_an_array_with_one_number_a_channel(slopes, dtype):
    x = X.astype(dtype)
    expected = np.where(x > 0, x, (slopes.astype("float32") * x.astype("float32")).astype(dtype))
    y = keras_acts.activations.prelu(x, alpha=slopes)
    assert keras.backend.standardize_dtype(y.dtype) == dtype
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(y), expected)
    slope = keras.ops.convert_to_numpy(keras_acts.activations.prelu.derivative(x, slopes))
    np.testing.assert_array_equal(slope, np.where(x > 0, 1, np.broadcast_to(slopes, x.shape)))


def test_call_takes_an_array_without_dimensions_as_its_number():
    y = keras_acts.activations.prelu(X, alpha=np.array(2.0))
    np.testing.assert_array_equal(
        keras.ops.convert_to_numpy(y), keras.ops.convert_to_numpy(keras_acts.activations.prelu(X, alpha=2.0))
    )
    with pytest.raises(TypeError, match="prelu: alpha must be a finite number; got True"):
        keras_acts.activations.prelu(X, alpha=np.array(True))


@pytest.mark.parametrize(
    "values",
    [np.array(["a", "b", "c"]), np.array([True, False, True]), np.ones(3, "complex64"), np.array([1.0, None, 2.0]), [1.0, 2.0]],
    ids=lambda values: str(getattr(values, "dtype", "list")),
)
def test_call_refuses_what_is_no_array_of_numbers(values):
    with pytest.raises(TypeError, match=rf"prelu: alpha must be a finite number; got .*\. {PER_CHANNEL}"):
        keras_acts.activations.prelu(X, alpha=values)


@pytest.mark.parametrize("way", ["get", "layer", "configuration"])
@pytest.mark.parametrize("values", [SLOPES, keras.ops.ones(3), [1.0, 2.0, 3.0]], ids=["array", "tensor", "list"])
def test_what_is_saved_refuses_an_array_and_says_where_it_goes(way, values):
    with pytest.raises(TypeError, match=PER_CHANNEL):
        WAYS[way](keras_acts.describe("prelu"), {"alpha": values})


def test_functional_model_refuses_an_array_and_says_where_it_goes():
    with pytest.raises(TypeError, match=PER_CHANNEL):
        keras_acts.activations.prelu(keras.Input((3,)), alpha=SLOPES)


# ---- the input


@pytest.mark.parametrize("x", ["snake", "1.0", b"1"], ids=repr)
def test_string_as_input_is_refused_by_the_name_of_the_activation(each_kind, x):
    with pytest.raises(TypeError, match=f"{each_kind.name} takes an array of numbers"):
        call(each_kind, x)


@pytest.mark.parametrize(
    "x",
    [
        None,
        object(),
        np.array([1.0, "a"], dtype=object),
        np.array(["a", "b"]),
        np.array([None]),
        {"x": 1.0},
        [[1.0], [1.0, 2.0]],
        lambda: 1.0,
        keras.layers.Dense,
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_is_no_array_of_numbers_is_refused(each_kind, x):
    with pytest.raises(TypeError, match=each_kind.name):
        call(each_kind, x)


@pytest.mark.parametrize("x", [1 + 2j, np.ones(3, "complex64"), np.ones((2, 2), "complex128")], ids=lambda x: type(x).__name__)
def test_complex_input_is_refused(each_kind, x):
    with pytest.raises(TypeError, match=f"{each_kind.name} takes real numbers"):
        call(each_kind, x)


def call(record, x):
    """The activation at `x`, with valid parameters where it needs some."""
    return cases.function(record)(x)


@pytest.mark.parametrize("shape", [(0,), (0, 6), (6, 0), (2, 0, 6)])
def test_empty_input_gives_an_empty_output(each_kind, shape):
    if each_kind.name == "softmax2d" and len(shape) < 3:
        with pytest.raises(ValueError, match="softmax2d: axis=-3 does not fit an input of shape"):
            call(each_kind, np.zeros(shape, "float32"))
        return
    expected = output_shape(each_kind, each_kind.check(each_kind.example), shape)
    y = call(each_kind, np.zeros(shape, "float32"))
    assert tuple(y.shape) == expected
    assert keras.backend.standardize_dtype(y.dtype) == "float32"
    if each_kind.elementwise:
        assert tuple(cases.derivative(each_kind)(np.zeros(shape, "float32")).shape) == shape


@pytest.mark.parametrize("x", [2, 2.0, np.float32(2.0), np.array(2.0, "float32"), True], ids=lambda x: type(x).__name__)
def test_scalar_is_an_input_of_every_elementwise_activation(elementwise_kind, x):
    y = keras.ops.convert_to_numpy(call(elementwise_kind, x))
    assert y.shape == ()
    assert y == keras.ops.convert_to_numpy(call(elementwise_kind, np.array([x], "float32")))[0]


@pytest.mark.parametrize("name", kinds.one_name_of_each(kinds.ALONG_AN_AXIS))
def test_scalar_is_refused_where_a_row_is_needed(name):
    with pytest.raises(ValueError, match=f"{name} works along an axis, but the input is a scalar"):
        call(keras_acts.describe(name), 1.0)


@pytest.mark.parametrize("name", kinds.one_name_of_each(kinds.ALONG_AN_AXIS))
@pytest.mark.parametrize("axis", [2, -3, (0, 2), (0, -2)])
def test_axis_that_the_input_lacks_is_refused_with_its_shape(name, axis):
    record = keras_acts.describe(name)
    if isinstance(axis, tuple) and not dict(record.axes)["axis"].several:
        pytest.skip("it takes one axis only, which is tried above")
    with pytest.raises(ValueError, match=rf"{name}: axis=.* does not fit an input of shape \(4, 3\)"):
        keras_acts.get(name, **{**record.example, "axis": axis})(X)


def test_tensor_parameter_that_does_not_broadcast_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"snake: alpha of shape \(2,\) does not broadcast to an input of shape \(4, 3\)"):
        keras_acts.activations.snake(X, alpha=keras.ops.ones((2,)))


# ---- tampered files


def file_model():
    """One of each thing that a file can hold."""
    x = keras.Input((3,), name="x")
    y = keras.layers.Dense(3, activation="snake", name="function")(x)
    y = keras.layers.Dense(3, activation=keras_acts.get("elu", alpha=2.0), name="form")(y)
    y = keras_acts.layers.Activation("leaky_relu", negative_slope=0.5, name="activation")(y)
    y = keras_acts.layers.ReLU(max_value=6.0, name="relu")(y)
    y = keras_acts.layers.Softmax(name="softmax")(y)
    y = keras_acts.layers.Snake(num_parameters=3, alpha_regularizer="l2", alpha_constraint="non_neg", name="learned")(y)
    y = keras_acts.layers.PReLU(name="slopes")(y)
    return keras.Model(x, keras_acts.activations.snake(y, alpha=3.0), name="whole")


ELSEWHERE = {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"}
GET_FILE = {
    "module": "keras.utils",
    "class_name": "function",
    "config": "keras.utils.get_file",
    "registered_name": "keras.utils.get_file",
}
LAMBDA = {
    "module": "keras.layers",
    "class_name": "Lambda",
    "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wAAAA==", "defaults": None, "closure": None}}},
    "registered_name": None,
}
NESTED_MODEL = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {"name": "inner", "layers": []},
    "registered_name": "Sequential",
}
CONSTANT = {"module": "keras.initializers", "class_name": "Constant", "config": {"value": 1.0}, "registered_name": None}


def deep(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


# what is changed: the layer's name, the path in its configuration, and the new value (`GONE` takes the entry out)
GONE = object()
TAMPERED = [
    # a function, by its name
    ("function", "activation.config", "keras_acts>snak"),
    ("function", "activation.config", "os.system"),
    ("function", "activation.config", "keras.utils.get_file"),
    ("function", "activation.config", "keras_acts>"),
    ("function", "activation.config", "keras_acts>__class__"),
    ("function", "activation.config", "keras_acts>snake.derivative"),
    ("function", "activation", ELSEWHERE),
    ("function", "activation", "os.system"),
    ("function", "activation", "keras_acts>eval"),
    # the parameterised form
    ("form", "activation.config.activation", "os.system"),
    ("form", "activation.config.activation", "keras.utils.get_file"),
    ("form", "activation.config.activation", "elo"),
    ("form", "activation.config.activation", "tanh"),
    ("form", "activation.config.activation", "leaky_relu"),
    ("form", "activation.config.activation", None),
    ("form", "activation.config.activation", 3),
    ("form", "activation.config.activation", ["elu"]),
    ("form", "activation.config.activation", ELSEWHERE),
    ("form", "activation.config.activation", GONE),
    ("form", "activation.config.parameters", ["alpha"]),
    ("form", "activation.config.parameters", "alpha"),
    ("form", "activation.config.parameters", None),
    ("form", "activation.config.parameters", {"alpha": 1.0, "url": "http://localhost"}),
    ("form", "activation.config.parameters", {"x": 1.0}),
    ("form", "activation.config.parameters.alpha", INF),
    ("form", "activation.config.parameters.alpha", NAN),
    ("form", "activation.config.parameters.alpha", "inf"),
    ("form", "activation.config.parameters.alpha", "1.0"),
    ("form", "activation.config.parameters.alpha", True),
    ("form", "activation.config.parameters.alpha", None),
    ("form", "activation.config.parameters.alpha", -1.0),
    ("form", "activation.config.parameters.alpha", 10**400),
    ("form", "activation.config.parameters.alpha", [1.0]),
    ("form", "activation.config.parameters.alpha", deep(100)),
    ("form", "activation.config.parameters.alpha", GET_FILE),
    ("form", "activation.config.parameters.alpha", LAMBDA),
    ("form", "activation.config.extra", 1),
    ("form", "activation.config", None),
    ("form", "activation.config", "elu"),
    # layers with fixed parameters
    ("activation", "activation", "os.system"),
    ("activation", "activation", "snak"),
    ("activation", "activation", "snake"),
    ("activation", "activation", None),
    ("activation", "activation", GET_FILE),
    ("activation", "activation", GONE),
    ("activation", "negative_slope", INF),
    ("activation", "negative_slope", "inf"),
    ("activation", "negative_slope", -0.5),
    ("activation", "negative_slope", False),
    ("activation", "extra", 1),
    ("relu", "max_value", NAN),
    ("relu", "max_value", "6"),
    ("relu", "threshold", None),
    ("relu", "threshold", -INF),
    ("relu", "alpha", 1.0),
    ("softmax", "axis", 10**12),
    ("softmax", "axis", True),
    ("softmax", "axis", [0, 0]),
    ("softmax", "axis", 1.5),
    ("softmax", "axis", "last"),
    # learned layers
    ("learned", "num_parameters", 10**12),
    ("learned", "num_parameters", -3),
    ("learned", "num_parameters", 3.0),
    ("learned", "num_parameters", "3"),
    ("learned", "num_parameters", True),
    ("learned", "shared_axes", [1]),
    ("learned", "shared_axes", [0]),
    ("learned", "extra", 1),
    ("learned", "alpha_initializer", ELSEWHERE),
    ("learned", "alpha_initializer", GET_FILE),
    ("learned", "alpha_initializer", LAMBDA),
    ("learned", "alpha_initializer", NESTED_MODEL),
    ("learned", "alpha_initializer", "os.system"),
    ("learned", "alpha_initializer", None),
    ("learned", "alpha_initializer", 1.0),
    ("learned", "alpha_initializer", {"class_name": "Constant", "config": {"value": 1.0}}),
    ("learned", "alpha_initializer", {**CONSTANT, "module": "builtins"}),
    ("learned", "alpha_initializer", {**CONSTANT, "registered_name": "os>system"}),
    ("learned", "alpha_initializer", {**CONSTANT, "config": {"value": INF}}),
    ("learned", "alpha_initializer", {**CONSTANT, "config": {"value": "inf"}}),
    ("learned", "alpha_initializer", {**CONSTANT, "config": {"value": LAMBDA}}),
    ("learned", "alpha_initializer", {**CONSTANT, "config": {"value": deep(100)}}),
    ("learned", "alpha_initializer", {**CONSTANT, "config": {"valu": 1.0}}),
    ("learned", "alpha_initializer", {**CONSTANT, "class_name": "serialize"}),
    ("learned", "alpha_initializer", {**CONSTANT, "class_name": "../Constant"}),
    ("learned", "alpha_regularizer", LAMBDA),
    ("learned", "alpha_regularizer", CONSTANT),
    ("learned", "alpha_regularizer.config.l2", NAN),
    ("learned", "alpha_regularizer.config.l2", "inf"),
    ("learned", "alpha_constraint", NESTED_MODEL),
    ("learned", "alpha_constraint", CONSTANT),
    ("slopes", "num_parameters", 10**12),
    ("slopes", "shared_axes", "1"),
    ("slopes", "shared_axes", [10**12]),
    # the node of a symbolic call
    ("snake", "activation", "os.system"),
    ("snake", "activation", "tanh"),
    ("snake", "activation", GONE),
    ("snake", "parameters", [3.0]),
    ("snake", "parameters.alpha", 0.0),
    ("snake", "parameters.alpha", "inf"),
    ("snake", "parameters.alpha", INF),
    ("snake", "parameters.beta", 1.0),
    ("snake", "function", "os.system"),
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The members of a sound file."""
    keras.utils.clear_session()
    path = tmp_path_factory.mktemp("sound") / "sound.keras"
    file_model().save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(config, layer, path, value):
    """The configuration of a model with one entry of one layer replaced."""
    config = copy.deepcopy(config)
    (entry,) = [each["config"] for each in config["config"]["layers"] if each["name"] == layer]
    *way, last = path.split(".")
    for step in way:
        entry = entry[step]
    if value is GONE:
        del entry[last]
    else:
        entry[last] = value
    return config


@pytest.fixture
def _nothing_runs(monkeypatch):
    """Whatever a file could want to run fails the test."""

    def ran(*_, **__):
        pytest.fail("a tampered file ran a foreign function")

    monkeypatch.setattr(os, "system", ran)
    monkeypatch.setattr(keras.utils, "get_file", ran)


def described(case):
    layer, path, value = case
    return f"{layer}.{path}={'GONE' if value is GONE else value!r:.30}"


@pytest.mark.any_backend
@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize("case", TAMPERED, ids=described)
def test_tampered_configuration_is_refused(case, saved):
    config = changed(json.loads(saved["config.json"]), *case)
    with pytest.raises((ValueError, TypeError)):
        keras.models.model_from_json(json.dumps(config))


@pytest.mark.any_backend
@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize("case", TAMPERED[::9], ids=described)
def test_tampered_file_is_refused(case, saved, tmp_path):
    config = changed(json.loads(saved["config.json"]), *case)
    with zipfile.ZipFile(tmp_path / "tampered.keras", "w") as archive:
        for name, content in {**saved, "config.json": json.dumps(config).encode()}.items():
            archive.writestr(name, content)
    with pytest.raises((ValueError, TypeError)):
        keras.models.load_model(tmp_path / "tampered.keras")


def test_number_beyond_the_floats_in_a_file_is_refused(saved):
    text = saved["config.json"].decode()
    assert text.count('"alpha": 2.0') == 1
    with pytest.raises((ValueError, TypeError), match="elu: alpha must be a finite number >= 0; got inf"):
        keras.models.model_from_json(text.replace('"alpha": 2.0', '"alpha": 1e400'))


def test_sound_file_loads(saved):
    """The same way that the tampered ones take."""
    model = keras.models.model_from_json(json.dumps(changed(json.loads(saved["config.json"]), "relu", "max_value", 5.0)))
    assert model.get_layer("relu").activation.parameters["max_value"] == 5.0


@pytest.mark.any_backend
@pytest.mark.parametrize(
    ("case", "complaint"),
    [
        (("form", "activation.config.activation", "os.system"), "unknown activation 'os.system'"),
        (("form", "activation.config.parameters.alpha", "inf"), "elu: alpha must be a finite number >= 0; got 'inf'"),
        (("form", "activation.config.extra", 1), "it also holds 'extra'"),
        (("learned", "num_parameters", 10**12), "Snake: num_parameters must be an integer from 1 to .*; got 1000000000000"),
        (("learned", "alpha_initializer", GET_FILE), "Snake: alpha_initializer must be one of Keras's own initializers"),
        (("snake", "parameters.beta", 1.0), "snake has no parameter 'beta'"),
        (("activation", "extra", 1), "leaky_relu has no parameter 'extra'"),
    ],
    ids=lambda value: described(value) if isinstance(value, tuple) else "",
)
def test_refusal_of_a_tampered_configuration_names_the_fault(case, complaint, saved):
    with pytest.raises((ValueError, TypeError), match=complaint):
        keras.models.model_from_json(json.dumps(changed(json.loads(saved["config.json"]), *case)))


@pytest.mark.parametrize("kind", [keras_acts.Parameterised, keras_acts.ActivationOperation])
@pytest.mark.parametrize(
    "config",
    [
        {},
        {"parameters": {}},
        {"activation": "snake", "parameters": {"alpha": deep(100_000)}},
        {"activation": "snake", "parameters": {1: 2}},
        {"activation": "snake" * 10**6, "parameters": {}},
        {"activation": {"class_name": "snake"}, "parameters": {}},
    ],
    ids=lambda config: f"{list(config)}",
)
def test_absurd_configuration_is_refused(kind, config):
    with pytest.raises((ValueError, TypeError)) as caught:
        kind.from_config(config)
    assert len(str(caught.value)) < 2000


def test_huge_input_shape_in_a_file_is_refused_before_memory_is_taken():
    with pytest.raises(ValueError, match="PReLU"):
        keras_acts.layers.PReLU().build_from_config({"input_shape": [None, 10**12]})


# ---- threads


def test_threads_build_call_save_and_load_without_disturbing_each_other(tmp_path):
    rates = [0.5 + 0.25 * place for place in range(8)]
    failures = []
    together = threading.Barrier(len(rates))

    def work(alpha):
        with contextlib.suppress(threading.BrokenBarrierError):
            together.wait(10)
        try:
            for _ in range(5):
                expected = X + np.sin(alpha * X) ** 2 / alpha
                for function in (keras_acts.get("snake", alpha=alpha), keras_acts.layers.Activation("snake", alpha=alpha)):
                    np.testing.assert_allclose(keras.ops.convert_to_numpy(function(X)), expected, rtol=1e-5, atol=1e-6)
                node = keras.Model(x := keras.Input((3,)), keras_acts.activations.snake(x, alpha=alpha))
                np.testing.assert_allclose(keras.ops.convert_to_numpy(node(X)), expected, rtol=1e-5, atol=1e-6)
                keras_acts.models.save(node, tmp_path / f"{alpha}.keras")
                loaded = keras.models.load_model(tmp_path / f"{alpha}.keras")
                np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each(X)) for each in (loaded, node)))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(alpha,)) for alpha in rates]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures
    assert not any(thread.is_alive() for thread in threads)
