"""Layers: fixed and learned activations, alone and inside other layers."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.layers import ELU, Activation, LeakyReLU, PReLU, ReLU, Snake, Softmax

X = np.linspace(-3.0, 3.0, 24, dtype="float32").reshape(2, 4, 3)
EVEN = np.linspace(-3.0, 3.0, 48, dtype="float32").reshape(2, 4, 6)
LEARNED = [PReLU, Snake]  # one that has a weight for each feature by default, and one that has one for all


def numbers(tensor):
    return np.asarray(keras.ops.convert_to_numpy(tensor))


def close(y, expected, tolerance=3e-6):
    np.testing.assert_allclose(numbers(y), numbers(expected), rtol=tolerance, atol=tolerance)


def trained(model, x, y):
    """The model after a few steps of gradient descent."""
    model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.05), loss="mse")
    model.fit(x, y, epochs=2, batch_size=len(x), verbose=0)
    return model


@pytest.fixture(params=keras_acts.layers.__all__)
def layer(request):
    """Each public layer with its defaults."""
    needed = {"Activation": {"activation": "lisht"}, "GatedDense": {"units": 3}}
    return getattr(keras_acts.layers, request.param)(**needed.get(request.param, {}))


def test_layer_keeps_shape_and_dtype(layer):
    y = layer(X)
    assert tuple(y.shape) == X.shape == tuple(layer.compute_output_shape(X.shape))
    assert keras.backend.standardize_dtype(y.dtype) == "float32"
    assert layer(keras.KerasTensor((None, 4, 3))).shape == (None, 4, 3)


def test_layer_carries_the_mask(layer):
    assert layer.supports_masking
    mask = keras.ops.convert_to_tensor([[True, True, False, False]] * 2)
    np.testing.assert_array_equal(numbers(layer.compute_mask(X, mask)), numbers(mask))


def test_layer_is_known_by_its_public_module(layer):
    assert type(layer).__module__ == "keras_acts.layers"
    assert getattr(keras_acts.layers, type(layer).__name__) is type(layer)


def test_layer_hides_nothing_of_its_base(layer):
    """On torch that is a `torch.nn.Module`, whose `parameters()` an optimizer of torch asks for."""
    own = {name for kind in type(layer).__mro__ if kind.__module__.startswith("keras_acts") for name in vars(kind)}
    meant = {"build", "call", "compute_output_shape", "get_config", "from_config"}
    assert {name for name in own & set(dir(keras.layers.Layer)) if not name.startswith("_")} <= meant


# ---- fixed parameters


@pytest.mark.parametrize("name", keras_acts.names())
def test_activation_layer_computes_the_activation(name):
    record = keras_acts.describe(name)
    if record.callable_by_name:
        np.testing.assert_array_equal(numbers(Activation(name)(EVEN)), numbers(record.function(EVEN)))


def test_activation_layer_takes_parameters_and_layer_arguments_together():
    layer = Activation("leaky_relu", negative_slope=0.5, name="mine", dtype="float16", trainable=False)
    assert (layer.name, layer.compute_dtype, layer.trainable) == ("mine", "float16", False)
    assert layer.activation.parameters == {"negative_slope": 0.5}
    assert keras.backend.standardize_dtype(layer(X).dtype) == "float16"
    assert Activation.from_config(layer.get_config()).get_config() == layer.get_config()


def test_activation_layer_changes_parameters_of_a_parameterised_form():
    six = keras_acts.get("relu", max_value=6.0)
    assert Activation(six).activation is six
    assert Activation(six, threshold=1.0).activation == keras_acts.get("relu", max_value=6.0, threshold=1.0)


def test_defaults_are_those_of_keras_but_for_leaky_relu():
    assert LeakyReLU().activation.parameters == {"negative_slope": 0.01}
    assert ELU().activation.parameters == {"alpha": keras.layers.ELU().alpha} == {"alpha": 1.0}
    assert Softmax().activation.parameters == {"axis": keras.layers.Softmax().axis} == {"axis": -1}
    assert ReLU().activation.parameters == {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}
    ours, theirs = PReLU(), keras.layers.PReLU()
    for prelu in (ours, theirs):
        prelu.build((None, 4, 3))
    assert tuple(ours.alpha.shape) == tuple(theirs.alpha.shape) == (4, 3)
    np.testing.assert_array_equal(numbers(ours.alpha), numbers(theirs.alpha))


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"max_value": 1.0},
        {"negative_slope": 0.25},
        {"threshold": 0.5},
        {"max_value": 2.0, "negative_slope": 0.5, "threshold": 1.0},
    ],
)
def test_relu_layer_equals_kerass(arguments):
    close(ReLU(**arguments)(X), keras.layers.ReLU(**arguments)(X))


@pytest.mark.parametrize("name", ["ELU", "Softmax", "LeakyReLU"])
def test_layer_equals_kerass(name):
    arguments = {"ELU": {"alpha": 0.5}, "Softmax": {"axis": 1}, "LeakyReLU": {"negative_slope": 0.5}}[name]
    close(getattr(keras_acts.layers, name)(**arguments)(X), getattr(keras.layers, name)(**arguments)(X))


@pytest.mark.parametrize("shared", [None, [1]])
def test_prelu_equals_kerass(shared):
    ours, theirs = (module.PReLU(alpha_initializer="ones", shared_axes=shared) for module in (keras_acts.layers, keras.layers))
    for layer in (ours, theirs):
        layer.build((None, 4, 3))
        layer.alpha.assign(np.linspace(-0.5, 1.5, layer.alpha.shape[0] * 3).reshape(layer.alpha.shape))
    close(ours(X), theirs(X))


# ---- the mask of Softmax


def softmax_reference(x, mask, axis):
    """Softmax over what the mask keeps, row by row."""
    kept = np.broadcast_to(np.asarray(mask, dtype=bool), x.shape)
    weights = np.where(kept, np.exp(x.astype("float64")), 0.0)
    total = weights.sum(axis, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


MASKS = {
    "partial": np.array([True, False, True]),
    "one left": np.array([False, False, True]),
    "all kept": np.array([True, True, True]),
    "none kept": np.array([False, False, False]),
    "by row": np.arange(24).reshape(2, 4, 3) % 5 > 1,
    "some rows empty": (np.arange(8).reshape(2, 4, 1) % 3 > 0) & np.array([True, True, False]),
}


@pytest.mark.parametrize("axis", [-1, 1, (1, 2)])
@pytest.mark.parametrize("mask", MASKS)
def test_masked_softmax_shares_out_what_is_kept(mask, axis):
    y = Softmax(axis)(X, mask=keras.ops.convert_to_tensor(MASKS[mask]))
    close(y, softmax_reference(X, MASKS[mask], axis))


@pytest.mark.parametrize("mask", MASKS)
def test_what_is_masked_is_exactly_zero(mask):
    y = numbers(Softmax()(X, mask=keras.ops.convert_to_tensor(MASKS[mask])))
    assert np.all(y[~np.broadcast_to(MASKS[mask], X.shape)] == 0.0)
    assert np.all(np.isfinite(y))


@pytest.mark.parametrize("dtype", ["float32", "int32", "float16"])
def test_number_above_a_half_keeps_its_entry(dtype):
    mask = keras.ops.convert_to_tensor(np.array([1, 0, 1], dtype))
    np.testing.assert_array_equal(
        numbers(Softmax()(X, mask=mask)), numbers(Softmax()(X, mask=keras.ops.convert_to_tensor(MASKS["partial"])))
    )


def test_masked_softmax_equals_kerass_where_that_is_right():
    mask = keras.ops.convert_to_tensor(MASKS["partial"])
    close(Softmax()(X, mask=mask), keras.layers.Softmax()(X, mask=mask))


def test_masked_softmax_keeps_half_precision():
    y = Softmax(dtype="float16")(X.astype("float16"), mask=keras.ops.convert_to_tensor(MASKS["some rows empty"]))
    assert keras.backend.standardize_dtype(y.dtype) == "float16"
    close(y, softmax_reference(X, MASKS["some rows empty"], -1), tolerance=1e-3)


@pytest.mark.parametrize("mask", MASKS)
def test_gradients_through_masked_softmax_are_finite(mask):
    """Seen by training: a NaN gradient would reach the weights."""
    x, kept = keras.Input((4, 3)), keras.Input((4, 3), dtype="bool")
    dense = keras.layers.Dense(3)
    # an operation after it, so that the loss is not masked too: it takes a mask without the last axis
    model = keras.Model([x, kept], 1.0 * Softmax()(dense(x), mask=kept))
    masks = np.broadcast_to(MASKS[mask], X.shape)
    trained(model, [X, masks], np.ones_like(X))
    assert all(np.all(np.isfinite(weight)) for weight in model.get_weights())


def test_mask_that_does_not_broadcast_is_refused_with_both_shapes():
    with pytest.raises(ValueError, match=r"mask of shape \(2,\) does not broadcast to an input of shape \(2, 4, 3\)"):
        Softmax()(X, mask=keras.ops.convert_to_tensor([True, False]))


# ---- learned parameters


@pytest.fixture(params=LEARNED, ids=lambda kind: kind.__name__)
def learned(request):
    return request.param


def test_snake_has_its_weight_from_the_constructor_on():
    assert [tuple(weight.shape) for weight in Snake().weights] == [()]
    assert numbers(Snake().alpha) == 1.0


def test_num_parameters_makes_the_weight_in_the_constructor(learned):
    assert tuple(learned(num_parameters=8).alpha.shape) == (8,)
    assert learned(num_parameters=8).built


def test_layer_that_waits_for_its_input_has_no_weight_yet():
    assert PReLU().weights == []
    assert Snake(shared_axes=[1]).weights == []


@pytest.mark.parametrize(
    ("shared", "shape"),
    [([1], (1, 3)), ([2], (4, 1)), (2, (4, 1)), ([1, 2], (1, 1)), ((2, 1), (1, 1))],
)
def test_shared_axes_have_size_one(learned, shared, shape):
    layer = learned(shared_axes=shared)
    layer(X)
    assert tuple(layer.alpha.shape) == shape


def test_dense_counts_the_weight_before_the_first_call():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation=Snake())])
    assert model.count_params() == 4 * 8 + 8 + 1
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, activation=PReLU(num_parameters=8))])
    assert model.count_params() == 4 * 8 + 8 + 8


def dense_with(inner):
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation=inner), keras.layers.Dense(3)])


def test_weights_load_into_a_model_that_was_never_called(learned, tmp_path):
    model = dense_with(learned(num_parameters=3))
    model.layers[0].activation.alpha.assign([0.5, 0.25, 2.0])
    model.save_weights(tmp_path / "m.weights.h5")
    fresh = dense_with(learned(num_parameters=3))
    fresh.load_weights(tmp_path / "m.weights.h5")
    np.testing.assert_array_equal(numbers(fresh.layers[0].activation.alpha), [0.5, 0.25, 2.0])
    fresh.set_weights(model.get_weights())


@pytest.mark.parametrize("inside", [True, False])
def test_weight_is_among_the_trainable_ones_and_moves(learned, inside):
    if inside:
        layer = learned(num_parameters=3)
        model = dense_with(layer)
    else:
        layer = learned()
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), layer, keras.layers.Dense(3)])
    assert any(variable is layer.alpha for variable in model.trainable_variables)
    before = numbers(layer.alpha).copy()
    trained(model, X.reshape(8, 3), X.reshape(8, 3))
    assert np.all(numbers(layer.alpha) != before)


def test_frozen_layer_keeps_its_weight(learned):
    model = dense_with(learned(num_parameters=3, trainable=False))
    alpha = model.layers[0].activation.alpha
    before = numbers(alpha).copy()
    trained(model, X.reshape(8, 3), X.reshape(8, 3))
    np.testing.assert_array_equal(numbers(alpha), before)


@pytest.mark.parametrize("shape", [(None, None, 3), (None, 4, None)])
def test_axis_of_unknown_size_is_refused_with_the_way_out(learned, shape):
    axis = shape.index(None, 1)
    with pytest.raises(ValueError, match=rf"{learned.__name__}: axis {axis} .*has no fixed size.*Add {axis} to shared_axes"):
        learned(shared_axes=[3 - axis])(keras.KerasTensor(shape))
    assert learned(shared_axes=[1, 2])(keras.KerasTensor(shape)).shape == shape


def test_shared_axis_that_the_input_lacks_is_refused(learned):
    with pytest.raises(ValueError, match=r"shared_axes=\[3\] does not fit an input of shape \(2, 4, 3\)"):
        learned(shared_axes=[3])(X)


def test_num_parameters_that_do_not_fit_are_refused(learned):
    with pytest.raises(ValueError, match=r"num_parameters=4 does not fit an input of shape .*4, 3\)"):
        learned(num_parameters=4)(X)
    with pytest.raises(ValueError, match="num_parameters=4"):
        dense_with(learned(num_parameters=4))(X.reshape(8, 3))


def test_one_parameter_fits_every_input(learned):
    layer = learned(num_parameters=1, alpha_initializer="ones")
    assert tuple(layer(X).shape) == X.shape
    assert layer.count_params() == 1


def test_num_parameters_and_shared_axes_together_are_refused(learned):
    with pytest.raises(ValueError, match=r"give num_parameters .* or shared_axes"):
        learned(num_parameters=3, shared_axes=[1])


class Foreign(keras.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        raise AssertionError("called")


@pytest.mark.parametrize("argument", ["alpha_initializer", "alpha_regularizer", "alpha_constraint"])
@pytest.mark.parametrize("value", [Foreign(), lambda *given: 0.0, keras.layers.Dense(2)], ids=["subclass", "lambda", "layer"])
def test_foreign_object_is_refused(learned, argument, value):
    with pytest.raises((TypeError, ValueError), match=f"{learned.__name__}: {argument} must be one of Keras's own"):
        learned(num_parameters=3, **{argument: value})


def test_initial_value_is_the_initializers(learned):
    layer = learned(num_parameters=3, alpha_initializer=keras.initializers.Constant(0.25))
    np.testing.assert_array_equal(numbers(layer.alpha), [0.25] * 3)


def test_regularizer_is_counted_in_the_loss(learned):
    layer = learned(num_parameters=3, alpha_initializer="ones", alpha_regularizer=keras.regularizers.L2(0.5))
    model = dense_with(layer)
    model(X.reshape(8, 3))
    assert [float(loss) for loss in model.losses] == [1.5]


def test_constraint_is_applied_after_each_step(learned):
    model = dense_with(
        learned(num_parameters=3, alpha_initializer=keras.initializers.Constant(5.0), alpha_constraint="unit_norm")
    )
    trained(model, X.reshape(8, 3), X.reshape(8, 3))
    np.testing.assert_allclose(np.linalg.norm(numbers(model.layers[0].activation.alpha)), 1.0, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_weight_stays_float32_under_mixed_precision(learned, policy):
    half = policy.removeprefix("mixed_")
    layer = learned(num_parameters=3, alpha_initializer=keras.initializers.Constant(0.3), dtype=policy)
    y = layer(X)
    assert keras.backend.standardize_dtype(y.dtype) == half
    assert keras.backend.standardize_dtype(layer.alpha.dtype) == "float32"
    x = keras.ops.cast(X, half)
    expected = keras.ops.cast(learned.function(keras.ops.cast(x, "float32"), float(np.float32(0.3))), half)
    np.testing.assert_array_equal(numbers(keras.ops.cast(y, "float32")), numbers(keras.ops.cast(expected, "float32")))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_weight_trains_under_mixed_precision(learned, policy):
    layer = learned(num_parameters=3, alpha_initializer="ones", dtype=policy)
    dense = keras.layers.Dense(3, activation=layer, dtype=policy)
    model = keras.Sequential([keras.Input((3,)), dense, keras.layers.Dense(3, dtype="float32")])
    before = numbers(layer.alpha).copy()
    trained(model, X.reshape(8, 3), X.reshape(8, 3))
    after = numbers(layer.alpha)
    assert np.all(np.isfinite(after))
    assert np.any(after != before)


def test_layer_computes_its_activation_with_the_weight(learned):
    layer = learned(num_parameters=3)
    layer.alpha.assign([0.5, 1.0, 2.0])
    for channel, alpha in enumerate((0.5, 1.0, 2.0)):
        close(layer(X)[..., channel], learned.function(X[..., channel], alpha))


def test_learned_layer_and_saved_model_agree_when_compiled(learned):
    model = dense_with(learned(num_parameters=3, alpha_initializer=keras.initializers.Constant(0.5)))
    close(model.predict(X.reshape(8, 3), verbose=0), model(X.reshape(8, 3)))
