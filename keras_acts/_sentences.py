"""Describes an activation in words, for the command line and for its page of the documentation.

Code stands in backticks, as in Markdown. `as_text` takes them away for the command line.
"""

import inspect
import math
from typing import Any

import keras

from keras_acts._call.forms import Parameterised
from keras_acts._names.keras_names import NEVER_REPLACED
from keras_acts._record import register
from keras_acts._record.parameters import Parameter
from keras_acts._record.record import Record


def range_of(record: Record) -> str:
    """The smallest interval that holds the values, round at an infinite end."""
    if record.range is None:
        return ""
    low, high = record.range
    return f"{'(' if math.isinf(low) else '['}{number(low)}, {number(high)}{')' if math.isinf(high) else ']'}"


def number(value: float) -> str:
    """Five digits at most."""
    return f"{value:.5g}".replace("inf", "∞")


def smoothness(order: float) -> str:
    """How often it can be differentiated: C⁰, C¹, C∞ or that it jumps."""
    return "jumps" if order < 0 else f"C{number(order)}".translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def properties(record: Record) -> list[tuple[str, str]]:
    """What an element-wise activation states; of the others, the range if they have one."""
    found = [("range", f"within {range_of(record)}")] if record.range else []
    if record.limits is None or record.smoothness is None:
        return found
    left, right = (("none" if limit is None else number(limit)) for limit in record.limits)
    smooth = {-1: "jumps", 0: "continuous, with kinks (C⁰)", math.inf: "infinitely often differentiable (C∞)"}
    often = {1.0: "once", 2.0: "twice"}.get(record.smoothness, f"{number(record.smoothness)} times")
    times = f"{often} continuously differentiable ({smoothness(record.smoothness)})"
    return [
        *found,
        ("limits", f"{left} at -∞, {right} at ∞"),
        ("monotonic", "yes" if record.monotonic else "no"),
        ("smoothness", smooth.get(record.smoothness, times)),
        ("parity", record.parity or "neither odd nor even"),
    ]


def as_text(sentence: str) -> str:
    """A sentence without the backticks around its code."""
    return sentence.replace("`", "")


def by_name(record: Record, chosen: Any) -> list[str]:
    """How to name the activation in a Keras layer, and where Keras's own differs."""
    name, stock = record.name, getattr(keras.activations, record.name, None)
    if record.changes_shape:
        return ["Not in a layer like Dense, which would tell the next one a wrong shape: put it behind one."]
    if record.output_shape:
        return [f'`Conv2D(64, 3, activation="{name}")`, or another layer that gives images']
    if isinstance(chosen, Parameterised):
        return [f"`Dense(64, activation={chosen!r})`"]
    if stock is None:
        elsewhere = ", Keras has it elsewhere" if in_keras(record) else ""
        return [f'`Dense(64, activation="{name}")`; keras.activations has no {name}{elsewhere}']
    lines = [f'`Dense(64, activation="keras_acts>{name}")`; `"{name}"` alone is Keras\'s own function']
    if name not in NEVER_REPLACED:
        lines.append(f'After `keras_acts.replace_builtins()`, `"{name}"` is this one.')
    return lines + other_defaults(record)


def in_keras(record: Record) -> bool:
    """Whether Keras has it, as an activation, an operation or a layer."""
    names = (record.name, *record.aliases)
    return any(hasattr(keras.activations, name) or hasattr(keras.ops, name) or _keras_layer(name) for name in names)


def _keras_layer(name: str) -> str:
    """The layer of Keras with the name of an activation, or ""."""
    return next((each for each in dir(keras.layers) if each.lower() == name.replace("_", "")), "")


def other_defaults(record: Record) -> list[str]:
    """Defaults that Keras sets otherwise, in its function or its layer of that name."""
    differing = ((parameter, defaults_elsewhere(record, parameter)) for parameter in record.parameters)
    return [
        f"Its default `{each.name}` is `{each.default!r}`, but "
        f"{' and '.join(f'`{value!r}` in `{where}`' for value, where in others)}."
        for each, others in differing
        if others
    ]


def defaults_elsewhere(record: Record, parameter: Parameter) -> list[tuple[Any, str]]:
    """What else Keras has as the default of a parameter, and where: in its function or its layer of that name."""
    others = []
    for module, name in ((keras.activations, record.name), (keras.layers, _keras_layer(record.name))):
        theirs = inspect.signature(getattr(module, name)).parameters.get(parameter.name) if hasattr(module, name) else None
        if theirs is not None and theirs.default != parameter.default:
            others.append((theirs.default, f"{module.__name__}.{name}"))
    return others


def as_layers(record: Record, chosen: Any) -> list[str]:
    """The layers that apply the activation."""
    parameters = getattr(chosen, "parameters", {})
    given = "".join(f", {name}={value!r}" for name, value in parameters.items())
    lines = [f'`keras_acts.layers.Activation("{record.name}"{given})`']
    if any(parameter.name == "gate" for parameter in record.parameters):
        lines.append(f'`keras_acts.layers.GatedDense(64, activation="{record.name}")` with the projection before it')
    return lines


def learning_layers(record: Record) -> list[str]:
    """The layers that learn parameters of the activation, and which."""
    parameters = {parameter.name for parameter in record.parameters}
    lines = []
    for layer, arguments in register.learners(record.name):
        weights = [f"`{weight}`" for weight in layer.declared_weights if weight in parameters]
        lines.append(f"`keras_acts.layers.{layer.__name__}({arguments})` learns {' and '.join(weights)}")
    return lines
