"""Finds names by their spelling, where neither case nor what separates words counts, and those nearest to a mistyped one."""

import difflib
import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property

LONGEST = 80  # a longer name is known to nobody: it is refused before it is looked at, since a file may hold one of any length
NEAR = 0.65  # from which likeness on, as difflib's ratio, a name is suggested
SHORTLIST = 16  # difflib compares a mistyped name with as many


class Spellings:
    """Names, indexed by their spelling once, and by their pairs of letters at the first mistyped one."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names: dict[str, list[str]] = {}
        for name in names:
            self._names.setdefault(spelling(name), []).append(name)

    def alike(self, name: str) -> list[str]:
        """The names with the spelling of `name`."""
        return self._names.get(spelling(name), []) if len(name) <= LONGEST else []

    def near(self, name: str) -> list[str]:
        """The names that a mistyped one may have meant, three at most: those much like it, or that begin with it."""
        if len(name) > LONGEST:
            return []
        typed = name.lower()
        matcher = difflib.SequenceMatcher(b=typed)
        found = []
        for each in self._shortlist(typed):
            matcher.set_seq1(each.lower())
            likeness = matcher.ratio()
            if likeness >= NEAR or each.lower().startswith(typed):
                found.append((-likeness, each))
        return [each for _, each in sorted(found)[:3]]

    def _shortlist(self, typed: str) -> list[str]:
        """The names that share most pairs of letters with what was typed, for their length."""
        pairs = _pairs(typed)
        shared = Counter(name for pair in pairs for name in self._by_pair.get(pair, ()))
        return heapq.nsmallest(SHORTLIST, shared, key=lambda name: (-shared[name] / (len(pairs) + len(name)), name))

    @cached_property
    def _by_pair(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for names in self._names.values():
            for name in names:
                for pair in _pairs(name.lower()):
                    found.setdefault(pair, []).append(name)
        return found


def spelling(name: str) -> str:
    """What is left of a name if neither case nor what separates its words counts."""
    return name.lower().translate(str.maketrans("", "", "_- "))


def did_you_mean(names: Sequence[str]) -> str:
    """The end of an error that suggests names, if there are any to suggest."""
    return f" Did you mean {' or '.join(map(repr, names))}?" if names else ""


def _pairs(name: str) -> set[str]:
    """Each two letters that follow one another, with a space for either end."""
    ended = f" {name} "
    return {ended[place : place + 2] for place in range(len(ended) - 1)}
