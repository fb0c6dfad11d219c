"""Layers whose activation has a learned parameter."""

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, ClassVar

import keras

from keras_acts import activations
from keras_acts._parameters import MAX_RANK, shown

MAX_PARAMETERS = 2**24
KERAS_OBJECTS = (keras.initializers.Initializer, keras.regularizers.Regularizer, keras.constraints.Constraint)


class LearnedActivation(keras.layers.Layer):
    """Base of the layers here: an activation of which one parameter is a weight.

    A subclass names the activation, the parameter and the weight. The weight is made in the constructor where its shape is
    known then, so that the layer is complete at once as ``activation=`` of another layer; else it is built from the input.
    It is kept in the variable dtype under mixed precision and not rounded to half.
    """

    function: ClassVar[Callable[..., Any]]
    parameter: ClassVar[str]
    scalar: ClassVar[bool]  # one weight for all, unless told otherwise; else one for each feature

    def __init__(
        self,
        initializer: Any,
        regularizer: Any,
        constraint: Any,
        shared_axes: int | Sequence[int] | None,
        num_parameters: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self.alpha_initializer = self._built_in("alpha_initializer", keras.initializers, initializer)
        self.alpha_regularizer = self._built_in("alpha_regularizer", keras.regularizers, regularizer)
        self.alpha_constraint = self._built_in("alpha_constraint", keras.constraints, constraint)
        self.shared_axes = self._checked_axes(shared_axes)
        self.num_parameters = self._checked_count(num_parameters)
        if self.num_parameters is not None and self.shared_axes is not None:
            raise ValueError(
                f"{type(self).__name__}: give num_parameters (one weight for each entry of the last axis) or shared_axes, "
                f"not both; got {num_parameters} and {shared_axes}."
            )
        if self.num_parameters is not None:
            self._add_alpha((self.num_parameters,))
        elif self.scalar and self.shared_axes is None:
            self._add_alpha(())

    def build(self, input_shape: Any) -> None:
        """Make the weight of the input's shape without the batch axis, with size 1 along `shared_axes`."""
        if self.built:
            return
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if axis > len(shape):
                raise ValueError(
                    f"{type(self).__name__}: shared_axes={self.shared_axes} does not fit an input of shape "
                    f"{tuple(input_shape)}; axes count from 1 (0 is the batch) to {len(shape)}."
                )
            shape[axis - 1] = 1
        if None in shape:
            axis = shape.index(None) + 1
            raise ValueError(
                f"{type(self).__name__}: axis {axis} of the input shape {tuple(input_shape)} has no fixed size, so no "
                f"weight can be made for it. Add {axis} to shared_axes."
            )
        self._add_alpha(tuple(shape))

    def _add_alpha(self, shape: tuple[int, ...]) -> None:
        if math.prod(shape) > MAX_PARAMETERS:
            raise ValueError(
                f"{type(self).__name__}: a weight of shape {shape} has more than {MAX_PARAMETERS} entries. "
                f"Give shared_axes, along which one entry serves all."
            )
        self.alpha = self.add_weight(
            shape=shape,
            name="alpha",
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            autocast=False,
        )
        self.built = True

    def call(self, inputs: Any) -> Any:
        """The activation at `inputs`, with the learned parameter."""
        if self.num_parameters not in (None, 1, inputs.shape[-1]):
            raise ValueError(
                f"{type(self).__name__}: num_parameters={self.num_parameters} does not fit an input of shape "
                f"{tuple(inputs.shape)}, whose last axis has {inputs.shape[-1]} entries."
            )
        return self.function(inputs, **{self.parameter: self.alpha})

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {
            **super().get_config(),
            "alpha_initializer": keras.initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": keras.regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": keras.constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
            "num_parameters": self.num_parameters,
        }

    def _built_in(self, argument: str, module: ModuleType, value: Any) -> Any:
        """One of Keras's own objects, from a name, a configuration or an instance: a file must not bring in anything else."""
        if isinstance(value, Mapping):
            self._refuse_foreign(argument, module, value)
        found = module.get(value)
        if found is None and module is keras.initializers:
            raise TypeError(self._foreign(argument, module, value))
        if found is not None:
            if not isinstance(found, KERAS_OBJECTS):
                raise TypeError(self._foreign(argument, module, value))
            self._refuse_foreign(argument, module, module.serialize(found))
        return found

    def _refuse_foreign(self, argument: str, module: ModuleType, config: Any) -> None:
        class_name = config.get("class_name") if isinstance(config, Mapping) else None
        known = isinstance(getattr(module, str(class_name), None), type) and config.get("module") == f"keras.{_short(module)}"
        if not known or config.get("registered_name") not in (None, class_name) or not _plain(config.get("config")):
            raise ValueError(self._foreign(argument, module, config))

    def _foreign(self, argument: str, module: ModuleType, value: Any) -> str:
        return (
            f"{type(self).__name__}: {argument} must be one of Keras's own {_short(module)} with finite numbers as arguments, "
            f"as a name, an instance or its configuration; got {shown(value, 200)}."
        )

    def _checked_axes(self, value: Any) -> list[int] | None:
        axes: Any = [value] if isinstance(value, numbers.Integral) else value
        if axes is None:
            return None
        if isinstance(axes, str) or not isinstance(axes, Sequence) or not all(_is_integer(axis) for axis in axes):
            raise TypeError(
                f"{type(self).__name__}: shared_axes must be an integer, a list of them or None; got {value!r:.80}."
            )
        if not axes or len(set(axes)) < len(axes) or not all(1 <= axis < MAX_RANK for axis in axes):
            raise ValueError(
                f"{type(self).__name__}: shared_axes must be different axes from 1 on (0 is the batch); got {value!r:.80}."
            )
        return [int(axis) for axis in axes]

    def _checked_count(self, value: Any) -> int | None:
        if value is None:
            return None
        complaint = (
            f"{type(self).__name__}: num_parameters must be an integer from 1 to {MAX_PARAMETERS} or None; got {value!r:.80}."
        )
        if not _is_integer(value):
            raise TypeError(complaint)
        if not 1 <= value <= MAX_PARAMETERS:
            raise ValueError(complaint)
        return int(value)


class PReLU(LearnedActivation):
    """A leaky ReLU that learns its slope: ``x if x > 0, else alpha · x``.

    With Keras's arguments and defaults: one slope for each feature, 0 at first (He et al. start at 0.25). As ``activation=``
    of another layer give `num_parameters`, so that the weight exists before the first call.

    Args:
        alpha_initializer: Initial slopes; one of Keras's own initializers, like the next two arguments.
        alpha_regularizer: Regularizer of the slopes, or None. Weight decay biases PReLU towards ReLU.
        alpha_constraint: Constraint of the slopes, or None.
        shared_axes: Axes along which the slope is shared, from 1 on: ``[1, 2]`` gives one for each channel of an image.
        num_parameters: Number of slopes along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: He et al. 2015, Delving Deep into Rectifiers, arXiv:1502.01852
    """

    function = staticmethod(activations.leaky_relu)
    parameter = "negative_slope"
    scalar = False

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        num_parameters: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(alpha_initializer, alpha_regularizer, alpha_constraint, shared_axes, num_parameters, **kwargs)


class Snake(LearnedActivation):
    """Snake with a learned frequency: ``x + sin(alpha · x)² / alpha``.

    Args:
        alpha_initializer: Initial frequencies; one of Keras's own initializers, like the next two arguments.
        alpha_regularizer: Regularizer of the frequencies, or None.
        alpha_constraint: Constraint of the frequencies, or None.
        shared_axes: Axes along which the frequency is shared, from 1 on: ``[1]`` gives one for each channel of a sequence.
            By default one frequency serves all.
        num_parameters: Number of frequencies along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Ziyin, Hartwig & Ueda 2020, arXiv:2006.08195

    >>> import keras, keras_acts
    >>> keras.layers.Dense(8, activation=keras_acts.layers.Snake()).activation.count_params()
    1
    """

    function = staticmethod(activations.snake)
    parameter = "alpha"
    scalar = True

    def __init__(
        self,
        alpha_initializer: Any = "ones",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        num_parameters: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(alpha_initializer, alpha_regularizer, alpha_constraint, shared_axes, num_parameters, **kwargs)


def _short(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _plain(value: Any, depth: int = 4) -> bool:
    """Whether a configuration holds finite numbers, short strings and shallow lists of them only."""
    if isinstance(value, Mapping | list | tuple):
        items = value.values() if isinstance(value, Mapping) else value
        return depth > 0 and "class_name" not in value and all(_plain(item, depth - 1) for item in items)
    if isinstance(value, numbers.Real):
        return math.isfinite(value)
    return value is None or (
        isinstance(value, str) and value.isidentifier() and value.lower() not in {"nan", "inf", "infinity"}
    )
