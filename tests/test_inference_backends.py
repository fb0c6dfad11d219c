"""Keras's backends that only infer, numpy and OpenVINO: every activation, and every file."""

import importlib.util
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import keras_acts
from keras_acts.conformance import backends, cases, tolerances
from tests.everything import FORMS, GOLDEN

ROOT = Path(__file__).parent.parent
TOLERANCE = {"numpy": 2e-6, "openvino": 1e-5}  # of the largest value of an output
VALUES = """
import sys
import keras, numpy as np
import keras_acts
from keras_acts.conformance import cases
x = np.load(sys.argv[1])
np.savez(sys.argv[2], **{
    name: np.asarray(keras.ops.convert_to_numpy(cases.function(keras_acts.describe(name))(x)))
    for name in keras_acts.names() if keras_acts.describe(name).elementwise
})
"""

pytestmark = pytest.mark.any_backend

SAMPLE = ("numpy", "v0.2.0-jax", "model.keras")


def installed(backend, *others, marks=()):
    missing = pytest.mark.skipif(not importlib.util.find_spec(backend), reason=f"{backend} is not installed")
    return pytest.param(backend, *others, marks=[missing, *marks])


def run(backend, *arguments):
    environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize(
    ("backend", "release", "form"),
    [
        installed(name, path, form, marks=() if (name, path.stem, form) == SAMPLE else [pytest.mark.full])
        for name in TOLERANCE
        for path in sorted(GOLDEN.glob("*.zip"))
        for form in FORMS
    ],
    ids=lambda value: getattr(value, "stem", value),
)
def test_golden_file_loads_and_predicts_what_it_did(backend, release, form, tmp_path):
    with zipfile.ZipFile(release) as archive:
        archive.extractall(tmp_path)
    differences = json.loads(run(backend, "-m", "tests.everything", "check", form, str(tmp_path)).splitlines()[-1])
    assert len(differences) > 60
    assert max(differences) <= TOLERANCE[backend]


@pytest.mark.parametrize("backend", map(installed, TOLERANCE))
def test_values_are_those_of_the_backends_that_train(backend, tmp_path):
    x = cases.inputs("float32").astype("float32")
    x = x[np.abs(x) > 1e-37]  # subnormal numbers may be taken for 0
    np.save(tmp_path / "x.npy", x)
    run(backend, "-c", VALUES, str(tmp_path / "x.npy"), str(tmp_path / "y.npz"))
    with np.load(tmp_path / "y.npz") as found:
        for name in found.files:
            expected = backends.array(cases.function(keras_acts.describe(name))(backends.tensor(x, "float32")))
            terms = np.maximum(np.abs(expected), 0.1 if name in tolerances.CROSSING else 1e-37)
            with np.errstate(invalid="ignore"):
                close = np.abs(found[name] - expected) <= 2e-6 * terms + 4e-37
            wrong = ~(close | (found[name] == expected) | (np.isnan(found[name]) & np.isnan(expected)))
            assert not wrong.any(), (name, x[wrong][:3], found[name][wrong][:3], expected[wrong][:3])
