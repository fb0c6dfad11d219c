"""Several devices compute what one does: the scripts of docs/distribution, which users start from."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_acts.conformance import backends

ROOT = Path(__file__).parent.parent
SCRIPTS = ROOT / "docs" / "distribution"
WAYS = {
    "jax": [
        ("jax_parallel.py --devices 8 --split model", "jax_parallel.py --devices 1"),
        pytest.param("jax_parallel.py --devices 8", "jax_parallel.py --devices 1", marks=pytest.mark.full),
    ],
    "tensorflow": [
        pytest.param("tensorflow_mirrored.py --devices 2", "tensorflow_mirrored.py --devices 1", marks=pytest.mark.full)
    ],
    "torch": [pytest.param("torch_parallel.py --processes 2", "torch_parallel.py --processes 1", marks=pytest.mark.full)],
}[backends.NAME]


@functools.cache
def printed(command):
    script, *arguments = command.split()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    command = [sys.executable, str(SCRIPTS / script), *arguments]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize(("several", "one"), WAYS)
def test_losses_and_learned_parameters_are_those_of_one_device(several, one):
    got, expected = printed(several), printed(one)
    assert got["devices"] > 1
    assert expected["losses"][-1] < 0.8 * expected["losses"][0]
    np.testing.assert_allclose(got["losses"], expected["losses"], rtol=1e-5)
    assert [path.rpartition("/")[2] for path in got["learned"]] == ["alpha", "alpha", "beta"]
    for path, values in expected["learned"].items():
        np.testing.assert_allclose(got["learned"][path], values, rtol=1e-5, atol=1e-6)


if backends.NAME == "jax":

    def test_no_elementwise_activation_communicates():
        assert printed(WAYS[0][0])["communicating"] == []

    def test_learned_parameters_can_be_sharded():
        sharded = printed(WAYS[0][0])["sharded"]
        assert {path: spec for path, spec in sharded.items() if path.endswith("alpha")} == {
            path: "P('model',)" for path in sharded if path.endswith("alpha")
        }
        assert sum(path.endswith("alpha") for path in sharded) == 2
