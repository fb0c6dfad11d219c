"""Whatever a file holds in place of a configuration: it is refused with a ValueError or TypeError, or it is a valid one."""

import copy
import inspect
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

import keras_acts
from keras_acts import ActivationOperation, Parameterised

pytestmark = pytest.mark.any_backend

ROOT = Path(__file__).parent.parent
INTERRUPTED = """
import os, sys
import keras, keras_acts

class Fatal(keras.layers.Layer):
    def get_config(self):
        return {}

    def save_own_variables(self, store):
        os._exit(9)

model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="snake"), Fatal()])
keras_acts.models.save(model, sys.argv[1])
"""


def objects():
    """One of each kind that a file can hold: their classes and configurations."""
    found = []
    for record in map(keras_acts.describe, keras_acts.names()):
        form = Parameterised(record.name, record.example)
        found.append((Parameterised, form.get_config()))
        found.append((ActivationOperation, ActivationOperation(form.activation, form.parameters).get_config()))
    for name in keras_acts.layers.__all__:
        layer = getattr(keras_acts.layers, name)
        arguments = inspect.signature(layer).parameters
        required = {"Activation": {"activation": "elu", "alpha": 0.5}, "GatedDense": {"units": 3}}.get(name, {})
        weights = {"num_parameters": 3} if "num_parameters" in arguments else {}
        kinds = {argument: "l2" for argument in arguments if argument.endswith("_regularizer")}
        found.append((layer, layer(**required, **weights, **kinds).get_config()))
    return found


OBJECTS = objects()
FOREIGN = [
    {"module": "os", "class_name": "function", "config": "system", "registered_name": "function"},
    {"module": "keras.utils", "class_name": "function", "config": "get_file", "registered_name": "keras.utils.get_file"},
    {"module": "keras.layers", "class_name": "Lambda", "config": {"function": {"class_name": "__lambda__", "config": {}}}},
    {"module": "keras", "class_name": "Sequential", "config": {"name": "inner", "layers": []}, "registered_name": "Sequential"},
    {"module": "subprocess", "class_name": "Popen", "config": {"args": "true"}, "registered_name": None},
    {"class_name": "__tensor__", "config": {"value": [1.0], "dtype": "float32"}},
    {"class_name": "__numpy__", "config": {"value": [1.0], "dtype": "float32"}},
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=20),
    st.sampled_from(["softsign", "keras_acts>snake", "l2", "zeros", "nan", "inf", "__lambda__", "builtins", "x" * 5000]),
)
VALUES = st.recursive(
    st.one_of(SCALARS, st.sampled_from(FOREIGN)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=10), inner, max_size=4)),
    max_leaves=8,
)


def places(config, path=()):
    """The paths of everything in a configuration."""
    yield path
    inner = config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    for key, value in inner:
        yield from places(value, (*path, key))


@st.composite
def mutated(draw):
    """A class and its configuration with one to three faults in it."""
    kind, config = draw(st.sampled_from(OBJECTS))
    config = json.loads(json.dumps(config))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(config))[1:] or [()]))
        if not path:
            break
        *before, last = path
        parent = config
        for key in before:
            parent = parent[key]
        fault = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if fault == "replace" or isinstance(parent, list):
            parent[last] = copy.deepcopy(draw(VALUES))
        elif fault == "add":
            parent[draw(st.text(max_size=12))] = copy.deepcopy(draw(VALUES))
        else:
            value = parent.pop(last)
            if fault == "rename":
                parent[draw(st.text(max_size=12))] = value
    return kind, config


@pytest.fixture
def _nothing_runs(monkeypatch):
    def ran(*_, **__):
        raise AssertionError("a configuration ran a foreign function")

    for module, name in ((os, "system"), (subprocess, "Popen"), (keras.utils, "get_file")):
        monkeypatch.setattr(module, name, ran)


