"""Runs the suite under each backend, one process each, and prints one closing line for each and the coverage of all."""

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


def main() -> int:
    """Exit status 0 if every run passes and the package's lines are covered."""
    full = "--full" in sys.argv[1:]
    others = [argument for argument in sys.argv[1:] if argument != "--full"]
    print("exact references …", flush=True)
    prepare = [sys.executable, "-c", "from keras_acts.conformance import cases; from tests import conftest; cases.prepare()"]
    subprocess.run(prepare, cwd=ROOT, env={**os.environ, "KERAS_BACKEND": BACKENDS[0]}, check=True)
    failed = []
    closing = {}
    for backend in BACKENDS:
        environment = {**THREADS, **os.environ, "KERAS_BACKEND": backend, "COVERAGE_FILE": f".coverage.{backend}"}
        selection = [] if full else ["-m", "not full" if backend == BACKENDS[0] else "not full and not any_backend"]
        parallel = ["-n", str(WORKERS), "--dist", "worksteal"]
        command = [sys.executable, "-m", "pytest", "-q", *parallel, "--cov=keras_acts", "--cov-report=", *selection, *others]
        start = time.monotonic()
        run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        last = ""
        for line in run.stdout:
            print(line, end="", flush=True)
            last = line.strip() or last
        if run.wait() != 0:
            failed.append(backend)
        closing[backend] = f"{last.strip('= ')} ({time.monotonic() - start:.0f} s with start-up)"
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "combine", "--quiet", *(f".coverage.{name}" for name in BACKENDS)], cwd=ROOT, check=True)
    if not others:
        report = [*coverage, "report", "--skip-covered", "--show-missing", f"--fail-under={LINES_COVERED}"]
        if subprocess.run(report, cwd=ROOT).returncode:
            failed.append("coverage")
    print()
    for backend, line in closing.items():
        print(f"{backend}: {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
