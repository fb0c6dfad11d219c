"""The switch for fused kernels, and what it must not change. That their numbers are right, the tests of gradients see."""

import os
import subprocess
import sys
import warnings
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends

LARGE = np.random.default_rng(0).normal(0, 4, (300, 128)).astype("float32")  # numbers that are worth a kernel


def on_backend(name):
    return pytest.mark.skipif(name != backends.NAME, reason=f"for {name}")


def both(name, mode="eager", x=LARGE):
    """Value and gradient of an activation."""
    value, slope = backends.value_and_gradient_in_mode(keras_acts.get(name), mode)(backends.tensor(x, "float32"))
    return backends.array(value), backends.array(slope)


# ---- the switch


@pytest.mark.any_backend
def test_it_is_set_for_good_or_for_a_block():
    assert keras_acts.fusion_mode() == "auto"
    with keras_acts.fusion("off"):
        assert keras_acts.fusion_mode() == "off"
        with keras_acts.fusion("on"):
            assert keras_acts.fusion_mode() == "on"
        assert keras_acts.fusion_mode() == "off"
    assert keras_acts.fusion_mode() == "auto"
    keras_acts.fusion("on")
    assert keras_acts.fusion_mode() == "on"
    keras_acts.fusion("auto")


@pytest.mark.any_backend
@pytest.mark.parametrize("mode", ["fast", "", None, True, "ON"])
def test_an_unknown_mode_is_refused_by_its_name(mode):
    with pytest.raises(ValueError, match=rf"fusion: mode must be one of 'auto', 'on', 'off'; got {mode!r}"):
        keras_acts.fusion(mode)
    assert keras_acts.fusion_mode() == "auto"


@pytest.mark.any_backend
@pytest.mark.parametrize(("value", "printed"), [("off", "off"), ("fast", "KERAS_ACTS_FUSION must be one of")])
def test_an_environment_variable_sets_it(value, printed):
    environment = {**os.environ, "KERAS_ACTS_FUSION": value}
    command = [sys.executable, "-c", "import keras_acts; print(keras_acts.fusion_mode())"]
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent
    )
    assert printed in run.stdout + run.stderr
    assert (run.returncode == 0) == (value == "off")


# ---- the numbers


@pytest.mark.parametrize("name", ["gelu", "snake", "softplus", "tanh"])
def test_a_kernel_computes_what_the_operations_do(name):
    with keras_acts.fusion("off"):
        expected = both(name)
    with keras_acts.fusion("on"):
        got = both(name)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("shape", [(), (0, 5), (7,), (3, 1, 40_000), (2**15 + 1,)])
def test_tensors_of_every_size_are_taken(shape):
    x = np.random.default_rng(0).normal(0, 2, shape).astype("float32")
    with keras_acts.fusion("on"):
        value, slope = both("silu", x=x)
    assert value.shape == slope.shape == shape
    wide = x.astype("float64")
    np.testing.assert_allclose(value, wide / (1 + np.exp(-wide)), rtol=1e-5, atol=1e-7)


def test_a_gradient_is_differentiated_again():
    x = backends.tensor(LARGE, "float32")
    found = []
    for mode in ("off", "on"):
        with keras_acts.fusion(mode):
            found.append(backends.array(backends.gradient(backends.gradient(keras_acts.get("silu")))(x)))
    np.testing.assert_allclose(*found, rtol=1e-5, atol=1e-6)


def test_a_model_learns_the_same():
    losses = []
    for mode in ("off", "on"):
        with keras_acts.fusion(mode):
            keras.utils.set_random_seed(0)
            model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(512, "keras_acts>mish"), keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            x = np.random.default_rng(0).normal(0, 1, (200, 64)).astype("float32")
            losses.append(model.fit(x, x[:, :1], batch_size=128, epochs=3, verbose=0).history["loss"])
    np.testing.assert_allclose(*losses, rtol=1e-5)
    assert losses[0][-1] < losses[0][0]


# ---- TensorFlow


