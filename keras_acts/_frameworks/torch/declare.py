"""Where torch's kernels and backward passes are entered: `kernel` and `backward` declare them."""

import copy

from keras_acts._frameworks.kernels import SHARED

KERNELS = copy.deepcopy(SHARED)  # and what torch has beside
kernel, backward = KERNELS.kernel, KERNELS.backward
