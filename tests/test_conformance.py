"""The conformance run: what it finds, how it says so, and its command."""

import dataclasses
import functools
import json
import math
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_acts
from keras_acts import conformance
from keras_acts.__main__ import main
from keras_acts._record import register
from keras_acts.conformance import backends, cases, judge, run, tolerances
from keras_acts.conformance.references import shrinkage
from keras_acts.conformance.report import HEADINGS


@functools.cache
def report():
    return conformance.check(["softsign", "softmax", "snake"], ["float16", "float32"])


def finding(of, name, dtype, what):
    return next(each for each in of.findings if (each.name, each.dtype, each.what) == (name, dtype, what))


@pytest.fixture
def wrong(monkeypatch):
    """Replace a function of the catalogue by another of the same record."""

    def replace(name, value, example=None):
        record = keras_acts.describe(name)
        monkeypatch.setitem(register._functions, name, value)
        value.record = dataclasses.replace(record, derivatives=record.derivatives)
        monkeypatch.setattr(cases, "function", lambda each, given=None: value if each.name == name else each.function)

    return replace


def test_a_report_has_every_figure():
    found = [(each.name, each.dtype, each.what) for each in report().findings]
    assert found == [
        ("softsign", "float16", "value"),
        ("softsign", "float16", "gradient"),
        ("softsign", "float32", "value"),
        ("softsign", "float32", "gradient"),
        ("softmax", "float16", "value"),
        ("softmax", "float32", "value"),
        ("softmax", "float32", "gradient"),
        ("snake", "float16", "value"),
        ("snake", "float16", "gradient"),
        ("snake", "float32", "value"),
        ("snake", "float32", "gradient"),
    ]
    assert report().breaches == []
    for each in report().findings:
        assert 0 < each.ours.error <= each.ours.bound
        assert (each.stock is None) == (each.name == "snake")


def test_stock_keras_is_measured_by_the_same_rule():
    ours, stock = (getattr(finding(report(), "softsign", "float16", "gradient"), side) for side in ("ours", "stock"))
    assert ours.error <= 0.51 < 1 < stock.error
    assert "of at most 0.51 at x = " in stock.breach


def test_stock_keras_gets_our_parameters():
    x = backends.tensor([-2.0], "float32")
    assert backends.array(run.stock(keras_acts.describe("leaky_relu"))(x)) == pytest.approx([-0.02])


def test_every_transform_of_the_backend_is_tried():
    works = report().works
    assert works["softsign"] == dict.fromkeys(backends.TRANSFORMS, "")
    assert works["softmax"] == dict.fromkeys(
        [name for name, (order, _) in backends.TRANSFORMS.items() if order == 0 and name not in backends.FOR_ELEMENTWISE], ""
    )


def test_an_exception_counts_as_met_and_is_explained():
    excepted = finding(report(), "snake", "float32", "value")
    assert excepted.ours.bound == 7.5
    assert "cancel to a third" in excepted.exception
    row = next(row for row in report().rows("float32") if row[0] == "snake")
    assert row[1].endswith(" (1)")
    assert "cancel to a third" in report().to_markdown().split("## Exceptions")[1].splitlines()[2]


def test_compiled_is_another_mode_with_the_same_bounds():
    compiled = conformance.check("softsign", "bfloat16", compiled=True)
    assert compiled.mode == "compiled"
    assert compiled.breaches == []
    assert compiled.findings[0].ours.error <= 0.51


def test_without_arguments_all_activations_are_checked(monkeypatch):
    seen = []
    monkeypatch.setattr(run, "_findings", lambda record, dtype, mode: seen.append((record.name, dtype)) or [])
    monkeypatch.setattr(run, "_what_works", lambda record: {})
    conformance.check()
    assert seen == [(name, dtype) for name in keras_acts.names() for dtype in conformance.DTYPES]
    assert tuple(tolerances.FORMATS) == conformance.DTYPES


