"""The demo: small networks on handwritten digits, one for each of several activations, every one named by a string.

It trains, compares, draws, saves, and reloads each model in a fresh process. Needs matplotlib and scikit-learn:
``pip install "keras-acts[demo]"``.
"""

import importlib.util
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

import keras_acts
from keras_acts.plotting import _drawing as plotting

NAMES = (
    *("linear", "sigmoid", "tanh", "softsign", "relu", "leaky_relu", "squared_relu"),
    *("elu", "selu", "softplus", "snake", "lisht"),
)
LEARNED = ("PReLU", "Snake")
HIDDEN_LAYERS, UNITS, CLASSES = 3, 64, 10
TRAINING, BATCH = 1280, 128  # whole batches: a ragged one would be compiled a second time
LEARNING_RATE = 2e-3
TOLERANCE = 1e-6  # of a probability, between the process that saved a model and the one that loads it


@dataclass(frozen=True)
class Case:
    """One activation of the comparison: a string for Keras, or the name of a learned layer of this package."""

    activation: str
    learned: bool = False

    @classmethod
    def of(cls, name: str) -> "Case":
        """The case of a catalogue name (written so that Keras takes ours) or of a learned layer."""
        if name in LEARNED:
            return cls(name, learned=True)
        ours = hasattr(keras.activations, name)
        return cls(f"keras_acts>{name}" if ours else name)

    @property
    def title(self) -> str:
        """The name in pictures."""
        return self.label.removeprefix("keras_acts>")

    @property
    def label(self) -> str:
        """The string that Keras is given, or the learned layer."""
        return f"{self.activation} (learned)" if self.learned else self.activation

    @property
    def file(self) -> str:
        """The file of the model. Some file systems don't tell Snake from snake."""
        return f"{self.activation.lower()}_learned.keras" if self.learned else f"{self.title}.keras"

    @property
    def initializer(self) -> str:
        """The kernel initialiser that fits: what keeps the variance of the signal from layer to layer."""
        name = getattr(keras_acts.layers, self.activation).function.__name__ if self.learned else self.title
        if name == "selu":
            return "lecun_normal"
        if name == "squared_relu":
            # He's factor 2 makes up for the half that ReLU loses; squaring loses nothing (E max(0, z)⁴ = 3/2), it explodes
            return "glorot_uniform"
        # softplus and ELU pass positive inputs on as ReLU does
        return "he_normal" if keras_acts.describe(name).family in {"rectified", "exponential"} else "glorot_uniform"

    def make(self) -> Any:
        """What goes into ``activation=`` of one layer. A learned layer serves one layer only."""
        if not self.learned:
            return self.activation
        per_unit = {"num_parameters": UNITS} if self.activation == "PReLU" else {}
        return getattr(keras_acts.layers, self.activation)(**per_unit)


@dataclass
class Result:
    """What came out for one case: an entry of results.json."""

    title: str
    label: str
    activation: str
    initializer: str
    file: str
    parameters: int
    seconds: float = 0.0
    mean: float = 0.0
    spread: float = 0.0
    accuracy: list[float] = field(default_factory=list)  # after the last epoch, for each seed
    curves: list[list[float]] = field(default_factory=list)  # after each epoch, for each seed
    difference: float | None = None  # of the predictions after reloading


def require_extras() -> None:
    """Raise ImportError if something is missing that only the demo needs."""
    missing = [name for name, module in (("matplotlib", "matplotlib"), ("scikit-learn", "sklearn")) if not _found(module)]
    if missing:
        raise ImportError(f'the demo needs {" and ".join(missing)}: pip install "keras-acts[demo]"')


def run(*, seeds: int, epochs: int, output: Path, console: Console, names: Sequence[str] = (*NAMES, *LEARNED)) -> bool:
    """Train, compare, draw, save and reload; returns whether every model predicted the same after reloading."""
    require_extras()
    _calm()
    output.mkdir(parents=True, exist_ok=True)
    digits = load_digits()
    cases = [Case.of(name) for name in names]
    console.print(
        f"{len(digits['x_train'])} handwritten digits to learn from, {len(digits['x_test'])} to test; "
        f"{HIDDEN_LAYERS} hidden layers of {UNITS} units, Adam, {epochs} epochs, {_count(seeds, 'seed')}; "
        f"Keras {keras.__version__} on {keras.backend.backend()}."
    )
    predictions: dict[str, Any] = {}
    with _progress(console) as progress:
        task = progress.add_task("", total=len(cases) * seeds * epochs)
        results = []
        for case in cases:
            progress.update(task, description=case.title)
            result, predictions[case.file] = compare(
                case, digits, seeds=seeds, epochs=epochs, output=output, advance=lambda: progress.advance(task)
            )
            results.append(result)
            if not console.is_terminal:
                console.print(f"{case.title}: {result.mean:.2%} in {result.seconds:.1f} s")
        progress.update(task, description="done")
    np.savez(output / "predictions.npz", x=digits["x_test"], **predictions)
    loaded = reload(output)
    for result in results:
        _confirm(result, loaded[result.file])
    results.sort(key=lambda result: (-result.mean, result.title))
    _write(results, output, epochs=epochs, seeds=seeds, digits=digits)
    draw(results).savefig(output / "training.png", dpi=150)
    functions = [name for name in names if name not in LEARNED] or ["linear"]
    plotting.plot(functions).savefig(output / "functions.png", dpi=150)
    console.print(table(results))
    return _report(results, output, console)


