"""Measures the current backend, and writes benchmarks/README.md from what was measured.

``python -m benchmarks default`` measures what people run when they ask for no compiler, ``measure`` what XLA compiles on
TensorFlow and JAX and memory besides; ``report`` writes the tables.
"""

import argparse
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
SATURATING = frozenset({"sigmoid", "tanh"})


def measure(names: list[str], size: int, rounds: int) -> dict[str, Any]:
    """Every figure of this backend."""
    import keras
    import numpy as np
    from rich.progress import track

    import keras_acts
    from benchmarks import engines

    engine = engines.engine()
    rng = np.random.default_rng(0)
    normal = rng.normal(size=size).astype("float32")
    batch = engine.array(rng.normal(size=(engines.BATCH, engines.WIDTH)).astype("float32"))
    scale = math.sqrt(2 / engines.WIDTH)
    weights = [
        engine.array((rng.normal(size=(engines.WIDTH, engines.WIDTH)) * scale).astype("float32")) for _ in range(engines.LAYERS)
    ]
    rows = {}
    for name in track(names or keras_acts.names(), description=f"{keras.backend.backend()} …"):
        record = keras_acts.describe(name)
        variants = engines.variants(record)
        pair = {key: f for key, f in variants.items() if key != "own"}

        shaped = normal.reshape(engines.SHAPES.get(name, (-1, 1024)))
        x, half, small = engine.array(shaped), engine.array(shaped, "bfloat16"), engine.array(shaped[:1])

        def timed(run: Callable, functions: dict, *inputs: Any, rounds: int = rounds, inner: int = 1) -> dict[str, float]:
            return engines.interleaved({key: run(f, *inputs) for key, f in functions.items()}, rounds, inner)

        rows[name] = {
            "elementwise": record.elementwise,
            "forward": timed(engine.forward, variants, x),
            "both": timed(engine.both, variants, x),
            "half": timed(engine.both, pair, half),
            "call": timed(engine.eager, pair, small, inner=20),
        }
        if record.output_shape is None:  # in the training step the next layer takes what this one gives
            rows[name]["step"] = timed(engine.step, pair, batch, weights, rounds=max(5, rounds // 2))
            rows[name]["kept"] = {key: engine.kept(f, batch, weights) for key, f in pair.items()} if engine.kept else {}
    return {"compiled": engine.mode, "size": size, "rows": rows}


def import_time(rounds: int = 7) -> float:
    """Median seconds that `import keras_acts` takes after `import keras`."""
    code = "import keras, time; t = time.perf_counter(); import keras_acts; print(time.perf_counter() - t)"
    times = sorted(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()[-1])
        for _ in range(rounds)
    )
    return times[rounds // 2]


def table(result: dict[str, Any]) -> str:
    """The figures of one backend as a Markdown table, with the means that the goals speak of."""
    kept = {"jax": "memory of the step, tensors a layer", "torch": "kept by autograd, tensors"}.get(result["backend"])
    head = ["activation", "forward", "forward + backward", "bfloat16 f + b", "training step", "call, µs more"]
    lines = [head + ([kept + " (stock)"] if kept else [])]
    lines.append(["---", *["---:"] * (len(lines[0]) - 1)])
    for name, row in result["rows"].items():
        cells = [name, ratio(row, "forward"), ratio(row, "both"), ratio(row, "half"), ratio(row, "step")]
        texts = [f"{cell:.2f}" if isinstance(cell, float) else cell or "–" for cell in cells]
        more = 1e6 * (row["call"]["ours"] - row["call"]["stock"]) if "stock" in row["call"] else None
        texts.append("–" if more is None else f"{more:.0f}")
        if kept:
            stock = row.get("kept", {}).get("stock")
            texts.append(f"{row['kept']['ours']:.2f} ({'–' if stock is None else f'{stock:.2f}'})" if "kept" in row else "–")
        lines.append(texts)
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    means = ", ".join(f"{label} {mean(result, key):.2f}" for label, key in MEANS.items())
    return f"{text}\n\nGeometric means over the names that Keras has, sigmoid and tanh left out: {means}."


MEANS = {"forward": "forward", "forward + backward": "both", "bfloat16": "half", "training step": "step"}


def ratio(row: dict[str, Any], key: str) -> float | None:
    """Our time over the best of stock Keras and the framework's own."""
    others = [seconds for variant, seconds in row.get(key, {}).items() if variant != "ours"]
    return row[key]["ours"] / min(others) if others else None


def mean(result: dict[str, Any], key: str) -> float:
    """The geometric mean of the ratios, over the names that Keras has."""
    ratios = [ratio(row, key) for name, row in result["rows"].items() if "stock" in row["both"] and name not in SATURATING]
    return math.exp(sum(math.log(r) for r in ratios if r) / max(1, len(ratios)))


def report() -> None:
    """Write benchmarks/README.md from the results of the three backends."""
    from benchmarks import default

    results = {path.stem: json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))}
    parts = [(HERE / "README.head.md").read_text().rstrip(), "## Where nobody asks for a compiler"]
    for name in (name for name in results if name.startswith("default-")):
        result = results[name]
        parts.append(f"### {result['backend']}: {result['mode']}\n\n{_made_with(result)}.\n\n{default.tables(result)}")
    parts.append("## Compiled by XLA on TensorFlow and JAX, and memory")
    parts += [
        f"### {result['backend']}: {result['compiled']}\n\n{result['size']:,} elements, {_made_with(result)}. "
        f"`import keras_acts` after `import keras`: {1e3 * result['import']:.0f} ms.\n\n{table(result)}"
        for name, result in results.items()
        if not name.startswith("default-")
    ]
    (HERE / "README.md").write_text("\n\n".join(parts) + "\n")


def _made_with(result: dict[str, Any]) -> str:
    return ", ".join([result["processor"], *(f"{package} {version}" for package, version in result["versions"].items())])


def _machine() -> dict[str, Any]:
    from importlib.metadata import version

    import keras

    package = {"jax": "jax", "torch": "torch", "tensorflow": "tensorflow_cpu"}[keras.backend.backend()]
    cores = f"{os.cpu_count()} cores, {platform.machine()}"
    return {
        "backend": keras.backend.backend(),
        "versions": {"keras": keras.__version__, package: version(package)},
        "processor": cores,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["default", "measure", "report"], default="default")
    parser.add_argument("--names", nargs="*", default=[], help="activations to measure; all if not given")
    parser.add_argument("--size", type=int, default=4 * 1024 * 1024, help="elements of the tensor")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved repetitions of which the median counts")
    parser.add_argument("--save", action="store_true", help="keep the figures for `report`")
    arguments = parser.parse_args()
    if arguments.command == "report":
        report()
        return
    if arguments.command == "default":
        from benchmarks import default

        result, prefix = {**default.measure(arguments.names), **_machine()}, "default-"
        print(default.tables(result))
    else:
        result, prefix = (
            {**measure(arguments.names, arguments.size, arguments.rounds), "import": import_time(), **_machine()},
            "",
        )
        print(table(result))
        print(f"import keras_acts: {1e3 * result['import']:.0f} ms")
    if arguments.save:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{prefix}{result['backend']}.json"
        if arguments.names and path.exists():
            before = json.loads(path.read_text())
            result = {**before, "rows": dict(sorted({**before["rows"], **result["rows"]}.items()))}
        path.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
