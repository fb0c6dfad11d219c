"""What takes the place of a layer in a portable model: steps, called as it was, of operations and layers of Keras."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from keras_acts._frameworks.door import as_operations
from keras_acts._names.keras_names import stock_activations
from keras_acts.layers._kinds import kinds_of
from keras_acts.layers._learned import LearnedActivation

Step = Callable[..., Any]


class Operations:
    """An activation as operations of `keras.ops`, of a tensor of a functional model."""

    def __init__(self, form: Any, dtype: str | None = None) -> None:
        self.form, self.dtype = form, dtype

    def __call__(self, x: Any, mask: Any = None) -> Any:
        with as_operations():
            x = _autocast(x, self.dtype)
            return self.form(x) if mask is None else self.form(x, mask=mask)


def called(call: Step, dtype: str, check: Callable[[Any], None]) -> Step:
    """What a layer does without training, as operations."""

    def step(x: Any, **kwargs: Any) -> Any:
        check(x)
        with as_operations():
            return call(_autocast(x, dtype), **{name: value for name, value in kwargs.items() if name != "training"})

    return step


def learned(layer: LearnedActivation, check: Callable[[Any], None]) -> Step:
    """The activation as operations, and its weights in layers of Keras."""
    holders = {name: _holder(layer, name) for name in layer.learned}

    def step(x: Any, **kwargs: Any) -> Any:
        check(x)
        x = _autocast(x, layer.compute_dtype)
        with as_operations():
            return layer.activation(x, **layer.values({name: holder(x) for name, holder in holders.items()}))

    return step


def _holder(layer: LearnedActivation, name: str) -> Step:
    """What gives a weight, or the coefficients of one that is a vector, for an input to be computed with."""
    value = ops.convert_to_numpy(getattr(layer, name))
    if name not in layer.coefficients():
        return _Weight(layer, name, value, name)
    entries = [_Weight(layer, name, entry, f"{name}_{place}") for place, entry in enumerate(value)]
    return lambda x: tuple(entry(x) for entry in entries)


class _Weight:
    """A weight in a layer of Keras, which multiplies a tensor of ones with it, for broadcasting against an input."""

    def __init__(self, layer: LearnedActivation, name: str, value: Any, called: str) -> None:
        self.value = value
        self.kinds = {f"kernel_{kind}": value for kind, value in kinds_of(layer, name).items()}
        self.rest = {"name": f"{layer.name}_{called}", "dtype": layer.variable_dtype, "trainable": layer.trainable}
        self.holder: Any = None

    def __call__(self, x: Any) -> Any:
        rank = len(x.shape)
        sizes = (1,) * (rank - self.value.ndim) + self.value.shape
        few = x[tuple(slice(None) if size > 1 else slice(1) for size in sizes)]
        ones = ops.cast(ops.ones_like(ops.reshape(few, (-1, *sizes[1:]))), self.rest["dtype"])
        if self.holder is None:
            letters = "abcdefghijklmnopqrstuvwxyz"[:rank]
            kept = "".join(letter for letter, size in zip(letters, sizes, strict=True) if size > 1) or letters[-1]
            shape = tuple(size if size > 1 else 1 for size in sizes[1:])
            self.holder = keras.layers.EinsumDense(f"{letters},{kept}->{letters}", shape, **self.kinds, **self.rest)
            y = self.holder(ones)
            self.holder.set_weights([self.value.reshape(self.holder.kernel.shape)])
            return y
        return self.holder(ones)


def gated(layer: Any, name: str, check: Callable[[Any], None]) -> Step:
    """One Dense for both projections, then the gate as operations."""
    kinds = {f"{of}_{kind}": value for of in ("kernel", "bias") for kind, value in kinds_of(layer, of).items()}
    rest = {"name": name, "dtype": layer.dtype_policy, "trainable": layer.trainable}
    fused = keras.layers.Dense(2 * layer.units, use_bias=layer.use_bias, **kinds, **rest)
    dense = weighted(fused, layer.get_weights())

    def step(x: Any, **kwargs: Any) -> Any:
        check(x)
        y = dense(x)
        with as_operations():
            return layer.combine(y)

    return step


def feed_forward(layer: Any, check: Callable[[Any], None]) -> Step:
    """The gate of the hidden layer, its dropout, and the layer back."""
    first = gated(layer.up, f"{layer.name}_up", check)
    second = copied(layer.down, f"{layer.name}_down")
    drop = layer.drop and keras.layers.Dropout(layer.dropout, seed=layer.seed, dtype=layer.dtype_policy)
    return lambda x, **kwargs: second(drop(first(x)) if drop else first(x))


def checked(check: Callable[[Any], None], inner: Step) -> Step:
    """A step that looks at its input before."""

    def step(x: Any, **kwargs: Any) -> Any:
        check(x)
        return inner(x, **kwargs)

    return step


def copied(layer: Any, name: str | None = None, config: Any = None, without: Sequence[Any] = ()) -> Step:
    """A copy of a layer with its weights, except those of an activation that is no longer in it."""
    config = copy.deepcopy(keras.saving.serialize_keras_object(layer) if config is None else config)
    config.pop("build_config", None)
    if name is not None:
        config["config"]["name"] = name
    new = keras.saving.deserialize_keras_object(stock_activations(config))
    gone = {id(variable) for variable in without}
    return weighted(new, [ops.convert_to_numpy(variable) for variable in layer.weights if id(variable) not in gone])


def weighted(layer: Any, values: Sequence[Any]) -> Step:
    """A layer that gets its weights when it is called, which builds it."""

    def step(*args: Any, **kwargs: Any) -> Any:
        y = layer(*args, **kwargs)
        layer.set_weights(values)
        return y

    return step


def regularized(layer: Any, step: Step) -> Step:
    """What takes the place of a layer, with the layer's penalty on its output."""
    if layer.activity_regularizer is None:
        return step
    penalty = keras.layers.Activation(
        keras.activations.linear, activity_regularizer=layer.activity_regularizer, dtype=layer.dtype_policy
    )
    return lambda *args, **kwargs: penalty(step(*args, **kwargs))


def _autocast(x: Any, dtype: str | None) -> Any:
    here = keras.backend.standardize_dtype(x.dtype)
    return ops.cast(x, dtype) if dtype and "float" in here and here != dtype else x
