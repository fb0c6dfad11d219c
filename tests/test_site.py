"""The documentation site in a browser, opened from its files: `make docs` builds it first."""

import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

import keras_acts

SITE = Path(__file__).parent.parent / "site"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    assert BROWSER, "the site's tests need Chromium: apt-get install chromium"
    assert (SITE / "index.html").exists(), "the site is not built: make docs"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=BROWSER, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(params=["light", "dark"])
def page(browser, request):
    """A page without a network, on which every error and every request to another host is a failure."""
    context = browser.new_context(color_scheme=request.param, offline=True, viewport={"width": 1200, "height": 900})
    opened = context.new_page()
    complaints = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("requestfailed", lambda failed: complaints.append(failed.url))
    yield opened
    context.close()
    assert not complaints


def visit(page, name):
    page.goto((SITE / name).as_uri())


def shown(page):
    return page.locator(".acts-card:visible b").all_inner_texts()


def test_the_gallery_shows_every_activation_as_a_picture(page):
    visit(page, "gallery.html")
    assert shown(page) == keras_acts.names()
    assert page.locator(".acts-card svg path").count() > 3 * len(keras_acts.names())


def test_the_gallery_finds_by_words(page):
    visit(page, "gallery.html")
    page.get_by_label("Search the gallery").fill("swish")
    assert "silu" in shown(page)  # by its alias
    assert "relu" not in shown(page)
    assert "activations" in page.locator(".acts-count").inner_text()
    page.get_by_label("Search the gallery").fill("no such thing")
    assert shown(page) == []
    assert "show all" in page.locator(".acts-count").inner_text()
    page.get_by_label("Search the gallery").fill("torch.nn.mish")  # by what another library calls it
    assert shown(page) == ["mish"]
    page.get_by_label("Search the gallery").fill("leonard")  # an author, without the accent
    assert "hardmax" in shown(page)
    page.get_by_role("button", name="Show all").click()
    page.wait_for_function("document.querySelectorAll('.acts-card:not([hidden])').length > 50")
    assert shown(page) == keras_acts.names()


def test_the_gallery_filters_by_family_and_properties_that_the_records_state(page):
    visit(page, "gallery.html")
    page.get_by_label("Family").select_option("sigmoidal")
    assert shown(page) == keras_acts.names("sigmoidal")
    page.get_by_text("bounded", exact=True).click()
    page.get_by_text("odd", exact=True).click()
    records = [keras_acts.describe(name) for name in keras_acts.names("sigmoidal")]
    bounded = [each.name for each in records if each.parity == "odd" and max(map(abs, each.range)) < float("inf")]
    assert shown(page) == bounded
    assert "softsign" in bounded


def test_a_filter_can_be_linked(page):
    visit(page, "activations/softsign.html")
    page.get_by_role("link", name="sigmoidal", exact=True).last.click()
    page.wait_for_url("**/gallery.html#family=sigmoidal")
    assert shown(page) == keras_acts.names("sigmoidal")
    page.evaluate("location.hash = '#family=gated'")
    page.wait_for_function("document.querySelector('select[name=family]').value == 'gated'")
    assert shown(page) == keras_acts.names("gated")


def test_no_page_shows_the_source_of_a_formula(page):
    visit(page, "notebooks/03-vanishing-gradients-and-dying-relu.html")
    assert page.locator("article math").count() > 5
    for path in sorted(SITE.glob("*/*.html")):
        text = path.read_text()
        assert "$$" not in text, path
        assert "\\_" not in "".join(re.findall(r"<math.*?</math>", text)), path


def test_from_a_card_to_formula_and_picture(page):
    visit(page, "gallery.html")
    page.locator(".acts-card", has_text="softsign").first.click()
    page.wait_for_url("**/activations/softsign.html")
    assert page.locator(".acts-picture svg").bounding_box()["width"] > 400
    formula = page.locator(".acts-formula.value")
    assert height(formula.locator("mfrac")) > 1.5 * height(formula.locator("mi").first)  # typeset: one above the other


def height(locator):
    return locator.bounding_box()["height"]


def test_the_search_works_from_files(page):
    visit(page, "index.html")
    page.get_by_placeholder("Search").press_sequentially("squared_relu")
    first = page.locator(".md-search-result__link").first
    first.wait_for()
    first.click()
    page.wait_for_url("**/squared_relu.html*")


def test_pictures_take_the_colours_of_the_scheme(page):
    visit(page, "activations/softsign.html")
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    legend = page.locator(".acts-picture svg text", has_text="f").first
    colour = legend.evaluate("node => getComputedStyle(node).fill.match(/[0-9]+/g).map(Number)")
    assert (min(colour) > 200) if dark else (max(colour) < 50)


@pytest.mark.parametrize(
    "name", ["index.html", "gallery.html", "activations/gelu_tanh.html", "activations/shrink.html", "myths.html"]
)
def test_nothing_is_wider_than_a_phone(browser, name):
    context = browser.new_context(viewport={"width": 390, "height": 800}, offline=True)
    opened = context.new_page()
    visit(opened, name)
    assert opened.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def test_every_activation_has_a_page_with_formula_picture_and_example():
    for name in keras_acts.names():
        text = (SITE / "activations" / f"{name}.html").read_text()
        for part in ("<math", "acts-picture", "<svg", "keras_acts", "Reference", f'id="keras_acts.activations.{name}"'):
            assert part in text, f"{name}: {part}"


def test_a_public_name_without_an_entry_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent.parent / "docs" / "builder")
    import hooks
    from mkdocs.exceptions import PluginError

    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<h2 id="keras_acts.get"></h2>')
    with pytest.raises(PluginError, match=r"without an entry.*activations\.abs.*layers\.PReLU") as error:
        hooks.on_post_build(SimpleNamespace(site_dir=tmp_path))
    assert "keras_acts.get," not in str(error.value)
