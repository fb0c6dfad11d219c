"""The notation of formulas in docstrings: read into a tree, written as LaTeX.

    formula    = branches | expression, then ", name = expression" or ", with words"
    branches   = expression "if" condition {", " expression "if" condition} ", else" expression
    expression = sums of products of powers; "²", "³" and "^" raise, "|x|" is a magnitude, "x_i" a subscript, "sum_j x_j" a sum

A name of several words (`max_value`) is that of a parameter; Greek letters are spelt (`alpha`) or written (`Φ`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

GREEK = ("alpha", "beta", "epsilon", "mu", "omega", "pi", "sigma", "tau")
LETTERS = {name: f"\\{name}" for name in GREEK} | {"epsilon": "\\varepsilon", "π": "\\pi", "Φ": "\\Phi", "φ": "\\varphi"}
OPERATORS = {name: f"\\{name}" for name in ("arctan", "cos", "log", "max", "min", "sin", "sinh", "tanh", "sum")}
SQUARED_BEFORE = ("cos", "sin", "sinh", "tanh")  # sin²(x), not sin(x)²
PREFIXES = ("log", "max", "mean", "sum", "var")  # which may stand before what they take without brackets
CDOT, THIN = "\\cdot", "\\,"
RELATIONS = {"<": "<", ">": ">", "<=": "\\le", ">=": "\\ge"}
TOKEN = re.compile(r"\s*(?:(\d+\.?\d*)|([A-Za-zΑ-ω]+(?:_[A-Za-z]+)*'?)|(<=|>=|_\(|.))")

SUM, PRODUCT, POWER, ATOM = range(4)  # how strongly the parts of an expression hold together


@dataclass(frozen=True)
class Node:
    """A part of a formula: what it is, and its parts, which are nodes or plain text."""

    kind: str
    parts: tuple[Any, ...]


def parse(text: str) -> Node:
    """The tree of a formula; raises ValueError where it is not in the notation."""
    branches: list[tuple[Node, Node | None]] = []
    notes: list[Node] = []
    for segment in _segments(text):
        if segment.startswith("else "):
            branches.append((expression(segment[5:]), None))
        elif found := re.match(r"(\w+) = (.+)$", segment):
            notes.append(Node("definition", (expression(found[1]), expression(found[2]))))
        elif segment.startswith("with "):
            notes.append(Node("words", (segment,)))
        elif found := re.match(r"(.+?) if (.+)$", segment):
            branches.append((expression(found[1]), _Reader(found[2]).condition()))
        elif found := re.match(r"(.+?) (at .+)$", segment):
            branches.append((expression(found[1]), Node("words", (found[2],))))
        else:
            branches.append((expression(segment), None))
    value = branches[0][0] if len(branches) == 1 else Node("cases", tuple(branches))
    return Node("noted", (value, *notes)) if notes else value


def latex(text: str) -> str:
    """A formula of the notation in LaTeX."""
    return _write(parse(text))


def expression(text: str) -> Node:
    """The tree of an expression."""
    return _Reader(text).whole()


def _segments(text: str) -> list[str]:
    """The parts between the commas that stand in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


