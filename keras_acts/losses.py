"""Losses that belong to the sparse maps: minimising them fits the map's output to the target distribution."""

import inspect
from typing import Any

import keras
from keras import ops

from keras_acts import activations
from keras_acts._declared import Declared
from keras_acts._precision import has_rank
from keras_acts._record.parameters import SingleAxis


class SparseMapLoss(Declared, keras.losses.Loss):
    """Base of the losses here: the Fenchel-Young loss of a map from logits to a distribution.

    With the map p of the logits z, its entropy H and the target q it is ``z · (p - q) + H(p) - H(q)``: at least 0, 0 only where
    p = q, convex in z, and its gradient in z is ``p - q``. It is computed as a sum of two terms that are never negative, so
    that nothing cancels: how far apart p and q are, and how far below the map's threshold the logits lie that q wants.
    """

    axis: SingleAxis = -1

    keras_arguments = tuple(
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
        for name, default in {"reduction": "sum_over_batch_size", "name": None, "dtype": None}.items()
    )

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each row: of the shape of `y_pred` without its `axis`."""
        y_pred = ops.convert_to_tensor(y_pred)
        target = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
        if not _may_be_equal(target.shape, y_pred.shape):
            raise ValueError(
                f"{type(self).__name__}: targets of shape {tuple(target.shape)} don't go with logits of shape "
                f"{tuple(y_pred.shape)}. Give distributions of the logits' shape; make them of classes with keras.ops.one_hot."
            )
        # A shift of the logits changes nothing, since both distributions sum to 1; small ones lose nothing in the products.
        logits = y_pred - ops.stop_gradient(ops.max(y_pred, axis=self.axis, keepdims=True))
        probabilities = self.map(logits)
        largest = ops.max(logits, axis=self.axis, keepdims=True)
        threshold = largest - self.lead(ops.max(probabilities, axis=self.axis, keepdims=True))
        # a logit of -inf rules its class out: it costs nothing if the target does not want it either
        wanted = ops.where(target == 0, threshold, logits)
        return ops.sum(self.divergence(probabilities, target) + target * ops.relu(threshold - wanted), axis=self.axis)

    def map(self, logits: Any) -> Any:
        """The distribution that the logits stand for."""
        raise NotImplementedError

    def lead(self, probability: Any) -> Any:
        """How far a logit lies above the threshold that has the `probability`."""
        raise NotImplementedError

    def divergence(self, probabilities: Any, target: Any) -> Any:
        """The Bregman divergence of minus the entropy that the map maximises: a term for each class."""
        raise NotImplementedError


def _may_be_equal(shape: Any, other: Any) -> bool:
    """Whether two shapes are the same as far as they are known, which in a graph of TensorFlow may be in part."""
    if not has_rank(shape) or not has_rank(other):
        return True
    return len(shape) == len(other) and all(None in (a, b) or a == b for a, b in zip(shape, other, strict=True))


class SparsemaxLoss(SparseMapLoss):
    """``z · (p - q) + ½ Σ p (1 - p) - ½ Σ q (1 - q)`` for the target q and p = sparsemax(z)

    The loss for a classifier whose probabilities come from `sparsemax`: convex, differentiable, and exactly 0 as soon as the
    right class leads by a margin of 1. Give it the logits, not the probabilities; its gradient is sparsemax(z) - q.

    Args:
        axis: The axis of the classes.
        reduction: How the losses of a batch become one: ``"sum_over_batch_size"``, ``"sum"``, ``"mean"``,
            ``"mean_with_sample_weight"`` or None.
        name: Name of the loss.
        dtype: The dtype that it is computed in; Keras's `floatx` if not given.

    Call arguments:
        y_true: Distributions over the classes, of the shape of `y_pred`, such as one-hot rows.
        y_pred: Logits, ``(..., n, ...)``. A logit of -inf rules its class out.

    Raises:
        ValueError: If the shapes differ, as for targets that are class numbers, or an argument is out of its range.

    Reference: Martins & Astudillo 2016, arXiv:1602.02068

    >>> import keras_acts
    >>> float(keras_acts.losses.SparsemaxLoss()([[1.0, 0.0]], [[3.0, 1.0]]))
    0.0
    """

    def map(self, logits: Any) -> Any:
        """The projection of the logits to the simplex."""
        return activations.sparsemax(logits, axis=self.axis)

    def lead(self, probability: Any) -> Any:
        """The probability itself."""
        return probability

    def divergence(self, probabilities: Any, target: Any) -> Any:
        """That of Gini's entropy."""
        return 0.5 * ops.square(probabilities - target)


class Entmax15Loss(SparseMapLoss):
    """``z · (p - q) + 4/3 Σ (p - p^1.5) - 4/3 Σ (q - q^1.5)`` for the target q and p = entmax15(z)

    Between `SparsemaxLoss` and cross-entropy: sparse, but smoother, and 0 as soon as the right class leads by a margin of 2.
    Give it the logits, not the probabilities; its gradient is entmax15(z) - q.

    Args:
        axis: The axis of the classes.
        reduction: How the losses of a batch become one: ``"sum_over_batch_size"``, ``"sum"``, ``"mean"``,
            ``"mean_with_sample_weight"`` or None.
        name: Name of the loss.
        dtype: The dtype that it is computed in; Keras's `floatx` if not given.

    Call arguments:
        y_true: Distributions over the classes, of the shape of `y_pred`, such as one-hot rows.
        y_pred: Logits, ``(..., n, ...)``. A logit of -inf rules its class out.

    Raises:
        ValueError: If the shapes differ, as for targets that are class numbers, or an argument is out of its range.

    Reference: Peters, Niculae & Martins 2019, arXiv:1905.05702; Blondel, Martins & Niculae 2020, JMLR 21

    >>> import keras_acts
    >>> float(keras_acts.losses.Entmax15Loss()([[1.0, 0.0]], [[3.0, 1.0]]))
    0.0
    """

    def map(self, logits: Any) -> Any:
        """The sparse map between softmax and sparsemax."""
        return activations.entmax15(logits, axis=self.axis)

    def lead(self, probability: Any) -> Any:
        """Twice the root, since the map halves the logits and squares."""
        return 2.0 * ops.sqrt(probability)

    def divergence(self, probabilities: Any, target: Any) -> Any:
        """That of Tsallis's entropy of order 1.5."""
        zero = probabilities == 0
        root = ops.where(zero, 0.0, ops.sqrt(ops.where(zero, 1.0, probabilities)))  # the root has no slope at 0
        wanted = ops.sqrt(target)
        return 2.0 / 3.0 * ops.square(root - wanted) * (root + 2.0 * wanted)


__all__ = ["Entmax15Loss", "SparsemaxLoss"]
