"""Runs the notebooks under the backend of `KERAS_BACKEND`.

A notebook is written as ``NN-name.py`` in jupytext's percent format; run at full size, it becomes ``NN-name.ipynb`` with its
outputs. A cell ``# %% tags=["parameters"] small={"epochs": 2}`` says what `--small` sets instead, so that a run takes seconds.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

FOLDER = Path(__file__).parent
TIMEOUT = 3600  # seconds for one cell
os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}  # TensorFlow greets whoever loads it


def main() -> int:
    """Exit status 0 if every notebook ran, and with `--check` holds its source of today."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="beginnings of names, such as 01 (default: all)")
    parser.add_argument("--small", action="store_true", help="the small sizes; writes nothing")
    parser.add_argument("--dry", action="store_true", help="the full sizes; writes nothing")
    parser.add_argument("--check", action="store_true", help="only compare the .ipynb files with their sources")
    parser.add_argument("--jobs", type=int, metavar="N", default=1, help="notebooks at the same time (default: 1)")
    chosen = parser.parse_args()
    sources = sorted(path for path in FOLDER.glob("[0-9]*.py") if not chosen.names or path.name.startswith(tuple(chosen.names)))
    if not sources:
        parser.error(f"no notebook begins with {' or '.join(chosen.names)}")
    if chosen.check:
        failed = [path.name for path in sources if not up_to_date(path)]
        for name in failed:
            print(f"{name}: its .ipynb is missing or older. Run `make notebooks`, or notebooks/run.py {name}.")
    else:
        os.environ.setdefault("OMP_NUM_THREADS", str(max(1, os.cpu_count() // chosen.jobs)))  # more would wait for each other
        with ThreadPoolExecutor(chosen.jobs) as pool:
            ran = list(pool.map(lambda path: run(path, chosen.small, keep=not (chosen.small or chosen.dry)), sources))
        failed = [path.name for path, passed in zip(sources, ran, strict=True) if not passed]
        print(f"{len(ran) - len(failed)} of {len(ran)} notebooks ran{'; failed: ' if failed else ''}{', '.join(failed)}")
    return 1 if failed else 0


def run(source: Path, small: bool, keep: bool) -> bool:
    """Whether the notebook ran to its end; with `keep` its outputs are written beside the source."""
    notebook = read(source)
    if small:
        shrink(notebook)
    start = time.monotonic()
    try:
        NotebookClient(notebook, timeout=TIMEOUT, record_timing=False, resources={"metadata": {"path": FOLDER}}).execute()
    except CellExecutionError as error:
        print(f"{source.name}: {error}", flush=True)
        return False
    print(f"{source.name}: {time.monotonic() - start:.0f} s on {os.environ.get('KERAS_BACKEND', 'tensorflow')}", flush=True)
    if keep:
        nbformat.write(notebook, source.with_suffix(".ipynb"))
    return True


def read(source: Path) -> nbformat.NotebookNode:
    """The notebook without outputs. Cells are numbered, so that the same source is the same file."""
    notebook = jupytext.read(source)
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
    return notebook


def shrink(notebook: nbformat.NotebookNode) -> None:
    """Append to each cell of parameters what is small about it."""
    for cell in notebook.cells:
        if "parameters" in cell.metadata.get("tags", []):
            cell.source += "".join(f"\n{name} = {value!r}" for name, value in cell.metadata["small"].items())


def up_to_date(source: Path) -> bool:
    """Whether the .ipynb holds the cells of the source, and outputs."""
    path = source.with_suffix(".ipynb")
    if not path.exists():
        return False
    made, expected = nbformat.read(path, as_version=4), read(source)
    same = [cell.source for cell in made.cells] == [cell.source for cell in expected.cells]
    return same and all(cell.execution_count for cell in made.cells if cell.cell_type == "code")


if __name__ == "__main__":
    sys.exit(main())
