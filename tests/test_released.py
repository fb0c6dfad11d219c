"""What releases promised is kept: no public name, signature, default or alias is lost."""

import pytest

from tests import released

pytestmark = pytest.mark.any_backend

each_release = pytest.mark.parametrize("release", sorted(released.FOLDER.glob("v*.txt")), ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def surface():
    return released.surface()


@each_release
def test_no_line_of_a_release_is_lost(release, surface):
    lines = release.read_text().splitlines()
    assert lines
    lost = [line for line in lines if released.lost(line, surface)]
    assert not lost, "\n".join([f"{release.stem} promised what is gone:", *lost])


def by_place(lines):
    """The arguments that each function and class takes by place, in order."""
    found = {}
    for name, _, arguments in (line.partition("(") for line in lines if "(" in line):
        found[name] = []
        for argument in arguments.removesuffix(")").split(", "):
            if argument.startswith(("*", "keyword ")):
                break
            found[name].append(argument.partition("=")[0])
    return found


@each_release
def test_an_argument_keeps_its_place(release, surface):
    """A new one comes after those that a release had."""
    now = by_place(surface)
    before = by_place(release.read_text().splitlines())
    assert "keras_acts.layers.PReLU" in before
    moved = {name: now[name] for name, places in before.items() if name in now and now[name][: len(places)] != places}
    assert not moved


@pytest.mark.parametrize(
    ("line", "now", "lost"),
    [
        ("f(x, alpha=1.0)", ["f(x, alpha=1.0)"], False),
        ("f(x, alpha=1.0)", ["f(x, alpha=1.0, beta=2.0)"], False),
        ("f(x, alpha=1.0)", ["f(x, alpha=2.0)"], True),
        ("f(x, alpha=1.0)", ["f(x)"], True),
        ("f(x)", ["f(x, alpha)"], True),
        ("f(x)", ["g(x)"], True),
        ("name requ = squared_relu", ["name squared_relu = squared_relu"], True),
        ("name requ = squared_relu", ["name requ = relu"], True),
    ],
)
def test_what_is_lost_is_noticed(line, now, lost):
    assert released.lost(line, now) == lost
