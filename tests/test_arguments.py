"""Arguments of layers and losses, as they are declared: each of them at other values through a file, and refused when wrong."""

import inspect
import json

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import layers, losses
from keras_acts._declared import Declared, last
from keras_acts._record.parameters import Axes, Choice, Flag, Integer, Optional, Real, Switch, kind_of
from keras_acts.layers._kinds import CatalogueActivation, FixedNonNegative, KerasObject, SharedAxes
from keras_acts.layers._learned import LearnedActivation

LAYERS = [getattr(layers, name) for name in layers.__all__]
LOSSES = [getattr(losses, name) for name in losses.__all__]
X = np.linspace(-3.0, 3.0, 2 * 4 * 6, dtype="float32").reshape(2, 4, 6)
REQUIRED = {"units": 3, "activation": "elu"}

initializers, regularizers, constraints = keras.initializers, keras.regularizers, keras.constraints
OBJECTS = {
    initializers: lambda: ["he_normal", initializers.Constant(0.7), initializers.RandomUniform(0.1, 0.9, seed=3)],
    regularizers: lambda: ["l1", regularizers.L2(0.25), regularizers.L1L2(0.1, 0.2)],
    constraints: lambda: ["non_neg", constraints.MaxNorm(1.5), constraints.MinMaxNorm(0.1, 0.5)],
}


def values(kind):
    """Valid values of every sort that a kind of argument knows."""
    if isinstance(kind, Optional):
        return [None, *values(kind.kind)]
    if isinstance(kind, Real):
        return [value for value in (0.25, 0.75, 2, 5.5) if kind.low <= value <= kind.high]
    if isinstance(kind, Integer):
        return [value for value in (kind.low, 6, 7, 48) if value <= kind.high]
    if isinstance(kind, Flag):
        return [True, False]
    if isinstance(kind, Choice):
        return list(kind.words)
    if isinstance(kind, Axes):
        return [1, -2, *([(1, 2), [0, 1]] if kind.several else [])]
    if isinstance(kind, SharedAxes):
        return [2, [1], (1, 2)]
    if isinstance(kind, CatalogueActivation):
        gated = keras_acts.get("swiglu_oai", limit=3.0) if kind.optional else "sparsemax"
        return ["gelu", keras_acts.activations.tanh, keras_acts.get("leaky_relu", negative_slope=0.5), gated]
    assert isinstance(kind, KerasObject), f"a new kind of argument, {kind!r}, needs its values here"
    return OBJECTS[kind.module]()


def made(cls, **given):
    """A layer with the arguments that it can't do without."""
    needed = {name: REQUIRED[name] for name, argument in cls.arguments.items() if argument.required}
    return cls(**{**needed, **given})


def is_valid(cls, name, value):
    """Whether a value goes together with the defaults of the other arguments, and with the shape of X."""
    try:
        layer = made(cls, **{name: value})
        if issubclass(cls, keras.layers.Layer):
            layer(keras.KerasTensor(X.shape))
    except ValueError:
        return False
    return True


def kept(argument, value):
    """What a checked value of an argument is in a configuration, as JSON has it."""
    return json.loads(json.dumps(argument.kind.save(value)))


def other_values(cls):
    """Each declared argument with each value that is not its default."""
    for name, argument in cls.arguments.items():
        default = () if argument.required else (kept(argument, argument.kind.check("", name, argument.default)),)
        found = [v for v in values(argument.kind) if kept(argument, argument.kind.check("", name, v)) not in default]
        found = [value for value in found if is_valid(cls, name, value)]
        assert found, f"{cls.__name__}: no other value of {name} is tried"
        yield from ((cls, name, value) for value in found)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A model of a layer for each other value of each argument, and what a file of it gives back."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    x = keras.Input(X.shape[1:])
    cases = [case for cls in LAYERS for case in other_values(cls)]
    made_here = [made(cls, **{name: value, "name": f"{name}_{place}"}) for place, (cls, name, value) in enumerate(cases)]
    model = keras.Model(x, [layer(x) for layer in made_here])
    path = tmp_path_factory.mktemp("arguments") / "model.keras"
    model.save(path)
    return model, keras.models.load_model(path)