def test_a_name_given_twice_is_checked_once():
    twice = conformance.check(["soft_sign", "softsign"], ["float16", "float16"])
    assert [each.what for each in twice.findings] == ["value", "gradient"]


def test_progress_tells_what_comes_next():
    seen = []
    conformance.check(["relu", "linear"], "float32", progress=lambda *done: seen.append(done))
    assert seen == [(0, 2, "relu"), (1, 2, "linear"), (2, 2, "done")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["softsing"]}, "unknown activation 'softsing'. Did you mean 'softsign'"),
        ({"names": []}, "nothing to check"),
        ({"dtypes": ["float8"]}, "'float8' can't be checked. The dtypes are float16, bfloat16, float32, float64."),
        ({"dtypes": []}, "nothing to check"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message[:20]) as caught:
        conformance.check(**arguments)
    assert message in str(caught.value)


def judged(name, dtype, change=lambda x, got: None, gradient=False, ends=None):
    """The judgement of exact numbers that `change` has gone over."""
    record, x = keras_acts.describe(name), cases.points(dtype)
    exact = cases.exact(record, dtype)[gradient].high
    with np.errstate(over="ignore"):
        got = exact.astype(dtype).astype("float64")
    change(x, got)
    got = np.concatenate([got, ends or ([np.nan, 0.0, 1.0] if gradient else [np.nan, *record.limits]), [0.0]])
    return (judge.gradient if gradient else judge.value)(record, dtype, got)


def set_at(where, value):
    def change(x, got):
        got[np.flatnonzero(where(x))[0]] = value

    return change


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rounded_exact_numbers_keep_the_contract(dtype, gradient):
    judgement = judged("softplus", dtype, gradient=gradient)
    assert judgement.kept
    assert judgement.error <= 0.5


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("softplus", set_at(lambda x: x == 1.0, 1.3132), "ULP of at most 5.0 at x = 1.0: got 1.3132, exact 1.313261687"),
        ("softplus", set_at(lambda x: x == 20.0, np.nan), "1 results are not finite: at x = 20.0: got nan, exact 20.0"),
        ("softplus", set_at(lambda x: x == 20.0, np.inf), "1 results are not finite: at x = 20.0: got inf"),
        ("softplus", set_at(lambda x: x > 1e30, np.nan), "1 results are not finite"),
        ("softplus", set_at(lambda x: x > 1e30, np.inf), "1 results are not finite"),
    ],
)
def test_one_wrong_number_breaks_the_contract(name, change, message):
    judgement = judged(name, "float32", change)
    assert not judgement.kept
    assert message in judgement.breach
    assert judgement.not_finite == message.startswith("1 results")


def test_near_a_zero_of_the_derivative_the_bound_is_absolute():
    """lisht' is 2x at 0: an error of 1e-7 is many ULP of it."""

    def off(by, at):
        return lambda x, got: got.__setitem__(np.argmin(np.abs(x - at)), got[np.argmin(np.abs(x - at))] + by)

    slope = functools.partial(judged, "lisht", "float32", gradient=True, ends=[math.nan, -1.0, 1.0])
    near = slope(off(2.0**-23, 1e-4))
    assert near.kept
    assert near.near_zero == pytest.approx(1, rel=1e-3)
    assert "near a zero" in slope(off(3 * 2.0**-23, 1e-4)).breach
    assert "ULP of at most 8.0" in slope(off(1e-5, 1.0)).breach


@pytest.mark.parametrize(
    ("gradient", "ends", "message"),
    [
        (False, [0.0, 0.0, math.inf], "at x = nan: got 0.0"),
        (False, [math.nan, 0.0, math.nan], "at x = inf: got nan, the limit is inf"),
        (False, [math.nan, 1e-9, math.inf], "at x = -inf: got 1e-09, the limit is 0"),
        (True, [math.nan, 0.0, 0.9], "at x = inf: got 0.9, the limit is 1.0"),
        (True, [math.nan, math.nan, 1.0], "at x = -inf: got nan, the limit is 0.0"),
    ],
)
def test_nan_and_the_limits_are_judged(gradient, ends, message):
    assert judged("softplus", "float32", gradient=gradient, ends=ends).breach == message


