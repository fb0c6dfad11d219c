"""What a framework has beside dense tensors, functions and Keras's own loop: modules, other tensors, checkers of numbers."""

import contextlib

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends, cases
from tests import kinds

X = np.array([-3.0, -0.5, 0.0, 0.25, 1.0, 4.0], "float32")
LEARNED = [keras_acts.layers.SwishBeta, keras_acts.layers.Snake, keras_acts.layers.SnakeBeta, keras_acts.layers.XIELU]
FAR = np.array([-1000.0, -104.0, -100.0, -88.0, -30.0, -11.0, -1.0, 0.0, 0.5, 11.0, 30.0, 88.0, 100.0, 1000.0], "float32")
ONE_OF_EACH = kinds.one_name_of_each(kinds.ELEMENTWISE, kinds.kind_here)
ROWS = [name for name in kinds.ALONG_AN_AXIS if keras_acts.describe(name).family == "normalising"]

if backends.NAME == "torch":
    import copy

    import torch

    @pytest.mark.parametrize("layer", [*LEARNED, lambda: keras_acts.layers.PReLU(num_parameters=4)])
    def test_a_learned_layer_is_trained_as_a_module_of_torch(layer):
        torch.manual_seed(0)
        own = layer()
        module = torch.nn.Sequential(torch.nn.Linear(4, 4), own)
        assert len(list(module.parameters())) == 2 + len(own.weights)
        assert len(module.state_dict()) == 2 + len(own.weights)
        before = [keras.ops.convert_to_numpy(weight).copy() for weight in own.weights]
        optimizer = torch.optim.SGD(module.parameters(), 0.1)
        (module(torch.randn(8, 4)) - 1.0).square().sum().backward()
        optimizer.step()
        assert all((keras.ops.convert_to_numpy(weight) != old).any() for weight, old in zip(own.weights, before, strict=True))
        state = copy.deepcopy(module.state_dict())
        other = torch.nn.Sequential(torch.nn.Linear(4, 4), layer())
        own_names, other_names = list(state), list(other.state_dict())
        other.load_state_dict(dict(zip(other_names, (state[name] for name in own_names), strict=True)))
        x = torch.randn(3, 4)
        torch.testing.assert_close(other(x), module(x))

    def test_a_model_with_learned_layers_inside_a_module_is_trained():
        class Outer(torch.nn.Module):
            def __init__(self):
                super().__init__()
                dense = keras.layers.Dense(4, activation=keras_acts.layers.Snake())
                self.inner = keras.Sequential([keras.Input((4,)), dense, keras_acts.layers.PReLU()])

            def forward(self, x):
                return self.inner(x)

        module = Outer()
        assert sum(parameter.numel() for parameter in module.parameters()) == module.inner.count_params() == 25

    @pytest.mark.parametrize("name", ONE_OF_EACH)
    def test_a_nested_tensor_gives_a_nested_one(name):
        function = cases.function(keras_acts.describe(name))
        rows = [torch.tensor(X), torch.tensor(X[:2])]
        nested = torch.nested.nested_tensor(rows, layout=torch.jagged, requires_grad=True)
        y = function(nested)
        assert y.is_nested
        y.values().sum().backward()
        for got, slope, row in zip(y.unbind(), nested.grad.unbind(), rows, strict=True):
            row.requires_grad_()
            alone = function(row)
            torch.testing.assert_close(got, alone)
            torch.testing.assert_close(slope, torch.autograd.grad(alone.sum(), row, allow_unused=True)[0])

    def test_a_row_function_of_a_nested_tensor_and_what_is_sparse_are_refused():
        nested = torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged)
        with pytest.raises(TypeError, match="softmax works along an axis and takes dense tensors; got a nested one"):
            keras_acts.activations.softmax(nested)
        for sparse in (torch.eye(3).to_sparse(), torch.eye(3).to_sparse_csr()):
            with pytest.raises(TypeError, match=r"mish takes dense tensors; .* Give x.to_dense\(\)"):
                keras_acts.activations.mish(sparse)

    @pytest.mark.parametrize("seed", [None])
    def test_a_random_layer_draws_the_same_when_it_is_computed_again(seed):
        for layer in (keras_acts.layers.RReLU(seed=seed), keras_acts.layers.GumbelSoftmax(seed=seed)):
            x = torch.linspace(-2.0, -1.0, 64).requires_grad_()

            def call(x, layer=layer):
                return layer(x, training=True)

            y = torch.utils.checkpoint.checkpoint(call, x, use_reentrant=False)
            upstream = torch.arange(64.0)
            (slope,) = torch.autograd.grad((y * upstream).sum(), x)
            share = y.detach()
            if isinstance(layer, keras_acts.layers.RReLU):
                wanted = upstream * share / x.detach()
            else:
                wanted = share * (upstream - (upstream * share).sum())
            torch.testing.assert_close(slope, wanted, rtol=1e-4, atol=1e-5)

