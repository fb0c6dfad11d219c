"""What a framework does to functions beside calling them. Each backend's own part of the suite, and the only backend names.

Each transform is tried on one element-wise activation of each kind, at points away from kinks, against the exact derivatives.
"""

import functools

import keras
import numpy as np
import pytest

import keras_acts
from benchmarks import engines
from keras_acts.conformance import backends, cases, oracle, references

X = np.array([-9.3, -3.25, -1.1, -0.2, 0.4, 1.7, 5.2, 31.0], "float32")


@functools.cache
def _exact(name):
    parameters = cases.in_dtype(cases.all_parameters(keras_acts.describe(name), {}), "float32")
    found = [oracle.evaluate(references.formula_of(name), x, 2, parameters) for x in X.tolist()]
    return np.array([[float(value) for value in values] for values in found]).T


@pytest.fixture
def function(elementwise_kind):
    return cases.function(elementwise_kind)


@pytest.fixture
def value(elementwise_kind):
    return _exact(elementwise_kind.name)[0]


@pytest.fixture
def first(elementwise_kind):
    return _exact(elementwise_kind.name)[1]


@pytest.fixture
def second(elementwise_kind):
    return _exact(elementwise_kind.name)[2]


def assert_close(got, exact):
    got = got if isinstance(got, np.ndarray) else backends.array(got)
    np.testing.assert_allclose(got, exact, rtol=2e-6, atol=5e-7)


