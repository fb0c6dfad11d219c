"""Layers whose activation has learned parameters."""

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import keras
from keras import ops

from keras_acts import activations
from keras_acts._record.parameters import MAX_RANK, Flag, Integer, Optional, Real, shown
from keras_acts.layers._objects import MAX_PARAMETERS, Layer, checked_kwargs, serialized, take, taken


class LearnedActivation(Layer):
    """Base of the layers here: an activation of which some parameters are weights of the same names.

    A subclass names the activation and gives the initializer, regularizer and constraint of each weight. The weights have one
    shape. They are made in the constructor where it is known then, so that the layer is complete at once as ``activation=`` of
    another layer; else they are built from the input. They are kept in the variable dtype under mixed precision and not rounded
    to half.
    """

    function: ClassVar[Callable[..., Any]]
    scalar: ClassVar[bool]  # one entry for all, unless told otherwise; else one for each feature

    def __init__(
        self,
        weights: Mapping[str, tuple[Any, Any, Any]],
        shared_axes: int | Sequence[int] | None,
        num_parameters: int | None,
        fixed: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        for name in sorted(weights.keys() & kwargs.keys()):
            start = f"{name}_initializer=keras.initializers.Constant({shown(kwargs[name])})"
            raise TypeError(
                f"{type(self).__name__}: {name} is a weight, which is learned. To let it start there, give {start}."
            )
        super().__init__(**checked_kwargs(type(self).__name__, kwargs))
        self.supports_masking = True
        self._arguments = tuple(weights)
        self.learned = tuple(name for name in weights if name not in fixed)
        take(self, weights)
        self.shared_axes = self._checked_axes(shared_axes)
        self.num_parameters = Optional(Integer(1, MAX_PARAMETERS)).check(self._owner, "num_parameters", num_parameters)
        if self.num_parameters is not None and self.shared_axes is not None:
            raise ValueError(
                f"{self._owner}: give num_parameters (one weight for each entry of the last axis) or shared_axes, "
                f"not both; got {num_parameters} and {shared_axes}."
            )
        if self.num_parameters is not None:
            self._add_weights((self.num_parameters,))
        elif self.scalar and self.shared_axes is None:
            self._add_weights(())

    def build(self, input_shape: Any) -> None:
        """Make the weights of the input's shape without the batch axis, with size 1 along `shared_axes`."""
        if self.built:
            return
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if axis > len(shape):
                raise ValueError(
                    f"{self._owner}: shared_axes={self.shared_axes} does not fit an input of shape "
                    f"{tuple(input_shape)}; axes count from 1 (0 is the batch) to {len(shape)}."
                )
            shape[axis - 1] = 1
        if None in shape:
            axis = shape.index(None) + 1
            raise ValueError(
                f"{self._owner}: axis {axis} of the input shape {tuple(input_shape)} has no fixed size, so no "
                f"weight can be made for it. Add {axis} to shared_axes."
            )
        self._add_weights(tuple(shape))

    def _add_weights(self, shape: tuple[int, ...]) -> None:
        if math.prod(shape) > MAX_PARAMETERS:
            raise ValueError(
                f"{self._owner}: a weight of shape {shape} has more than {MAX_PARAMETERS} entries. "
                f"Give shared_axes, along which one entry serves all."
            )
        for name in self.learned:
            setattr(self, name, self.add_weight(shape=shape, name=name, autocast=False, **taken(self, name)))
        self.built = True

    @property
    def activation(self) -> Callable[..., Any]:
        """The activation that the weights are parameters of."""
        return self.function

    def values(self, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the activation is given: the weights as they are, unless a subclass keeps them in another form.

        Args:
            weights: Stand-ins for the layer's own by name, or None.
        """
        return {name: getattr(self, name) for name in self.learned} if weights is None else dict(weights)

    def call(self, inputs: Any) -> Any:
        """The activation at `inputs`, with the learned parameters."""
        if self.num_parameters not in (None, 1, inputs.shape[-1]):
            raise ValueError(
                f"{self._owner}: num_parameters={self.num_parameters} does not fit an input of shape "
                f"{tuple(inputs.shape)}, whose last axis has {inputs.shape[-1]} entries."
            )
        return self.activation(inputs, **self.values())

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {
            **super().get_config(),
            **serialized(self, self._arguments),
            "shared_axes": self.shared_axes,
            "num_parameters": self.num_parameters,
        }

    @property
    def _owner(self) -> str:
        return type(self).__name__

    def _checked_axes(self, value: Any) -> list[int] | None:
        axes: Any = [value] if isinstance(value, numbers.Integral) else value
        if axes is None:
            return None
        if isinstance(axes, str) or not isinstance(axes, Sequence) or not all(_is_integer(axis) for axis in axes):
            raise TypeError(f"{self._owner}: shared_axes must be an integer, a list of them or None; got {value!r:.80}.")
        if not axes or len(set(axes)) < len(axes) or not all(1 <= axis < MAX_RANK for axis in axes):
            raise ValueError(
                f"{self._owner}: shared_axes must be different axes from 1 on (0 is the batch); got {value!r:.80}."
            )
        return [int(axis) for axis in axes]


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

    >>> import keras, keras_acts
    >>> keras.layers.Dense(8, activation=keras_acts.layers.PReLU(num_parameters=8)).activation.count_params()
    8
    """

    function = staticmethod(activations.prelu)
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
        weights = {"alpha": (alpha_initializer, alpha_regularizer, alpha_constraint)}
        super().__init__(weights, shared_axes, num_parameters, **kwargs)


class TLU(LearnedActivation):
    """The thresholded linear unit, a ReLU that learns its floor: ``max(x, tau)``, or ``max(x, alpha · x + tau)``.

    For networks with filter response normalisation, which does not centre what comes before. It has the arguments and defaults
    of the layer of TensorFlow Addons: one floor for each feature, 0 at first.

    Args:
        affine: Whether to learn a slope `alpha` below the floor too.
        tau_initializer: Initial floors; one of Keras's own initializers, like the next two arguments.
        tau_regularizer: Regularizer of the floors, or None.
        tau_constraint: Constraint of the floors, or None.
        alpha_initializer: Initial slopes, if `affine`; the same kinds of arguments for them.
        alpha_regularizer: Regularizer of the slopes, or None.
        alpha_constraint: Constraint of the slopes, or None.
        shared_axes: Axes along which floor and slope are shared, from 1 on: ``[1, 2]`` gives one for each channel of an image.
        num_parameters: Number of floors along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Singh & Krishnan 2020, Filter Response Normalization Layer, arXiv:1911.09737

    >>> import keras_acts
    >>> [weight.name for weight in keras_acts.layers.TLU(affine=True, num_parameters=8).weights]
    ['tau', 'alpha']
    """

    function = staticmethod(activations.tlu)
    scalar = False

    def __init__(
        self,
        affine: bool = False,
        tau_initializer: Any = "zeros",
        tau_regularizer: Any = None,
        tau_constraint: Any = None,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        num_parameters: int | None = None,
        **kwargs: Any,
    ) -> None:
        weights = {
            "tau": (tau_initializer, tau_regularizer, tau_constraint),
            "alpha": (alpha_initializer, alpha_regularizer, alpha_constraint),
        }
        affine = Flag().check(type(self).__name__, "affine", affine)
        super().__init__(weights, shared_axes, num_parameters, fixed=() if affine else ("alpha",), **kwargs)
        self.affine = affine

    @property
    def activation(self) -> Callable[..., Any]:
        """The activation that the weights are parameters of."""
        return activations.filter_response_tlu_affine if self.affine else activations.tlu

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "affine": self.affine}


class SwishBeta(LearnedActivation):
    """Swish with a learned slope of its gate: ``x · sigmoid(beta · x)``.

    At first it is SiLU; as beta grows it nears ReLU, at 0 it is ``x / 2``.

    Args:
        beta_initializer: Initial slopes of the gate; one of Keras's own initializers, like the next two arguments.
        beta_regularizer: Regularizer of the slopes, or None.
        beta_constraint: Constraint of the slopes, or None.
        shared_axes: Axes along which beta is shared, from 1 on: ``[1, 2]`` gives one for each channel of an image. By default
            one serves all.
        num_parameters: Number of betas along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Ramachandran, Zoph & Le 2017, Searching for Activation Functions, arXiv:1710.05941

    >>> import keras, keras_acts
    >>> keras.layers.Dense(8, activation=keras_acts.layers.SwishBeta()).activation.count_params()
    1
    """

    function = staticmethod(activations.swish_beta)
    scalar = True

    def __init__(
        self,
        beta_initializer: Any = "ones",
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        num_parameters: int | None = None,
        **kwargs: Any,
    ) -> None:
        weights = {"beta": (beta_initializer, beta_regularizer, beta_constraint)}
        super().__init__(weights, shared_axes, num_parameters, **kwargs)


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
        weights = {"alpha": (alpha_initializer, alpha_regularizer, alpha_constraint)}
        super().__init__(weights, shared_axes, num_parameters, **kwargs)


class SnakeBeta(LearnedActivation):
    """Snake with a learned frequency and a learned magnitude: ``x + sin(alpha · x)² / beta``.

    As in BigVGAN's vocoders the weights are the logarithms of alpha and beta, so that neither gets to 0 or below.

    Args:
        log_scale: Whether the weights are logarithms; else they are alpha and beta themselves.
        alpha_initializer: Initial weights of the frequency, one of Keras's own initializers; by default alpha is 1.
        alpha_regularizer: Regularizer of these weights, or None.
        alpha_constraint: Constraint of these weights, or None.
        beta_initializer: Initial weights of one over the magnitude; by default beta is 1.
        beta_regularizer: Regularizer of these weights, or None.
        beta_constraint: Constraint of these weights, or None.
        shared_axes: Axes along which both are shared, from 1 on: ``[1]`` gives one pair for each channel of a sequence, as in
            BigVGAN. By default one pair serves all.
        num_parameters: Number of pairs along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Lee et al. 2023, BigVGAN, arXiv:2206.04658

    >>> import keras_acts
    >>> [float(weight) for weight in keras_acts.layers.SnakeBeta().get_weights()]
    [0.0, 0.0]
    """

    function = staticmethod(activations.snake_beta)
    scalar = True

    def __init__(
        self,
        log_scale: bool = True,
        alpha_initializer: Any = None,
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        beta_initializer: Any = None,
        beta_regularizer: Any = None,
        beta_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        num_parameters: int | None = None,
        **kwargs: Any,
    ) -> None:
        log_scale = Flag().check(type(self).__name__, "log_scale", log_scale)
        one = "zeros" if log_scale else "ones"
        weights = {
            "alpha": (one if alpha_initializer is None else alpha_initializer, alpha_regularizer, alpha_constraint),
            "beta": (one if beta_initializer is None else beta_initializer, beta_regularizer, beta_constraint),
        }
        super().__init__(weights, shared_axes, num_parameters, **kwargs)
        self.log_scale = log_scale

    def values(self, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Alpha and beta."""
        kept = super().values(weights)
        return {name: ops.exp(weight) for name, weight in kept.items()} if self.log_scale else kept

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "log_scale": self.log_scale}


# softplus of the first is 0.8, and of the second 0.3, which with the default beta of 0.5 is 0.8
SOFTPLUS_08, SOFTPLUS_03 = (keras.initializers.Constant(math.log(math.expm1(y))) for y in (0.8, 0.3))


class XIELU(LearnedActivation):
    """The integral of an ELU-shaped slope, learned on both sides of 0: quadratic above, falling below.

    ``alpha_p · x² + beta · x if x > 0, else alpha_n · (exp(x) - 1 - x) + beta · x``, with alpha_p and alpha_n kept above 0 and
    above beta: the first is the softplus of its weight, the second beta plus the softplus of its weight. Both start at 0.8, as
    in transformers, and one pair serves all.

    Args:
        beta: Slope at 0, at least 0. It is not learned.
        alpha_p_initializer: Initial weights of alpha_p; one of Keras's own initializers, like the next two arguments.
        alpha_p_regularizer: Regularizer of these weights, or None.
        alpha_p_constraint: Constraint of these weights, or None.
        alpha_n_initializer: Initial weights of alpha_n; by default it is ``beta + 0.3``.
        alpha_n_regularizer: Regularizer of these weights, or None.
        alpha_n_constraint: Constraint of these weights, or None.
        shared_axes: Axes along which both are shared, from 1 on.
        num_parameters: Number of pairs along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Huang 2024, Deriving Activation Functions Using Integration, arXiv:2411.13010

    >>> import keras_acts
    >>> [round(float(value), 4) for value in keras_acts.layers.XIELU().values().values()]
    [0.8, 0.8, 0.5]
    """

    function = staticmethod(activations.xielu)
    scalar = True

    def __init__(
        self,
        beta: float = 0.5,
        alpha_p_initializer: Any = SOFTPLUS_08,
        alpha_p_regularizer: Any = None,
        alpha_p_constraint: Any = None,
        alpha_n_initializer: Any = SOFTPLUS_03,
        alpha_n_regularizer: Any = None,
        alpha_n_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        num_parameters: int | None = None,
        **kwargs: Any,
    ) -> None:
        weights = {
            "alpha_p": (alpha_p_initializer, alpha_p_regularizer, alpha_p_constraint),
            "alpha_n": (alpha_n_initializer, alpha_n_regularizer, alpha_n_constraint),
        }
        super().__init__(weights, shared_axes, num_parameters, **kwargs)
        self.beta = Real(low=0.0, learnable=False).check(type(self).__name__, "beta", beta)

    def values(self, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Alpha_p, alpha_n and beta."""
        positive, negative = (activations.softplus(weight) for weight in super().values(weights).values())
        return {"alpha_p": positive, "alpha_n": self.beta + negative, "beta": self.beta}

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {**super().get_config(), "beta": self.beta}


def _is_integer(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)