elif backends.NAME == "tensorflow":
    import tensorflow as tf

    @pytest.mark.parametrize("graph", [False, pytest.param(True, marks=pytest.mark.full)], ids=["eager", "graph"])
    @pytest.mark.parametrize("name", ONE_OF_EACH)
    def test_a_ragged_tensor_gives_a_ragged_one(name, graph):
        function = cases.function(keras_acts.describe(name))
        ragged = tf.RaggedTensor.from_row_lengths(tf.constant(X), [4, 0, 2])
        y = (tf.function(function) if graph else function)(ragged)
        assert isinstance(y, tf.RaggedTensor)
        np.testing.assert_array_equal(y.row_lengths(), ragged.row_lengths())
        np.testing.assert_allclose(y.flat_values, function(tf.constant(X)), rtol=1e-6)

    def test_a_row_function_of_a_ragged_tensor_is_refused():
        with pytest.raises(TypeError, match="softmax works along an axis and takes dense tensors; got a ragged one"):
            keras_acts.activations.softmax(tf.ragged.constant([[1.0], [2.0, 3.0]]))

    @pytest.mark.parametrize("shape", [None, (1,) * 9 + (6,)], ids=["unknown rank", "rank 10"])
    @pytest.mark.parametrize("name", ONE_OF_EACH)
    def test_any_rank_is_differentiated(name, shape):
        function = cases.function(keras_acts.describe(name))

        def both(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return y, tape.gradient(y, x, unconnected_gradients="zero")

        x = tf.constant(X)
        wanted = both(x)
        of_any = tf.function(both, input_signature=[tf.TensorSpec(shape, tf.float32)])
        for got, alone in zip(of_any(x if shape is None else tf.reshape(x, shape)), wanted, strict=True):
            np.testing.assert_allclose(np.ravel(got), alone, rtol=2e-6, atol=1e-7)

    @pytest.mark.parametrize("layer", LEARNED)
    def test_a_learned_layer_takes_an_unknown_rank(layer):
        made = layer()
        of_any = tf.function(made, input_signature=[tf.TensorSpec(None, tf.float32)])
        np.testing.assert_allclose(of_any(tf.constant(X)), made(tf.constant(X)), rtol=1e-6)

    @pytest.mark.parametrize(
        "sizes", [((None, None, 5), (None, 6, 5)), ((None, None, None), (2, 6, 5)), ((2, 6, 5), (None, None, None))]
    )
    @pytest.mark.parametrize("loss", [keras_acts.losses.SparsemaxLoss, keras_acts.losses.Entmax15Loss])
    def test_a_loss_takes_sizes_that_are_not_known(loss, sizes):
        logits = np.linspace(-2.0, 2.0, 60, dtype="float32").reshape(2, 6, 5)
        targets = np.eye(5, dtype="float32")[np.arange(12) % 5].reshape(2, 6, 5)
        of_any = tf.function(loss(), input_signature=[tf.TensorSpec(each, tf.float32) for each in sizes])
        np.testing.assert_allclose(of_any(targets, logits), loss()(targets, logits), rtol=1e-6)

    def test_full_integers_are_refused_for_activations_of_this_package(tmp_path):
        samples = [[np.zeros((1, 4), "float32")]]
        settings = {"optimizations": [tf.lite.Optimize.DEFAULT], "representative_dataset": lambda: iter(samples)}
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="mish")])
        ours = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, activation="snake")])
        with pytest.raises(ValueError, match="with a representative_dataset, LiteRT rounds every step"):
            keras_acts.models.export(ours, str(tmp_path / "ours.tflite"), format="litert", **settings)
        keras_acts.models.export(model, str(tmp_path / "stock.tflite"), format="litert", verbose=False, **settings)
        assert (tmp_path / "stock.tflite").stat().st_size > 100

    def test_log_softmax_takes_an_unknown_rank():
        of_any = tf.function(keras_acts.activations.log_softmax, input_signature=[tf.TensorSpec(None, tf.float32)])
        np.testing.assert_allclose(of_any(tf.constant(X)), keras_acts.activations.log_softmax(X), rtol=1e-6)

    @contextlib.contextmanager
    def checked_numbers():
        tf.debugging.enable_check_numerics()
        try:
            yield
        finally:
            tf.debugging.disable_check_numerics()

