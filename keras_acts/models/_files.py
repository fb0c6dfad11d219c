"""Models in files: exported for other runtimes, and saved without a moment in which no whole file exists."""

import os
import tempfile
from pathlib import Path
from typing import Any

import keras

from keras_acts._frameworks import door


def export(model: keras.Model, filepath: Any, format: str = "tf_saved_model", **arguments: Any) -> Any:
    """``model.export``, with activations of this package written in operations that every format knows.

    ONNX and LiteRT lack operations that some formulas are best computed with: expm1, log1p, erf, arctan, arcsinh. Here each
    becomes a few others that compute the same to a few roundings. On torch plain `model.export` does as well. What is exported
    has the backend's gradients, if any.

    Args:
        model: A built model, of any kind.
        filepath: Where to write.
        format: As in `keras.Model.export`: "tf_saved_model", "onnx", "litert", "openvino" or "torch".
        **arguments: Further ones of `keras.Model.export`.

    Returns:
        What `keras.Model.export` returns.

    Raises:
        TypeError: If `model` is no model.
        ValueError: For whatever Keras refuses.
    """
    check_model(model)
    if getattr(model, "inputs", None):  # some exporters of Keras want a model that has been called, if it was loaded too
        inputs = model.inputs[0] if is_sequential(model) else model.input
        model(keras.tree.map_structure(lambda x: keras.KerasTensor(x.shape, x.dtype), inputs))
    with door.for_export():
        return model.export(filepath, format=format, **arguments)


def save(model: keras.Model, filepath: Any, overwrite: bool = True, **arguments: Any) -> None:
    """``model.save``, but an older file of that name stays as it is unless the new one is complete.

    Keras empties the file first: what fails or is killed half way leaves neither the old model nor the new one.

    Args:
        model: A model.
        filepath: A local file that ends with ``.keras``.
        overwrite: Whether an older file may be replaced.
        **arguments: Further ones of `keras.Model.save`.

    Raises:
        TypeError: If `model` is no model.
        ValueError: If the name does not end with ``.keras``, and for whatever Keras refuses.
        OSError: If the folder does not exist or can't be written to, or the file exists and must not be replaced.
    """
    check_model(model)
    path = Path(filepath).resolve()  # what a link stands for
    if path.suffix != ".keras":
        raise ValueError(f"filepath must end with .keras; got {str(filepath)!r}.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{str(filepath)!r} exists. Give overwrite=True to replace it.")
    with tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as folder:
        complete = Path(folder) / path.name
        model.save(complete, **arguments)
        with complete.open("rb") as file:
            os.fsync(file.fileno())
        complete.replace(path)


def check_model(model: Any) -> None:
    """Raise unless it is a model."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"a model is needed, such as keras.Sequential; got {type(model).__name__}.")


def is_sequential(model: keras.Model) -> bool:
    return isinstance(model, keras.Sequential)
