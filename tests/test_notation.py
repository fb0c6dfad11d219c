"""The formulas in docstrings: each is in the notation, can be typeset, and says what the activation computes."""

import math

import numpy as np
import pytest
from keras import ops

import keras_acts
from keras_acts._record import notation

pytestmark = pytest.mark.any_backend

RECORDS = [keras_acts.describe(name) for name in keras_acts.names()]
ELEMENTWISE = [record for record in RECORDS if record.elementwise]
POINTS = [-7.25, -3.5, -1.25, -0.75, -0.3, 0.2, 0.6, 0.9, 1.5, 3.25, 6.75]  # no kink of any activation


def gauss(x):
    return math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


FUNCTIONS = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "√": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
    "arctan": math.atan,
    "erf": math.erf,
    "max": max,
    "min": min,
    "sign": lambda x: (x > 0) - (x < 0),
    "sigmoid": sigmoid,
    "sinc": lambda x: math.sin(math.pi * x) / (math.pi * x),
    "Φ": lambda x: (1 + math.erf(x / math.sqrt(2))) / 2,
    "φ": gauss,
}
RELATIONS = {"<": float.__lt__, ">": float.__gt__, "<=": float.__le__, ">=": float.__ge__}


def value(node, names):
    """What a formula is where its names have these values."""
    kind, parts = node.kind, node.parts
    if kind == "number":
        return float(parts[0])
    if kind == "name":
        return names[parts[0]]
    if kind == "subscript":
        return names[f"{parts[0].parts[0]}_{parts[1].parts[0]}"]
    if kind == "cases":
        return next(value(branch, names) for branch, condition in parts if condition is None or holds(condition, names))
    if kind == "noted":
        extra = {}
        for note in parts[1:]:
            name, definition = (part for part in note.parts)
            extra[name.parts[0]] = value(definition, {**names, **extra})
            step = 1e-6  # u' in a formula is the derivative of u
            sides = [value(definition, {**names, "x": names["x"] + sign * step}) for sign in (1, -1)]
            extra[name.parts[0] + "'"] = (sides[0] - sides[1]) / (2 * step)
        return value(parts[0], {**names, **extra})
    if kind == "integral":
        low, high = (value(part, names) for part in parts[1:])
        grid = np.linspace(low, high, 4001)
        return float(np.trapezoid([value(parts[0], {**names, "t": t}) for t in grid], grid))
    if kind == "call":
        return FUNCTIONS[parts[0]](*(value(part, names) for part in parts[1:]))
    numbers = [value(part, names) for part in parts]
    return {
        "plus": lambda a, b: a + b,
        "minus": lambda a, b: a - b,
        "negative": lambda a: -a,
        "times": lambda a, b: a * b,
        "over": lambda a, b: a / b,
        "power": lambda a, b: a**b,
        "magnitude": abs,
    }[kind](*numbers)


def holds(condition, names):
    terms = [value(part, names) for part in condition.parts[::2]]
    return all(RELATIONS[sign](a, b) for a, sign, b in zip(terms, condition.parts[1::2], terms[1:], strict=False))


def at(formula, record, x):
    names = {"x": x, "pi": math.pi, "π": math.pi, **{k: v for k, v in record.check(record.example).fixed if v is not None}}
    return value(notation.parse(formula), names)


@pytest.mark.parametrize("record", ELEMENTWISE, ids=lambda record: record.name)
def test_the_formula_says_what_the_activation_computes(record):
    expected = [at(record.formula, record, x) for x in POINTS]
    computed = ops.convert_to_numpy(record.function(POINTS, **record.example))
    np.testing.assert_allclose(computed, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("record", ELEMENTWISE, ids=lambda record: record.name)
def test_the_formula_of_the_derivative_says_what_it_computes(record):
    expected = [at(record.derivative, record, x) for x in POINTS]
    computed = ops.convert_to_numpy(record.function.derivative(POINTS, **record.example))
    np.testing.assert_allclose(computed, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_every_formula_is_written_in_latex(record):
    for text in filter(None, (record.latex, record.derivative_latex)):
        assert text.count("{") == text.count("}")
        assert text.count("\\left") == text.count("\\right")
        assert not set(text) & set("·²³√πΦφ")


@pytest.mark.parametrize(
    ("formula", "latex"),
    [
        ("x / (1 + |x|)", r"\frac{x}{1 + \left|x\right|}"),
        ("a / b · c", r"\frac{a}{b} \, c"),
        ("-(x - mu)²", r"{-\left(x - \mu\right)^{2}}"),
        ("(a - b) - (c - d)", r"a - b - \left(c - d\right)"),
        ("sin(x)²", r"\sin^{2}\left(x\right)"),
        ("exp(x)²", r"\left(e^{x}\right)^{2}"),
        ("2 · 3", r"2 \cdot 3"),
        ("max_value · x", r"\mathrm{max\_value} \cdot x"),
        ("x_i - log sum_j exp(x_j)", r"x_{i} - \log \sum_{j} e^{x_{j}}"),
        ("1 if x > 0, else 0", r"\begin{cases} 1 & \text{if } x > 0 \\ 0 & \text{otherwise} \end{cases}"),
    ],
)
def test_latex_of_a_formula(formula, latex):
    assert notation.latex(formula) == latex


@pytest.mark.parametrize("wrong", ["(x", "x)", "x +", "|x", "1 if x ~ 0, else 0", "x · / 2", "integral of x"])
def test_what_is_not_in_the_notation_is_refused(wrong):
    with pytest.raises(ValueError, match=r"expected|missing|early|relation|written"):
        notation.parse(wrong)
