"""Models in files: exported for other runtimes, and saved without a moment in which no whole file exists."""

import contextlib
import glob
import os
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any

import keras

from keras_acts._frameworks import door
from keras_acts._record.register import PACKAGE


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
        ValueError: For whatever Keras refuses, and if LiteRT is to put activations of this package into 8 bits.
    """
    check_model(model)
    if format == "litert" and arguments.get("representative_dataset") and PACKAGE in str(model.get_config()):
        raise ValueError(
            f"export: with a representative_dataset, LiteRT rounds every step of a formula to 8 bits, which the formulas of "
            f"{PACKAGE} do not bear. Leave it out, or build the model with Keras's own activations, such as "
            f"keras.activations.gelu."
        )
    if getattr(model, "inputs", None):  # some exporters of Keras want a model that has been called, if it was loaded too
        inputs = model.inputs[0] if is_sequential(model) else model.input
        model(keras.tree.map_structure(lambda x: keras.KerasTensor(x.shape, x.dtype), inputs))
    with door.for_export():
        return model.export(filepath, format=format, **arguments)


def save(model: keras.Model, filepath: Any, overwrite: bool = True, **arguments: Any) -> None:
    """``model.save``, but an older file of that name stays as it is unless the new one is complete.

    Keras empties the file first: what fails or is killed half way leaves neither the old model nor the new one. The new file
    has the permissions and, where the user may set them, the owner and the attributes of the older one. A further hard link to
    the older file keeps the older model. What a killed process leaves behind, a hidden folder, is removed by the next one that
    saves the same file.

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
    beginning = f".{path.name}-{socket.gethostname()}-"
    _clear_away(path.parent, beginning)
    with tempfile.TemporaryDirectory(prefix=f"{beginning}{os.getpid()}-", dir=path.parent) as folder:
        complete = Path(folder) / path.name
        model.save(complete, **arguments)
        if path.exists():
            _make_like(complete, path)
        with complete.open("rb") as file:
            os.fsync(file.fileno())
        complete.replace(path)


def _clear_away(folder: Path, beginning: str) -> None:
    """Remove what a killed process of this machine has left when it saved the same file."""
    for left in folder.glob(f"{glob.escape(beginning)}*"):
        process = left.name.removeprefix(beginning).partition("-")[0]
        if process.isdecimal() and not _runs(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _make_like(file: Path, older: Path) -> None:
    """Give a file the permissions, the owner and the attributes of the one that it replaces, as far as this user may."""
    there = older.stat()
    with contextlib.suppress(OSError):
        os.chown(file, there.st_uid, there.st_gid)
    with contextlib.suppress(OSError):
        times = file.stat()
        shutil.copystat(older, file)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def check_model(model: Any) -> None:
    """Raise unless it is a model."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"a model is needed, such as keras.Sequential; got {type(model).__name__}.")


def is_sequential(model: keras.Model) -> bool:
    return isinstance(model, keras.Sequential)
