"""Figures that README and guides state: measured again where that is quick, else compared with what was measured and kept."""

import json
import re
from pathlib import Path

import keras
import pytest

import benchmarks.__main__ as measured
import keras_acts
from keras_acts.conformance import backends

ROOT = Path(__file__).parent.parent
TITLES = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "PyTorch"}
THREE_DIGITS = {"rel": 5e-3, "abs": 0}

RESULTS = {name: json.loads((measured.RESULTS / f"{name}.json").read_text()) for name in TITLES}


def tables(document):
    """Its tables, each a list of rows of cells without emphasis, without the head."""
    text = (ROOT / document).read_text()
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        yield [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in block.splitlines()[2:]]


COMPARED = {first: cells for first, *cells in next(tables("README.md"))}
FACTS = [first for first in COMPARED if re.match(r"\w+'?\(\[?-?\d", first)]


def of(fact):
    """The numbers of stock Keras and ours, for what the README compares, on this backend."""
    name, slope, point, dtype = re.match(r"(\w+)('?)\((.*?)\)(?: in (\w+))?", fact).groups()
    x = backends.tensor(numbers(point), dtype or "float32")
    for function in (getattr(keras.activations, name), keras_acts.get(f"keras_acts>{name}")):
        yield list(backends.array(backends.gradient(function)(x) if slope else function(x)))


def numbers(text):
    return [float(number) for number in text.strip("[]").split(", ")]


@pytest.mark.parametrize("fact", FACTS)
def test_the_readme_says_what_stock_keras_and_we_compute(fact):
    of_stock, of_ours = COMPARED[fact]
    stock, ours = of(fact)
    assert ours == pytest.approx(numbers(of_ours), **THREE_DIGITS)
    if exact := re.search(r"exact (\S+)", fact):
        assert ours == pytest.approx(numbers(exact[1]), **THREE_DIGITS)
    if " to " in of_stock:
        low, high = map(float, of_stock.split(" to "))
        assert low * 0.995 <= stock[0] <= high * 1.005
    else:
        wrong, where = of_stock.split(" on ")
        as_stated = stock == pytest.approx(numbers(wrong), **THREE_DIGITS)
        assert as_stated == ("all three" in where or TITLES[keras.backend.backend()] in where)


@pytest.mark.any_backend
def test_the_readme_says_what_was_measured_of_memory():
    (cells,) = [cells for first, cells in COMPARED.items() if first.startswith("memory that one ELU adds")]
    kept = RESULTS["jax"]["rows"]["elu"]["kept"]
    assert cells == [f"{kept['stock']:.1f} tensors", f"{kept['ours']:.1f} tensors"]
    assert len(FACTS) >= 9


@pytest.mark.any_backend
def test_the_guide_of_performance_says_what_was_measured():
    of_jax, of_torch, means, times = tables("docs/guides/performance.md")
    for result, table in ((RESULTS["jax"], of_jax), (RESULTS["torch"], of_torch)):
        for names, *cells in table:
            for name in names.split(", "):
                kept = result["rows"][name]["kept"]
                assert cells == [f"{kept['stock']:.2f}", f"{kept['ours']:.2f}"], name
    for result, (_, *cells) in zip(RESULTS.values(), means, strict=True):
        assert cells == [f"{measured.mean(result, key):.2f}" for key in measured.MEANS.values()]
    for name, *cells, _ in times:
        assert cells == [f"{measured.ratio(result['rows'][name], 'both'):.2f}" for result in RESULTS.values()], name


@pytest.mark.any_backend
def test_the_guide_of_performance_says_what_a_training_step_takes():
    text = " ".join((ROOT / "docs/guides/performance.md").read_text().split())
    steps = re.search(r"In a whole training step of eager PyTorch that leaves (.*?) of the time", text)[1]
    stated = re.findall(r"(\w+) at (\d\.\d\d)", steps)
    assert len(stated) == steps.count(" at ") > 3
    for name, figure in stated:
        assert figure == f"{measured.ratio(RESULTS['torch']['rows'][name], 'step'):.2f}", name
