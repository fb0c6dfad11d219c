"""torch: an autograd function that keeps the inputs only, and kernels for values and backward passes."""

import torch

from keras_acts._frameworks.engine import Engine
from keras_acts._frameworks.torch.attach import attach
from keras_acts._frameworks.torch.compiler import amax, cached_when_eager, exporting
from keras_acts._frameworks.torch.fixed_point import fixed_point
from keras_acts._frameworks.torch.kernels import KERNELS
from keras_acts._frameworks.torch.pieces import guard, in_pieces

ENGINE = Engine(
    attach,
    (torch.Tensor,),
    kernels=KERNELS,
    guard=guard,
    in_pieces=in_pieces,
    amax=amax,
    fixed_point=fixed_point,
    exporting=exporting,
    formats=("onnx", "torch", "openvino"),
    cached=cached_when_eager,
)
