"""The demo, on a small scale: what it prints, writes and confirms is what it measured."""

import io
import json
import subprocess
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from rich.console import Console

import keras_acts
from keras_acts import _demo
from keras_acts._demo import Case

# of one training loop by each backend: where it takes least time, and everywhere in full
pytestmark = [] if keras.backend.backend() == "torch" else [pytest.mark.full]

NAMES = ("softsign", "PReLU")
SEEDS, EPOCHS = 2, 2
EVERYTHING = (*_demo.NAMES, *_demo.LEARNED)


@pytest.fixture(scope="module")
def digits():
    return _demo.load_digits()


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A run with two activations: its folder, what it printed, and whether it found the models unchanged."""
    output = tmp_path_factory.mktemp("demo") / "made" / "by it"
    printed = io.StringIO()
    console = Console(file=printed, width=200, markup=False, highlight=False)
    same = _demo.run(seeds=SEEDS, epochs=EPOCHS, output=output, console=console, names=NAMES)
    report = json.loads((output / "results.json").read_text(encoding="utf-8"))
    return SimpleNamespace(output=output, printed=printed.getvalue(), same=same, report=report)


def test_the_table_shows_what_results_json_holds(demo):
    lines = demo.printed.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("activation"))
    table = [line.split("  ") for line in lines[start + 1 : start + 1 + len(NAMES)]]
    assert [[cell.strip() for cell in row if cell.strip()] for row in table] == [
        [
            result["label"],
            result["initializer"],
            f"{100 * result['mean']:.2f} ± {100 * result['spread']:.2f} %",
            f"{result['seconds']:.1f}",
            str(result["parameters"]),
        ]
        for result in demo.report["results"]
    ]


def test_results_are_sorted_by_accuracy(demo):
    means = [result["mean"] for result in demo.report["results"]]
    assert means == sorted(means, reverse=True)


def test_mean_and_spread_are_those_of_the_last_epoch(demo):
    for result in demo.report["results"]:
        assert np.shape(result["curves"]) == (SEEDS, EPOCHS)
        assert result["accuracy"] == [curve[-1] for curve in result["curves"]]
        assert result["mean"] == pytest.approx(np.mean(result["accuracy"]), abs=1e-12)
        assert result["spread"] == pytest.approx(np.std(result["accuracy"]), abs=1e-12)


def test_results_say_what_they_were_measured_with(demo, backend):
    assert demo.report["backend"] == backend
    assert (demo.report["keras"], demo.report["keras_acts"]) == (keras.__version__, keras_acts.__version__)
    assert (demo.report["seeds"], demo.report["epochs"]) == (SEEDS, EPOCHS)


def test_pictures_models_and_results_are_written(demo):
    assert {file.name for file in demo.output.iterdir()} == {
        *("training.png", "functions.png", "results.json", "predictions.npz"),
        *("softsign.keras", "prelu_learned.keras"),
    }
    for picture in ("training.png", "functions.png"):
        assert (demo.output / picture).read_bytes().startswith(b"\x89PNG")


def test_a_saved_model_reloads_with_our_activations(demo):
    model = keras.saving.load_model(demo.output / "softsign.keras")
    functions = [layer.activation for layer in model.layers]
    assert functions == [keras_acts.activations.softsign] * _demo.HIDDEN_LAYERS + [keras_acts.activations.softmax]


def test_a_saved_model_reloads_with_learned_slopes(demo):
    model = keras.saving.load_model(demo.output / "prelu_learned.keras")
    for layer in model.layers[: _demo.HIDDEN_LAYERS]:
        assert type(layer.activation) is keras_acts.layers.PReLU
        assert np.abs(keras.ops.convert_to_numpy(layer.activation.alpha)).max() > 0


def test_the_saved_model_is_that_of_the_first_seed(demo, digits):
    model = keras.saving.load_model(demo.output / "softsign.keras")
    right = np.mean(_demo.predict(model, digits["x_test"]).argmax(-1) == digits["y_test"])
    result = next(result for result in demo.report["results"] if result["title"] == "softsign")
    assert right == pytest.approx(result["accuracy"][0], abs=1e-6)


def test_a_fresh_process_confirms_the_predictions(demo):
    assert demo.same
    assert all(0 <= result["difference"] <= _demo.TOLERANCE for result in demo.report["results"])
    assert "Reloaded in a fresh process: all 2 models predict " in demo.printed


def test_the_output_ends_with_where_the_files_are_and_what_comes_next(demo):
    *_, where, first, second = demo.printed.splitlines()
    assert where.startswith(f"Written to {demo.output}: ")
    assert "python -m keras_acts show" in first
    assert "python -m keras_acts plot" in second


def test_nothing_of_a_seed_remains_for_the_next(digits, tmp_path, monkeypatch):
    # The compiled model is used again: with the same seed, runs must be equal from the second on. (The first also draws
    # a batch to compile with, so that it shuffles otherwise.)
    seeded = keras.utils.set_random_seed
    monkeypatch.setattr(keras.utils, "set_random_seed", lambda _seed: seeded(0))
    result, _ = _demo.compare(Case.of("PReLU"), digits, seeds=3, epochs=2, output=tmp_path, advance=lambda: None)
    assert result.curves[1] == result.curves[2]


def test_seeds_differ(demo):
    for result in demo.report["results"]:
        assert result["curves"][0] != result["curves"][1]


@pytest.mark.parametrize("name", _demo.NAMES)
def test_every_string_means_the_function_of_this_package(name):
    assert keras.activations.get(Case.of(name).activation) is getattr(keras_acts.activations, name)


def test_a_name_that_keras_lacks_is_used_bare():
    assert [Case.of(name).activation for name in ("snake", "relu")] == ["snake", "keras_acts>relu"]


@pytest.mark.parametrize(
    ("name", "initializer"),
    [
        *(("selu", "lecun_normal"), ("relu", "he_normal"), ("leaky_relu", "he_normal"), ("PReLU", "he_normal")),
        *(("elu", "he_normal"), ("softplus", "he_normal"), ("squared_relu", "glorot_uniform")),
        *(("tanh", "glorot_uniform"), ("snake", "glorot_uniform"), ("Snake", "glorot_uniform")),
    ],
)
def test_the_initialiser_fits_the_activation(name, initializer):
    case = Case.of(name)
    assert case.initializer == initializer
    used = {type(layer.kernel_initializer) for layer in _demo.build(case).layers[: _demo.HIDDEN_LAYERS]}
    assert used == {type(keras.initializers.get(initializer))}


def test_no_two_models_share_a_file_even_if_case_is_ignored():
    files = [Case.of(name).file.lower() for name in EVERYTHING]
    assert len(set(files)) == len(files)


def test_every_layer_has_a_learned_activation_of_its_own():
    hidden = _demo.build(Case.of("Snake")).layers[: _demo.HIDDEN_LAYERS]
    assert len({id(layer.activation) for layer in hidden}) == _demo.HIDDEN_LAYERS


def test_the_digits_are_standardised_by_the_training_part_and_in_whole_batches(digits):
    x = digits["x_train"].astype("float64")
    assert len(x) % _demo.BATCH == 0
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0)[x.std(0) > 0], 1, atol=1e-5)
    assert len(x) + len(digits["x_test"]) == 1797


def test_a_model_that_reloads_with_another_activation_is_an_error():
    result = _demo.Result("softsign", "keras_acts>softsign", "keras_acts>softsign", "glorot_uniform", "softsign.keras", 0)
    stock = [_demo._identity(keras.activations.softsign)] * 3 + ["keras_acts>softmax"]
    with pytest.raises(RuntimeError, match=r"softsign\.keras was reloaded with"):
        _demo._confirm(result, {"activations": stock, "difference": 0.0})


def test_a_process_that_fails_to_reload_is_an_error(monkeypatch, tmp_path):
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr="no such file")
    monkeypatch.setattr(subprocess, "run", lambda *_arguments, **_options: failed)
    with pytest.raises(RuntimeError, match="no such file"):
        _demo.reload(tmp_path)


@pytest.mark.parametrize(
    ("difference", "same", "message"),
    [
        (0.0, True, "predict exactly what they did"),
        (1e-7, True, "to 1e-07 at most"),
        (0.5, False, "predicts otherwise, by 0.5"),
    ],
)
def test_the_confirmation_states_the_difference(tmp_path, difference, same, message):
    result = _demo.Result("x", "x", "x", "x", "x.keras", 0, accuracy=[1.0], difference=difference)
    printed = io.StringIO()
    assert _demo._report([result], tmp_path, Console(file=printed, width=200)) is same
    assert message in printed.getvalue()
