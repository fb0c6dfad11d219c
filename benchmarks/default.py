"""What people run when they ask for no compiler: each activation by itself, and `fit` at Keras's defaults."""

import functools
import gc
import math
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from rich.progress import track

import keras_acts
from benchmarks import engines

SIZES = {65_536: 41, 1_048_576: 15, 4_194_304: 7}  # numbers in a tensor, and rounds of which the median counts
HALF = 1_048_576  # numbers in a tensor of bfloat16
INPUTS = ("tame", "wild")
SAMPLES, BATCH = 4096, 128
NETWORKS = ("dense", "convolutional")


def inputs(kind: str, size: int) -> np.ndarray:
    """Normal numbers: of standard deviation 1, or of 4 with a few outliers of ±50."""
    random = np.random.default_rng(0)
    if kind == "tame":
        return random.normal(0, 1, size).astype("float32")
    x = random.normal(0, 4, size).astype("float32")
    x[random.integers(0, size, 4)] = [50.0, -50.0, 50.0, -50.0]
    return x


def measure(names: list[str]) -> dict[str, Any]:
    """Every figure of this backend, for the names that Keras or the framework has too."""
    engine = engines.engine(compiler=False)
    rows = {}
    for name in track(names or keras_acts.names(), description=f"{keras.backend.backend()} …"):
        record = keras_acts.describe(name)
        variants = engines.variants(record)
        rows[name] = {"calls": _calls(engine, record, variants), **_first_call(engine, variants["ours"])}
        if "stock" in variants and record.output_shape is None and name not in engines.SHAPES:
            rows[name]["fit"] = {network: _fit(network, variants) for network in NETWORKS}
    return {"mode": engine.mode, "rows": rows, "programs": programs()}


def _calls(engine: Any, record: keras_acts.Record, variants: dict[str, Callable]) -> dict[str, dict[str, float]]:
    """Median seconds forward and backward of each variant; of our own alone, those of a copy beside."""
    found = {}
    cases = [(size, kind, "float32", rounds) for size, rounds in SIZES.items() for kind in INPUTS]
    for size, kind, dtype, rounds in [*cases, *((HALF, kind, "bfloat16", SIZES[HALF]) for kind in INPUTS)]:
        x = engine.array(inputs(kind, size).reshape(engines.SHAPES.get(record.name, (-1, 1024))), dtype)
        runs = {key: engine.both(f, x) for key, f in variants.items()}
        found[f"{dtype} {size} {kind}"] = engines.interleaved({**runs, "copy": engine.copy(x)}, rounds)
        del runs
        gc.collect()
    return found


def _first_call(engine: Any, ours: Callable) -> dict[str, float]:
    """Seconds that the first call takes for a shape that is new, tracing and compiling."""
    x = engine.array(inputs("tame", 3 * 1024).reshape(3, 1024))
    start = time.perf_counter()
    engine.both(ours, x)()
    return {"first call": time.perf_counter() - start}


def _network(kind: str, activation: Callable) -> keras.Model:
    keras.utils.set_random_seed(0)
    if kind == "dense":
        hidden = [keras.layers.Dense(256, activation=activation) for _ in range(4)]
        model = keras.Sequential([keras.Input((256,)), *hidden, keras.layers.Dense(10)])
    else:
        hidden = [keras.layers.Conv2D(count, 3, padding="same", activation=activation) for count in (16, 16, 16)]
        model = keras.Sequential(
            [keras.Input((32, 32, 3)), *hidden, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10)]
        )
    model.compile("sgd", "mse")
    return model


def _fit(kind: str, variants: dict[str, Callable], rounds: int = 5) -> dict[str, float]:
    """Median seconds of an epoch of `fit`, with our activation and with Keras's own."""
    random = np.random.default_rng(0)
    count = SAMPLES if kind == "dense" else SAMPLES // 8
    x = random.normal(0, 1, (count, *((256,) if kind == "dense" else (32, 32, 3)))).astype("float32")
    y = random.normal(0, 1, (count, 10)).astype("float32")
    models = {key: _network(kind, variants[key]) for key in ("ours", "stock")}
    runs = {
        key: functools.partial(model.fit, x, y, batch_size=BATCH, epochs=1, verbose=0, shuffle=False)
        for key, model in models.items()
    }
    return engines.interleaved(runs, rounds)


