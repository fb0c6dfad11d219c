"""What torch does better than the formulas, by family of the activation.

In eager mode each operation is a pass over memory and each new tensor a fresh allocation: work in place on tensors that nobody
else holds. The product with the gradient is never in place, since under vmap it may have a batch axis more. No `torch.where`:
it takes as long as twenty sums.
"""

from keras_acts._frameworks.torch.declare import KERNELS
from keras_acts._frameworks.torch.kernels import (
    exponential,
    normalising,
    periodic,
    piecewise,
    rectified,
    self_gated,
    shrinkage,
    sigmoidal,
)

__all__ = [
    "KERNELS",
    "exponential",
    "normalising",
    "periodic",
    "piecewise",
    "rectified",
    "self_gated",
    "shrinkage",
    "sigmoidal",
]