LENGTHS = """
import keras, keras_acts, numpy as np
model = keras.Sequential([keras.Input((None, 16)), keras.layers.Dense(64, activation="keras_acts>silu"), keras.layers.Dense(1)])
model.compile("sgd", "mse")
for length in range(100, 200):
    model.train_on_batch(np.zeros((8, length, 16), "float32"), np.zeros((8, length, 1), "float32"))
"""


@on_backend("tensorflow")
def test_a_hundred_lengths_compile_a_handful_of_kernels(tmp_path):
    environment = {**os.environ, "XLA_FLAGS": f"--xla_dump_to={tmp_path} --xla_dump_hlo_as_text"}
    run = subprocess.run(
        [sys.executable, "-c", LENGTHS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    compiled = list(tmp_path.glob("*.before_optimizations.txt"))
    assert 2 <= len(compiled) <= 8  # value and gradient, for the first length and for tensors padded to one of three sizes


@on_backend("tensorflow")
def test_padding_changes_nothing():
    import tensorflow as tf

    signature = [tf.TensorSpec([None], "float32")]
    step = tf.function(backends.value_and_gradient(keras_acts.get("gelu")), input_signature=signature)
    for size in (1, 2**15 - 1, 2**15, 2**15 + 1, 3 * 2**14, 3 * 2**14 + 1, 100_000):
        x = np.resize(LARGE.ravel(), size)
        got = [backends.array(each) for each in step(tf.constant(x))]
        for one, other in zip(got, both("gelu", x=x), strict=True):
            np.testing.assert_allclose(one, other, rtol=2e-6, atol=1e-6)


@on_backend("tensorflow")
def test_a_saved_model_needs_no_xla(tmp_path):
    import tensorflow as tf

    model = keras.Sequential([keras.Input((256,)), keras.layers.Dense(512, "keras_acts>gelu"), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(0, 1, (128, 256)).astype("float32")
    model.fit(x, x[:, :1], verbose=0)
    model.export(tmp_path, verbose=False)
    loaded = tf.saved_model.load(tmp_path)
    np.testing.assert_allclose(loaded.serve(x), model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    functions = loaded.signatures["serving_default"].graph.as_graph_def().library.function
    assert functions
    assert not any(function.attr["_XlaMustCompile"].b for function in functions)


# ---- torch


@on_backend("torch")
def test_a_kernel_that_cannot_be_made_is_reported_once(monkeypatch):
    import torch

    def fails(*arguments, **named):
        raise RuntimeError("no C++ compiler\nand more")

    monkeypatch.setattr(torch, "compile", fails)
    expected = both("lisht")
    with keras_acts.fusion("on"):
        with pytest.warns(
            RuntimeWarning, match=r"lisht: torch\.compile made no fused kernel.* RuntimeError: no C\+\+ compiler$"
        ):
            value, _ = both("lisht")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            again, _ = both("lisht")
    np.testing.assert_array_equal(value, expected[0])
    np.testing.assert_array_equal(again, expected[0])


@on_backend("torch")
def test_one_kernel_serves_every_size():
    from torch._dynamo.utils import counters

    with keras_acts.fusion("on"):
        both("squareplus", x=LARGE)
        before = counters["stats"]["unique_graphs"]
        for rows in (301, 400, 555):
            both("squareplus", x=np.resize(LARGE, (rows, 128)))
        assert counters["stats"]["unique_graphs"] <= before + 2  # the first other size makes a program for all


@on_backend("torch")
def test_more_than_eight_activations_compile_whole():
    import torch

    x = backends.tensor(LARGE[:2], "float32")
    for name in (
        "gelu",
        "silu",
        "mish",
        "elu",
        "selu",
        "softplus",
        "tanh",
        "sigmoid",
        "softsign",
        "lisht",
        "squareplus",
        "relu",
    ):
        function = keras_acts.get(name)
        torch.compile(function, backend="eager", fullgraph=True)(x)
        assert function.__code__.co_name == function.__name__ == name