def programs() -> dict[str, dict[str, int]]:
    """How many programs are made in an epoch whose last batch is smaller, and for sequences of 100 lengths."""
    return {
        "a smaller last batch": {
            key: _programs(f, _smaller_batch) for key, f in (("ours", "keras_acts>gelu"), ("stock", "gelu"))
        },
        "100 lengths": {key: _programs(f, _lengths) for key, f in (("ours", "keras_acts>gelu"), ("stock", "gelu"))},
    }


def _programs(activation: str, run: Callable) -> int:
    before = engines.programs()
    run(keras.activations.get(activation))
    return engines.programs() - before


def _smaller_batch(activation: Callable) -> None:
    model = _network("dense", activation)
    x = np.zeros((3 * BATCH + 17, 256), "float32")
    model.fit(x, np.zeros((len(x), 10), "float32"), batch_size=BATCH, verbose=0)


def _lengths(activation: Callable) -> None:
    model = keras.Sequential([keras.Input((None, 16)), keras.layers.Dense(64, activation=activation), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    for length in range(100, 200):
        model.train_on_batch(np.zeros((8, length, 16), "float32"), np.zeros((8, length, 1), "float32"))


def ratios(result: dict[str, Any], key: str) -> dict[str, float]:
    """Of each name: our time over the best of stock Keras and the framework's own."""
    found = {}
    for name, row in result["rows"].items():
        times = row["calls"].get(key, {})
        others = [seconds for variant, seconds in times.items() if variant in ("stock", "own")]
        if others:
            found[name] = times["ours"] / min(others)
    return found


def copies(result: dict[str, Any], key: str) -> dict[str, float]:
    """Of each name that is only here: our time over that of a copy of the tensor."""
    rows = {name: row["calls"].get(key, {}) for name, row in result["rows"].items()}
    return {name: times["ours"] / times["copy"] for name, times in rows.items() if times and not {"stock", "own"} & set(times)}


def mean(values: Any) -> float:
    """The geometric mean."""
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else math.nan


def tables(result: dict[str, Any]) -> str:
    """The figures of one backend, as Markdown."""
    keys = sorted({key for row in result["rows"].values() for key in row["calls"]}, key=_order)
    compared = {key: ratios(result, key) for key in keys}
    heads = ["activation", *(_shown(key) for key in keys), "`fit`, dense", "`fit`, convolutional", "first call, s"]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for name in sorted({name for each in compared.values() for name in each}):
        row = result["rows"][name]
        fits = [row["fit"][network]["ours"] / row["fit"][network]["stock"] if "fit" in row else None for network in NETWORKS]
        cells = [*(compared[key].get(name) for key in keys), *fits, row["first call"]]
        lines.append([name, *("–" if cell is None else f"{cell:.2f}" for cell in cells)])
    fits = [
        mean(row["fit"][network]["ours"] / row["fit"][network]["stock"] for row in result["rows"].values() if "fit" in row)
        for network in NETWORKS
    ]
    means = [*(mean(compared[key].values()) for key in keys), *fits]
    lines.append(["**geometric mean**", *("–" if math.isnan(cell) else f"**{cell:.2f}**" for cell in means), ""])
    only_here = [["activation that is only here", *(_shown(key) for key in keys)], ["---", *["---:"] * len(keys)]]
    alone = {key: copies(result, key) for key in keys}
    names = sorted({name for each in alone.values() for name in each})
    only_here += [[name, *(f"{alone[key][name]:.1f}" for key in keys)] for name in names]
    made = "".join(
        f"\n- {what}: {count['ours']}, with Keras's own gelu {count['stock']}" for what, count in result["programs"].items()
    )
    texts = [_markdown(lines), "In copies of the tensor, forward and backward:", _markdown(only_here)]
    return "\n\n".join([*(texts if len(only_here) > 2 else texts[:1]), f"Programs made with gelu:\n{made}"])


def _markdown(lines: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _order(key: str) -> tuple[str, int, str]:
    dtype, size, kind = key.split()
    return {"float32": "0"}.get(dtype, dtype), int(size), kind


def _shown(key: str) -> str:
    dtype, size, kind = key.split()
    return f"{'' if dtype == 'float32' else dtype + ', '}{int(size) // 1024} k, {kind}"