class _Reader:
    """Reads tokens from left to right: each method takes as much as belongs to it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [match[0].strip() for match in TOKEN.finditer(text) if match[0].strip()]

    def whole(self) -> Node:
        node = self.sum()
        if self.tokens:
            raise ValueError(f"{self.text!r}: {self.tokens[0]!r} is not expected there.")
        return node

    def condition(self) -> Node:
        parts: list[Any] = [self.sum()]
        while self.tokens:
            relation = self.take()
            if relation not in RELATIONS:
                raise ValueError(f"{self.text!r}: {relation!r} is no relation.")
            parts += [relation, self.sum()]
        return Node("condition", tuple(parts))

    def sum(self) -> Node:
        node = Node("negative", (self.product(),)) if self.skip("-") else self.product()
        while self.next in ("+", "-"):
            node = Node({"+": "plus", "-": "minus"}[self.take()], (node, self.product()))
        return node

    def product(self) -> Node:
        node = self.power()
        while self.next in ("·", "/"):
            node = Node({"·": "times", "/": "over"}[self.take()], (node, self.power()))
        return node

    def power(self) -> Node:
        if self.skip("-"):
            return Node("negative", (self.power(),))
        node = self.atom()
        while self.next in ("²", "³", "^"):
            mark = self.take()
            node = Node("power", (node, self.atom() if mark == "^" else Node("number", ({"²": "2", "³": "3"}[mark],))))
        return node

    def atom(self) -> Node:
        token = self.take()
        if token == "(":
            return self.closed(self.sum(), ")")
        if token == "|":
            return Node("magnitude", (self.closed(self.sum(), "|"),))
        if token[0].isdigit():
            return Node("number", (token,))
        if token == "integral":
            return self.integral()
        if not (token[0].isalpha() or token == "√"):
            raise ValueError(f"{self.text!r}: {token!r} is not expected there.")
        if self.skip("("):
            return Node("call", (token, *self.arguments()))
        if self.skip("_("):
            return Node("subscript", (Node("name", (token,)), self.closed(self.sum(), ")")))
        base, _, index = token.partition("_")
        if base in PREFIXES and len(index) < 2:
            return Node("call", (token, self.power()))
        if len(index) == 1 and (len(base) == 1 or base in LETTERS):
            return Node("subscript", (Node("name", (base,)), Node("name", (index,))))
        return Node("name", (token,))

    def arguments(self) -> list[Node]:
        found = [self.sum()]
        while self.skip(","):
            found.append(self.sum())
        self.closed(found[0], ")")
        return found

    def integral(self) -> Node:
        parts = []
        for word in ("of", "from", "to"):
            if not self.skip(word):
                raise ValueError(f"{self.text!r}: an integral is written 'integral of f from a to b'.")
            parts.append(self.sum())
        return Node("integral", tuple(parts))

    def closed(self, node: Node, bracket: str) -> Node:
        if not self.skip(bracket):
            raise ValueError(f"{self.text!r}: {bracket!r} is missing.")
        return node

    @property
    def next(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self) -> str:
        if not self.tokens:
            raise ValueError(f"{self.text!r} ends too early.")
        return self.tokens.pop(0)

    def skip(self, token: str) -> bool:
        return self.next == token and bool(self.take())


def _write(node: Node) -> str:
    return _WRITERS[node.kind](*node.parts)


def _strength(node: Node) -> int:
    weak = {"plus": SUM, "minus": SUM, "negative": SUM, "times": PRODUCT, "over": PRODUCT, "integral": PRODUCT, "power": POWER}
    return weak.get(node.kind, ATOM)


def _within(node: Node, least: int) -> str:
    """The node, in brackets if it is weaker than its place."""
    text = _write(node)
    return text if _strength(node) >= least else f"\\left({text}\\right)"


def _name(text: str) -> str:
    if text.endswith("'"):
        return f"{_name(text[:-1])}'"
    if text in LETTERS or len(text) == 1:
        return LETTERS.get(text, text)
    return "\\mathrm{" + text.replace("_", "\\_") + "}"


def _times(left: Node, right: Node) -> str:
    texts = _within(left, PRODUCT), _within(right, PRODUCT)
    apart = right.kind == "number" or "mathrm" in texts[0] + texts[1] or (left.kind == right.kind == "over")
    return f" {CDOT if apart else THIN} ".join(texts)


def _power(base: Node, exponent: Node) -> str:
    raised = f"^{{{_write(exponent)}}}"
    if base.kind == "call" and base.parts[0] in SQUARED_BEFORE:
        return _call(*base.parts, exponent=raised)
    brackets = base.kind == "call" and (base.parts[0] == "exp" or base.parts[0].partition("_")[0] in PREFIXES)
    return f"{_within(base, ATOM + brackets)}{raised}"


def _call(function: str, *arguments: Node, exponent: str = "") -> str:
    inner = ", ".join(map(_write, arguments))
    if function in ("sqrt", "√"):
        return f"\\sqrt{{{inner}}}"
    if function == "exp":
        return f"e^{{{inner}}}"
    name, _, index = function.partition("_")
    operator = OPERATORS.get(name) or LETTERS.get(name) or f"\\operatorname{{{name}}}"
    below = f"_{{{index}}}" if index else ""
    if (index or name in ("mean", "var")) and len(arguments) == 1:
        space = " " if index else f" {THIN} "
        return f"{operator}{exponent}{below}{space}{_within(arguments[0], PRODUCT)}"
    if name == "log" and arguments[0].kind == "call" and arguments[0].parts[0].startswith("sum_"):
        return f"{operator} {inner}"
    return f"{operator}{exponent}{below}\\left({inner}\\right)"


def _cases(*branches: tuple[Node, Node | None]) -> str:
    rows = []
    for value, condition in branches:
        told = "\\text{otherwise}" if condition is None else _write(condition)
        told = f"\\text{{if }} {told}" if condition and condition.kind == "condition" else told
        rows.append(f"{_write(value)} & {told}")
    return "\\begin{cases} " + " \\\\ ".join(rows) + " \\end{cases}"


def _noted(value: Node, *notes: Node) -> str:
    words = [_write(note) if note.kind == "words" else f"\\text{{with }} {_write(note)}" for note in notes]
    return " \\quad ".join([_write(value), *words])


def _words(text: str) -> str:
    """Words as text, single letters as names."""
    return re.sub(r"\b([a-z])\b", r"} \1 \\text{", f"\\text{{{text}}}")


_WRITERS: dict[str, Callable[..., str]] = {
    "number": lambda text: text,
    "name": _name,
    "plus": lambda left, right: f"{_write(left)} + {_write(right)}",
    "minus": lambda left, right: f"{_write(left)} - {_within(right, PRODUCT)}",
    "negative": lambda value: f"{{-{_within(value, PRODUCT)}}}",  # in braces: a sign, not a difference
    "times": _times,
    "over": lambda top, bottom: f"\\frac{{{_write(top)}}}{{{_write(bottom)}}}",
    "power": _power,
    "magnitude": lambda value: f"\\left|{_write(value)}\\right|",
    "subscript": lambda base, index: f"{_write(base)}_{{{_write(index)}}}",
    "integral": lambda value, low, high: f"\\int_{{{_write(low)}}}^{{{_write(high)}}} {_write(value)} \\,dt",
    "call": _call,
    "condition": lambda *parts: " ".join(RELATIONS[part] if isinstance(part, str) else _write(part) for part in parts),
    "cases": _cases,
    "noted": _noted,
    "definition": lambda name, value: f"{_write(name)} = {_write(value)}",
    "words": _words,
}