@pytest.mark.any_backend
@pytest.mark.parametrize("cls", [cls for cls in LAYERS if cls.arguments], ids=lambda cls: cls.__name__)
def test_every_argument_comes_back_from_a_file(cls, saved):
    model, loaded = saved
    tried = set()
    for before in (layer for layer in model.layers if type(layer) is cls):
        after = loaded.get_layer(before.name)
        assert type(after) is cls
        assert after.get_config() == before.get_config()
        for name, argument in cls.arguments.items():
            assert kept(argument, getattr(after, name)) == kept(argument, getattr(before, name)), before.name
        tried.add(before.name.rpartition("_")[0])
    assert tried == set(cls.arguments)


@pytest.mark.any_backend
def test_a_file_predicts_what_its_layers_did(saved):
    model, loaded = saved
    for one, other in zip(model(X), loaded(X), strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(other), keras.ops.convert_to_numpy(one))


@pytest.mark.any_backend
@pytest.mark.parametrize("cls", LOSSES, ids=lambda cls: cls.__name__)
def test_every_argument_of_a_loss_comes_back_from_its_configuration(cls):
    for _, name, value in other_values(cls):
        loss = made(cls, **{name: value}, reduction="sum", name="mine")
        again = cls.from_config(json.loads(json.dumps(loss.get_config())))
        assert getattr(again, name) == getattr(loss, name) == value
        assert (again.reduction, again.name) == ("sum", "mine")
        assert type(keras.losses.deserialize(keras.losses.serialize(loss))) is cls


@pytest.mark.parametrize("cls", [*LAYERS, *LOSSES], ids=lambda cls: cls.__name__)
def test_a_constructor_takes_what_is_declared_and_nothing_else(cls):
    parameters = inspect.signature(cls).parameters
    of_keras = {parameter.name for parameter in cls.keras_arguments}
    assert [name for name in parameters if name not in of_keras] == list(cls.arguments)
    for name, argument in cls.arguments.items():
        assert parameters[name].default == argument.default


def test_the_layers_are_what_the_module_defines():
    """A layer that is not public, or not declared, is tested by nobody."""
    public = {cls for cls in vars(layers).values() if isinstance(cls, type)}
    assert public == set(LAYERS)
    assert all(issubclass(cls, Declared) for cls in (*LAYERS, *LOSSES))


# ---- wrong values

NAN = float("nan")
WRONG = {
    Real: [NAN, True, "1.0", [1.0], None, object(), 10**400, 1 + 2j],
    Integer: [0.5, True, "1", [1], -1, 10**12, object()],
    Flag: [0, 1, "True", None, [True]],
    Choice: ["", 1, None, "SECOND"],
    Axes: [1.5, "0", True, 32, (), [0, 0], None],
    SharedAxes: [1.5, "1", [True], [0], [1, 1], {1}, 33, object()],
    CatalogueActivation: ["snak", 3, object(), ["gelu"], keras.activations.relu, {"activation": "os.system"}],
    KerasObject: ["spam", 5.0, object(), lambda *given: 0.0, keras.layers.Dense(2), {"class_name": "Lambda"}],
}


def wrong_values(kind):
    inner = kind.kind if isinstance(kind, Optional) else kind
    found = [value for value in WRONG[type(inner)] if not (value is None and isinstance(kind, Optional))]
    if isinstance(inner, Real):
        found += [bound for bound in (inner.low - 1.0, inner.high + 1.0) if np.isfinite(bound)]
    if isinstance(inner, Axes) and not inner.several:
        found.append((0, 1))
    return found


DECLARED = [
    pytest.param(cls, name, id=f"{cls.__name__}-{name}")
    for cls in (*LAYERS, *LOSSES)
    for name in cls.arguments
    if cls is not layers.Activation  # the names of its errors are those of the activation: see test_bad_input.py
]