def test_a_wrong_function_is_found_with_its_place(wrong):
    wrong("softsign", lambda x: x / (1 + keras.ops.abs(x)) + keras.ops.where(x > 50, 1e-3, 0.0 * x))
    found = conformance.check("softsign", "float32")
    (place,) = (re.search(r"^softsign, float32 value: error .* at x = ([\d.]+):", line) for line in found.breaches[:1])
    assert float(place[1]) > 50
    assert found.rows("float32")[0][1].endswith("!")
    assert "## Breaches" in found.to_markdown()


def test_what_raises_breaks_the_contract(wrong):
    def function(x):
        raise RuntimeError("no kernel\nfor this")

    wrong("softsign", function)
    found = conformance.check("softsign", "float32")
    assert "softsign, float32 value: raises RuntimeError: no kernel for this" in found.breaches
    assert "fails!" in found.rows("float32")[0]
    assert json.loads(found.to_json())["findings"][0]["ours"]["error"] == "inf"


def test_an_activation_without_a_reference_is_a_breach(monkeypatch):
    monkeypatch.delattr(shrinkage, "hard_shrink")
    found = conformance.check("hard_shrink", "float32")
    assert any("raises LookupError" in line and "write `def hard_shrink(x, …)` there" in line for line in found.breaches)


def test_json_holds_everything():
    plain = json.loads(report().to_json())
    assert plain.keys() == {
        *("package", "keras", "backend", "framework", "device", "mode", "findings", "works", "breaches"),
    }
    assert plain["backend"] == keras.backend.backend()
    assert plain["device"] == "cpu"
    assert len(plain["findings"]) == len(report().findings)
    first = plain["findings"][0]
    assert first.keys() == {"name", "dtype", "what", "ours", "stock", "exception"}
    assert first["ours"].keys() == {*("what", "error", "bound", "x", "got", "exact", "not_finite", "near_zero", "breach")}
    assert plain["works"]["softsign"] == report().works["softsign"]


def test_markdown_has_a_table_for_each_dtype():
    text = report().to_markdown()
    lines = text.splitlines()
    assert lines[0] == f"# Conformance on {keras.backend.backend()}"
    assert [line for line in lines if line.startswith("## float")] == ["## float16", "## float32"]
    assert lines.count("| " + " | ".join(HEADINGS) + " |") == 2
    cells = next(line for line in lines if line.startswith("| softmax |")).split("|")
    assert len(cells) == len(HEADINGS) + 2
    assert text.endswith("\n")
    assert "3 activations in float16, float32: all keep the contract." in text


@pytest.mark.parametrize(
    ("error", "shown"),
    [(0.499, "0.50"), (99.4, "99.40"), (99.6, "100"), (65280.2, "65280"), (1.2e15, "1e15"), (math.inf, "fails")],
)
def test_errors_are_shown_short(error, shown):
    from keras_acts.conformance.report import _shown

    judgement = judge.Judgement("value", error, 0.51, 0.0, 0.0, 0.0, 0)
    assert _shown(judgement) == shown
    assert _shown(dataclasses.replace(judgement, breach="wrong"), 2) == f"{shown}! (2)"


# what the bounds leave out

HERE = {"jax": "JAX", "tensorflow": "TensorFlow", "torch": "torch"}[backends.NAME]
EXCEPTED = [
    *(((name, what, dtype), measured) for (name, what, dtype), (_, measured, _) in tolerances.EXCEPTIONS.items()),
    *(((name, "value", "float32"), measured) for name, (measured, _) in tolerances.CROSSING.items()),
]


