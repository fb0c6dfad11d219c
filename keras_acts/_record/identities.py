"""Which activations are one another, as their declarations say: for the pages, the command line and the tests.

Both sides are Python over `keras_acts.activations` and `keras.ops`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from keras_acts._record.record import Record, records


class Identity(NamedTuple):
    """Two expressions of `x` that are equal: to the last bit if it is exact, else up to rounding."""

    one: str
    other: str
    exact: bool

    def __str__(self) -> str:
        return f"{self.one} = {self.other}"


def identities() -> list[Identity]:
    """All identities that are declared."""
    return sorted(identity for record in records() for identity in _declared(record))


def identities_of(record: Record) -> list[str]:
    """The identities in which an activation occurs."""
    named = re.compile(rf"\b{record.name}\b(?=[.(])")
    return [str(identity) for identity in identities() if named.search(str(identity))]


def _declared(record: Record) -> Iterator[Identity]:
    """The identities that the declaration of one activation states.

    An expression there is the right side, or both sides with " = " between them.
    """
    given = "".join(f", {name}={value:g}" for name, value in record.example.items() if isinstance(value, int | float))
    for expressions, exact in ((record.same_as, True), (record.equals, False)):
        for expression in expressions:
            left, mark, right = expression.partition(" = ")
            yield Identity(left, right, exact) if mark else Identity(f"{record.name}(x{given})", expression, exact)