@pytest.mark.usefixtures("_nothing_runs")
@pytest.mark.parametrize("examples", [400, pytest.param(10_000, marks=pytest.mark.full)])
def test_mutated_configuration_is_refused_or_valid(examples):
    outcomes = {"refused": 0, "taken": 0}

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(mutated())
    def run(case):
        kind, config = case
        try:
            made = kind.from_config(config)
        except (ValueError, TypeError):
            outcomes["refused"] += 1
            return
        outcomes["taken"] += 1
        assert type(made) is kind
        again = made.get_config()
        json.dumps(again)
        assert kind.from_config(again).get_config() == again

    run()
    assert outcomes["refused"] > examples // 3
    assert outcomes["taken"] > examples // 50


# ---- files


def small():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="snake"), keras_acts.layers.PReLU()])


def test_truncated_file_is_never_a_model(tmp_path):
    path = tmp_path / "model.keras"
    small().save(path)
    whole = path.read_bytes()
    for length in [0, 1, *np.linspace(30, len(whole) - 1, 40).astype(int)]:
        path.write_bytes(whole[:length])
        with pytest.raises((ValueError, OSError, zipfile.BadZipFile)):
            keras.models.load_model(path)


def test_bytes_changed_in_a_file_are_noticed_or_leave_it_what_it_was(tmp_path):
    path = tmp_path / "model.keras"
    model = small()
    model.save(path)
    x = np.ones((2, 3), "float32")
    whole, expected = path.read_bytes(), keras.ops.convert_to_numpy(model(x))
    random = np.random.default_rng(0)
    refused = 0
    for place in random.integers(0, len(whole), 60):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            loaded = keras.models.load_model(path)
        except Exception:  # of the archive, JSON or HDF5, whatever was hit
            refused += 1
            continue
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(loaded(x)), expected)
    assert refused > 30


def test_save_leaves_the_old_file_if_it_fails(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    keras_acts.models.save(small(), path)
    before = path.read_bytes()

    def fails(*_, **__):
        raise RuntimeError("disk full")

    monkeypatch.setattr(keras_acts.layers.PReLU, "save_own_variables", fails)
    with pytest.raises(RuntimeError, match="disk full"):
        keras_acts.models.save(small(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_save_leaves_the_old_file_if_it_is_killed(tmp_path):
    path = tmp_path / "model.keras"
    model = small()
    keras_acts.models.save(model, path)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    run = subprocess.run([sys.executable, "-c", INTERRUPTED, str(path)], env=environment, check=False, capture_output=True)
    assert run.returncode == 9, run.stderr[-2000:]
    loaded, x = keras.models.load_model(path), np.ones((2, 3), "float32")
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each(x)) for each in (loaded, model)))


def test_save_replaces_the_old_file(tmp_path):
    path = tmp_path / "model.keras"
    keras_acts.models.save(small(), path)
    model = small()
    keras_acts.models.save(model, str(path))
    loaded, x = keras.models.load_model(path), np.ones((2, 3), "float32")
    np.testing.assert_array_equal(*(keras.ops.convert_to_numpy(each(x)) for each in (loaded, model)))


def test_save_refuses_other_formats_and_what_is_no_model(tmp_path):
    with pytest.raises(ValueError, match=r"filepath must end with .keras; got 'model.h5'"):
        keras_acts.models.save(small(), "model.h5")
    with pytest.raises(TypeError, match="a model is needed"):
        keras_acts.models.save(keras.layers.Dense(2), tmp_path / "model.keras")
    (tmp_path / "old.keras").write_bytes(b"old")
    with pytest.raises(FileExistsError, match=r"old.keras' exists. Give overwrite=True"):
        keras_acts.models.save(small(), tmp_path / "old.keras", overwrite=False)
    assert (tmp_path / "old.keras").read_bytes() == b"old"
    with pytest.raises(OSError, match="nowhere"):
        keras_acts.models.save(small(), tmp_path / "nowhere" / "model.keras")
