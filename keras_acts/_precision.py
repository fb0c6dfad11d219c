"""The dtype policy: what comes in, what is computed in, what goes out.

Integers and bools become `floatx`; float16 and bfloat16 are computed in float32 and rounded once; the dtype that came in
goes out. No formula handles a dtype: this is the door it all passes through.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

HALF = frozenset({"float16", "bfloat16"})
FULL = frozenset({"float32", "float64"})

# The largest float32. It stands for infinity where inf / inf or sin(inf) would give NaN, in every dtype that is computed in.
HUGE = (2.0 - 2.0**-23) * 2.0**127


def float_dtype(owner: str, dtype: Any) -> str:
    """The dtype that an input of `dtype` is taken in, or a TypeError if it is no real number."""
    try:
        name = str(keras.backend.standardize_dtype(dtype))
    except ValueError:  # one that Keras does not know, such as that of a quantized tensor
        name = str(dtype)
    if name in FULL or name in HALF:
        return name
    if name == "bool" or name.startswith(("int", "uint")):
        return str(keras.config.floatx())
    raise TypeError(f"{owner} takes real numbers; got dtype {name}. Cast the input to float32 first.")


def receive(owner: str, x: Any, tensor_types: Any) -> Any:
    """`x` as a tensor of one of the four float dtypes; `tensor_types` need no conversion."""
    if isinstance(x, tensor_types):
        return cast(x, float_dtype(owner, x.dtype))
    if isinstance(x, str | bytes):
        raise TypeError(f"{owner} takes an array of numbers; got the string {x!r}. To look a name up, use keras_acts.get.")
    try:
        tensor = ops.convert_to_tensor(x, sparse=False)
    except Exception as error:
        raise TypeError(f"{owner} takes an array of numbers; got {type(x).__name__}, which is no tensor: {error}") from error
    return cast(tensor, float_dtype(owner, tensor.dtype))


def receive_mask(owner: str, mask: Any, shape: Sequence[int | None]) -> Any:
    """`mask` as a tensor of bools that broadcasts to `shape`."""
    tensor = ops.convert_to_tensor(mask)
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    if dtype != "bool":
        raise TypeError(f"{owner}: mask must hold bools, True for what counts; got dtype {dtype}. Give for instance mask > 0.")
    check_broadcast(owner, "mask", tensor.shape, shape)
    return tensor


def receive_parameter(value: Any) -> Any:
    """`value` as a call takes it for a parameter: an array of numbers as the number or the tensor that it is."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError("a parameter must not be a masked array, whose mask would be lost. Give value.filled(…).")
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim == 0:
        return value.item()
    return ops.convert_to_tensor(value) if value.dtype.name.startswith(("float", "bfloat", "int", "uint")) else value


def has_rank(shape: Any) -> bool:
    """Whether the number of axes is known, which it need not be in a graph of TensorFlow."""
    return getattr(shape, "rank", 0) is not None


def check_broadcast(owner: str, name: str, inner: Sequence[int | None], shape: Sequence[int | None]) -> None:
    """Raise unless the shape `inner` of an argument broadcasts to the `shape` of the input, as far as both are known."""
    if not has_rank(inner) or not has_rank(shape):
        return
    sizes = zip(reversed(inner), reversed(shape), strict=False)
    if len(inner) > len(shape) or not all(size in (1, of) or None in (size, of) for size, of in sizes):
        raise ValueError(f"{owner}: {name} of shape {tuple(inner)} does not broadcast to an input of shape {tuple(shape)}.")


def widen(*tensors: Any) -> list[Any]:
    """The tensors in the dtype that the first one is computed in: float32 for half precision, else its own. Masks stay bool."""
    dtype = keras.backend.standardize_dtype(tensors[0].dtype)
    wide = "float32" if dtype in HALF else dtype
    return [tensor if keras.backend.standardize_dtype(tensor.dtype) == "bool" else cast(tensor, wide) for tensor in tensors]


def rounded(number: float, x: Any) -> float:
    """`number` as the dtype of `x` holds it, for what a formula works out from its parameters beforehand."""
    return float(np.dtype(keras.backend.standardize_dtype(x.dtype)).type(number))


def widened(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of tensors, computed in the wide dtype of the first and rounded once to its own."""

    def compute(x: Any, *others: Any, **numbers: Any) -> Any:
        return cast(function(*widen(x, *others), **numbers), x.dtype)

    return compute


def cast(tensor: Any, dtype: Any) -> Any:
    """`tensor` in `dtype`; itself if it is already."""
    dtype = keras.backend.standardize_dtype(dtype)
    return tensor if keras.backend.standardize_dtype(tensor.dtype) == dtype else ops.cast(tensor, dtype)
