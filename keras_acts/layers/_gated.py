"""Layers that own the two projections of a gated activation, and the feed-forward block made of them."""

from typing import Any

import keras
from keras import ops

from keras_acts._call.compute import gated
from keras_acts._call.forms import Parameterised
from keras_acts._catalogue import describe
from keras_acts._record.parameters import Gate, Switch
from keras_acts.activations._gated import halves
from keras_acts.layers._kinds import (
    AnyActivationOrNone,
    Constraint,
    Initializer,
    OptionalWidth,
    Regularizer,
    Seed,
    Share,
    Width,
    kinds_of,
)
from keras_acts.layers._layer import Layer


class GatedDense(Layer):
    """A dense layer whose output is gated by a second projection of the same input: ``(x W + b) · f(x V + c)``.

    With ``activation="silu"`` it is SwiGLU, with "gelu" GEGLU, with "relu" ReGLU, with "sigmoid" GLU and with None bilinear.
    Both projections are one product with a kernel of width ``2 · units``, in which each is initialized by itself.

    Weights of another library fit if `gate` says how they are fused: a kernel here is the transpose of one in torch. If the two
    come apart, as `up_proj` and `gate_proj` in transformers, put them side by side, the gate second.

    Args:
        units: Size of the last axis of the output.
        activation: The activation f of the gate: the name of an element-wise activation, one of ``keras_acts.activations``,
            what `keras_acts.get` returns, or None for the identity. A gated activation such as "swiglu_oai" takes the place of
            the whole product.
        use_bias: Whether the projections have biases b and c.
        kernel_initializer: Initializer of each kernel; one of Keras's own, like the next five arguments.
        bias_initializer: Initializer of each bias.
        kernel_regularizer: Regularizer of the fused kernel, or None.
        bias_regularizer: Regularizer of the fused bias, or None.
        kernel_constraint: Constraint of the fused kernel, or None.
        bias_constraint: Constraint of the fused bias, or None.
        gate: Which columns of the fused kernel are the gate V: the "second" half, the "first", or "interleaved": the even ones.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Input shape: ``(batch, ..., n)``. Output shape: ``(batch, ..., units)``.

    Raises:
        ValueError: For an unknown activation, one that works along an axis, or an argument out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Dauphin et al. 2017, arXiv:1612.08083; Shazeer 2020, GLU Variants Improve Transformer, arXiv:2002.05202

    >>> import keras, keras_acts
    >>> layer = keras_acts.layers.GatedDense(8, activation="silu")
    >>> layer(keras.ops.ones((2, 5, 4))).shape[-1], layer.kernel.shape[-1]
    (8, 16)
    """

    units: Width
    activation: AnyActivationOrNone = "silu"
    use_bias: Switch = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    gate: Gate = "second"

    def __post_init__(self) -> None:
        self.activation = self._gate = _as_gate(self, self.activation)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def build(self, input_shape: Any) -> None:
        """Make the fused kernel, and the fused bias if there is one."""
        size = input_shape[-1]
        if size is None:
            raise ValueError(f"{type(self).__name__}: the last axis of the input shape {tuple(input_shape)} has no fixed size.")
        self.kernel = self._add_fused("kernel", (size, 2 * self.units))
        self.bias = self._add_fused("bias", (2 * self.units,)) if self.use_bias else None
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: size})

    def _add_fused(self, name: str, shape: tuple[int, ...]) -> Any:
        given = kinds_of(self, name)
        values, gates = given["initializer"], reseeded(given["initializer"], 1)

        def initialize(shape: Any, dtype: Any = None) -> Any:
            half = (*shape[:-1], shape[-1] // 2)
            a, b = values(half, dtype=dtype), gates(half, dtype=dtype)
            if self.gate == "interleaved":
                return ops.reshape(ops.stack([b, a], axis=-1), shape)
            return ops.concatenate([a, b] if self.gate == "second" else [b, a], axis=-1)

        return self.add_weight(shape=shape, name=name, **{**given, "initializer": initialize})

    def call(self, inputs: Any) -> Any:
        """The gated projection of `inputs`."""
        fused = ops.matmul(inputs, self.kernel)
        if self.bias is not None:
            fused = ops.add(fused, self.bias)
        return self.combine(fused)

    def combine(self, fused: Any) -> Any:
        """The output, from both projections side by side."""
        # not by `activation`, which Keras replaces where it is to be computed again: the product keeps no more anyway
        record = describe(self._gate)
        if record.elementwise:
            parameters = getattr(self._gate, "parameters", {})
            return gated(record, tuple(parameters.items()))(*halves(fused, -1, self.gate))
        return self._gate(fused)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input with `units` in the last place."""
        return (*input_shape[:-1], self.units)


class GatedFeedForward(Layer):
    """The feed-forward block of a transformer with a gate: a `GatedDense` to a wide hidden layer, and a dense layer back.

    In place of a block ``down(f(up(x)))`` it takes three matrices instead of two. With ``two_thirds=True`` the hidden layer is
    made so much narrower that both have the same number of weights, as in the comparisons of Shazeer 2020 and in LLaMA.

    Args:
        hidden_units: Width of the hidden layer, or None for 4 times the size of the input.
        output_units: Size of the last axis of the output, or None for that of the input.
        activation: The activation of the gate, as in `GatedDense`: "silu" makes it a SwiGLU block, "gelu" a GEGLU block.
        two_thirds: Whether `hidden_units` is the width of the ungated block that this one stands in for: two thirds of it are
            taken, rounded down, before `multiple_of`.
        multiple_of: The width is rounded up to a multiple of this number; hardware likes 64 to 256.
        use_bias: Whether the projections have biases; most language models have none.
        dropout: Share of the hidden features that are dropped in training, from 0 to 1.
        kernel_initializer: Initializer of each kernel; one of Keras's own, like the next five arguments.
        bias_initializer: Initializer of each bias.
        kernel_regularizer: Regularizer of the kernels, or None.
        bias_regularizer: Regularizer of the biases, or None.
        kernel_constraint: Constraint of the kernels, or None.
        bias_constraint: Constraint of the biases, or None.
        gate: Which columns of the fused kernel are the gate's, as in `GatedDense`.
        seed: Seed of the dropout, a whole number, or None.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Input shape: ``(batch, ..., n)``. Output shape: ``(batch, ..., output_units)``.

    Raises:
        ValueError: For an unknown activation, or an argument out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Shazeer 2020, GLU Variants Improve Transformer, arXiv:2002.05202; Touvron et al. 2023, LLaMA, arXiv:2302.13971

    >>> import keras_acts
    >>> block = keras_acts.layers.GatedFeedForward(two_thirds=True, multiple_of=256)
    >>> block.hidden_width(4096)
    11008
    """

    hidden_units: OptionalWidth = None
    output_units: OptionalWidth = None
    activation: AnyActivationOrNone = "silu"
    two_thirds: Switch = False
    multiple_of: Width = 1
    use_bias: Switch = True
    dropout: Share = 0.0
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    gate: Gate = "second"
    seed: Seed = None

    def __post_init__(self) -> None:
        self.activation = _as_gate(self, self.activation)
        self.input_spec = keras.layers.InputSpec(min_ndim=2)

    def hidden_width(self, size: int) -> int:
        """The width of the hidden layer for an input of this size."""
        width = 4 * size if self.hidden_units is None else self.hidden_units
        if self.two_thirds:
            width = 2 * width // 3
        return -(-max(width, 1) // self.multiple_of) * self.multiple_of

    def build(self, input_shape: Any) -> None:
        """Make the projections."""
        size = input_shape[-1]
        if size is None:
            raise ValueError(f"{type(self).__name__}: the last axis of the input shape {tuple(input_shape)} has no fixed size.")
        hidden = (*input_shape[:-1], self.hidden_width(size))
        weights = {f"{name}_{kind}": value for name in ("kernel", "bias") for kind, value in kinds_of(self, name).items()}
        both = {**weights, "use_bias": self.use_bias, "dtype": self.dtype_policy}
        self.up = GatedDense(hidden[-1], self.activation, gate=self.gate, name="up", **both)
        both["kernel_initializer"] = reseeded(self.kernel_initializer, 2)
        both["bias_initializer"] = reseeded(self.bias_initializer, 2)
        self.down = keras.layers.Dense(self.output_units or size, name="down", **both)
        self.drop = keras.layers.Dropout(self.dropout, seed=self.seed, dtype=self.dtype_policy) if self.dropout else None
        self.up.build(input_shape)
        self.down.build(hidden)
        self.input_spec = keras.layers.InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The output of the block; features are dropped in training only."""
        hidden = self.up(inputs)
        return self.down(hidden if self.drop is None else self.drop(hidden, training=training))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input with `output_units` in the last place, if they are given."""
        return (*input_shape[:-1], self.output_units or input_shape[-1])


def reseeded(initializer: keras.initializers.Initializer, step: int) -> keras.initializers.Initializer:
    """The same initializer for another kernel: called twice, one of Keras's gives the same numbers twice."""
    config = initializer.get_config()
    if config.get("seed") is not None:
        config["seed"] += step
    return type(initializer).from_config(config)


def _as_gate(layer: "GatedDense | GatedFeedForward", activation: Any) -> Any:
    """An activation of the catalogue that can be a gate, or the gated activation in its place."""
    owner, record = type(layer).__name__, describe(activation)
    if record.elementwise:
        return activation
    if "gate" not in {parameter.name for parameter in record.parameters}:
        raise ValueError(f"{owner}: activation must be element-wise or gated; {record.name} works along an axis.")
    given = dict(getattr(activation, "parameters", {}))
    fixed, usual = {"axis": -1, "gate": layer.gate}, {parameter.name: parameter.default for parameter in record.parameters}
    for name, value in fixed.items():
        if given.get(name, value) not in (value, usual[name]):
            raise ValueError(f"{owner}: {record.name} has {name}={given[name]!r}, but the layer gives it {name}={value!r}.")
    return Parameterised(record.name, {**given, **fixed})
