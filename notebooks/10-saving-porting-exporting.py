# %% [markdown]
# # Where can a model with these activations go?
#
# Anywhere. Its `.keras` file loads under every backend, with the same predictions to a few roundings, once the program has
# imported keras_acts. Where that package is missing the file does not load, but a portable copy of the model does. SavedModel,
# ONNX, LiteRT, OpenVINO and `torch.export` files need neither.

# %% tags=["parameters"] small={"epochs": 1, "readers": ["numpy"], "exporters": []}
epochs = 15
readers = ["tensorflow", "jax", "torch", "numpy", "openvino"]  # backends that open the files, beside this one
exporters = ["tensorflow", "jax", "torch"]  # backends that export the model, beside this one

# %% [markdown]
# ## A model with something of everything
#
# A name that Keras lacks (`"snake"`), an activation with a parameter (`elu` with alpha 0.5), a learned one (`SwishBeta`) and
# `"asinh"`, which Keras lacks too and for which some formats have no operation. It learns the 8 x 8 digits of scikit-learn.

# %%
import keras
import numpy as np
from sklearn.datasets import load_digits

import keras_acts

keras.utils.set_random_seed(0)
images, digits = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(images))
images, digits = (images[order] / 16).astype("float32"), digits[order]
x_train, y_train, x_test, y_test = images[:1280], digits[:1280], images[1280:], digits[1280:]  # ten batches of 128

model = keras.Sequential(
    [
        keras.Input((64,)),
        keras.layers.Dense(64, activation="snake", name="wave"),
        keras.layers.Dense(64, activation=keras_acts.get("elu", alpha=0.5), name="bend"),
        keras.layers.Dense(64, name="plain"),
        keras_acts.layers.SwishBeta(name="learned"),
        keras.layers.Dense(32, activation="asinh", name="squash"),
        keras.layers.Dense(10, activation="softmax", name="classes"),
    ],
    name="digits",
)
model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")

# %%
model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0)
expected = model.predict(x_test, batch_size=517, verbose=0)
accuracy = np.mean(expected.argmax(axis=1) == y_test)
beta = float(keras.ops.convert_to_numpy(model.get_layer("learned").beta).squeeze())
print(f"{keras.backend.backend()}: test accuracy {accuracy:.2f}; SwishBeta's beta went from 1 to {beta:.2f}")

# %% [markdown]
# ## Save by name, load with `import keras_acts`
#
# Nothing is passed to `load_model`: no `custom_objects`, because importing the package has registered its names.

# %%
import tempfile
from pathlib import Path

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
model.save(folder / "digits.keras")
loaded = keras.models.load_model(folder / "digits.keras")

np.testing.assert_array_equal(loaded.predict(x_test, batch_size=517, verbose=0), expected)
assert loaded.get_layer("wave").activation is keras_acts.activations.snake
print(loaded.get_layer("bend").activation)

# %% [markdown]
# A `.keras` file is a zip archive with the configuration as JSON in it. It holds names and numbers, no code.

# %%
import json
import zipfile

with zipfile.ZipFile(folder / "digits.keras") as archive:
    config = json.loads(archive.read("config.json"))
for layer in config["config"]["layers"]:
    activation = layer["config"].get("activation")
    if isinstance(activation, dict):
        print(layer["config"]["name"], "activation =", activation["config"])
    elif layer["registered_name"]:
        print(layer["config"]["name"], "is a", layer["registered_name"])

# %% [markdown]
# The configuration and the weights can travel apart, too.

# %%
(folder / "digits.json").write_text(model.to_json())
model.save_weights(folder / "digits.weights.h5")

rebuilt = keras.models.model_from_json((folder / "digits.json").read_text())
rebuilt.load_weights(folder / "digits.weights.h5")
np.testing.assert_array_equal(rebuilt.predict(x_test, batch_size=517, verbose=0), expected)

# %% [markdown]
# ## A save that fails half way
#
# `model.save` empties an older file before it writes. `keras_acts.models.save` puts the new file in its place once it is
# complete. The layer below stands for a full disk: it raises an error while its weights are written.


# %%
class FullDisk(keras.layers.Layer):
    """A layer that can't be saved."""

    def save_own_variables(self, store):
        """Fail."""
        raise OSError("no space left on device")