if backends.NAME == "jax":
    import jax
    import jax.export
    import jax.numpy as jnp

    def test_grad_and_value_and_grad(function, value, first):
        x = jnp.asarray(X)
        assert_close(jax.grad(lambda x: function(x).sum())(x), first)
        total, slope = jax.value_and_grad(lambda x: function(x).sum())(x)
        assert_close(np.float64(total)[None], value.sum(keepdims=True))
        assert_close(slope, first)

    def test_jvp_and_linearize(function, value, first):
        x, tangent = jnp.asarray(X), jnp.arange(1.0, len(X) + 1)
        y, pushed = jax.jvp(function, (x,), (tangent,))
        assert_close(y, value)
        assert_close(pushed / tangent, first)
        y, linear = jax.linearize(function, x)
        assert_close(linear(tangent) / tangent, first)
        assert_close(jax.linear_transpose(linear, x)(tangent)[0] / tangent, first)

    @pytest.mark.parametrize(
        ("outer", "inner"),
        [
            (jax.jacfwd, jax.jacrev),
            pytest.param(jax.jacrev, jax.jacfwd, marks=pytest.mark.full),
            pytest.param(jax.jacfwd, jax.jacfwd, marks=pytest.mark.full),
            pytest.param(jax.jacrev, jax.jacrev, marks=pytest.mark.full),
        ],
    )
    def test_hessian_in_every_order_of_modes(function, second, outer, inner):
        hessian = jax.jit(outer(inner(lambda x: function(x).sum())))(jnp.asarray(X))
        assert_close(hessian, np.diag(second))

    @pytest.mark.full
    def test_third_derivative_by_nested_grad_agrees_with_forward_mode(function):
        nested = jax.grad(jax.grad(jax.grad(function)))
        forward = jax.jacfwd(jax.jacfwd(jax.jacfwd(function)))
        for x in X:
            np.testing.assert_allclose(nested(x), forward(x), rtol=1e-4, atol=1e-5)

    def test_vmap_of_value_and_of_grad(function, value, first):
        assert_close(jax.vmap(function)(jnp.asarray(X)), value)
        assert_close(jax.vmap(jax.grad(function))(jnp.asarray(X)), first)
        square = jnp.tile(jnp.asarray(X), (3, 1))
        assert_close(jax.vmap(function, in_axes=1, out_axes=1)(square), np.tile(value, (3, 1)))

    def test_jit_of_vmap_of_grad(function, first):
        assert_close(jax.jit(jax.vmap(jax.grad(function)))(jnp.asarray(X)), first)

    def test_scan_over_it(function, first):
        def total(x):
            return jax.lax.scan(lambda carry, each: (carry + function(each), None), 0.0, x)[0]

        assert_close(jax.jit(jax.grad(total))(jnp.asarray(X)), first)

    def test_export_of_value_and_gradient(function, value, first):
        shape = jax.ShapeDtypeStruct(X.shape, X.dtype)
        for call, exact in ((function, value), (jax.grad(lambda x: function(x).sum()), first)):
            blob = jax.export.export(jax.jit(call))(shape).serialize()
            assert_close(jax.export.deserialize(blob).call(X), exact)

    def test_export_with_a_symbolic_batch(function, value):
        shape = jax.export.symbolic_shape("batch, 8")
        exported = jax.export.export(jax.jit(function))(jax.ShapeDtypeStruct(shape, X.dtype))
        assert_close(exported.call(np.tile(X, (3, 1))), np.tile(value, (3, 1)))

    def test_checkpoint_around_it(function, first):
        assert_close(jax.grad(lambda x: jax.checkpoint(function)(x).sum())(jnp.asarray(X)), first)

    @pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
    def test_the_backward_pass_keeps_no_more_than_the_input(function, dtype):
        """What an eager `vjp` holds on to, beside scalars: one tensor, and for a branch a mask of a byte an element."""
        x = jnp.ones((4096,), dtype)
        _, pull = jax.vjp(function, x)
        kept = [leaf for leaf in jax.tree.leaves(pull) if getattr(leaf, "size", 0) > 1]
        assert sum(leaf.nbytes for leaf in kept if leaf.dtype != bool) <= x.nbytes
        assert sum(leaf.nbytes for leaf in kept if leaf.dtype == bool) <= 4096

    def test_a_compiled_network_keeps_two_tensors_a_layer():
        """In training: the input of each activation, and the input of each product."""
        weights = [jnp.ones((64, 64))] * engines.LAYERS
        kept = engines.Jax().kept(keras_acts.activations.gelu, jnp.ones((1024, 64)), weights)
        assert 1.5 < kept <= 2.1

    def test_a_keyword_and_a_parameter_under_jit_and_grad():
        snake = keras_acts.activations.snake
        of_x, of_alpha = jax.jit(jax.grad(lambda x, a: snake(x, alpha=a), argnums=(0, 1)))(1.5, jnp.float32(2.0))
        assert of_x == pytest.approx(1 + np.sin(6.0), rel=1e-5)
        assert of_alpha == pytest.approx(1.5 * np.sin(6.0) / 2 - np.sin(3.0) ** 2 / 4, rel=1e-5)
        hessian = jax.hessian(lambda p: snake(p[0], alpha=p[1]))(jnp.array([1.5, 2.0]))
        np.testing.assert_allclose(hessian, hessian.T, rtol=1e-5)
        assert hessian[0, 0] == pytest.approx(4 * np.cos(6.0), rel=1e-5)

    def test_vmap_over_a_learned_parameter():
        snake = keras_acts.activations.snake
        alphas = jnp.array([0.5, 1.0, 2.0])
        got = jax.vmap(lambda a: snake(jnp.asarray(X), alpha=a))(alphas)
        assert_close(got, np.stack([np.asarray(snake(X, alpha=float(a))) for a in alphas]))

