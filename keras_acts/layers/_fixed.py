"""Layers that apply an activation whose parameters are fixed."""

from typing import Any

import keras
from keras import ops

from keras_acts import activations
from keras_acts._call.compute import output_shape
from keras_acts._catalogue import describe, resolve
from keras_acts.layers._objects import Layer, checked_kwargs

# What every Keras layer takes, beside the parameters of the activation.
LAYER_ARGUMENTS = frozenset({"name", "dtype", "trainable", "autocast", "activity_regularizer", "input_shape", "input_dim"})


class FixedActivation(Layer):
    """Base of the layers here: holds an activation with its parameters, which are its configuration."""

    def __init__(self, activation: Any, parameters: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**checked_kwargs(type(self).__name__, kwargs))
        self.supports_masking = True
        self.activation = resolve(activation, **parameters)  # `get` would let in more names than files hold
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The activation at `inputs`."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input, unless the activation changes it."""
        record = describe(self.activation)
        return output_shape(record, record.check(_given(self.activation)), input_shape)

    def get_config(self) -> dict[str, Any]:
        """The layer's own configuration and the parameters."""
        return {**super().get_config(), **_given(self.activation)}


def _given(activation: Any) -> dict[str, Any]:
    """The parameters that an activation was given."""
    return dict(getattr(activation, "parameters", {}))


class Activation(FixedActivation):
    """Any activation of the catalogue as a layer.

    Args:
        activation: Its name, an alias, or one of ``keras_acts.activations``.
        **kwargs: Parameters of the activation, and Keras's own layer arguments such as `name` and `dtype`.

    Raises:
        ValueError: For an unknown name, or a parameter outside its range.
        TypeError: For an unknown parameter or one of the wrong type.

    >>> import keras_acts
    >>> keras_acts.layers.Activation("leaky_relu", negative_slope=0.05).activation.parameters
    {'negative_slope': 0.05}
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        own = {name: kwargs.pop(name) for name in LAYER_ARGUMENTS & kwargs.keys()}
        super().__init__(activation, kwargs, **own)

    def get_config(self) -> dict[str, Any]:
        """The layer's own configuration, the name of the activation and its parameters."""
        return {**super().get_config(), "activation": self.activation.__name__}


class ReLU(FixedActivation):
    """The rectified linear unit, with Keras's parameters: see `keras_acts.activations.relu`.

    Args:
        max_value: Largest value, above 0, or None for no limit.
        negative_slope: Slope below `threshold`, at least 0.
        threshold: Where the identity begins, at least 0.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        parameters = {"max_value": max_value, "negative_slope": negative_slope, "threshold": threshold}
        super().__init__(activations.relu, parameters, **kwargs)


class LeakyReLU(FixedActivation):
    """The leaky rectified linear unit. Its default slope is the paper's 0.01; Keras's layer has 0.3.

    Args:
        negative_slope: Slope below 0, at least 0.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    def __init__(self, negative_slope: float = 0.01, **kwargs: Any) -> None:
        super().__init__(activations.leaky_relu, {"negative_slope": negative_slope}, **kwargs)


class ELU(FixedActivation):
    """The exponential linear unit: see `keras_acts.activations.elu`.

    Args:
        alpha: Minus the limit at -inf, at least 0.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(activations.elu, {"alpha": alpha}, **kwargs)


class Softmax(FixedActivation):
    """Probabilities along one axis or several, with an optional mask.

    Args:
        axis: The axis that sums to 1, or several that do together.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Logits, ``(..., n, ...)``.
        mask: Booleans that broadcast to `inputs`: False gets probability 0. A row that is all False becomes all 0.
    """

    def __init__(self, axis: int | tuple[int, ...] = -1, **kwargs: Any) -> None:
        super().__init__(activations.softmax, {"axis": axis}, **kwargs)

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The probabilities."""
        if mask is None:
            return self.activation(inputs)
        # Keras's layer takes numbers too
        kept = mask if keras.backend.standardize_dtype(mask.dtype) == "bool" else ops.greater(mask, 0.5)
        return self.activation(inputs, mask=kept)