else:
    import jax
    from jax.experimental import jet

    ORDER = 3

    @pytest.mark.parametrize("name", ONE_OF_EACH)
    def test_taylor_mode_agrees_with_nested_derivatives(name):
        if name in ("atan", "relu"):
            pytest.skip("jet fails at JAX's own arctan and relu")
        function = cases.function(keras_acts.describe(name))
        x = jax.numpy.array([-1.3, 0.4, 1.7], "float32")
        ones, none = jax.numpy.ones_like(x), jax.numpy.zeros_like(x)
        for each in (function, jax.jit(function)):
            value, series = jet.jet(each, (x,), ((ones, none, none),))
            np.testing.assert_allclose(value, function(x), rtol=1e-5, atol=1e-6)
            nested = function
            for term in series:
                nested = backends.gradient(nested)
                np.testing.assert_allclose(term, nested(x), rtol=2e-3, atol=2e-3)

    @contextlib.contextmanager
    def checked_numbers():
        with jax.debug_nans(True), jax.debug_infs(True):
            yield


if backends.NAME != "torch":  # whose detect_anomaly looks for NaN alone

    @pytest.mark.parametrize("name", kinds.ELEMENTWISE)
    def test_nothing_is_infinite_on_the_way(name):
        function = cases.function(keras_acts.describe(name))
        x = np.clip(FAR, -80.0, 80.0) if name in ("exponential", "sinh") else FAR
        with checked_numbers():
            value, slope = backends.value_and_gradient(function)(backends.tensor(x, "float32"))
        assert np.isfinite(backends.array(value)).all()
        assert np.isfinite(backends.array(slope)).all()

    @pytest.mark.parametrize("mask", [None, np.arange(len(FAR)) % 3 > 0], ids=["whole", "masked"])
    @pytest.mark.parametrize("name", ROWS)
    def test_nothing_is_infinite_on_the_way_along_an_axis(name, mask):
        record = keras_acts.describe(name)
        if mask is not None and (not record.takes_mask or name == "log_softmax"):
            pytest.skip("no mask, or -inf for what it leaves out")
        shape = (1, len(FAR), 1, 1) if name == "softmax2d" else (1, len(FAR))
        given = {} if mask is None else {"mask": keras.ops.convert_to_tensor(mask.reshape(shape))}
        with checked_numbers():
            value, slope = backends.value_and_gradient(lambda x: record.function(x, **given))(
                backends.tensor(FAR.reshape(shape), "float32")
            )
        assert np.isfinite(backends.array(value)).all()
        assert np.isfinite(backends.array(slope)).all()


def remat_model(scope):
    """A model of everything, made inside a scope of rematerialization."""
    layers = keras_acts.layers
    with scope:
        return keras.Sequential([
            keras.Input((6,)),
            keras.layers.Dense(6, activation=keras_acts.get("elu", alpha=0.5)),
            layers.Snake(),
            layers.PReLU(),
            layers.LeakyReLU(0.1),
            layers.Activation("celu", alpha=0.5),
            layers.GatedDense(6, activation=keras_acts.get("swish_beta", beta=1.5)),
            layers.GatedFeedForward(),
            layers.Softmax(),
        ])  # fmt: skip


@pytest.mark.parametrize("mode", ["activations", "list_of_layers"])  # the others fail in Keras itself, for stock layers too
def test_layers_are_rematerialized_as_stock_ones(mode):
    x = np.linspace(-2.0, 2.0, 24, dtype="float32").reshape(4, 6)
    keras.utils.set_random_seed(1)
    plain = remat_model(contextlib.nullcontext())
    keras.utils.set_random_seed(1)
    chosen = {"layer_names": [layer.name for layer in plain.layers]} if mode == "list_of_layers" else {}
    again = remat_model(keras.RematScope(mode=mode, **chosen))
    again.set_weights(plain.get_weights())
    for model in (plain, again):
        model.compile("sgd", "mse", jit_compile=False)
        model.fit(x, x, epochs=2, verbose=0)
    for one, other in zip(plain.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
