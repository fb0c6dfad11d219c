"""Layers whose activation has learned parameters."""

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import keras
from keras import ops

from keras_acts import activations
from keras_acts._catalogue import describe
from keras_acts._declared import last
from keras_acts._precision import has_rank
from keras_acts._record import register
from keras_acts._record.parameters import Switch, shown
from keras_acts._record.record import ActivationFunction
from keras_acts.layers._kinds import (
    MAX_PARAMETERS,
    Constraint,
    FixedNonNegative,
    Initializer,
    OptionalInitializer,
    ParameterCount,
    Regularizer,
    SharedAxesOrNone,
    kinds_of,
)
from keras_acts.layers._layer import Layer


class LearnedActivation(Layer):
    """Base of the layers here: an activation of which some parameters are weights of the same names.

    A subclass names the activation, and declares an initializer, a regularizer and a constraint for each weight. The weights
    have one shape, except that a vector of coefficients has an axis more in front. They are made in the constructor where the
    shape is known then, so that the layer is complete at once as ``activation=`` of another layer; else they are built from the
    input. They are kept in the variable dtype under mixed precision and not rounded to half.

    Args:
        shared_axes: Axes along which one entry of each weight serves all, from 1 on: ``[1, 2]`` gives one for each channel of
            an image.
        num_parameters: Number of entries along the last axis: 1, or its size.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Raises:
        ValueError: If `shared_axes` or `num_parameters` does not fit the input, or an argument is out of its range.
        TypeError: If an argument has the wrong type.
    """

    shared_axes: SharedAxesOrNone = last(None)
    num_parameters: ParameterCount = last(None)

    function: ClassVar[Callable[..., Any]]
    scalar: ClassVar[bool] = False  # one entry for all, unless told otherwise; else one for each feature
    declared_weights: ClassVar[tuple[str, ...]] = ()
    _replaced: Callable[..., Any] | None = None

    def __init_subclass__(cls, of: ActivationFunction[...] | None = None, scalar: bool | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        ending = "_initializer"
        cls.declared_weights = tuple(name.removesuffix(ending) for name in cls.arguments if name.endswith(ending))
        if scalar is not None:
            cls.scalar = scalar
        if of is not None:
            cls.function = staticmethod(of)
            register.add_learner(of.record.name, cls)

    def __post_init__(self) -> None:
        if self.num_parameters is not None and self.shared_axes is not None:
            raise ValueError(
                f"{self._owner}: give num_parameters (one weight for each entry of the last axis) or shared_axes, "
                f"not both; got {self.num_parameters} and {self.shared_axes}."
            )
        if self.num_parameters is not None:
            self._add_weights((self.num_parameters,))
        elif self.scalar and self.shared_axes is None:
            self._add_weights(())

    def _check_keras_arguments(self, given: Mapping[str, Any]) -> None:
        for name in self.declared_weights:
            if name in given:
                start = f"{name}_initializer=keras.initializers.Constant({shown(given[name])})"
                raise TypeError(f"{self._owner}: {name} is a weight, which is learned. To let it start there, give {start}.")
        super()._check_keras_arguments(given)

    @property
    def activation(self) -> Callable[..., Any]:
        """The activation that the weights are parameters of."""
        return self._replaced or self._of()

    @activation.setter
    def activation(self, activation: Callable[..., Any]) -> None:
        # Keras replaces it where activations are to be computed again. A call does without, for ours keep only their input.
        self._replaced = activation

    def _of(self) -> Callable[..., Any]:
        return self.function

    @property
    def learned(self) -> tuple[str, ...]:
        """The names of the weights: those of the declared ones that the activation has."""
        parameters = {parameter.name for parameter in describe(self._of()).parameters}
        return tuple(name for name in self.declared_weights if name in parameters)

    def coefficients(self) -> Mapping[str, int]:
        """How many coefficients each weight has that is a vector: the size of its first axis."""
        return {}

    def values(self, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What the activation is given: the weights as they are, unless a subclass keeps them in another form.

        Args:
            weights: Stand-ins for the layer's own by name, or None.
        """
        return {name: getattr(self, name) for name in self.learned} if weights is None else dict(weights)

    def build(self, input_shape: Any) -> None:
        """Make the weights of the input's shape without the batch axis, with size 1 along `shared_axes`."""
        if self.built:
            return
        shape = list(input_shape[1:])
        shared: list[int] = self.shared_axes or []  # type: ignore[assignment]  # as it was checked
        for axis in shared:
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
        counts = self.coefficients()
        for name in self.learned:
            whole = (counts[name], *shape) if name in counts else shape
            if math.prod(whole) > MAX_PARAMETERS:
                raise ValueError(
                    f"{self._owner}: a weight of shape {whole} has more than {MAX_PARAMETERS} entries. "
                    f"Give shared_axes, along which one entry serves all."
                )
            setattr(self, name, self.add_weight(shape=whole, name=name, autocast=False, **kinds_of(self, name)))
        self.built = True
        if hasattr(self, "_post_build"):  # which enters the weights in a torch.nn.Module, as Keras does after `build`
            self._post_build()

    def call(self, inputs: Any) -> Any:
        """The activation at `inputs`, with the learned parameters."""
        self._check_fit(inputs.shape)
        return self._of()(inputs, **self.values())

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The shape of the input; raises if `num_parameters` does not fit it."""
        self._check_fit(input_shape)
        return super().compute_output_shape(input_shape)

    def _check_fit(self, shape: Any) -> None:
        if self.num_parameters in (None, 1) or not has_rank(shape):
            return
        size = shape[-1] if len(shape) else 1
        if size not in (None, self.num_parameters):
            raise ValueError(
                f"{self._owner}: num_parameters={self.num_parameters} does not fit an input of shape "
                f"{tuple(shape)}, whose last axis has {size} entries."
            )

    @property
    def _owner(self) -> str:
        return type(self).__name__


class PReLU(LearnedActivation, of=activations.prelu):
    """A leaky ReLU that learns its slope: ``x if x > 0, else alpha · x``.

    With Keras's arguments and defaults: one slope for each feature, 0 at first (He et al. start at 0.25). As ``activation=``
    of another layer give `num_parameters`, so that the weight exists before the first call. Weight decay pulls it to ReLU.

    Reference: He et al. 2015, Delving Deep into Rectifiers, arXiv:1502.01852

    >>> import keras, keras_acts
    >>> keras.layers.Dense(8, activation=keras_acts.layers.PReLU(num_parameters=8)).activation.count_params()
    8
    """

    alpha_initializer: Initializer = "zeros"
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None


class TLU(LearnedActivation, of=activations.tlu):
    """The thresholded linear unit, a ReLU that learns its floor: ``max(x, tau)``, or ``max(x, alpha · x + tau)``.

    For networks with filter response normalization, which does not center what comes before. It has the arguments and defaults
    of the layer of TensorFlow Addons: one floor for each feature, 0 at first. With `affine` it learns a slope alpha below the
    floor too.

    Reference: Singh & Krishnan 2020, Filter Response Normalization Layer, arXiv:1911.09737

    >>> import keras_acts
    >>> [weight.name for weight in keras_acts.layers.TLU(affine=True, num_parameters=8).weights]
    ['tau', 'alpha']
    """

    affine: Switch = False
    tau_initializer: Initializer = "zeros"
    tau_regularizer: Regularizer = None
    tau_constraint: Constraint = None
    alpha_initializer: Initializer = "zeros"
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None

    def _of(self) -> Callable[..., Any]:
        return activations.filter_response_tlu_affine if self.affine else activations.tlu


register.add_learner(activations.filter_response_tlu_affine.record.name, TLU, "affine=True")


class SwishBeta(LearnedActivation, of=activations.swish_beta, scalar=True):
    """Swish with a learned slope of its gate: ``x · sigmoid(beta · x)``.

    At first it is SiLU; as beta grows it nears ReLU, at 0 it is ``x / 2``.

    Reference: Ramachandran, Zoph & Le 2017, Searching for Activation Functions, arXiv:1710.05941

    >>> import keras, keras_acts
    >>> keras.layers.Dense(8, activation=keras_acts.layers.SwishBeta()).activation.count_params()
    1
    """

    beta_initializer: Initializer = "ones"
    beta_regularizer: Regularizer = None
    beta_constraint: Constraint = None


class Snake(LearnedActivation, of=activations.snake, scalar=True):
    """Snake with a learned frequency: ``x + sin(alpha · x)² / alpha``.

    Reference: Ziyin, Hartwig & Ueda 2020, arXiv:2006.08195

    >>> import keras, keras_acts
    >>> keras.layers.Dense(8, activation=keras_acts.layers.Snake()).activation.count_params()
    1
    """

    alpha_initializer: Initializer = "ones"
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None


class SnakeBeta(LearnedActivation, of=activations.snake_beta, scalar=True):
    """Snake with a learned frequency and a learned magnitude: ``x + sin(alpha · x)² / beta``.

    As in BigVGAN's vocoders the weights are the logarithms of alpha and beta, so that neither gets to 0 or below; with
    ``log_scale=False`` they are alpha and beta themselves. Both start at 1. ``shared_axes=[1]`` gives one pair for each channel
    of a sequence, as in BigVGAN.

    Reference: Lee et al. 2023, BigVGAN, arXiv:2206.04658

    >>> import keras_acts
    >>> [float(weight) for weight in keras_acts.layers.SnakeBeta().get_weights()]
    [0.0, 0.0]
    """

    log_scale: Switch = True
    alpha_initializer: OptionalInitializer = None
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None
    beta_initializer: OptionalInitializer = None
    beta_regularizer: Regularizer = None
    beta_constraint: Constraint = None

    def __post_init__(self) -> None:
        one = keras.initializers.Zeros if self.log_scale else keras.initializers.Ones
        self.alpha_initializer = self.alpha_initializer or one()
        self.beta_initializer = self.beta_initializer or one()
        super().__post_init__()

    def values(self, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Alpha and beta."""
        kept = super().values(weights)
        return {name: ops.exp(weight) for name, weight in kept.items()} if self.log_scale else kept


# softplus of the first is 0.8, and of the second 0.3, which with the default beta of 0.5 is 0.8
SOFTPLUS_08, SOFTPLUS_03 = (keras.initializers.Constant(math.log(math.expm1(y))) for y in (0.8, 0.3))


class XIELU(LearnedActivation, of=activations.xielu, scalar=True):
    """The integral of an ELU-shaped slope, learned on both sides of 0: quadratic above, falling below.

    ``alpha_p · x² + beta · x if x > 0, else alpha_n · (exp(x) - 1 - x) + beta · x``, with alpha_p and alpha_n kept above 0 and
    above beta: the first is the softplus of its weight, the second beta plus the softplus of its weight. Both start at 0.8, as
    in transformers, and one pair serves all. `beta`, the slope at 0, is at least 0 and not learned.

    Reference: Huang 2024, Deriving Activation Functions Using Integration, arXiv:2411.13010

    >>> import keras_acts
    >>> [round(float(value), 4) for value in keras_acts.layers.XIELU().values().values()]
    [0.8, 0.8, 0.5]
    """

    beta: FixedNonNegative = 0.5
    alpha_p_initializer: Initializer = SOFTPLUS_08
    alpha_p_regularizer: Regularizer = None
    alpha_p_constraint: Constraint = None
    alpha_n_initializer: Initializer = SOFTPLUS_03
    alpha_n_regularizer: Regularizer = None
    alpha_n_constraint: Constraint = None

    def values(self, weights: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Alpha_p, alpha_n and beta."""
        positive, negative = (activations.softplus(weight) for weight in super().values(weights).values())
        return {"alpha_p": positive, "alpha_n": self.beta + negative, "beta": self.beta}
