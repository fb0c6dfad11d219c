"""What Keras does to models beside training them: quantised neighbours, LoRA, rematerialisation, compilation, policies."""

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(64, 8)).astype("float32")
Y = np.sin(X[:, :1]).astype("float32")


def network(policy=None):
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((8,)),
        keras.layers.Dense(16, activation="snake", dtype=policy, name="first"),
        keras_acts.layers.PReLU(dtype=policy),
        keras.layers.Dense(16, activation=keras_acts.layers.SwishBeta(num_parameters=16), dtype=policy, name="second"),
        keras.layers.Dense(1, activation="keras_acts>softplus", dtype=policy),
    ]
    return keras.Sequential(layers)


def predictions(model):
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.cast(model(X), "float32")))


def trained(model, **arguments):
    """The losses of three epochs."""
    model.compile(keras.optimizers.SGD(0.05), "mse", **arguments)
    return model.fit(X, Y, batch_size=32, epochs=3, shuffle=False, verbose=0).history["loss"]


def reloaded(model, tmp_path):
    model.save(tmp_path / "model.keras")
    return keras.models.load_model(tmp_path / "model.keras")


@pytest.mark.parametrize(("mode", "tolerance"), [("int8", 0.05), ("float8", 0.2)])
def test_quantized_neighbours(mode, tolerance, tmp_path):
    model = network()
    before = predictions(model)
    model.quantize(mode)
    after = predictions(model)
    assert np.abs(after - before).max() <= tolerance * np.abs(before).max()
    np.testing.assert_array_equal(predictions(reloaded(model, tmp_path)), after)


def test_training_in_float8():
    model = network()
    model.quantize("float8")
    losses = trained(model)
    assert losses[-1] < losses[0]


def test_lora_trains_few_weights_and_the_activations(tmp_path):
    model = network()
    before = predictions(model)
    for name in ("first", "second"):
        model.get_layer(name).enable_lora(2)
    np.testing.assert_allclose(predictions(model), before, rtol=1e-5, atol=1e-6)
    kernels = [np.array(model.get_layer(name)._kernel) for name in ("first", "second")]
    slopes = np.array(keras.ops.convert_to_numpy(model.layers[1].alpha))
    losses = trained(model)
    assert losses[-1] < losses[0]
    for name, kernel in zip(("first", "second"), kernels, strict=True):
        np.testing.assert_array_equal(kernel, np.array(model.get_layer(name)._kernel))
    assert (keras.ops.convert_to_numpy(model.layers[1].alpha) != slopes).any()
    np.testing.assert_allclose(predictions(reloaded(model, tmp_path)), predictions(model), rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(backends.NAME == "tensorflow", reason="Keras 3.15 refuses it there in `fit`, of its own activations too")
def test_rematerialisation_changes_no_loss():
    plain = trained(network())
    with keras.RematScope(mode="full"):
        again = trained(network())
    np.testing.assert_allclose(again, plain, rtol=1e-5)


@pytest.mark.parametrize("name", ["snake", "mish", "sparsemax"])
def test_remat_of_a_function_has_the_same_gradient(name):
    function = keras_acts.get(name)
    weights = backends.tensor(RANDOM.normal(size=X.shape), "float32")
    again = keras.remat(function)
    got, expected = (
        backends.array(backends.gradient(lambda x, f=f: keras.ops.sum(weights * f(x)))(backends.tensor(X, "float32")))
        for f in (again, function)
    )
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.skipif(backends.NAME == "torch", reason="compiles for a minute; test_transforms.py has torch.compile")
def test_compiled_training_loses_as_eager_training_does():
    expected = trained(network(), run_eagerly=True)
    for arguments in ({"jit_compile": True}, {"jit_compile": False}):
        np.testing.assert_allclose(trained(network(), **arguments), expected, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_policies_train(policy):
    expected, got = trained(network()), trained(network(policy))
    np.testing.assert_allclose(got, expected, rtol=0.05)
    assert got[-1] < got[0]


if backends.NAME == "torch":

    def test_gradient_checkpointing():
        import torch
        from torch.utils.checkpoint import checkpoint

        model = network()
        gradients = []
        for call in (model, lambda x: checkpoint(model, x, use_reentrant=False)):
            model.zero_grad()
            call(torch.tensor(X)).sum().backward()
            gradients.append([parameter.grad.numpy().copy() for parameter in model.parameters()])
        for one, other in zip(*gradients, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)


if backends.NAME == "tensorflow":

    def test_gradient_checkpointing():
        import tensorflow as tf

        model = network()
        gradients = []
        for call in (model, tf.recompute_grad(lambda x: model(x))):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(call(tf.constant(X)))
            gradients.append(tape.gradient(total, [weight.value for weight in model.trainable_weights]))
        for one, other in zip(*gradients, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6)
