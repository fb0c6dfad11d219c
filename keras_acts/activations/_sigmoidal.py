"""S-shaped activations: bounded, increasing, steepest at 0."""

from typing import Any

from keras import ops

from keras_acts import _calculus
from keras_acts._catalogue import activation, derivative
from keras_acts._precision import HUGE


@activation(
    range=(0, 1),
    monotonic=True,
    smoothness=float("inf"),
    limits=(0, 1),
    aliases=("logistic",),
    reference="Verhulst 1845, Mém. Acad. R. Bruxelles 18",
    keeps_logits=True,
)
def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``

    A probability from a logit: for the output layer of a binary or multi-label classifier, and for gates. Keras's
    cross-entropies find the logits behind it and stay exact where it saturates.
    """
    # exp(-x) may overflow: 1 / inf is the right 0
    return 1.0 / (1.0 + ops.exp(-x))


@derivative(sigmoid)
def _(x: Any) -> Any:
    """``sigmoid(x) · (1 - sigmoid(x))``"""
    # even in x, so that the factor that can round to 1 is the harmless one
    s = sigmoid(-ops.abs(x))
    return s * (1.0 - s)


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=float("inf"),
    limits=(-1, 1),
    parity="odd",
    reference="classic",
)
def tanh(x: Any) -> Any:
    """``(exp(x) - exp(-x)) / (exp(x) + exp(-x))``

    The zero-centred sigmoid of recurrent networks. It reaches its limits exponentially fast: tanh'(10) is 8e-9.
    """
    return _calculus.tanh(x)


@derivative(tanh)
def _(x: Any) -> Any:
    """``1 - tanh(x)²``"""
    # 1 - tanh² is 0 as soon as tanh rounds to 1; sech² is not, and squaring last nothing underflows before the result
    decay = ops.exp(-ops.abs(x))
    return ops.square(2.0 * decay / (1.0 + ops.square(decay)))


@activation(
    range=(-1, 1),
    monotonic=True,
    smoothness=1,
    limits=(-1, 1),
    parity="odd",
    aliases=("soft_sign",),
    reference="Elliott 1993, Univ. of Maryland TR 93-8; Bergstra et al. 2009; Glorot & Bengio 2010, AISTATS",
)
def softsign(x: Any) -> Any:
    """``x / (1 + |x|)``

    Like tanh, but it nears its limits as slowly as 1/x, so gradients fade less: softsign'(10) is 1/121. The slope is
    largest at 0, where it is 1.

    >>> import keras_acts
    >>> [float(y) for y in keras_acts.activations.softsign([-3.0, 0.0, 1.0])]
    [-0.75, 0.0, 0.5]
    """
    finite = ops.clip(x, -HUGE, HUGE)  # inf / inf is NaN
    return finite / (1.0 + ops.abs(finite))


@derivative(softsign)
def _(x: Any) -> Any:
    """``1 / (1 + |x|)²``"""
    return ops.square(1.0 / (1.0 + ops.abs(x)))
