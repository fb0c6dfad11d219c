"""Layers that draw at random in training and are deterministic at inference."""

from typing import Any

import keras
from keras import ops

from keras_acts import activations
from keras_acts._declared import last
from keras_acts._frameworks import door
from keras_acts._record.parameters import Axis, FixedPositive, Switch
from keras_acts.layers._kinds import FixedNonNegative, Seed
from keras_acts.layers._layer import Layer

TINY = 2.0**-24  # the distance of a uniform number of float32 from 0 and 1


class StochasticActivation(Layer):
    """Base of the layers here: owns the generator of its random numbers.

    A layer that is computed again in the backward pass (`keras.remat`, `keras.RematScope`, ``torch.utils.checkpoint``) needs
    the same numbers again. It gets them on JAX, and on PyTorch without a seed. On TensorFlow, and on PyTorch with a seed, it
    gets others, as a stock layer with a `SeedGenerator` does: leave it out of what is computed again.

    Args:
        seed: Seed of the random numbers, or None.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.
    """

    seed: Seed = last(None)

    def __post_init__(self) -> None:
        self.seed_generator = keras.random.SeedGenerator(self.seed)
        self.built = True

    def _uniform(self, like: Any, low: float, high: float) -> Any:
        """Random numbers of the shape of a tensor, in float32: half precision has too few of them."""
        if self.seed is None and door.ENGINE.uniform:
            return door.ENGINE.uniform(ops.shape(like), low, high)
        return keras.random.uniform(ops.shape(like), low, high, dtype="float32", seed=self.seed_generator)


class RReLU(StochasticActivation):
    """A leaky ReLU with a random slope: ``x if x > 0, else a · x``, a uniform in [lower, upper] for each element.

    In training the noise acts as a regularizer; at inference the slope is the mean, (lower + upper) / 2, so the layer equals
    `leaky_relu` with it.

    Args:
        lower: The smallest slope, at least 0.
        upper: The largest, at least `lower`.
        seed: Seed of the random slopes, or None.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Tensor of any shape.
        training: Whether to draw the slopes.

    Raises:
        ValueError: If a bound is out of its range.
        TypeError: If an argument has the wrong type.

    Reference: Xu, Wang, Chen & Li 2015, arXiv:1505.00853

    >>> import keras, keras_acts
    >>> [float(y) for y in keras_acts.layers.RReLU(0.25, 0.75)(keras.ops.array([-2.0, 3.0]))]
    [-1.0, 3.0]
    """

    lower: FixedNonNegative = 1 / 8
    upper: FixedNonNegative = 1 / 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lower > self.upper:
            raise ValueError(f"{type(self).__name__}: lower={self.lower} must be at most upper={self.upper}.")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The activation, with random slopes in training."""
        if not training or self.lower == self.upper:
            return activations.leaky_relu(inputs, (self.lower + self.upper) / 2)
        return activations.prelu(inputs, self._uniform(inputs, self.lower, self.upper))


class GumbelSoftmax(StochasticActivation):
    """A sample of a category that gradients pass through: ``softmax((x + g) / temperature)``, g from the Gumbel distribution.

    In training noise is added to the logits, so that the largest is a sample of the categorical distribution softmax(x); at
    inference none is, and the layer is deterministic. With `hard` it gives the one-hot of the largest entry and the gradient of
    the soft one (straight through).

    Args:
        temperature: Above 0; near 0 the rows are nearly one-hot and their gradients large.
        hard: Whether to give one-hot rows.
        axis: The axis of the categories, or several of which each combination is one.
        seed: Seed of the noise, or None.
        **kwargs: Keras's own layer arguments, such as `name` and `dtype`.

    Call arguments:
        inputs: Logits, ``(..., n, ...)``.
        training: Whether to add noise.
        mask: Bools that broadcast to `inputs`: False gets probability 0. A row that is all False becomes all 0.

    Raises:
        ValueError: If an argument is out of its range, or the inputs lack the axis.
        TypeError: If an argument has the wrong type.

    Reference: Jang, Gu & Poole 2017, arXiv:1611.01144; Maddison, Mnih & Teh 2017, arXiv:1611.00712
    """

    temperature: FixedPositive = 1.0
    hard: Switch = False
    axis: Axis = -1

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        """The sample in training, the most probable at inference."""
        logits = ops.cast(inputs, "float32") if training else inputs
        if training:
            uniform = ops.clip(self._uniform(inputs, 0.0, 1.0), TINY, 1.0 - TINY)
            logits = logits - ops.log(-ops.log(uniform))
        logits = logits / self.temperature
        soft = activations.softmax(logits, axis=self.axis, mask=mask)
        if self.hard:
            hard = activations.hardmax(logits, axis=self.axis, mask=mask)
            soft = ops.stop_gradient(hard) + (soft - ops.stop_gradient(soft))  # the second term is exactly 0
        return ops.cast(soft, self.compute_dtype)