elif backends.NAME == "torch":
    import torch
    from torch.autograd import forward_ad

    from keras_acts._frameworks.torch import pieces

    def wide(grad=True):
        return torch.tensor(X, dtype=torch.float64, requires_grad=grad)

    def test_gradcheck_and_gradgradcheck_in_float64(function):
        x = torch.tensor([-3.25, -1.1, -0.2, 0.4, 1.7, 5.2], dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(function, (x,), check_forward_ad=True)
        assert torch.autograd.gradgradcheck(function, (x,))

    def test_double_backward(function, second):
        x = torch.tensor(X, requires_grad=True)
        (slope,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
        if slope.requires_grad:
            (curvature,) = torch.autograd.grad(slope.sum(), x)
        else:
            curvature = torch.zeros_like(x)
        assert_close(curvature, second)

    def test_func_grad_vmap_and_jacobians(function, value, first):
        x = torch.tensor(X)
        assert_close(torch.func.grad(lambda x: function(x).sum())(x), first)
        assert_close(torch.func.vmap(function)(x), value)
        assert_close(torch.func.vmap(torch.func.grad(function))(x), first)
        assert_close(torch.func.jacrev(function)(x), np.diag(first))
        assert_close(torch.func.jacfwd(function)(x), np.diag(first))

    def test_func_jvp_and_vjp(function, value, first):
        x, tangent = torch.tensor(X), torch.arange(1.0, len(X) + 1)
        y, pushed = torch.func.jvp(function, (x,), (tangent,))
        assert_close(y, value)
        assert_close(pushed / tangent, first)
        _, pull = torch.func.vjp(function, x)
        assert_close(pull(tangent)[0] / tangent, first)

    @pytest.mark.parametrize(
        "modes", ["jacfwd-jacrev", *(pytest.param(each, marks=pytest.mark.full) for each in ("jacrev-jacfwd", "jacrev-jacrev"))]
    )
    def test_hessian(function, second, modes):
        outer, inner = (getattr(torch.func, mode) for mode in modes.split("-"))
        hessian = outer(inner(lambda x: function(x).sum()))(torch.tensor(X))
        assert_close(hessian, np.diag(second))

    def test_forward_over_forward_is_never_silently_wrong(function, second):
        """torch does not carry tangents into the `jvp` of a custom function: an error is right, a zero is not."""
        try:
            hessian = torch.func.jacfwd(torch.func.jacfwd(lambda x: function(x).sum()))(torch.tensor(X))
        except (AssertionError, RuntimeError, NotImplementedError):
            return
        # what torch makes of the formula itself: exact to a few roundings of 1, not of the result
        np.testing.assert_allclose(hessian, np.diag(second), rtol=2e-6, atol=1e-6)

    def test_forward_mode(function, value, first):
        tangent = torch.arange(1.0, len(X) + 1)
        with forward_ad.dual_level():
            y, pushed = forward_ad.unpack_dual(function(forward_ad.make_dual(torch.tensor(X), tangent)))
        assert_close(y, value)
        assert_close(pushed / tangent, first)

    @pytest.mark.full
    def test_compile_without_a_graph_break_forward_and_backward(function, value, first):
        torch._dynamo.reset()
        x = torch.tensor(X, requires_grad=True)
        y = torch.compile(function, fullgraph=True, backend="aot_eager")(x)
        assert_close(y, value)
        y.sum().backward()
        assert_close(x.grad, first)

    @pytest.mark.parametrize("mode", ["compiled"])
    def test_compile_with_a_dynamic_batch_forward_and_backward(function, value, first, mode):
        torch._dynamo.reset()
        compiled = torch.compile(function, fullgraph=True, backend="aot_eager", dynamic=True)
        for rows in (2, 5):
            x = torch.tensor(X).repeat(rows, 1).requires_grad_()
            y = compiled(x)
            assert_close(y, np.tile(value, (rows, 1)))
            y.sum().backward()
            assert_close(x.grad, np.tile(first, (rows, 1)))

    def test_axes_in_another_order_in_memory(function):
        """As a convolution leaves them, and as steps through a larger tensor."""
        numbers = torch.from_numpy(np.random.default_rng(0).normal(0, 3, (2, 64, 64, 8)).astype("float32"))
        straight = numbers.clone().requires_grad_()
        y = function(straight)
        y.sum().backward()
        for view in (lambda tensor: tensor.permute(0, 3, 1, 2), lambda tensor: tensor[:, ::2]):
            x = view(numbers).detach().requires_grad_()
            same = function(x)
            same.backward(torch.ones_like(same))
            for got, expected in ((same, view(y)), (x.grad, view(straight.grad))):
                np.testing.assert_allclose(backends.array(got), backends.array(expected), rtol=1e-5, atol=1e-6)

    def test_a_tensor_in_pieces(function, monkeypatch):
        """The last of which is shorter."""
        monkeypatch.setattr(pieces, "PIECE", 2**12)
        numbers = np.random.default_rng(0).normal(0, 3, pieces.LARGE + 77).astype("float32")
        x = torch.from_numpy(numbers).requires_grad_()
        y = function(x)
        y.sum().backward()
        part = torch.from_numpy(numbers[-pieces.LARGE :][1:]).requires_grad_()
        same = function(part)
        same.sum().backward()
        for whole, expected in ((y, same), (x.grad, part.grad)):
            np.testing.assert_allclose(backends.array(whole)[-len(part) :], backends.array(expected), rtol=1e-5, atol=1e-6)

    class Applied(torch.nn.Module):
        def __init__(self, function):
            super().__init__()
            self.function = function

        def forward(self, x):
            return self.function(x)

    def test_export(function, value):
        x = torch.tensor(X).repeat(2, 1)
        batch = torch.export.Dim("batch", min=2, max=64)
        exported = torch.export.export(Applied(function), (x,), dynamic_shapes={"x": {0: batch}}, strict=False)
        assert_close(exported.module()(torch.tensor(X).repeat(7, 1)), np.tile(value, (7, 1)))

    def test_checkpoint_around_it(function, first):
        x = torch.tensor(X, requires_grad=True)
        torch.utils.checkpoint.checkpoint(function, x, use_reentrant=False).sum().backward()
        assert_close(x.grad, first)

    def test_a_keyword_call(function, value):
        assert_close(function(x=torch.tensor(X)), value)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
    def test_autograd_keeps_the_input_and_nothing_beyond_the_output(function, dtype):
        kept = []
        x = torch.linspace(-3, 3, 4096).to(dtype).requires_grad_()
        with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
            y = function(x)
        storages = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in kept}
        storages.pop(y.untyped_storage().data_ptr(), None)
        assert sum(storages.values()) <= x.untyped_storage().nbytes()

    def test_a_keyword_and_a_parameter_in_every_mode():
        snake = keras_acts.activations.snake
        x = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
        alpha = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda x, a: snake(x, alpha=a), (x, alpha), check_forward_ad=True)
        assert torch.autograd.gradgradcheck(lambda x, a: snake(x, alpha=a), (x, alpha))
        torch._dynamo.reset()
        compiled = torch.compile(lambda x, a: snake(x, alpha=a), fullgraph=True, backend="aot_eager")
        of_x, of_alpha = torch.autograd.grad(compiled(x, alpha), (x, alpha))
        assert of_x.item() == pytest.approx(1 + np.sin(6.0), rel=1e-9)
        assert of_alpha.item() == pytest.approx(1.5 * np.sin(6.0) / 2 - np.sin(3.0) ** 2 / 4, rel=1e-9)

    def test_vmap_over_a_learned_parameter():
        snake = keras_acts.activations.snake
        alphas, x = torch.tensor([0.5, 1.0, 2.0]), torch.tensor(X)
        got = torch.func.vmap(lambda a: snake(x, alpha=a))(alphas)
        assert_close(got, np.stack([snake(x, alpha=float(a)).numpy() for a in alphas]))

    def test_the_input_is_left_as_it_was(function):
        x = torch.tensor(X, requires_grad=True)
        function(x).sum().backward()
        assert torch.equal(x.detach(), torch.tensor(X))