broken = keras.Sequential([keras.Input((64,)), FullDisk()])
for name, save in (("keras_acts.models.save", keras_acts.models.save), ("model.save", keras.Model.save)):
    path = folder / "kept.keras"
    model.save(path)
    before = path.read_bytes()
    try:
        save(broken, path)
    except OSError as error:
        after = "as it was" if path.read_bytes() == before else "lost"
        print(f"{name}: {error}; the older file is {after}")
    assert name == "model.save" or path.read_bytes() == before

# %% [markdown]
# ## A copy that needs Keras alone
#
# `portability` says layer by layer what loading needs, and what `make_portable` would put in its place: Keras's own activation
# where that computes the same, else the operations of the formula. A learned parameter stays a weight.

# %%
print(keras_acts.models.portability(model))

# %%
portable = keras_acts.models.make_portable(model)
portable.save(folder / "portable.keras")

off = float(np.abs(portable.predict(x_test, batch_size=517, verbose=0) - expected).max())
print(f"largest difference in a probability: {off:.0e}; parameters: {model.count_params()} and {portable.count_params()}")
assert off < 1e-5
assert "keras_acts" not in portable.to_json()

# %% [markdown]
# The copy can be trained further, but with the gradients that the backend finds for those operations, which are not those of
# keras_acts. What can't be written out is refused, by the name of the layer: here a recurrent one that learns its activation
# inside its own loop. (With `activation="snake"` it could: a small model of operations takes its place.)

# %%
recurrent = keras.Sequential(
    [keras.Input((8, 3)), keras.layers.SimpleRNN(4, activation=keras_acts.layers.Snake(), name="memory")]
)
try:
    keras_acts.models.make_portable(recurrent)
except ValueError as error:
    print(error)

# %% [markdown]
# ## Both files elsewhere: another backend, with and without keras_acts
#
# `elsewhere` sends functions of this notebook to a fresh Python process under another backend, and gives back what the last of
# them returns there. `open_files` opens both files as a program does that knows Keras alone, then imports keras_acts and opens
# the first one again.

# %%
import inspect
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def elsewhere(backend, functions, *arguments):
    """What the last of the functions returns in a fresh process under a backend."""
    call = f"import json; print(json.dumps({functions[-1].__name__}(*{[str(each) for each in arguments]!r})))"
    code = "\n".join([*map(inspect.getsource, functions), call])
    environment = {**os.environ, "KERAS_BACKEND": backend}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


# %%
def difference(path, data):
    """How far the predictions of a saved model are from those expected."""
    import keras
    import numpy as np

    with np.load(data) as arrays:
        predictions = keras.models.load_model(path)(arrays["x"])
        return float(np.abs(keras.ops.convert_to_numpy(predictions) - arrays["expected"]).max())


def open_files(digits, portable, data):
    """What comes of each file with Keras alone, and of the first with keras_acts."""
    try:
        complaint = f"none: off by {difference(digits, data)}"
    except TypeError as error:
        complaint = str(error).split("Exception encountered: ")[-1].partition(". ")[0]
    copy = difference(portable, data)
    import keras_acts  # registers the names  # noqa: F401

    return {"digits.keras": complaint, "portable.keras": copy, "digits.keras, keras_acts imported": difference(digits, data)}


# %%
import importlib.util

import pandas as pd


def on_each(backends, functions, *arguments):
    """By backend, if it is installed, what the last of the functions returns there; two processes at a time."""
    installed = [name for name in backends if importlib.util.find_spec(name)]
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(installed, pool.map(lambda name: elsewhere(name, functions, *arguments), installed), strict=True))


np.savez(folder / "data.npz", x=x_test, expected=expected)
backend = keras.backend.backend()
files = (folder / "digits.keras", folder / "portable.keras", folder / "data.npz")
opened = pd.DataFrame(on_each([name for name in readers if name != backend], [difference, open_files], *files)).T
assert opened["digits.keras"].str.contains("keras_acts>snake").all()
assert (opened.drop(columns="digits.keras") < 1e-5).all(axis=None)
print("\n".join(opened["digits.keras"].unique()))
opened.drop(columns="digits.keras").map("{:.0e}".format)

# %% [markdown]
# The sentence is the end of the error that each process raises for `digits.keras` before it imports keras_acts. The table has
# the largest difference of any probability from those predicted here.
#
# ## Exports
#
# `keras_acts.models.export` takes the formats of Keras's `model.export`, which depend on the backend. Each file is run here by
# the runtime that it is for: TensorFlow, ONNX Runtime, LiteRT, OpenVINO or PyTorch, without Keras.


# %%
def run_tf_saved_model(path, x):
    """The output of a SavedModel, run by TensorFlow."""
    import tensorflow

    loaded = tensorflow.saved_model.load(path)
    return loaded.serve(tensorflow.constant(x)).numpy()


