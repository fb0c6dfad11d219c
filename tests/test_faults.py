"""Whatever a file holds in place of a configuration: it is refused with a ValueError or TypeError, or it is a valid one."""

import copy
import inspect
import json
import os
import subprocess

import keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import keras_acts
from keras_acts import ActivationOperation, Parameterised

pytestmark = pytest.mark.any_backend


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
