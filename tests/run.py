"""Runs the suite under each backend, one process each, and prints one closing line for each and the coverage of all.

With `--keras VERSION` it is what depends on Keras's private parts, under another version of Keras.
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


def main() -> int:
    """Exit status 0 if every run passes and the package's lines are covered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the whole volume")
    parser.add_argument("--backends", nargs="+", default=BACKENDS, choices=BACKENDS)
    parser.add_argument("--keras", nargs="*", default=[], metavar="VERSION", help="folders in .keras")
    chosen, others = parser.parse_known_args()
    print("exact references …", flush=True)
    prepare = [sys.executable, "-c", "from keras_acts.conformance import cases; from tests import conftest; cases.prepare()"]
    subprocess.run(prepare, cwd=ROOT, env={**os.environ, "KERAS_BACKEND": BACKENDS[0]}, check=True)
    closing, failed = {}, []
    for version in chosen.keras or [""]:
        for backend in chosen.backends:
            label = f"{backend}, Keras {version}" if version else backend
            closing[label], passed = run(backend, chosen.full, version, others)
            if not passed:
                failed.append(label)
    if not chosen.keras:
        coverage = [sys.executable, "-m", "coverage"]
        counted = [f".coverage.{name}" for name in chosen.backends]
        subprocess.run([*coverage, "combine", "--quiet", *counted], cwd=ROOT, check=True)
        report = [*coverage, "report", "--skip-covered", "--show-missing", f"--fail-under={LINES_COVERED}"]
        if not others and subprocess.run(report, cwd=ROOT).returncode:
            failed.append("coverage")
    print()
    for label, line in closing.items():
        print(f"{label}: {line}")
    return 1 if failed else 0


def run(backend: str, full: bool, version: str, others: list[str]) -> tuple[str, bool]:
    """The closing line of the suite under a backend, and whether it passed."""
    environment = {**THREADS, **os.environ, "KERAS_BACKEND": backend, "COVERAGE_FILE": f".coverage.{backend}"}
    left_out = ["site"] if full else ["site", "full"] if backend == BACKENDS[0] else ["site", "full", "any_backend"]
    selection = ["-m", " and ".join(f"not {mark}" for mark in left_out)]
    if version:
        environment["PYTHONPATH"] = os.pathsep.join([str(OTHER_KERAS / version), os.environ.get("PYTHONPATH", "")])
        selection += [f"tests/test_{module}.py" for module in (VERSIONED if full else NAMING)]
    else:
        selection += ["--cov=keras_acts", "--cov-report="]
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(WORKERS), "--dist", "worksteal", *selection, *others]
    start = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    passed = process.wait() == 0
    return f"{last.strip('= ')} ({time.monotonic() - start:.0f} s with start-up)", passed


if __name__ == "__main__":
    sys.exit(main())
