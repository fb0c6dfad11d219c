"""Parametrisations that several test modules share."""

import pytest

from keras_acts.conformance import backends, cases

each_mode = pytest.mark.parametrize("mode", backends.MODES)

# compiled values are judged beside compiled gradients too, of one program
each_mode_by_itself = pytest.mark.parametrize("mode", ["eager", pytest.param("compiled", marks=pytest.mark.full)])

# torch.compile has no double backward; eager JAX compiles as well, each operation by itself
twice = pytest.mark.parametrize(
    "how",
    {
        "torch": ["eager"],
        "jax": ["compiled", pytest.param("eager", marks=pytest.mark.full)],
        "tensorflow": ["eager", pytest.param("compiled", marks=pytest.mark.full)],
    }[backends.NAME],
)

# JAX compiles a program for each size and each function
each_size_compiles = pytest.mark.full if backends.NAME == "jax" else lambda test: test


def sampled_on_jax(test):
    """A third of the parameters: what a backend computes there is much the same for the others, and JAX compiles each."""
    return pytest.mark.sampled(3)(test) if backends.NAME == "jax" else test


def in_full_on_jax(*values):
    """A parameter that `make test` tries on the other backends only."""
    return pytest.param(*values, marks=[pytest.mark.full] if backends.NAME == "jax" else [])


# Keras's losses break torch's graphs: compiling one takes a dozen seconds
LOSS_MODES = ("eager", pytest.param("compiled", marks=pytest.mark.full)) if backends.NAME == "torch" else backends.MODES


def is_volume(parameters):
    """What differs from what `make test` runs in less than a path through the program.

    - float16 takes the way of bfloat16, and each integer that of int32, so one backend is enough.
    - Other parameters than the defaults change constants of the program: compiled runs and public derivatives do without, and
      all but one backend with one value of each.
    - Public derivatives in float64 are what the backward pass calls, but on torch.
    - Along an axis JAX compiles the whole formula in an eager call too.
    - Compiled float64 has the program of float32. On torch, which takes a second for it, so has a layer of that policy.
    """
    first = backends.NAME == "tensorflow"
    record = parameters.get("record")
    if backends.NAME == "jax" and parameters.get("mode") == "compiled" and record and not record.elementwise:
        return True
    if parameters.get("dtype") in ("float16", "int8", "int64", "uint8") and not first:
        return True
    given = parameters.get("given")
    if parameters.get("way") == "derivative":
        return bool(given) or (parameters.get("dtype") == "float64" and backends.NAME != "torch")
    if "compiled" in (parameters.get("mode"), parameters.get("how")):
        repeated = parameters.get("dtype") == "float64" or (backends.NAME == "torch" and parameters.get("policy") == "float32")
        return bool(given) or repeated
    if first or not given or not getattr(record, "elementwise", False):
        return False
    return given != next(each for each in cases.settings(record) if each.keys() == given.keys())


# every element-wise activation under each setting of its parameters
case = pytest.mark.parametrize(
    ("record", "given"),
    cases.CASES,
    ids=["-".join([record.name, *(f"{name}={value}" for name, value in given.items())]) for record, given in cases.CASES],
)
