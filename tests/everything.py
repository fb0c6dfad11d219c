"""A model with all that a file can hold, and the golden files: what a release saves, which every later version must load.

    KERAS_BACKEND=jax python -m tests.everything golden            writes golden/v<version>-jax.zip
    KERAS_BACKEND=jax python -m tests.everything golden --older    the same by an older Keras, whose version the name tells
    KERAS_BACKEND=jax python -m tests.everything write FOLDER      writes the files into a folder instead
    KERAS_BACKEND=jax python -m tests.everything check FORM FOLDER loads one and prints the differences as JSON

The files of a release are written once and never again. The same code gives the same bytes, so a second run shows whether a
change reaches what is saved. Names and aliases of a release stand in released/; the model has one activation of each kind.
"""

# torch first: TensorFlow loaded before it can crash the interpreter
import contextlib

with contextlib.suppress(ImportError):
    import torch  # noqa: F401

import argparse
import inspect
import json
import re
import tempfile
import zipfile
from pathlib import Path

import keras
import numpy as np

import keras_acts
from keras_acts.conformance import backends
from tests import kinds

GOLDEN = Path(__file__).parent / "golden"
INPUT_SHAPE = (4, 6)
EXAMPLES = (0.75, 1.5, 0.25, 2.5, 10.0, -0.75)
STARTED = (1980, 1, 1, 0, 0, 0)  # the first date that a zip file can hold


def settings(record):
    """A valid value for each parameter of an activation, none of them its default; those without one as in its example."""
    chosen = dict(record.example)
    for place, parameter in enumerate(record.parameters):
        if parameter.name in chosen:
            continue
        for value in (1, -2, True, False, "first", "strided", *EXAMPLES[place:], *EXAMPLES[:place]):
            with contextlib.suppress(ValueError, TypeError):
                checked = dict(record.check({**chosen, parameter.name: value}).fixed)[parameter.name]
                if checked != parameter.default:
                    chosen[parameter.name] = value
                    break
    return chosen


