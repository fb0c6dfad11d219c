"""Runs the suite under each backend, one process each, and prints one closing line for each.

With `--coverage` it ends with the lines that no backend covers, which takes twice as long; with `--names` it is formula and
machinery of some activations, under the backends side by side; with `--keras VERSION` what depends on Keras's private parts,
under another version of Keras. What runs when: see kinds.py.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
BACKENDS = ("tensorflow", "jax", "torch")
LINES_COVERED = 95
WORKERS = min(4, os.cpu_count())
THREADS = {  # of a worker: more than there are cores would wait for each other
    name: str(max(1, os.cpu_count() // WORKERS))
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
} | {"XLA_FLAGS": "--xla_cpu_parallel_codegen_split_count=1"}

OTHER_KERAS = ROOT / ".keras"  # a folder for each version, made by `make`
NAMING = ("names", "registration", "saving")
VERSIONED = (*NAMING, "symbolic", "values", "layers", "learned", "backends_exchange")

PREPARE = (
    "import sys; from keras_acts.conformance import cases; from tests import conftest; cases.prepare(sys.argv[1:] or None)"
)


def main() -> int:
    """Exit status 0 if every run passes and the package's lines are covered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the whole volume")
    parser.add_argument("--coverage", action="store_true", help="fails unless the runs together cover the package's lines")
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--names", nargs="+", default=[], metavar="NAME", help="the tests of these activations alone")
    parser.add_argument("--keras", nargs="*", default=[], metavar="VERSION", help="folders in .keras")
    parser.add_argument("--slowest", action="store_true", help="ends each run with the times of its ten slowest tests")
    chosen, others = parser.parse_known_args()
    if chosen.slowest:
        others.append("--durations=10")
    print("exact references …", flush=True)
    prepare = [sys.executable, "-c", PREPARE, *chosen.names]
    subprocess.run(prepare, cwd=ROOT, env={**os.environ, "KERAS_BACKEND": BACKENDS[0]}, check=True)
    if chosen.names:
        closing = of_names(chosen, others)
    elif chosen.keras:
        closing = other_keras(chosen, others)
    else:
        closing = whole(chosen, others)
    print()
    for label, (line, _) in closing.items():
        print(f"{label}: {line}")
    return 0 if all(passed for _, passed in closing.values()) else 1


def whole(chosen: argparse.Namespace, others: list[str]) -> dict[str, tuple[str, bool]]:
    """The suite under each backend, and perhaps the lines that the runs cover together."""
    closing = {}
    for backend in chosen.backends:
        measured = ["--cov=keras_acts", "--cov-report="] if chosen.coverage else []
        closing[backend] = finish(*start(backend, [*selected(backend, chosen), *in_parallel(), *measured, *others]))
    if not chosen.coverage:
        return closing
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "--quiet", *(f".coverage.{name}" for name in chosen.backends)], cwd=ROOT)
    report = [*coverage, "report", "--skip-covered", "--show-missing", f"--fail-under={LINES_COVERED}"]
    covered = subprocess.run(report, cwd=ROOT).returncode == 0
    return closing | {"coverage": (f"{'at least' if covered else 'less than'} {LINES_COVERED} % of lines", covered)}


def other_keras(chosen: argparse.Namespace, others: list[str]) -> dict[str, tuple[str, bool]]:
    """What depends on Keras's private parts, under other versions."""
    modules = [f"tests/test_{module}.py" for module in (VERSIONED if chosen.full else NAMING)]
    closing = {}
    for version in chosen.keras:
        for backend in chosen.backends:
            selection = [*selected(backend, chosen), *in_parallel(), *modules]
            closing[f"{backend}, Keras {version}"] = finish(*start(backend, [*selection, *others], version))
    return closing


def of_names(chosen: argparse.Namespace, others: list[str]) -> dict[str, tuple[str, bool]]:
    """The tests of some activations, one process for each backend: so few that workers would not pay."""
    selection = ["--names", ",".join(chosen.names), *others]
    running = {backend: start(backend, [*selected(backend, chosen), *selection]) for backend in chosen.backends}
    return {backend: finish(*run) for backend, run in running.items()}


def selected(backend: str, chosen: argparse.Namespace) -> list[str]:
    """What runs under a backend, by its marks."""
    left_out = ["site"]
    if not (chosen.full or chosen.names):
        left_out.append("full")
    if not (chosen.full or chosen.keras or backend == BACKENDS[0]):
        left_out.append("any_backend")
    return ["-m", " and ".join(f"not {mark}" for mark in left_out)]


def in_parallel() -> list[str]:
    return ["-n", str(WORKERS), "--dist", "worksteal"]


def start(backend: str, arguments: list[str], version: str = "") -> tuple[subprocess.Popen, float]:
    """The suite under a backend, and when it began."""
    environment = {**THREADS, **os.environ, "KERAS_BACKEND": backend, "COVERAGE_FILE": f".coverage.{backend}"}
    if version:
        environment["PYTHONPATH"] = os.pathsep.join([str(OTHER_KERAS / version), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-m", "pytest", "-q", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    return process, time.monotonic()


def finish(process: subprocess.Popen, begun: float) -> tuple[str, bool]:
    """The closing line of a run, which is printed as it comes, and whether it passed."""
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    passed = process.wait() == 0
    return f"{last.strip('= ')} ({time.monotonic() - begun:.0f} s with start-up)", passed


if __name__ == "__main__":
    sys.exit(main())
