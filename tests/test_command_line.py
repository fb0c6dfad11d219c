"""The command line, called as a function; one test starts a process."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import keras_acts
from keras_acts import _demo, plotting
from keras_acts.__main__ import main

pytestmark = pytest.mark.any_backend


def words(text):
    """The text without line breaks, columns and colours."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())


@pytest.fixture
def run(capsys):
    """Run a command that must succeed; returns what it prints."""

    def command(*arguments):
        assert main([str(argument) for argument in arguments]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        return out

    return command


@pytest.fixture
def refused(capsys):
    """Run a command that must be refused with exit status 2; returns the message."""

    def command(*arguments):
        assert main([str(argument) for argument in arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert "Traceback" not in err
        return err

    return command


@pytest.fixture
def terminal(monkeypatch):
    """Let the output look like a terminal of 80 columns."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")


def rows(out):
    """The rows of a list by name."""
    return {line.split()[0]: " ".join(line.split()) for line in out.splitlines() if line.strip()}


def test_list_has_every_activation_with_its_formula_and_aliases(run):
    table = rows(run("list"))
    for record in map(keras_acts.describe, keras_acts.names()):
        row = table[record.name]
        assert record.formula in row
        assert all(alias in row for alias in record.aliases)


def test_list_shows_range_smoothness_and_monotonicity(run):
    table = rows(run("list"))
    assert table["softsign"] == "softsign x / (1 + |x|) [-1, 1] C¹ yes soft_sign"
    assert table["lisht"] == "lisht x · tanh(x) [0, ∞) C∞ no"
    assert table["leaky_relu"] == "leaky_relu x if x > 0, else negative_slope · x (-∞, ∞) C⁰ yes lrelu"


def test_list_is_not_cut_in_a_pipe_however_narrow_the_terminal(run, monkeypatch):
    wide = run("list")
    monkeypatch.setenv("COLUMNS", "20")
    assert run("list") == wide


def test_list_fits_the_terminal(run, terminal):
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("list"))
    assert max(map(len, out.splitlines())) <= 80
    assert "…" not in out


def test_list_can_show_one_family(run):
    names = set(rows(run("list", "--family", "sigmoidal")))
    assert {"sigmoid", "tanh", "softsign"} <= names
    assert "relu" not in names


def test_list_can_give_aliases_a_row(run):
    table = rows(run("list", "--aliases"))
    assert table["smooth_relu"] == "smooth_relu = softplus"
    assert set(keras_acts.names(aliases=True)) <= set(table)


def test_an_unknown_family_is_refused(refused):
    assert "unknown family 'sigmoid'. The families are " in refused("list", "--family", "sigmoid")


def test_show_tells_the_whole_record(run, each_kind):
    out = words(run("show", each_kind.name))
    parity = [each_kind.parity or "neither odd nor even"] if each_kind.elementwise else []
    slope = each_kind.derivative or "not element-wise"
    for fact in (each_kind.formula, slope, each_kind.summary.replace("`", ""), each_kind.reference):
        assert words(fact) in out
    for text in (*map(str, each_kind.parameters), *each_kind.aliases, each_kind.family, *parity):
        assert text in out
    assert (f"monotonic {'yes' if each_kind.monotonic else 'no'}" in out) == each_kind.elementwise


def test_show_describes_range_limits_and_smoothness(run):
    out = words(run("show", "softsign"))
    assert "range within [-1, 1] limits -1 at -∞, 1 at ∞" in out
    assert "once continuously differentiable (C¹)" in out


def test_show_draws_a_sketch(run):
    assert plotting.sketch("lisht") in run("show", "lisht")


def test_show_fits_a_terminal_of_80_columns(run, terminal, each_kind):
    out = re.sub(r"\x1b\[[0-9;]*m", "", run("show", each_kind.name))
    assert max(map(len, out.splitlines())) <= 80
    assert words(each_kind.reference) in words(out)


def test_show_says_that_a_name_keras_lacks_is_ours(run):
    assert 'Dense(64, activation="snake"); keras.activations has no snake' in words(run("show", "snake"))


def test_show_says_how_to_name_ours_where_keras_has_the_name(run):
    out = words(run("show", "softsign"))
    assert 'Dense(64, activation="keras_acts>softsign"); "softsign" alone is Keras\'s own function' in out
    assert 'After keras_acts.replace_builtins(), "softsign" is this one.' in out


def test_show_tells_the_defaults_that_differ_from_keras(run):
    out = words(run("show", "leaky_relu"))
    different = "0.01, but 0.2 in keras.activations.leaky_relu and 0.3 in keras.layers.LeakyReLU."
    assert f"Its default negative_slope is {different}" in out
    assert "replace_builtins" not in out


@pytest.mark.parametrize("name", ["relu", "elu", "softmax"])
def test_show_is_silent_about_defaults_that_agree(run, name):
    assert "Its default" not in run("show", name)


def test_show_names_the_learned_layer(run):
    assert "keras_acts.layers.PReLU() learns alpha" in run("show", "prelu")
    assert "keras_acts.layers.Snake() learns alpha" in run("show", "snake")


def test_show_follows_an_alias(run):
    assert run("show", "smooth_relu").startswith("softplus  (alias: smooth_relu)  log(1 + exp(x))")


def test_show_takes_parameters(run):
    out = run("show", "relu", "--max-value", "6", "--threshold=1")
    assert "Dense(64, activation=keras_acts.get('relu', negative_slope=0.0, max_value=6.0, threshold=1.0))" in words(out)
    assert "relu(max_value=6, threshold=1) for x from -4 to 4:" in out


@pytest.mark.parametrize(
    ("command", "parameters"),
    [
        (["snak"], {}),
        (["snake", "--alpha", "-1"], {"alpha": -1}),
        (["snake", "--alpha", "nan"], {"alpha": "nan"}),
        (["softmax", "--alpha", "1"], {"alpha": 1}),
    ],
)
def test_show_refuses_with_the_message_of_the_exception(refused, command, parameters):
    with pytest.raises((ValueError, TypeError)) as caught:
        keras_acts.get(command[0], **parameters)
    assert refused("show", *command) == f"keras-acts: {caught.value}\n"


def test_plot_writes_a_picture_and_names_it(run, tmp_path):
    file = tmp_path / "two.png"
    assert run("plot", "snake", "softmax", "--output", file) == f"{file}\n"
    assert file.read_bytes().startswith(b"\x89PNG")


def test_plotting_twice_writes_the_same_file(run, tmp_path):
    for name in ("a.png", "b.png"):
        run("plot", "snake", "--strip", "--output", tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(
    ("options", "function", "expected"),
    [
        ([], "plot", {"derivative": True, "range": (-4.0, 4.0)}),
        (["--no-derivative"], "plot", {"derivative": False, "range": (-4.0, 4.0)}),
        (["--range", "-1", "2.5"], "plot", {"derivative": True, "range": (-1.0, 2.5)}),
        (["--strip"], "strip", {"derivative": True, "range": (-4.0, 4.0)}),
    ],
)
def test_plot_passes_its_options_on(run, tmp_path, monkeypatch, options, function, expected):
    seen = []
    draw = getattr(plotting, function)
    monkeypatch.setattr(plotting, function, lambda names, **given: seen.append((names, given)) or draw(names, **given))
    run("plot", "snake", "elu", "--alpha", "2", *options, "--output", tmp_path / "x.svg")
    assert seen == [([keras_acts.get("snake", alpha=2.0), keras_acts.get("elu", alpha=2.0)], expected)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["snak"], "unknown activation 'snak'. Did you mean 'snake' or "),
        (["snake", "--range", "2", "1"], "range must be two finite numbers in rising order"),
        (["snake", "--output", "x.doc"], "doc"),
        (["snake", "--output", "no/such/folder/x.png"], "No such file or directory"),
    ],
)
def test_plot_refuses_what_it_cannot_do(refused, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert message in refused("plot", *arguments)
    assert list(tmp_path.iterdir()) == []


def test_plot_without_matplotlib_says_what_to_install(refused, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    monkeypatch.delitem(sys.modules, "keras_acts.plotting._figure", raising=False)
    assert 'pip install "keras-acts[plot]"' in refused("plot", "snake")


def test_demo_without_its_extras_says_what_to_install(refused, monkeypatch):
    monkeypatch.setattr(_demo, "_found", lambda module: module != "sklearn")
    assert refused("demo") == 'keras-acts: the demo needs scikit-learn: pip install "keras-acts[demo]"\n'


@pytest.mark.parametrize(("same", "status"), [(True, 0), (False, 1)])
def test_demo_fails_if_a_reloaded_model_predicts_otherwise(monkeypatch, same, status):
    seen = {}
    monkeypatch.setattr(_demo, "run", lambda console, **given: seen.update(given) or same)
    assert main(["demo", "--seeds", "2", "--epochs", "7", "--output", "there"]) == status
    assert seen == {"seeds": 2, "epochs": 7, "output": Path("there")}


def test_an_interrupted_demo_ends_without_a_traceback(monkeypatch, capsys):
    def interrupt(**_given):
        raise KeyboardInterrupt

    monkeypatch.setattr(_demo, "run", interrupt)
    assert main(["demo"]) == 130
    assert capsys.readouterr().err == "keras-acts: interrupted\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["lst"], ["show"], ["plot"], ["show", "snake", "--gamma", "1"], ["demo", "--seeds", "0"], ["demo", "--epochs", "x"]],
)
def test_a_command_that_cannot_be_read_is_refused_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: keras-acts")


@pytest.mark.parametrize("command", [[], ["list"], ["show"], ["plot"], ["demo"]])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    assert " ".join(["usage: keras-acts", *command]) in capsys.readouterr().out


def test_the_version_is_the_package_s(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"keras-acts {keras_acts.__version__}\n"


def test_the_module_runs_as_a_program_even_where_the_output_has_no_symbols():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    environment["PYTHONPATH"] = str(Path(keras_acts.__file__).parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "keras_acts", "list", "--family", "periodic"], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert rows(done.stdout)["snake"] == "snake x + sin(alpha ? x)? / alpha (-?, ?) C? yes"
