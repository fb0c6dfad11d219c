"""A file written under one backend predicts the same under each other; files of earlier releases load for ever.

The suite runs under each backend, so that `make test` tries the pairs of a ring and `make test-full` all nine.
"""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import pytest

from tests import everything, kinds

ROOT = Path(__file__).parent.parent
BACKENDS = [name for name in ("tensorflow", "jax", "torch") if importlib.util.find_spec(name)]
HERE = BACKENDS.index(keras.backend.backend())
NEXT, *REST = BACKENDS[HERE + 1 :] + BACKENDS[:HERE]  # in a ring, each has another one written for it
OTHERS = [NEXT, *(pytest.param(name, marks=pytest.mark.full) for name in REST)]
TOLERANCE = 2e-6  # of the largest value of an output
OLDER = "-keras"  # in the name of a file that an older Keras wrote
RELEASES = sorted(everything.GOLDEN.glob("*.zip"))


@pytest.fixture(scope="module", params=kinds.TOGETHER)
def written(request, tmp_path_factory):
    """A model with everything, written here."""
    folder = tmp_path_factory.mktemp("written")
    everything.write(folder, request.param)
    return folder


each_form = pytest.mark.parametrize(
    "form", ["model.keras", *(pytest.param(form, marks=pytest.mark.full) for form in everything.FORMS[1:])]
)


@each_form
@pytest.mark.parametrize("backend", OTHERS)
def test_file_written_here_predicts_the_same_under_another_backend(form, backend, written):
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-m", "tests.everything", "check", form, str(written)]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    differences = json.loads(run.stdout.splitlines()[-1])
    assert len(differences) > 80
    assert max(differences) <= TOLERANCE


def version(text):
    return tuple(int(part) for part in text.split(".")[:2])


@pytest.mark.parametrize("form", everything.FORMS)
def test_file_written_here_predicts_exactly_the_same_here(form, written):
    assert max(everything.differences(written, form)) == 0.0


def test_another_input_would_be_noticed(written, tmp_path):
    import numpy as np

    for path in written.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    x, *outputs = everything.recorded(written)
    np.savez(tmp_path / "expected.npz", x * 1.001, *outputs)
    assert np.median(everything.differences(tmp_path, "model.json")) > TOLERANCE


@pytest.fixture(
    scope="module",
    params=[pytest.param(path, id=path.stem, marks=[pytest.mark.full] if OLDER in path.stem else []) for path in RELEASES],
)
def released(request, tmp_path_factory):
    """The files that a release wrote under one backend."""
    folder = tmp_path_factory.mktemp(request.param.stem)
    with zipfile.ZipFile(request.param) as archive:
        archive.extractall(folder)
    return folder


@each_form
def test_golden_file_loads_and_predicts_what_it_did(form, released):
    with zipfile.ZipFile(released / "model.keras") as archive:
        by = json.loads(archive.read("metadata.json"))["keras_version"]
    if version(by) > version(keras.__version__):
        pytest.skip(f"Keras {by} wrote it: {keras.__version__} does not know all that it says of Keras's own layers")
    assert max(everything.differences(released, form)) <= TOLERANCE


def test_golden_file_names_public_modules_only(released):
    with zipfile.ZipFile(released / "model.keras") as archive:
        configs = [archive.read("config.json").decode(), (released / "model.json").read_text()]
    for config in configs:
        assert "keras_acts>sigmoid" in config
        assert "keras_acts._" not in config


def test_each_release_left_golden_files_of_three_backends():
    written = {"0.1.0": [""], "0.2.0": ["", f"{OLDER}3.10.0", f"{OLDER}3.12.4"]}
    backends = ("jax", "tensorflow", "torch")
    assert {path.stem for path in RELEASES} == {
        f"v{release}-{name}{by}" for release, each in written.items() for by in each for name in backends
    }


def test_golden_files_stay_small():
    assert all(path.stat().st_size < 150_000 for path in RELEASES)
