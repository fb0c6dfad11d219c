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

# Keras's losses break torch's graphs: compiling one takes a dozen seconds
LOSS_MODES = ("eager", pytest.param("compiled", marks=pytest.mark.full)) if backends.NAME == "torch" else backends.MODES


def is_volume(parameters):
    """Compiled runs and public derivatives at other parameters than the defaults: the program differs in its constants only.

    float16 takes the way of bfloat16, so one backend is enough.

    On torch a compiled one has the kernels of eager mode and takes a second, so one dtype of each path is enough.
    """
    if parameters.get("dtype") == "float16" and backends.NAME != "tensorflow":
        return True
    other = bool(parameters.get("given"))
    if parameters.get("way") == "derivative":
        return other
    if "compiled" not in (parameters.get("mode"), parameters.get("how")):
        return False
    one_of_a_path = parameters.get("dtype") == "float64" or parameters.get("policy") == "float32"
    return other or (backends.NAME == "torch" and one_of_a_path)


# every element-wise activation under each setting of its parameters
case = pytest.mark.parametrize(
    ("record", "given"),
    cases.CASES,
    ids=["-".join([record.name, *(f"{name}={value}" for name, value in given.items())]) for record, given in cases.CASES],
)
