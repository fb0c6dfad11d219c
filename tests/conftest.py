"""One suite for every backend: `KERAS_BACKEND` alone chooses it."""

import contextlib

# torch first: TensorFlow loaded before it can crash the interpreter
with contextlib.suppress(ImportError):
    import torch  # noqa: F401

import keras
import pytest

import keras_acts

collect_ignore = ["run.py", "smoke.py"]  # scripts


@pytest.fixture
def backend():
    return keras.backend.backend()


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@pytest.fixture(params=keras_acts.names())
def record(request):
    """The record of each activation in turn."""
    return keras_acts.describe(request.param)


@pytest.fixture(params=[name for name in keras_acts.names() if keras_acts.describe(name).elementwise])
def elementwise(request):
    """The record of each element-wise activation in turn."""
    return keras_acts.describe(request.param)


def pytest_collection_modifyitems(items):
    """Compiled runs of other parameters than the defaults are volume: the program differs in its constants only."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if parameters.get("given") and parameters.get("mode") == "compiled":
            item.add_marker(pytest.mark.full)
