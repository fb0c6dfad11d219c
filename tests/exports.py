"""Exports, run back in the runtime that they are for: ``KERAS_BACKEND=… python -m tests.exports`` makes a table of them."""

import argparse
import contextlib
import io
import logging
import os
import re
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

# torch first: TensorFlow loaded before it can crash the interpreter
with contextlib.suppress(ImportError):
    import torch

import keras
import numpy as np

import keras_acts
from keras_acts import models

DOCS = Path(__file__).parent.parent / "docs"
BACKEND = keras.backend.backend()
SHAPE = (4, 2, 6)  # of one input: images for softmax2d, pairs for gates, triples for maxout
WORKS = 1e-5  # the largest difference, relative to the value or to 1
OURS, KERAS = "keras_acts.models.export", "model.export"

Run = Callable[[np.ndarray], list[np.ndarray]]


# ---- formats: each exports a model to a folder, and gives back what the runtime makes of it


def saved_model(export: Callable, model: keras.Model, folder: Path) -> Run:
    import tensorflow as tf

    export(model, str(folder / "saved"), format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(str(folder / "saved"))  # its functions would die without it
    return lambda x: [y.numpy() for y in keras.tree.flatten(loaded.serve(tf.constant(x)))]


def onnx(export: Callable, model: keras.Model, folder: Path) -> Run:
    import onnxruntime

    path = str(folder / "model.onnx")
    export(model, path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {session.get_inputs()[0].name: x})


def litert(export: Callable, model: keras.Model, folder: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter  # which has LiteRT's own operations and no TensorFlow

    path = str(folder / "model.tflite")
    export(model, path, format="litert", verbose=False)
    interpreter = Interpreter(path)
    serve = interpreter.get_signature_runner()
    name = next(iter(serve.get_input_details()))

    def run(x: np.ndarray) -> list[np.ndarray]:
        results = serve(**{name: x})
        return [results[key] for key in sorted(results, key=place_of)]

    return run


def place_of(name: str) -> int:
    """The number in the name of an output, such as "output_3" or "Identity_3:0"; of the first there may be none."""
    return int("0" + "".join(filter(str.isdigit, name.partition(":")[0])))


def openvino(export: Callable, model: keras.Model, folder: Path) -> Run:
    import openvino as ov

    path = str(folder / "model.xml")
    export(model, path, format="openvino", verbose=False)
    # without the hint it computes in half precision where the processor has it
    compiled = ov.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    outputs = compiled.outputs
    if BACKEND == "tensorflow":
        places = [[place_of(name) for name in output.get_names() if name.startswith("Identity")] for output in outputs]
        missing = iter(sorted(set(range(len(outputs))) - {place for known in places for place in known}))
        order = [known[0] if known else next(missing) for known in places]  # what is an input has lost its name
        outputs = [outputs[order.index(place)] for place in range(len(outputs))]

    def run(x: np.ndarray) -> list[np.ndarray]:
        results = compiled.create_infer_request().infer([x])  # the memory of an earlier request can be that of its input
        return [np.array(results[output]) for output in outputs]

    return run


def torch_export(export: Callable, model: keras.Model, folder: Path) -> Run:
    path = str(folder / "model.pt2")
    batch = torch.export.Dim("batch", min=2, max=4096)
    export(model, path, format="torch", verbose=False, dynamic_shapes={0: batch})
    program = torch.export.load(path).module()
    return lambda x: [y.detach().numpy() for y in keras.tree.flatten(program(torch.tensor(x)))]


def jax_export(export: Callable, model: keras.Model, folder: Path) -> Run:
    """Keras has no such format: the function of the model as JAX's users export it, which needs nothing of `export`."""
    import jax
    import jax.export

    variables = [v.value for v in model.trainable_variables], [v.value for v in model.non_trainable_variables]
    shape = jax.ShapeDtypeStruct(jax.export.symbolic_shape(f"batch, {', '.join(map(str, SHAPE))}"), "float32")
    exported = jax.export.export(jax.jit(lambda x: model.stateless_call(*variables, x)[0]))(shape)
    (folder / "model.jax").write_bytes(exported.serialize())
    call = jax.export.deserialize(bytearray((folder / "model.jax").read_bytes())).call
    return lambda x: [np.asarray(y) for y in keras.tree.flatten(call(x))]


FORMATS = {
    "tensorflow": {"SavedModel": saved_model, "ONNX": onnx, "LiteRT": litert, "OpenVINO": openvino},
    "jax": {"SavedModel": saved_model, "ONNX": onnx, "jax.export": jax_export},
    "torch": {"ONNX": onnx, "torch.export": torch_export, "OpenVINO": openvino},
}[BACKEND]


def export_by(way: str) -> Callable:
    return {OURS: models.export, KERAS: keras.Model.export}[way]


# ---- models


def model_of(name: str) -> keras.Model:
    """One activation, or a layer of one, by itself."""
    keras.utils.set_random_seed(0)
    x = keras.Input(SHAPE)
    if name in keras_acts.names():
        record = keras_acts.describe(name)
        return keras.Model(x, record.function(x, **record.example))
    return keras.Model(x, made(getattr(keras_acts.layers, name))(x))


def made(kind: type) -> keras.layers.Layer:
    arguments = {"Activation": {"activation": "snake"}, "GatedDense": {"units": 3}}
    return kind(**arguments.get(kind.__name__, {}))


def many(names: list[str]) -> keras.Model:
    """All of them, behind one input."""
    x = keras.Input(SHAPE)
    return keras.Model(x, [model_of(name)(x) for name in names])


def inputs(batch: int = 21) -> np.ndarray:
    """Moderate, small and huge numbers, mixed in some rows only."""
    random = np.random.default_rng(0)
    x = random.normal(0, 3, (batch, *SHAPE))
    x[batch // 3 :: 3] = random.permutation(np.linspace(-12, 12, x[batch // 3 :: 3].size)).reshape(x[batch // 3 :: 3].shape)
    x[-1] *= 10.0 ** random.integers(-6, 4, SHAPE)
    x[0, 0, 0] = [0.0, 1.0, -1.0, 88.0, -88.0, 1e-4]
    return x.astype("float32")


def difference(run: Run, model: keras.Model) -> float:
    """The largest of all outputs, relative to the value or to 1, for batches of two sizes; with weights, to the row."""
    worst = 0.0
    multiplies = any(weight.name == "kernel" for weight in model.weights)
    for x in (inputs(), inputs(5)):
        expected = [np.asarray(keras.ops.convert_to_numpy(y)) for y in keras.tree.flatten(model(x, training=False))]
        got = run(x)
        if [y.shape for y in got] != [y.shape for y in expected]:
            raise ValueError(f"shapes {[y.shape for y in got]} instead of {[y.shape for y in expected]}")
        for one, other in zip(expected, got, strict=True):
            size = np.maximum(np.abs(one), 1.0)
            size = size.max(axis=-1, keepdims=True) if multiplies else size
            with np.errstate(invalid="ignore"):
                error = np.abs(one - other) / size
            worst = max(worst, float(np.where(one == other, 0.0, np.nan_to_num(error, nan=np.inf)).max()))
    return worst


def tried(form: str, way: str, model: keras.Model) -> tuple[float, str]:
    """How far the export is off, or why there is none."""
    try:
        with tempfile.TemporaryDirectory() as folder, silence():
            model(inputs())  # for ONNX, Keras insists on it
            return difference(FORMATS[form](export_by(way), model, Path(folder)), model), ""
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return float("inf"), f"{type(error).__name__}: {lines[0] if lines else ''}"[:160]


@contextlib.contextmanager
def silence():
    """What exporters print, from Python or not."""
    sys.stdout.flush()
    saved = [os.dup(descriptor) for descriptor in (1, 2)]
    nowhere = os.open(os.devnull, os.O_WRONLY)
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        for descriptor in (1, 2):
            os.dup2(nowhere, descriptor)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
        for descriptor, copy in zip((1, 2), saved, strict=True):
            os.dup2(copy, descriptor)
            os.close(copy)
        os.close(nowhere)


# ---- the table


def table(names: list[str], forms: list[str]) -> str:
    from rich.console import Console
    from rich.progress import track

    rows: list[list[str]] = []
    reasons: dict[str, list[str]] = {}

    def because(form: str, way: str, why: str) -> None:
        why = f"{form} by `{way}`: {why or f'differs by more than {WORKS:.0e}'}"
        reasons.setdefault(general(why), []).append(f"`{name}`")

    for name in track(names, console=Console(stderr=True), description=f"{BACKEND} …"):
        cells = []
        for form in forms:
            model = model_of(name)
            off, why = tried(form, OURS, model)
            cell = f"{off:.0e}" if off <= WORKS else "no"
            if off > WORKS:
                because(form, OURS, why)
            elif form != "jax.export":
                plain, why = tried(form, KERAS, model_of(name))
                if plain > WORKS:
                    cell += " *"
                    because(form, KERAS, why)
            cells.append(cell)
        rows.append([f"`{name}`", *cells])
    head = [_row("activation", *forms), "| --- " * (1 + len(forms)) + "|"]
    because_of = [f"- {why} ({', '.join(names)})" for why, names in reasons.items()]
    return "\n".join([*head, *(_row(*row) for row in rows), "", *because_of])


def general(reason: str) -> str:
    """A reason without what differs from one activation to the next."""
    reason = re.sub(r"shapes .*|\d is not in list", "it has more outputs than the model", reason)
    reason = re.sub(r"/\S+", "…", reason)
    reason = re.sub(r"[\w/]*functional\w*.*", "…", reason)
    return reason.replace("|", "\\|")


def page(content: str) -> str:
    return f"""# Exports from {BACKEND}

Made by `KERAS_BACKEND={BACKEND} python -m tests.exports --save`: each activation and layer by itself in a model, exported by
`keras_acts.models.export`, run in the runtime that the format is for and compared with the model here, for batches of two
sizes. A figure is the largest difference, relative to the value or to 1. * means that Keras's own `model.export` fails, for the
reason below the table.

{versions()}

{content}
"""


def versions() -> str:
    import importlib.metadata

    packages = ("keras", {"tensorflow": "tensorflow_cpu"}.get(BACKEND, BACKEND), "tf2onnx", "jax2onnx", "onnx", "onnxruntime")
    found = []
    for package in (*packages, "ai-edge-litert", "openvino"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found.append(f"{package} {importlib.metadata.version(package)}")
    return ", ".join(found) + "."


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def all_names() -> list[str]:
    return [*keras_acts.names(), *(name for name in keras_acts.layers.__all__ if name[0].isupper())]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.exports", description=__doc__)
    parser.add_argument("--names", nargs="*", default=all_names(), help="activations or layers; all by default")
    parser.add_argument("--formats", nargs="*", default=list(FORMATS), choices=list(FORMATS))
    parser.add_argument("--save", action="store_true", help="write docs/exports-BACKEND.md")
    chosen = parser.parse_args()
    content = table(chosen.names, chosen.formats)
    if chosen.save:
        (DOCS / f"exports-{BACKEND}.md").write_text(page(content), encoding="utf-8")
    print(content)
    return 0


if __name__ == "__main__":
    sys.exit(main())
