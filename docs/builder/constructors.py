"""Tells mkdocstrings the constructors of layers and losses: they follow from what is declared, so no source holds them."""

import inspect
import re
import sys
from typing import Any

import griffe

from keras_acts._declared import Declared


class Constructors(griffe.Extension):
    """Gives each declared class the signature that it has at run time."""

    def on_class_members(self, *, cls: griffe.Class, **rest: Any) -> None:
        """Called for every documented class."""
        found = getattr(sys.modules.get(cls.module.path), cls.name, None)
        if isinstance(found, type) and issubclass(found, Declared) and "__init__" not in cls.members:
            parameters = [_parameter(each) for each in inspect.signature(found).parameters.values()]
            cls.set_member("__init__", griffe.Function("__init__", parameters=griffe.Parameters(*parameters)))


def _parameter(found: inspect.Parameter) -> griffe.Parameter:
    hint = "Any" if found.annotation is found.empty else inspect.formatannotation(found.annotation)
    return griffe.Parameter(
        found.name,
        kind=griffe.ParameterKind(found.kind.description),
        annotation=re.sub(r"keras\.src\.(\w+)\.\w+", r"keras.\1", hint),  # the place from which users import it
        default=None if found.default is found.empty else repr(found.default),
    )
