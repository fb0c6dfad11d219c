"""Shows the examples of docstrings as code: mkdocstrings would read ``>>>`` as a quotation."""

import re
from typing import Any

import griffe


class Doctests(griffe.Extension):
    """Fences every run of lines that starts with ``>>>``, with its output."""

    def on_instance(self, *, obj: griffe.Object, **rest: Any) -> None:
        """Called for every documented object."""
        if obj.docstring:
            obj.docstring.value = re.sub(r"(?m)^>>> (?:.+\n?)+", fenced, obj.docstring.value)


def fenced(match: re.Match[str]) -> str:
    """An example between fences."""
    return f"```pycon\n{match[0].rstrip()}\n```\n"
