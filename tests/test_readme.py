"""What README and CONTRIBUTING show works as it stands."""

import re
import runpy
from pathlib import Path

import keras
import pytest

import keras_acts

ROOT = Path(__file__).parent.parent


def test_the_code_of_the_readme_runs_in_one_go(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    space = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), space)
    assert len(blocks) >= 2
    assert "1 / (1 + |x|)² " in capsys.readouterr().out
    assert space["model"].layers[0].activation is keras_acts.activations.snake
    assert space["layer"].activation is keras_acts.activations.softsign
    assert keras.layers.Dense(1, activation="softsign").activation is keras.activations.softsign


def test_every_file_that_the_documents_link_exists():
    for document in ("README.md", "CONTRIBUTING.md", "benchmarks/README.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / document).read_text())
        for link in links:
            assert ((ROOT / document).parent / link).exists(), f"{document}: {link}"


@pytest.mark.parametrize(("place", "files"), [(0, 3), (1, 2)], ids=["activation", "layer"])
def test_the_diffs_in_contributing_are_the_code_of_today(place, files):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    diff = re.findall(r"```diff\n(.*?)```", text, re.DOTALL)[place]
    changed = re.split(r"^--- a/(.*)\n\+\+\+ b/.*\n", diff, flags=re.MULTILINE)[1:]
    for name, hunks in zip(changed[::2], changed[1::2], strict=True):
        code = (ROOT / name).read_text().splitlines()
        missing = [line[1:] for line in hunks.splitlines() if line.startswith("+") and line[1:] not in code]
        assert not missing, f"{name} no longer has {missing[0]!r}"
    assert len(changed) == 2 * files


def test_the_tables_are_those_of_today(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["tables.py", "--check"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(ROOT / "docs" / "tables.py"), run_name="__main__")
    assert end.value.code == 0, capsys.readouterr().out
