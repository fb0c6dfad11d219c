"""What mkdocs runs to make the site: pages from the catalogue, notebooks, and documents from elsewhere in the repository."""

import importlib
import os
import posixpath
import re
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "jax")

import fonts
import nbformat
import pages
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from nbconvert import MarkdownExporter

import keras_acts
from keras_acts._declared import Declared

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = {  # of the repository, and where they stand on the site
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
}
MODULES = (
    "keras_acts",
    "keras_acts.layers",
    "keras_acts.losses",
    "keras_acts.models",
    "keras_acts.plotting",
    "keras_acts.conformance",
)
SHARED_BY_LAYERS = """## What layers share

Every layer also takes Keras's own arguments, such as `name`, `dtype` and `trainable`. They go into `**kwargs`.

## What learned layers share

A learned layer has three arguments for each of its weights. Those of the weight `alpha` are `alpha_initializer`,
`alpha_regularizer` and `alpha_constraint`. The arguments `shared_axes` and `num_parameters` say how many entries each weight
has. The guide on [learned layers](../guides/learned-layers.md) shows them at work."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Adds to the navigation what is made from the catalogue and the notebooks."""
    families = sorted({keras_acts.describe(name).family for name in keras_acts.names()})
    by_family = [{pages.spoken(family): [f"activations/{name}.md" for name in keras_acts.names(family)]} for family in families]
    added = {"Activations": by_family, "Notebooks": [{_title(path): f"notebooks/{path.stem}.md"} for path in _notebooks()]}
    for entry in config.nav:
        for title, more in added.items():
            if title in entry:
                entry[title] = [*(entry[title] or []), *more]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made."""
    made = {"gallery.md": pages.gallery()}
    made |= {f"activations/{name}.md": pages.activation(keras_acts.describe(name)) for name in keras_acts.names()}
    made |= {f"api/{module}.md": _reference(module) for module in MODULES}
    made |= {place: _document(source, place) for source, place in DOCUMENTS.items()}
    made["index.md"] = _home(made["index.md"])
    made["notebooks/index.md"] = _notebook_list()
    for path in _notebooks():
        made |= _notebook(path)
    for place, content in made.items():
        files.append(File.generated(config, place, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Bars in the code of tables as they are: a backslash before them, which GitHub needs, would show."""
    return re.sub(r"`[^`\n]*`", lambda code: code[0].replace("\\|", "|"), markdown)


def on_post_build(config: MkDocsConfig) -> None:
    """Writes the font of the formulas; fails if a public name has no entry."""
    site = Path(config.site_dir)
    text = "\n".join(page.read_text() for page in sorted(site.rglob("*.html")))
    fonts.write(text, site / "assets" / "formulas.ttf")
    anchors = set(re.findall(r'id="(keras_acts[\w.]*)"', text))
    missing = sorted(set(public_names()) - anchors)
    if missing:
        raise PluginError(f"without an entry in the documentation: {', '.join(missing)}")


def public_names() -> list[str]:
    """What users may import, with its module."""
    found = [f"keras_acts.activations.{name}" for name in keras_acts.names()]
    return found + [f"{module}.{name}" for module in MODULES for name in _public(module)]


def _public(module: str) -> list[str]:
    found = importlib.import_module(module).__all__
    return [name for name in found if f"{module}.{name}" not in MODULES and name != "activations"]


def _reference(module: str) -> str:
    """A page on a module, with an entry for each public name."""
    parts = [f"# {module}", _docstring(module)]
    if module == "keras_acts.layers":
        parts += [SHARED_BY_LAYERS, _docstring("keras_acts.layers._learned.LearnedActivation"), "## Each layer"]
    for name in _public(module):
        parts.append(f"::: {module}.{name}")
        found = getattr(importlib.import_module(module), name)
        if isinstance(found, type) and issubclass(found, Declared):
            parts.append(pages.arguments(found))
    return "\n\n".join(parts)


def _docstring(name: str) -> str:
    """The docstring of a module or a class alone."""
    return f"::: {name}\n    options:\n      members: false\n      show_root_heading: false\n      show_root_toc_entry: false"


def _document(source: str, place: str) -> str:
    """A document of the repository with links that hold on the site."""
    return _relinked((ROOT / source).read_text(), source, place)


def _home(readme: str) -> str:
    """The README as the first page, with the ways into the site below its picture."""
    ways = {"Find an activation": "gallery.md", "Choose one": "guides/choosing.md", "Notebooks": "notebooks/index.md"}
    buttons = "\n".join(f"[{text}]({place}){{ .md-button }}" for text, place in ways.items())
    head, picture, rest = re.split(r"(^!\[.*\)$)", readme, maxsplit=1, flags=re.MULTILINE)
    return f"---\nhide: [navigation]\n---\n{head}{picture}\n\n{buttons}\n{rest}"


def _relinked(text: str, source: str, place: str) -> str:
    """A text with links from its place on the site; what is not on the site is named without a link."""

    def link(match: re.Match[str]) -> str:
        text, target = match.groups()
        target, mark, anchor = target.partition("#")
        if "://" in target or not target:
            return match[0]
        on_site = _on_site(posixpath.normpath(posixpath.join(posixpath.dirname(source), target)))
        return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(place) or '.')}{mark}{anchor})" if on_site else text

    return re.sub(r"\[((?:[^\[\]]|`[^`]*`)*)\]\(([^)\s]+)\)", link, text)


def _on_site(path: str) -> str | None:
    """Where a file of the repository stands on the site."""
    if path == "notebooks":
        return "notebooks/index.md"
    if re.fullmatch(r"notebooks/\d\d.*\.(ipynb|py)", path):
        return posixpath.splitext(path)[0] + ".md"
    if re.fullmatch(r"notebooks/.*\.(png|svg)", path):  # what a cell draws
        return path
    return DOCUMENTS.get(path) or (path.removeprefix("docs/") if path.startswith("docs/") else None)


def _notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))


def _title(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    return f"{int(path.stem[:2])} · {notebook.cells[0].source.splitlines()[0].lstrip('# ')}"


def _notebook_list() -> str:
    """The questions of the notebooks, and what answers them."""
    parts = [
        "# Notebooks",
        "Each asks one question. They lie in `notebooks/` of the repository, with their outputs, and run on every backend.",
    ]
    for path in _notebooks():
        introduction = nbformat.read(path, as_version=4).cells[0].source.partition("\n")[2].strip().split("\n\n")[0]
        parts.append(f"## [{_title(path)}]({path.stem}.md)\n\n{introduction}")
    return "\n\n".join(parts)


def _notebook(path: Path) -> dict[str, Any]:
    """A notebook as a page, with its pictures."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _typeset(cell.source)
    text, resources = MarkdownExporter().from_notebook_node(notebook, resources={"unique_key": path.stem})
    text = _relinked(text, f"notebooks/{path.name}", f"notebooks/{path.stem}.md")
    text = re.sub(r"<style scoped>.*?</style>\s*", "", text, flags=re.DOTALL).replace(
        '<table border="1" class="dataframe">', "<table>"
    )
    made = {f"notebooks/{path.stem}.md": text}
    return made | {f"notebooks/{name}": content for name, content in resources.get("outputs", {}).items()}


def _typeset(text: str) -> str:
    """Text with its LaTeX as MathML."""
    text = re.sub(
        r"\$\$(.+?)\$\$", lambda found: f'<div class="acts-formula">{pages.mathml(found[1])}</div>', text, flags=re.DOTALL
    )
    return re.sub(r"\$([^$\n]+)\$", lambda found: pages.mathml(found[1], "inline"), text)