else:
    import tensorflow as tf

    def test_nested_tapes(function, value, first, second):
        x = tf.constant(X)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = function(x)
            slope = inner.gradient(y, x)
        assert_close(y, value)
        assert_close(slope, first)
        assert_close(outer.gradient(slope, x, unconnected_gradients="zero"), second)

    def test_a_persistent_tape_gives_the_gradient_twice(function, first):
        x = tf.constant(X)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = function(x)
        assert_close(tape.gradient(y, x), first)
        assert_close(tape.gradient(y, x), first)

    @pytest.mark.parametrize("xla", [False, True], ids=["graph", "xla"])
    def test_a_graph_with_its_gradients(function, value, first, second, xla):
        @tf.function(jit_compile=xla)
        def step(x):
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = function(x)
                slope = inner.gradient(y, x)
            return y, slope, outer.gradient(slope, x, unconnected_gradients="zero")

        for got, exact in zip(step(tf.constant(X)), (value, first, second), strict=True):
            assert_close(got, exact)

    def test_a_graph_of_unknown_shape(function, value):
        graph = tf.function(function, input_signature=[tf.TensorSpec(None, tf.float32)])
        assert_close(graph(tf.constant(X)), value)
        assert_close(graph(tf.constant(X[None])), value[None])

    @pytest.mark.parametrize("graph", [False, pytest.param(True, marks=pytest.mark.full)], ids=["eager", "graph"])
    def test_forward_accumulator(function, value, first, graph):
        def push(x, tangent):
            with tf.autodiff.ForwardAccumulator(x, tangent) as accumulator:
                y = function(x)
            return y, accumulator.jvp(y)

        tangent = tf.range(1.0, len(X) + 1)
        y, pushed = (tf.function(push) if graph else push)(tf.constant(X), tangent)
        assert_close(y, value)
        assert_close(pushed / tangent, first)

    def test_forward_over_reverse(function, second):
        x = tf.constant(X)
        with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            slope = tape.gradient(y, x)
        assert_close(accumulator.jvp(slope, unconnected_gradients="zero"), second)

    @pytest.mark.parametrize("pfor", [True, pytest.param(False, marks=pytest.mark.full)], ids=["pfor", "while"])
    def test_jacobian(function, first, pfor):
        x = tf.constant(X)
        with tf.GradientTape(persistent=not pfor) as tape:
            tape.watch(x)
            y = function(x)
        assert_close(tape.jacobian(y, x, experimental_use_pfor=pfor), np.diag(first))

    def test_vectorized_map(function, value):
        assert_close(tf.vectorized_map(function, tf.constant(X)), value)

    def test_recompute_grad_around_it(function, first):
        x = tf.Variable(X)
        with tf.GradientTape() as tape:
            y = tf.recompute_grad(lambda x: function(x))(x)
        assert_close(tape.gradient(y, x), first)

    def test_a_saved_model_gives_the_value_and_the_gradient(function, value, first, tmp_path):
        module = tf.Module()

        @tf.function(input_signature=[tf.TensorSpec([None, 8], tf.float32)])
        def call(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = function(x)
            return y, tape.gradient(y, x)

        module.call = call
        tf.saved_model.save(module, str(tmp_path))
        y, slope = tf.saved_model.load(str(tmp_path)).call(tf.constant(X[None]))
        assert_close(y, value[None])
        assert_close(slope, first[None])

    def test_a_keyword_and_a_parameter_on_nested_tapes():
        snake = keras_acts.activations.snake
        x, alpha = tf.constant(1.5), tf.Variable(2.0)
        with tf.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = snake(x, alpha=alpha)
            of_x, of_alpha = inner.gradient(y, [x, alpha])
        assert float(of_x) == pytest.approx(1 + np.sin(6.0), rel=1e-5)
        assert float(of_alpha) == pytest.approx(1.5 * np.sin(6.0) / 2 - np.sin(3.0) ** 2 / 4, rel=1e-5)
        assert float(outer.gradient(of_x, alpha)) == pytest.approx(2 * 1.5 * np.cos(6.0), rel=1e-5)
        assert float(outer.gradient(of_alpha, x)) == pytest.approx(2 * 1.5 * np.cos(6.0), rel=1e-5)


def test_a_parameterised_activation_is_differentiated_alike():
    """What `get` returns with parameters goes through the same gradient as the function with the same parameters."""
    for name, given in (("elu", {"alpha": 2.5}), ("snake", {"alpha": 5.0}), ("leaky_relu", {"negative_slope": 0.3})):
        x = backends.tensor(X, "float32")
        held, function = keras_acts.get(name, **given), keras_acts.get(name)
        slope = backends.array(backends.gradient(held)(x))
        np.testing.assert_array_equal(slope, backends.array(backends.gradient(lambda x, f=function, g=given: f(x, **g))(x)))
        assert_close(slope, backends.array(held.derivative(x)))


def test_a_keras_variable_is_taken_like_a_tensor(function, value):
    assert_close(keras.ops.convert_to_tensor(function(keras.Variable(X))), value)
