"""One suite for every backend: `KERAS_BACKEND` alone chooses it."""

import contextlib
import pathlib

# torch first: TensorFlow loaded before it can crash the interpreter
with contextlib.suppress(ImportError):
    import torch  # noqa: F401

import keras
import pytest

import keras_acts
from keras_acts.conformance import store
from tests import marks

store.FOLDER = pathlib.Path(__file__).parent / ".cache"  # of exact references, for every backend

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
    for item in items:
        if marks.is_volume(getattr(getattr(item, "callspec", None), "params", {})):
            item.add_marker(pytest.mark.full)