@pytest.mark.any_backend
@pytest.mark.parametrize(("cls", "name"), DECLARED)
def test_a_wrong_value_is_refused_with_class_argument_and_value(cls, name):
    kind = cls.arguments[name].kind
    for value in wrong_values(kind):
        with pytest.raises((ValueError, TypeError)) as caught:
            made(cls, **{name: value})
        message = str(caught.value)
        assert len(message) < 500
        if isinstance(kind, CatalogueActivation):
            assert message.startswith(f"{cls.__name__}: {name}: "), (value, message)
        else:
            assert message.startswith(f"{cls.__name__}: {name} must be"), (value, message)
            assert repr(value)[:40] in message, (value, message)


@pytest.mark.any_backend
@pytest.mark.parametrize("cls", LAYERS, ids=lambda cls: cls.__name__)
def test_an_unknown_argument_is_refused_with_the_known_ones(cls):
    with pytest.raises(TypeError, match=f"{'elu' if cls is layers.Activation else cls.__name__} has no .* 'colour'"):
        made(cls, colour=1)
    if cls is not layers.Activation and cls.arguments:
        first, *_ = cls.arguments
        with pytest.raises(TypeError, match=f"Its arguments are {first}"):
            made(cls, colour=1)


@pytest.mark.any_backend
def test_too_few_and_too_many_arguments_are_refused_by_the_name_of_the_class():
    with pytest.raises(
        TypeError, match=r"GatedDense: missing a required argument: 'units'\. Its arguments are units, activation"
    ):
        layers.GatedDense()
    with pytest.raises(TypeError, match=r"ELU: too many positional arguments\. Its arguments are alpha, those of Keras itself"):
        layers.ELU(1.0, 2.0)
    with pytest.raises(TypeError, match=r"LeakyReLU has no argument 'negativ_slope'.* Did you mean 'negative_slope'"):
        layers.LeakyReLU(negativ_slope=0.1)


@pytest.mark.any_backend
@pytest.mark.parametrize("cls", [cls for cls in LAYERS if issubclass(cls, LearnedActivation)], ids=lambda cls: cls.__name__)
def test_a_weight_given_as_a_number_is_refused_with_the_way_out(cls):
    for name in cls.declared_weights:
        with pytest.raises(TypeError, match=rf"{cls.__name__}: {name} is a weight.* {name}_initializer=.*Constant\(5\.0\)"):
            cls(**{name: 5.0})


# ---- declarations


def test_own_arguments_come_before_those_of_the_base():
    class Base(layers._layer.Layer):
        second: Switch = last(False)

    class Made(Base):
        first: FixedNonNegative = 0.5

        def __post_init__(self):
            self.total = self.first + self.second

    layer = Made(2, True, name="mine")
    assert (layer.first, layer.second, layer.total, layer.name) == (2.0, True, 3.0, "mine")
    assert layer.get_config().items() >= {"first": 2.0, "second": True, "name": "mine"}.items()
    assert str(inspect.signature(Made)) == "(first: float = 0.5, second: bool = False, **kwargs: Any) -> None"
    assert Made.from_config(Made(0.25).get_config()).total == 0.25


def test_a_subclass_of_a_users_own_keeps_the_arguments():
    class Mine(layers.Snake):
        def __init__(self, **kwargs):
            super().__init__(alpha_initializer="zeros", **kwargs)

    layer = Mine(num_parameters=2, name="mine")
    assert layer.alpha.shape == (2,)
    assert layer.get_config()["num_parameters"] == 2

    class Plain(layers.Snake):
        """Declares nothing."""

    assert inspect.signature(Plain) == inspect.signature(layers.Snake)
    assert Plain("zeros").get_config()["alpha_initializer"]["class_name"] == "Zeros"


def test_a_fixed_layer_must_declare_the_parameters_of_its_activation():
    with pytest.raises(TypeError, match="Wrong: the arguments must be the parameters of elu"):

        class Wrong(layers._fixed.FixedActivation, of=keras_acts.activations.elu):
            alpha: FixedNonNegative = 1.0


def test_an_annotation_without_a_kind_declares_nothing():
    assert kind_of(int) is None
    assert kind_of(Switch) == Flag()
