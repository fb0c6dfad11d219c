"""What `make test` runs: formulas on every name, machinery on one name of each kind.

Of a formula `make test` runs value and gradient on every backend: at the defaults in each dtype, and with each parameter at
one other value, in the mode that users of the framework are in: compiled on JAX, eager on torch, a graph on TensorFlow, float32
compiled there too.
Of the machinery, whose way hangs on what kind of activation it meets and not on its formula, it runs everything on one name of
each kind. The other mode of JAX and torch, which compile for seconds, is machinery. What is beyond that is marked where it
stands:

- `full`: `make test-full` alone runs it. Names that do not stand for their kind are marked so here.
- `any_backend`: no backend has a part in it, and `make test` runs it under the first one.

`make test-name NAME=snake` runs formula and machinery on that name.
"""

import pytest

import keras_acts
from keras_acts._frameworks import door
from keras_acts._frameworks.kernels import Guarded
from keras_acts.conformance import backends, cases
from tests import released

MAIN, OTHER = {"jax": ("compiled", "eager"), "tensorflow": ("graph", "compiled")}.get(backends.NAME, ("eager", "compiled"))
ANOTHER_OF_ITS_KIND = pytest.mark.full("another of its kind")
RELEASES = [path.read_text().splitlines() for path in released.FOLDER.glob("v*.txt")]


def age(name):
    """A key that sorts by release and name, so that a new activation never stands for a kind that is there already."""
    return -sum(f"name {name} = {name}" in lines for lines in RELEASES), name


NAMES = sorted(keras_acts.names(), key=age)
ELEMENTWISE = [name for name in NAMES if keras_acts.describe(name).elementwise]
ALONG_AN_AXIS = [name for name in NAMES if name not in ELEMENTWISE]


def kind(name):
    """What decides the way of an activation through the package."""
    record = keras_acts.describe(name)
    parameters = {(type(parameter.kind).__name__, parameter.required) for parameter in record.parameters}
    return (
        record.elementwise,
        tuple(sorted(parameters)),
        record.takes_mask,
        record.output_shape is not None,
        record.conflict is not None,
        record.takes_half,
        record.keeps_logits,
        len(record.derivatives) > 1,
    )


def kind_here(name):
    """The same, and how this framework takes part: by its own derivative, by kernels, perhaps for some tensors only."""
    parts = door.kernels(name, cases.all_parameters(keras_acts.describe(name), {}))
    return kind(name), name in door.ENGINE.by_autodiff, *((part is not None, isinstance(part, Guarded)) for part in parts)


def one_of_each(values, kind_of, id_of=str, otherwise=ANOTHER_OF_ITS_KIND):
    """Parameters of a test: the first of each kind as it is, the others marked."""
    seen, parameters = set(), []
    for value in values:
        several = value if isinstance(value, tuple) else (value,)
        marks = [otherwise] if kind_of(*several) in seen else []
        parameters.append(pytest.param(*several, id=id_of(*several), marks=marks))
        seen.add(kind_of(*several))
    return parameters


def one_name_of_each(names=NAMES, kind_of=kind):
    """These names as parameters of a test, all but one of each kind marked."""
    return one_of_each(names, kind_of)


REPRESENTATIVES = [parameter.values[0] for parameter in one_name_of_each() if not parameter.marks]

# parameters of fixtures that put many activations into one model
TOGETHER = [
    pytest.param(REPRESENTATIVES, id="one of each kind"),
    pytest.param(NAMES, id="every name", marks=pytest.mark.full),
]


def is_machinery(mode, names):
    """Whether a test in a mode is one of the machinery, with activations that do not stand for their kinds."""
    known = [name for name in names if name in NAMES]
    return backends.NAME != "tensorflow" and mode == OTHER and bool(known) and not set(known) & set(REPRESENTATIVES)
