"""Layers that apply an activation whose parameters are fixed."""

from typing import Any

import keras
from keras import ops

from keras_acts import activations
from keras_acts._call.compute import output_shape
from keras_acts._catalogue import describe, resolve
from keras_acts._record.parameters import Axis, NonNegative, OptionalPositive
from keras_acts._record.record import ActivationFunction
from keras_acts.layers._kinds import AnyActivation
from keras_acts.layers._layer import OF_KERAS, Layer


class FixedActivation(Layer):
    """Base of the layers here: applies an activation, which is its attribute `activation`.

    A subclass names the activation whose parameters are its arguments.
    """

    def __init_subclass__(cls, of: ActivationFunction[...] | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if of is not None:
            if dict(cls.arguments) != {parameter.name: parameter for parameter in of.record.parameters}:
                raise TypeError(f"{cls.__name__}: the arguments must be the parameters of {of.record.name}.")
            cls.function = staticmethod(of)

    def __post_init__(self) -> None:
        self.activation = resolve(self.function, **{name: getattr(self, name) for name in self.arguments})
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The activation at `inputs`."""
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input, unless the activation changes it."""
        record = describe(self.activation)
        return output_shape(record, record.check(_given(self.activation)), input_shape)


class Activation(FixedActivation):
    """Any activation of the catalogue as a layer.

    Args:
        activation: Its name, an alias, or one of ``keras_acts.activations``.
        **kwargs: Parameters of the activation, and Keras's own layer arguments such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any shape.
        mask: For an activation that takes one, such as "sparsemax": booleans with as many axes as `inputs`, to which they
            broadcast: False for what does not count. The mask of a sequence, ``(batch, time)``, which Keras hands on from layer
            to layer, passes by.

    Raises:
        ValueError: For an unknown name, or a parameter outside its range.
        TypeError: For an unknown parameter or one of the wrong type.

    >>> import keras_acts
    >>> keras_acts.layers.Activation("leaky_relu", negative_slope=0.05).activation.parameters
    {'negative_slope': 0.05}
    """

    activation: AnyActivation

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        # the one layer whose arguments depend on another: those that are not Keras's are the activation's
        self._start({name: kwargs.pop(name) for name in OF_KERAS & kwargs.keys()})
        self.activation = resolve(activation, **kwargs)
        self.built = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The activation at `inputs`. A mask says what counts, if the activation takes one."""
        if mask is None or _is_of_a_sequence(mask.shape, inputs.shape):
            return self.activation(inputs)
        return self.activation(inputs, mask=_kept(mask))

    def get_config(self) -> dict[str, Any]:
        """The layer's own configuration, the name of the activation and its parameters."""
        return {**super().get_config(), "activation": self.activation.__name__, **_given(self.activation)}


class ReLU(FixedActivation, of=activations.relu):
    """The rectified linear unit, with Keras's parameters: see `keras_acts.activations.relu`.

    Args:
        max_value: Largest value, above 0, or None for no limit.
        negative_slope: Slope below `threshold`, at least 0.
        threshold: Where the identity begins, at least 0.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    max_value: OptionalPositive = None
    negative_slope: NonNegative = 0.0
    threshold: NonNegative = 0.0


class LeakyReLU(FixedActivation, of=activations.leaky_relu):
    """The leaky rectified linear unit. Its default slope is the paper's 0.01; Keras's layer has 0.3.

    Args:
        negative_slope: Slope below 0, at least 0.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    negative_slope: NonNegative = 0.01


class ELU(FixedActivation, of=activations.elu):
    """The exponential linear unit: see `keras_acts.activations.elu`.

    Args:
        alpha: Minus the limit at -inf, at least 0.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    alpha: NonNegative = 1.0


class Softmax(FixedActivation, of=activations.softmax):
    """Probabilities along one axis or several, with an optional mask.

    Args:
        axis: The axis that sums to 1, or several that do together.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Logits, ``(..., n, ...)``.
        mask: Booleans that broadcast to `inputs`: False gets probability 0. A row that is all False becomes all 0.
    """

    axis: Axis = -1

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The probabilities."""
        return self.activation(inputs) if mask is None else self.activation(inputs, mask=_kept(mask))


def _given(activation: Any) -> dict[str, Any]:
    """The parameters that an activation was given."""
    return dict(getattr(activation, "parameters", {}))


def _kept(mask: Any) -> Any:
    """A mask of bools. Keras's layers take numbers too."""
    return mask if keras.backend.standardize_dtype(mask.dtype) == "bool" else ops.greater(mask, 0.5)


def _is_of_a_sequence(mask: Any, shape: Any) -> bool:
    """Whether a mask of this shape is that of steps in time, which Keras gives to every layer with inputs of that `shape`."""
    return 2 <= len(mask) < len(shape) and all(size in (of, None) or of is None for size, of in zip(mask, shape, strict=False))