@pytest.mark.any_backend
@pytest.mark.parametrize(("key", "measured"), EXCEPTED, ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_an_exception_says_where_it_was_measured(key, measured):
    assert key[0] in keras_acts.names()
    assert re.search(r" on (JAX|TensorFlow|torch) at (\w+ = \S+, )*x = [-\d.]+", measured)


@pytest.mark.parametrize(
    ("key", "measured"), [(key, measured) for key, measured in EXCEPTED if f"on {HERE} at " in measured], ids=str
)
def test_an_exception_is_needed_where_it_was_measured(key, measured):
    name, what, dtype = key
    record = keras_acts.describe(name)
    place = re.search(rf"on {HERE} at ([^;]*)", measured)[1]
    given = {parameter: float(value) for parameter, value in re.findall(r"(\w+) = ([-\d.]+)", place)}
    at, points = given.pop("x"), cases.points(dtype)
    near = np.abs(points - at) <= 1e-5 * abs(at)  # it is written with six digits
    function = cases.function(record, given)
    of = backends.gradient(function, again=False) if what == "gradient" else function
    got = backends.array(of(backends.tensor(cases.inputs(dtype), dtype)))[: len(points)]
    exact = cases.exact(record, dtype, given)[what == "gradient"]
    general = tolerances.GRADIENT if what == "gradient" else tolerances.VALUE
    assert tolerances.errors(points, got, exact, dtype)[near].max() > general[dtype]


# the command


def test_the_command_prints_and_writes_the_report(capsys, tmp_path):
    files = tmp_path / "x.json", tmp_path / "x.md"
    arguments = [
        "--names",
        "softsign,relu",
        "--names",
        "softmax",
        "--dtype",
        "float16",
        "--json",
        *files[:1],
        "--markdown",
        files[1],
    ]
    assert main(["check", *map(str, arguments)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for name in ("softsign", "relu", "softmax"):
        assert any(line.split()[:1] == [name] for line in out.splitlines())
    assert "3 activations in float16: all keep the contract." in out
    assert {each["name"] for each in json.loads(files[0].read_text())["findings"]} == {"softsign", "relu", "softmax"}
    assert files[1].read_text(encoding="utf-8").startswith("# Conformance on ")


def test_the_command_fails_on_a_breach(wrong, capsys):
    wrong("relu", lambda x: keras.ops.relu(x) * 1.01)
    assert main(["check", "--names", "relu", "--dtype", "float32"]) == 1
    out, _ = capsys.readouterr()
    assert "relu, float32 value: error " in out
    assert "breaches of the contract." in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--names", "softsing"], "unknown activation 'softsing'. Did you mean 'softsign'"),
        (["--names", ","], "nothing to check"),
        (["--dtype", "int8"], "'int8' can't be checked"),
        (["--names", "relu", "--json", "no/such/folder/x.json"], "there is no folder 'no/such/folder' to write x.json in."),
    ],
)
def test_the_command_refuses_what_it_cannot_do(arguments, message, capsys):
    assert main(["check", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("keras-acts: ")
    assert message in err


def test_the_command_passes_its_options_on(monkeypatch):
    found, seen = report(), {}

    def fake(names, dtypes, compiled, progress):
        seen.update(names=names, dtypes=dtypes, compiled=compiled)
        progress(1, 1, "done")
        return found

    monkeypatch.setattr(conformance, "check", fake)
    assert main(["check", "--compiled"]) == 0
    assert seen == {"names": None, "dtypes": conformance.DTYPES, "compiled": True}
    assert main(["check", "--names", "a, b", "--dtype", "float16", "--dtype", "float32,float64"]) == 0
    assert seen == {"names": ["a", "b"], "dtypes": ["float16", "float32", "float64"], "compiled": False}


def test_without_mpmath_the_command_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "mpmath", None)
    assert main(["check"]) == 2
    assert capsys.readouterr().err == 'keras-acts: the check needs mpmath: pip install "keras-acts[check]"\n'


@pytest.mark.any_backend
def test_importing_the_package_does_not_import_the_references():
    code = "import sys, keras_acts; print([name for name in sys.modules if name.startswith('keras_acts.conformance')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
