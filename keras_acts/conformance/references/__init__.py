"""What each activation is, from its paper: one formula a name, in another form than the package's.

`x` and the result are numbers of `oracle`, which evaluates a formula at 60 digits together with its derivatives, so the value
is all there is to write. Write what keeps its digits there: `expm1` and `log1p` where a difference from 1 would be lost, and
`exp` instead of 1 minus something close to 1; a test evaluates every formula at two precisions to see that it does.
What keeps its digits in float64 too, value and derivative, is evaluated a hundred times faster: exponentials of negative
numbers alone, and where a quotient is nearly constant that constant plus a small rest, ``1 - exp(-x) / (1 + exp(-x))``.

A normalising activation takes a list of numbers, its row, and returns one. At a kink the branch at or below it counts:
write ``x if x > 0 else …``. A constant has the derivative 0.
"""

import keras_acts
from keras_acts.conformance.references import (
    exponential as exponential,
    gated as gated,
    learned as learned,
    normalising as normalising,
    periodic as periodic,
    piecewise as piecewise,
    rectified as rectified,
    self_gated as self_gated,
    shrinkage as shrinkage,
    sigmoidal as sigmoidal,
)


def formula_of(name):
    """The reference formula of an activation, from the module here that is named after its family."""
    family = keras_acts.describe(name).family
    formula = getattr(globals().get(family), name, None)
    if formula is None:
        place = f"{__name__}.{family}".replace(".", "/")
        raise LookupError(f"{place}.py has no formula for {name!r}: write `def {name}(x, …)` there.")
    return formula
