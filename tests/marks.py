"""Parametrisations that several test modules share. What runs when: see kinds.py."""

import pytest

from keras_acts.conformance import backends, cases
from tests import kinds

# As users run it first: see kinds.py.
MODES = (kinds.MAIN, kinds.OTHER)
each_mode = pytest.mark.parametrize("mode", MODES)
other_mode_in_full = pytest.mark.parametrize("mode", [kinds.MAIN, pytest.param(kinds.OTHER, marks=pytest.mark.full)])

# each dtype in the main mode, float32 in the other one too
each_dtype = pytest.mark.parametrize(
    ("dtype", "mode"),
    [
        *((dtype, kinds.MAIN) for dtype in (*cases.HALF, "float32", "float64")),
        ("float32", kinds.OTHER),
        *(pytest.param(dtype, kinds.OTHER, marks=pytest.mark.full) for dtype in (*cases.HALF, "float64")),
    ],
)

# torch.compile has no double backward; eager JAX compiles as well, each operation by itself
twice = pytest.mark.parametrize(
    "how",
    {
        "torch": ["eager"],
        "jax": ["compiled", pytest.param("eager", marks=pytest.mark.full)],
        "tensorflow": ["eager", pytest.param("compiled", marks=pytest.mark.full)],
    }[backends.NAME],
)

# Keras's losses break torch's graphs: compiling one takes a dozen seconds
LOSS_MODES = ("eager", pytest.param("compiled", marks=pytest.mark.full)) if backends.NAME == "torch" else backends.MODES


def one_setting_of_each(settings):
    """Pairs of a record and parameters. A second value of a parameter is another constant in a program that was tried."""
    return pytest.mark.parametrize(
        ("record", "given"),
        kinds.one_of_each(
            settings,
            kind_of=lambda record, given: (record.name, *given),
            id_of=lambda record, given: "-".join([record.name, *(f"{name}={value}" for name, value in given.items())]),
            otherwise=pytest.mark.any_backend,
        ),
    )


setting = one_setting_of_each([(record, given) for record, given in cases.CASES if given])