def load_digits() -> dict[str, Any]:
    """The digits of scikit-learn, 8 by 8 pixels, standardised with the training part: always the same split."""
    from sklearn import datasets, model_selection, preprocessing

    x, y = datasets.load_digits(return_X_y=True)
    parts = model_selection.train_test_split(x, y, train_size=TRAINING, stratify=y, random_state=0)
    scaler = preprocessing.StandardScaler().fit(parts[0])
    return {
        "x_train": scaler.transform(parts[0]).astype("float32"),
        "x_test": scaler.transform(parts[1]).astype("float32"),
        "y_train": parts[2].astype("int32"),
        "y_test": parts[3].astype("int32"),
    }


def build(case: Case) -> Any:
    """The network of a case."""
    hidden = [
        keras.layers.Dense(UNITS, activation=case.make(), kernel_initializer=case.initializer) for _ in range(HIDDEN_LAYERS)
    ]
    output = keras.layers.Dense(CLASSES, activation="keras_acts>softmax")
    return keras.Sequential([keras.Input((64,)), *hidden, output])


def compare(
    case: Case, digits: dict[str, Any], *, seeds: int, epochs: int, output: Path, advance: Callable[[], object]
) -> tuple[Result, Any]:
    """Train one case from every seed; saves the model of the first seed and returns the result and its predictions.

    The model is compiled once: for another seed it takes over fresh weights and a fresh optimizer.
    """
    started = time.perf_counter()
    tick = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: advance())
    curves = []
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        fresh = build(case)
        if seed == 0:
            model = fresh
            model.compile(
                keras.optimizers.Adam(LEARNING_RATE),
                "sparse_categorical_crossentropy",
                metrics=["accuracy"],
                # a whole epoch in one call, twice as fast on TensorFlow; Keras has that for compiled training only
                steps_per_execution=1 if keras.backend.backend() == "torch" else TRAINING // BATCH,
            )
            model.optimizer.build(model.trainable_variables)
            untouched = [keras.ops.convert_to_numpy(variable).copy() for variable in model.optimizer.variables]
        else:
            model.set_weights(fresh.get_weights())
            for variable, value in zip(model.optimizer.variables, untouched, strict=True):
                variable.assign(value)
        history = model.fit(
            digits["x_train"],
            digits["y_train"],
            batch_size=BATCH,
            epochs=epochs,
            validation_data=(digits["x_test"], digits["y_test"]),
            validation_batch_size=len(digits["x_test"]),
            callbacks=[tick],
            verbose=0,
        )
        curves.append([float(accuracy) for accuracy in history.history["val_accuracy"]])
        if seed == 0:
            model.save(output / case.file)
            predictions = predict(model, digits["x_test"])
    last = [curve[-1] for curve in curves]
    result = Result(
        title=case.title,
        label=case.label,
        activation=case.activation,
        initializer=case.initializer,
        file=case.file,
        parameters=model.count_params(),
        seconds=time.perf_counter() - started,
        mean=float(np.mean(last)),
        spread=float(np.std(last)),
        accuracy=last,
        curves=curves,
    )
    return result, predictions


def predict(model: Any, x: Any) -> Any:
    """The probabilities, in one batch."""
    return model.predict(x, batch_size=len(x), verbose=0)


def reload(output: Path) -> dict[str, Any]:
    """What a fresh process finds in the saved models, by file: the activations by name, and how far predictions are off."""
    root = str(Path(keras_acts.__file__).parent.parent)
    environment = {
        **os.environ,
        "KERAS_BACKEND": keras.backend.backend(),
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
    }
    code = f"from keras_acts import _demo; _demo.load_all({str(output)!r})"
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the fresh process that reloads the models failed:\n{done.stderr.strip()}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def load_all(output: str) -> None:
    """Print as JSON what `reload` returns. Runs in the fresh process."""
    _calm()
    saved = np.load(Path(output) / "predictions.npz")
    found = {}
    for file in saved.files:
        if file != "x":
            model = keras.saving.load_model(Path(output) / file)
            difference = float(np.max(np.abs(predict(model, saved["x"]) - saved[file])))
            found[file] = {"activations": [_identity(layer.activation) for layer in model.layers], "difference": difference}
    print(json.dumps(found))


