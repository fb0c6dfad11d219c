"""Rectified activations."""

from typing import Any

import torch
from torch.nn import functional

from keras_acts._frameworks.torch.declare import backward, kernel


@kernel("leaky_relu", by_autodiff=True)
def leaky_relu(x: Any, negative_slope: float) -> Any:
    # 0 · (-inf) is NaN
    return functional.leaky_relu(x, negative_slope) if negative_slope else torch.relu(x)


@kernel("prelu", by_autodiff=True)
def prelu(x: Any, alpha: float) -> Any:
    return leaky_relu(x, alpha)


kernel("relu6", by_autodiff=True)(functional.relu6)


@kernel("clipped_relu")
def clipped_relu(x: Any, max_value: float) -> Any:
    return functional.hardtanh(x, 0.0, max_value)


@backward("clipped_relu")
def clipped_relu_backward(g: Any, x: Any, max_value: float) -> Any:
    return torch.ops.aten.hardtanh_backward(g, x, 0.0, max_value)


@kernel("thresholded_relu", by_autodiff=True)
def thresholded_relu(x: Any, threshold: float) -> Any:
    return functional.threshold(x, threshold, 0.0)


@kernel("threshold", by_autodiff=True)
def threshold(x: Any, threshold: float, default_value: float) -> Any:
    return functional.threshold(x, threshold, default_value)


@kernel("tlu", by_autodiff=True)
def tlu(x: Any, tau: float) -> Any:
    return functional.threshold(x, tau, tau)
