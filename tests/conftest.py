"""One suite for every backend: `KERAS_BACKEND` alone chooses it."""

import contextlib
import functools
import pathlib
import sys
from collections import Counter

# torch first: TensorFlow loaded before it can crash the interpreter
with contextlib.suppress(ImportError):
    import torch  # noqa: F401

import keras
import pytest

import keras_acts
from keras_acts.conformance import backends, store
from tests import marks

store.FOLDER = pathlib.Path(__file__).parent / ".cache"  # of exact references, for every backend

COUNTED = 10
UNCOUNTED = "uncounted"

collect_ignore = ["run.py", "smoke.py"]  # scripts


@pytest.fixture
def backend():
    return keras.backend.backend()


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


@functools.cache
def _stock_compiles():
    """Whether this backend can compile what Keras itself brings: torch 2.13 can't trace Keras 3.12."""
    try:
        backends.compiled(keras.activations.silu)(keras.ops.ones((2,)))
    except RuntimeError:  # the base of dynamo's errors
        return False
    return True


@pytest.fixture(autouse=True)
def _compiled_where_stock_is(request):
    parameters = getattr(getattr(request.node, "callspec", None), "params", {})
    if backends.NAME == "torch" and parameters.get("mode") == "compiled" and not _stock_compiles():
        pytest.skip("torch.compile can't trace this version of Keras, stock activations neither")


@pytest.fixture(params=keras_acts.names())
def record(request):
    """The record of each activation in turn."""
    return keras_acts.describe(request.param)


@pytest.fixture(params=[name for name in keras_acts.names() if keras_acts.describe(name).elementwise])
def elementwise(request):
    """The record of each element-wise activation in turn."""
    return keras_acts.describe(request.param)


@pytest.fixture(autouse=True)
def _lines_counted_in_some(request):
    """Counting lines takes an eighth of the time, and one parameter in `COUNTED` runs much the same lines as the others."""
    tracer = sys.gettrace()
    if tracer and request.node.get_closest_marker(UNCOUNTED):
        sys.settrace(None)
    yield
    sys.settrace(tracer)


def pytest_collection_modifyitems(items):
    tests, places = Counter(), Counter()
    for i, item in enumerate(items):
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if marks.is_volume(parameters):
            item.add_marker(pytest.mark.full)
        sampled = item.get_closest_marker("sampled")
        if sampled and item.get_closest_marker("full") is None:
            test = (item.path, item.originalname)
            tests.setdefault(test, len(tests))
            if (places[test] + tests[test]) % sampled.args[0]:
                item.add_marker(pytest.mark.full)
            places[test] += 1
        if parameters and i % COUNTED:
            item.add_marker(UNCOUNTED)