def draw(results: Sequence[Result]) -> Any:
    """The training curves: one panel for each activation, the others in grey behind it, the best first."""
    columns = min(5, len(results))
    rows = -(-len(results) // columns)
    height = 2.15 * rows + 0.75
    figure = plotting.figure_class()(figsize=(2.6 * columns + 0.3, height), facecolor="white")
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - 0.4 / height))
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flatten()
    everything = [np.array(result.curves) for result in results]
    epochs = np.arange(1, everything[0].shape[1] + 1)
    for panel, result, curves in zip(panels, results, everything, strict=False):
        for other in everything:
            panel.plot(epochs, other.mean(0), color="#d0d7de", linewidth=0.8, zorder=1)
        panel.fill_between(epochs, curves.min(0), curves.max(0), color=plotting.VALUE, alpha=0.22, linewidth=0, zorder=2)
        panel.plot(epochs, curves.mean(0), color=plotting.VALUE, linewidth=2, zorder=3)
        panel.set_title(result.title, loc="left", fontsize=10, fontweight="bold", color=plotting.INK)
        panel.set_title(f"{result.mean:.1%}", loc="right", fontsize=9, color=plotting.QUIET)
        plotting.quiet(panel)
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    panels[0].set_ylim(_floor(everything), 1.0)
    for panel in panels[len(results) :]:
        panel.remove()
    for panel in panels[max(0, len(results) - columns) : len(results)]:
        panel.tick_params(labelbottom=True)
    seeds = len(everything[0])
    figure.suptitle(
        f"Test accuracy over {_count(len(epochs), 'epoch')}: mean of {_count(seeds, 'seed')}"
        + (" with lowest and highest" if seeds > 1 else ""),
        x=0.01,
        y=1 - 0.1 / height,
        ha="left",
        fontsize=11,
        color=plotting.INK,
    )
    return figure


def _floor(everything: Sequence[Any]) -> float:
    """Where the accuracy axis begins: low enough for every result, but not for every first epoch."""
    lowest = min(float(curves.mean(0)[len(curves[0]) // 3 :].min()) for curves in everything)
    return max(0.0, min(0.8, math.floor(lowest * 10) / 10))


def table(results: Sequence[Result]) -> Table:
    """The results as a table for the terminal."""
    made = Table(header_style="bold", box=None, padding=(0, 2, 0, 0))
    made.add_column("activation", no_wrap=True)
    made.add_column("initialiser")
    made.add_column("test accuracy", justify="right", no_wrap=True)
    made.add_column("seconds", justify="right")
    made.add_column("parameters", justify="right")
    for result in results:
        made.add_row(
            result.label,
            result.initializer,
            f"{100 * result.mean:.2f} ± {100 * result.spread:.2f} %",
            f"{result.seconds:.1f}",
            str(result.parameters),
        )
    return made


def _confirm(result: Result, found: dict[str, Any]) -> None:
    """Note how far the reloaded model is off; raise if it holds other activations than it was built with."""
    case = Case.of(result.activation.removeprefix("keras_acts>"))
    wanted = [_identity(layer.activation) for layer in build(case).layers]
    if found["activations"] != wanted:
        raise RuntimeError(f"{result.file} was reloaded with {found['activations']} in place of {wanted}.")
    result.difference = found["difference"]


def _identity(activation: Any) -> str:
    """What an activation is: the catalogue's function, a layer's class, or neither."""
    record = getattr(activation, "record", None)
    if record is not None and record.function is activation:
        return f"keras_acts>{record.name}"
    return f"{type(activation).__module__}.{type(activation).__name__}"


def _write(results: Sequence[Result], output: Path, *, epochs: int, seeds: int, digits: dict[str, Any]) -> None:
    report = {
        "keras_acts": keras_acts.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "data": {"name": "scikit-learn digits", "training": len(digits["x_train"]), "test": len(digits["x_test"])},
        "network": {"hidden_layers": HIDDEN_LAYERS, "units": UNITS, "batch": BATCH, "learning_rate": LEARNING_RATE},
        "epochs": epochs,
        "seeds": seeds,
        "results": [asdict(result) for result in results],
    }
    (output / "results.json").write_text(json.dumps(report, indent=1), encoding="utf-8")


def _report(results: Sequence[Result], output: Path, console: Console) -> bool:
    """Say what the fresh process found, where the files are and what comes next."""
    worst = max(results, key=lambda result: result.difference or 0.0)
    difference = worst.difference or 0.0
    same = difference <= TOLERANCE
    console.print(
        f"\nAccuracy: mean ± standard deviation over {_count(len(results[0].accuracy), 'seed')}. Seconds: all of them."
    )
    if difference == 0:
        console.print(f"Reloaded in a fresh process: all {len(results)} models predict exactly what they did.")
    elif same:
        console.print(f"Reloaded in a fresh process: all {len(results)} models predict the same, to {difference:.1g} at most.")
    else:
        console.print(f"Reloaded in a fresh process: {worst.file} predicts otherwise, by {difference:.2g}. This is a bug.")
    console.print(
        f"\nWritten to {output}: training.png, functions.png, results.json and {len(results)} models, such as {worst.file}."
    )
    console.print("Next: python -m keras_acts show snake        all that is known about one activation")
    console.print("      python -m keras_acts plot snake lisht  a picture of your choice")
    return same


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn(), TextColumn("epochs"))
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal)


def _calm() -> None:
    """One thread for torch: so small a network gains nothing from more, and on a busy machine they wait for one another."""
    if keras.backend.backend() == "torch":
        sys.modules["torch"].set_num_threads(1)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _found(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