def run_onnx(path, x):
    """The output of an ONNX file, run by ONNX Runtime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def run_litert(path, x):
    """The output of a LiteRT file, run by its interpreter."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(path).get_signature_runner()
    (name,) = runner.get_input_details()
    return next(iter(runner(**{name: x}).values()))


# %%
def run_openvino(path, x):
    """The output of an OpenVINO file, run by OpenVINO."""
    import openvino

    hint = {"INFERENCE_PRECISION_HINT": "f32"}  # else it computes in half precision where the processor has it
    return openvino.Core().compile_model(path, "CPU", hint)([x])[0]


def run_torch(path, x):
    """The output of a torch.export file, run by PyTorch."""
    import torch

    return torch.export.load(path).module()(torch.tensor(x)).detach().numpy()


# %%
def formats(backend):
    """What is exported under a backend: Keras's name of the format, the file, who runs it, further arguments."""
    onnx, openvino = ("onnx", "digits.onnx", run_onnx, {}), ("openvino", "digits.xml", run_openvino, {})
    saved_model = ("tf_saved_model", "digits", run_tf_saved_model, {})
    if backend == "tensorflow":
        return [saved_model, onnx, ("litert", "digits.tflite", run_litert, {}), openvino]
    if backend == "jax":
        return [saved_model]  # ONNX takes the package jax2onnx there
    import torch

    any_batch = {"dynamic_shapes": {0: torch.export.Dim.AUTO}}
    return [onnx, ("torch", "digits.pt2", run_torch, any_batch), openvino]


def export_and_run(source, data, folder):
    """For each format and each of two exporters: how far the file that it made is off in its runtime, or the error."""
    import logging
    import warnings
    from pathlib import Path

    import keras
    import numpy as np

    import keras_acts

    logging.disable(logging.CRITICAL)  # exporters tell what they do
    warnings.simplefilter("ignore")
    with np.load(data) as arrays:
        x, expected = arrays["x"], arrays["expected"]
    rows = []
    for form, name, run, arguments in formats(keras.backend.backend()):
        row = {"backend": keras.backend.backend(), "format": form}
        for exporter, export in (("keras_acts.models.export", keras_acts.models.export), ("model.export", keras.Model.export)):
            path = Path(folder) / f"{exporter} {keras.backend.backend()}" / name
            path.parent.mkdir(exist_ok=True)
            model = keras.models.load_model(source)
            model(x)  # some exporters of Keras want a model that has been called
            try:
                export(model, str(path), format=form, verbose=False, **arguments)
                row[exporter] = f"{np.abs(run(str(path), x) - expected).max():.0e}"
            except Exception as error:
                row[exporter] = type(error).__name__
        rows.append(row)
    return rows


# %%
runtimes = [run_tf_saved_model, run_onnx, run_litert, run_openvino, run_torch]
given = (folder / "digits.keras", folder / "data.npz", folder)
rows = export_and_run(*given)
for more in on_each([name for name in exporters if name != backend], [*runtimes, formats, export_and_run], *given).values():
    rows += more
table = pd.DataFrame(rows).set_index(["backend", "format"])
assert (pd.to_numeric(table["keras_acts.models.export"]) < 1e-5).all()
table

# %% [markdown]
# A number is the largest difference of any probability from those predicted here. Where the last column has an error, Keras's
# `model.export` has handed on an operation that the format lacks: that of `asinh`, or expm1, with which `elu` is computed.
# `keras_acts.models.export` writes these in operations that all of the formats have.

# %%
temporary.cleanup()

# %% [markdown]
# ## What was seen
#
# - `.keras`, and JSON with `.weights.h5`, gave the model back with exactly the same predictions under the same backend.
# - Each backend that was tried opened the file, with every probability within 1e-5 of those here.
# - Without `import keras_acts` the file raises an error that names `keras_acts>snake`. The portable copy loads with Keras
#   alone, and is as close.
# - Each exported file computed the same within 1e-5 in its runtime, also where `model.export` fails.
# - After a save that failed half way, `keras_acts.models.save` had kept the older file; `model.save` had not.
#
# Every activation in every format: from [TensorFlow](../docs/exports-tensorflow.md), [JAX](../docs/exports-jax.md) and
# [PyTorch](../docs/exports-torch.md). All activations: [the catalogue](../docs/catalogue.md). What else there is:
# [01-tour](01-tour.ipynb).
