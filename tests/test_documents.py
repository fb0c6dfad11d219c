"""The code that the documentation shows runs as it stands, a page at a time, and its pages say what is so."""

import re
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops

import keras_acts

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted((DOCS / "guides").glob("*.md")), DOCS / "myths.md", DOCS / "migrating.md"]


@pytest.fixture(scope="module")
def pages():
    sys.path.insert(0, str(DOCS / "builder"))
    import pages

    sys.path.remove(str(DOCS / "builder"))
    return pages


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


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", keras_acts.names())
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
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_between_the_pages_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        path = (page.parent / target).resolve()
        notebook = ROOT / "notebooks" / path.with_suffix(".ipynb").name  # rendered as a page
        assert path.exists() or (path.parent.name == "notebooks" and notebook.exists()), target
