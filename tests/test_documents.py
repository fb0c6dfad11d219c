"""The code that the documentation shows runs as it stands, a page at a time, and its pages say what is so."""

import inspect
import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import keras_acts
from tests import kinds

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted((DOCS / "guides").glob("*.md")), DOCS / "myths.md", DOCS / "migrating.md"]


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(DOCS / "builder"))
    import pages

    sys.path.remove(str(DOCS / "builder"))
    return pages


@pytest.mark.any_backend
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_code_of_a_page_runs_in_one_go(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save("old.h5")  # what pages speak of
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert blocks
    space = {"__name__": page.stem}
    try:
        for block in blocks:
            exec(compile(block, str(page), "exec"), space)
    finally:
        for value in space.values():
            if isinstance(value, keras_acts.AddonsNames | keras_acts.Replacement):
                value.undo()


@pytest.mark.parametrize("name", kinds.one_name_of_each())
def test_the_example_of_an_activation_runs_and_gives_what_it_says(pages, name):
    record = keras_acts.describe(name)
    code = pages.example(record).removeprefix("```python\n").removesuffix("\n```")
    space = {}
    exec(compile(code, name, "exec"), space)
    assert space["layer"] is not None
    for variable, said in re.findall(r"^(y|slope) = .*# (\[.*\])$", code, re.MULTILINE):
        np.testing.assert_allclose(ops.convert_to_numpy(space[variable]), eval(said), rtol=1e-3, atol=1e-6)
    assert code.count("\n") <= 4


@pytest.mark.any_backend
def test_the_properties_of_the_gallery_tell_activations_apart(pages):
    records = [keras_acts.describe(name) for name in keras_acts.names()]
    for name, holds in pages.PROPERTIES.items():
        assert 0 < sum(map(holds, records)) < len(records), name
    odd = [record.name for record in records if pages.PROPERTIES["odd"](record)]
    assert "tanh" in odd
    assert "relu" not in odd


@pytest.mark.any_backend
def test_the_page_of_an_activation_marks_code_and_tells_names_and_defaults_elsewhere(pages):
    page = pages.activation(keras_acts.describe("leaky_relu"))
    assert '- `Dense(64, activation="keras_acts>leaky_relu")`; `"leaky_relu"` alone is Keras\'s own function' in page
    assert '- As a layer: `keras_acts.layers.Activation("leaky_relu")`' in page
    assert "| PyTorch | `torch.nn.LeakyReLU` |" in page
    assert "| Keras 2 | `tf_keras.activations.leaky_relu`, `tf_keras.layers.LeakyReLU` |" in page
    elsewhere = "`0.2` in `keras.activations.leaky_relu`, `0.3` in `keras.layers.LeakyReLU`, `0.2` in `tf.nn.leaky_relu`"
    assert f"| `negative_slope` | a finite number >= 0 | `0.01` | {elsewhere}, " in page
    assert "- `keras_acts.layers.Snake()` learns `alpha`" in pages.activation(keras_acts.describe("snake"))


@pytest.mark.any_backend
@pytest.mark.parametrize("name", keras_acts.layers.__all__)
def test_the_table_of_a_layer_lists_the_arguments_of_its_constructor(pages, name):
    layer = getattr(keras_acts.layers, name)
    _, _, *rows = pages.arguments(layer).splitlines()
    *arguments, kwargs = inspect.signature(layer).parameters.values()
    assert kwargs.kind is kwargs.VAR_KEYWORD
    assert [row.split("`")[1] for row in rows] == [argument.name for argument in arguments]
    assert ["required" in row for row in rows] == [argument.default is argument.empty for argument in arguments]


@pytest.mark.any_backend
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_between_the_pages_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        path = (page.parent / target).resolve()
        notebook = ROOT / "notebooks" / path.with_suffix(".ipynb").name  # rendered as a page
        assert path.exists() or (path.parent.name == "notebooks" and notebook.exists()), target