def model_of(names=kinds.REPRESENTATIVES):
    """One model whose outputs are these activations in every form that can be saved, and every layer."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    x = keras.Input(INPUT_SHAPE, name="x")
    mixed = keras.layers.Dense(INPUT_SHAPE[-1], name="mixed")(x)
    outputs = []

    def add(layer):
        outputs.append(layer(mixed))

    for record in map(keras_acts.describe, names):
        given, name = settings(record), record.name
        if record.callable_by_name:
            add(keras.layers.Activation(f"keras_acts>{name}", name=f"{name}_by_name"))
            outputs.append(record.function(mixed))
        if given:
            add(keras.layers.Activation(keras_acts.get(name, **given), name=f"{name}_with_parameters"))
            outputs.append(record.function(mixed, **given))
        add(keras_acts.layers.Activation(name, **given, name=f"{name}_layer"))
    for name in keras_acts.layers.__all__:
        layer = getattr(keras_acts.layers, name)
        arguments = inspect.signature(layer).parameters
        if name != "Activation":
            add(layer(**({"units": 3} if "units" in arguments else {}), name=f"{name}_default"))
        if "num_parameters" in arguments:
            weight = next(argument for argument in arguments if argument.endswith("_initializer")).removesuffix("_initializer")
            given = {f"{weight}_regularizer": "l2", f"{weight}_constraint": "non_neg"}
            add(layer(shared_axes=[1], **given, name=f"{name}_shared"))
            inner = layer(num_parameters=INPUT_SHAPE[-1], name=f"{name}_inner")
            add(keras.layers.Dense(INPUT_SHAPE[-1], activation=inner, name=f"{name}_in_dense"))
    snake = keras_acts.get("snake", alpha=2.0)
    recurrent = {"activation": snake, "recurrent_activation": "keras_acts>sigmoid", "return_sequences": True}
    add(keras.layers.LSTM(3, **recurrent, name="recurrent"))
    nested = [keras.layers.Dense(3, activation="lisht", name="inner"), keras_acts.layers.Softmax(name="inner_softmax")]
    add(keras.Sequential(nested, name="nested"))
    model = keras.Model(x, outputs, name="everything")
    for place, variable in enumerate(model.weights):
        count = int(np.prod(variable.shape))
        values = np.sin(1.0 + place + 2.3 * np.arange(count)).reshape(variable.shape)
        variable.assign((np.abs(values) + 0.5 if "alpha" in variable.name else values).astype("float32"))
    return model


def inputs():
    """Fixed inputs of both signs, with zeros."""
    x = 4.0 * np.sin(1.7 * np.arange(2 * np.prod(INPUT_SHAPE), dtype="float64")).reshape(2, *INPUT_SHAPE)
    x[0, 0] = 0.0
    return x.astype("float32")


def predict(model, x):
    """The outputs of the model, in one program on JAX, where an eager call would compile each operation."""
    mode = "compiled" if backends.NAME == "jax" else "eager"
    outputs = backends.in_mode(lambda x: keras.tree.flatten(model(x, training=False)), mode)
    return [keras.ops.convert_to_numpy(y) for y in outputs(keras.tree.map_structure(keras.ops.convert_to_tensor, x))]


def write(folder, names=kinds.REPRESENTATIVES):
    """Save the model with everything in every format, with its inputs and outputs."""
    folder.mkdir(parents=True, exist_ok=True)
    model, x = model_of(names), inputs()
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    (folder / "model.json").write_text(model.to_json())
    model.save_weights(folder / "model.weights.h5")
    np.savez(folder / "expected.npz", x, *predict(model, x))


FORMS = ("model.keras", "model.h5", "model.json")


def load(folder, form):
    """The model saved in the folder, from one of the `FORMS`."""
    if form != "model.json":
        return keras.models.load_model(folder / form, compile=False)
    model = keras.models.model_from_json((folder / form).read_text())
    model.load_weights(folder / "model.weights.h5")
    return model


# How many times a rounding grows on its way through an output, beyond what it does in the others: the states of the recurrent
# layer reach 15 in four steps, and snake's slope with them. The golden files' own numbers are 4.7e-6 to 6.1e-6 off.
GROWTH = {"recurrent": 5.0}


def differences(folder, form):
    """For each output, the largest difference to what was saved, relative to its largest value and to `GROWTH`."""
    x, *expected = recorded(folder)
    model = load(folder, form)
    found = zip(model.output_names, predict(model, x), expected, strict=True)
    return [
        float(np.abs(got - wanted).max() / max(np.abs(wanted).max(), 1e-30)) / GROWTH.get(name, 1.0)
        for name, got, wanted in found
    ]


def recorded(folder):
    """The inputs, and the outputs of the model when it was saved; before 0.2 they were stacked."""
    with np.load(folder / "expected.npz") as saved:
        return [saved["x"], *saved["y"]] if "y" in saved else [saved[f"arr_{i}"] for i in range(len(saved.files))]


def pack(folder, target):
    """All files of the folder in one archive, without the time and the addresses of the run that made them."""
    inner = folder / "model.keras"
    with zipfile.ZipFile(inner) as archive:
        contents = {name: archive.read(name) for name in sorted(archive.namelist())}
    contents["metadata.json"] = re.sub(
        rb'"date_saved": ".*?"', b'"date_saved": "1980-01-01@00:00:00"', contents["metadata.json"]
    )
    contents["config.json"] = _numbered(contents["config.json"])
    _zip(inner, contents, zipfile.ZIP_STORED)
    for file in ("model.json", "model.h5"):
        (folder / file).write_bytes(_numbered((folder / file).read_bytes()))
    _zip(target, {path.name: path.read_bytes() for path in sorted(folder.iterdir())}, zipfile.ZIP_DEFLATED)


def _numbered(config):
    """Keras marks an object that is used twice by its address in memory: here by its place, in as many digits."""
    seen = {}

    def number(match):
        place = seen.setdefault(match[1], len(seen) + 1)
        return b'"shared_object_id": ' + str(place).zfill(len(match[1])).replace("0", "1", 1).encode()

    return re.sub(rb'"shared_object_id": (\d+)', number, config)


def _zip(path, contents, compression):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            archive.writestr(zipfile.ZipInfo(name, STARTED), content, compression)


def write_golden(older):
    """The golden file of this version on this backend."""
    name = f"v{keras_acts.__version__}-{keras.backend.backend()}" + (f"-keras{keras.__version__}" if older else "")
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        pack(Path(folder), GOLDEN / f"{name}.zip")


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.everything")
    commands = parser.add_subparsers(required=True)
    golden = commands.add_parser("golden")
    golden.add_argument("--older", action="store_true")
    golden.set_defaults(run=lambda given: write_golden(given.older))
    written = commands.add_parser("write")
    written.add_argument("folder", type=Path)
    written.set_defaults(run=lambda given: write(given.folder))
    check = commands.add_parser("check")
    check.add_argument("form", choices=FORMS)
    check.add_argument("folder", type=Path)
    check.set_defaults(run=lambda given: print(json.dumps(differences(given.folder, given.form))))
    given = parser.parse_args()
    given.run(given)


if __name__ == "__main__":
    main()
