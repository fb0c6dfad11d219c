# %% [markdown]
# # Which activation should I take?
#
# Ten activations are compared on two small tasks: the same networks, the same budget, a learning rate tuned for each,
# several seeds. With one learning rate for all, the worst makes seven times the errors of the best. With tuned rates that
# shrinks to a few tenths, every seed has another winner, and honest intervals leave ten ties. The recipe is the result:
# tune, repeat, pair, and admit ties.

# %%
from itertools import pairwise

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import ops
from sklearn.datasets import load_digits
from vega_datasets import local_data

import keras_acts

# %% tags=["parameters"] small={"names": ["sigmoid", "snake"], "seeds": 2, "epochs": {"digits": 2, "cars": 2}, "trials": 1}
names = ["sigmoid", "tanh", "softsign", "relu", "leaky_relu", "elu", "gelu", "silu", "mish", "snake"]
rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
seeds = 10
epochs = {"digits": 25, "cars": 40}
draws = 10_000  # of the bootstrap
trials = 8  # of KerasTuner

# %% [markdown]
# ## What is expected
#
# Written down before the ten were compared, after a trial of four that showed how much the learning rate matters to
# sigmoid.
#
# 1. **Learning rate.** With Keras's default for Adam, 0.001, for all, the ranking is not the one with tuned rates:
#    Spearman's rank correlation between the two is below 0.8 on both tasks.
# 2. **One seed.** With one seed each, different seeds name at least three different winners.
# 3. **Pairing.** Networks with the same seed share their initial weights and training rows, so their differences spread
#    less than independent runs would.
# 4. **Ties.** On digits at least half of the ten can't be told from the best.
# 5. **Transfer.** The two tasks disagree: the rank correlation between them is below 0.7.

# %% [markdown]
# ## Two tasks
#
# Digits: 8 x 8 images, ten classes. Cars: fuel consumption in miles per gallon from eight columns. The test rows are set
# aside once, for all. What remains is split into training and validation anew for each seed. The number of training rows is
# a multiple of the batch, so that every step has the same shape and JAX compiles once.


# %%
def digits():
    x, y = load_digits(return_X_y=True)
    return x / 16, y


def cars():
    table = local_data.cars().dropna(subset=["Miles_per_Gallon", "Horsepower"])
    columns = ["Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration"]
    origin = [table["Origin"] == "USA", table["Origin"] == "Japan"]
    x = np.column_stack([table[columns], table["Year"].dt.year, *origin]).astype(float)
    return x, (table["Miles_per_Gallon"].to_numpy() - 23) / 8  # about their mean and standard deviation


tasks = {"digits": digits(), "cars": cars()}
sizes = {"digits": {"train": 1024, "validation": 256, "batch": 128}, "cars": {"train": 192, "validation": 80, "batch": 32}}

# %% [markdown]
# ## A hundred networks in one
#
# Each network has two hidden layers of 32 units. A layer `EinsumDense` whose weights have two more axes, for activation and
# seed, holds all of them: they see different rows and share no weight, and ten compilations become one. Adam works weight
# by weight and ignores the scale of a gradient, so each trains as it would alone.


# %%
class Side(keras.layers.Layer):
    """The i-th activation for the i-th slice of the first axis after the batch."""

    def __init__(self, names):
        super().__init__()
        self.functions = [keras_acts.get(name) for name in names]

    def call(self, x):
        return ops.stack([function(x[:, i]) for i, function in enumerate(self.functions)], axis=1)


def build(features, outputs, loss):
    def dense(units, inputs="basi"):
        return keras.layers.EinsumDense(f"{inputs},asio->baso", (len(names), seeds, units), bias_axes="aso")

    hidden = [dense(32, "bsi"), Side(names), dense(32), Side(names)]
    model = keras.Sequential([keras.Input((seeds, features)), *hidden, dense(outputs)])
    model.compile(keras.optimizers.Adam(), loss)
    return model


# %% [markdown]
# Initial weights are drawn per seed and given to every activation alike, uniformly as Glorot and Bengio propose. This too
# is a choice in favour of some: no initialisation is neutral.


# %%
def initial(features, outputs):
    widths, weights = [features, 32, 32, outputs], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        for i, o in pairwise(widths):
            weights.append(rng.uniform(-1, 1, (i, o)) * np.sqrt(6 / (i + o)))
    weights = [np.broadcast_to(np.stack(weights[k::3]), (len(names), seeds, *weights[k].shape)) for k in range(3)]
    return [part for kernel in weights for part in (kernel, np.zeros(kernel.shape[:2] + kernel.shape[3:]))]


# %% [markdown]
# One model serves all learning rates: weights and the optimizer's variables go back to their start and the rate is set,
# which compiles nothing. The result is the error of every network on every row: 0 or 1 for digits, the absolute error in
# miles per gallon for cars.


# %%
def split(task):
    x, y = (part.astype("float32" if part.dtype.kind == "f" else "int32") for part in tasks[task])
    order, size = np.random.default_rng(2024).permutation(len(x)), sizes[task]
    used = size["train"] + size["validation"]
    if task == "cars":
        x = (x - x[order[:used]].mean(axis=0)) / x[order[:used]].std(axis=0)
    columns = np.stack([np.random.default_rng(seed).permutation(order[:used]) for seed in range(seeds)], axis=1)
    test = np.repeat(order[used:, None], seeds, axis=1)
    parts = {"train": columns[: size["train"]], "validation": columns[size["train"] :], "test": test}
    return {part: (x[rows], y[rows]) for part, rows in parts.items()}


def errors(task, model, x, y):
    found = model.predict(x, batch_size=len(x), verbose=0)
    error = found.argmax(axis=-1) != y[:, None] if task == "digits" else 8 * np.abs(found[..., 0] - y[:, None])
    return np.moveaxis(error.astype(float), 0, -1)  # activation, seed, row


def experiment(task):
    data = split(task)
    x, y = data["train"]
    if task == "digits":
        loss, outputs = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"), 10
    else:
        loss, outputs = keras.losses.MeanSquaredError(reduction="sum"), 1
        y = y[..., None]
    y = np.repeat(y[:, None], len(names), axis=1)
    model = build(x.shape[-1], outputs, loss)
    model.optimizer.build(model.trainable_variables)
    start = [ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
    judged = [np.concatenate(parts) for parts in zip(data["validation"], data["test"], strict=True)]
    found = []
    for rate in rates:
        model.set_weights(initial(x.shape[-1], outputs))
        for variable, value in zip(model.optimizer.variables, start, strict=True):
            variable.assign(value)
        model.optimizer.learning_rate = rate
        keras.utils.set_random_seed(0)
        model.fit(x, y, batch_size=sizes[task]["batch"], epochs=epochs[task], verbose=0)
        found.append(errors(task, model, *judged))
    validation, test = np.split(np.stack(found), [sizes[task]["validation"]], axis=-1)
    return {"validation": validation, "test": test}


results = {task: experiment(task) for task in tasks}
{task: found["test"].shape for task, found in results.items()}  # rates, activations, seeds, test rows

# %% [markdown]
# ## The learning rate, or: what an untuned comparison measures
#
# The rate of each activation is chosen by the mean error on validation rows. One chosen at the edge of the grid would ask
# for a wider grid.

# %%
tuned, chosen = {}, {}
for task, found in results.items():
    index = found["validation"].mean(axis=(2, 3)).argmin(axis=0)
    tuned[task] = found["test"][index, np.arange(len(names))]  # activation, seed, row
    chosen[task] = [rates[i] for i in index]
    edges = sum(rate in (rates[0], rates[-1]) for rate in chosen[task])
    print(f"{task}: {edges} of {len(names)} chosen rates at the edge of the grid")

default = int(np.argmin(np.abs(np.array(rates) - 0.001)))
table = pd.DataFrame(index=names)
for task, found in results.items():
    unit, factor = ("% wrong", 100) if task == "digits" else ("mpg off", 1)
    table[f"{task}: {unit} at {rates[default]}"] = factor * found["test"][default].mean(axis=(1, 2))
    table[f"{task}: tuned rate"] = chosen[task]
    table[f"{task}: {unit}, tuned"] = factor * tuned[task].mean(axis=(1, 2))
table.round({name: 2 for name in table.columns if "rate" not in name})


# %%
def correlation(a, b):
    """Spearman's: of the ranks."""
    return np.corrcoef(pd.Series(a).rank(), pd.Series(b).rank())[0, 1]


untuned_against_tuned = {}
for task, found in results.items():
    untuned, error = found["test"][default].mean(axis=(1, 2)), tuned[task].mean(axis=(1, 2))
    untuned_against_tuned[task] = correlation(untuned, error)
    print(f"{task}: worst / best {untuned.max() / untuned.min():.1f} at rate {rates[default]} for all,", end=" ")
    print(f"{error.max() / error.min():.1f} tuned; rank correlation {untuned_against_tuned[task]:.2f}")

# %% [markdown]
# ## One seed, or: what the spread hides
#
# Who wins, if the comparison is made with one seed?

# %%
winners = {}
for task, error in tuned.items():
    count = pd.Series([names[i] for i in error.mean(axis=2).argmin(axis=0)]).value_counts()
    winners[task] = len(count)
    print(f"{task}: {len(count)} winners in {seeds} seeds:", count.to_dict())

# %% [markdown]
# ## Pairing
#
# Two activations are compared by their differences seed by seed. What a seed makes hard or easy for both cancels. If it
# does, the standard deviation of the differences is below that of independent runs, the root of the two variances' sum.

# %%
pairing, pairs = {}, np.triu_indices(len(names), 1)
for task, error in tuned.items():
    by_seed = error.mean(axis=2)
    difference = (by_seed[:, None] - by_seed).std(axis=-1, ddof=1)
    variance = by_seed.var(axis=-1, ddof=1)
    pairing[task] = np.median(difference[pairs] / np.sqrt(variance[:, None] + variance + 1e-12)[pairs])
    print(f"{task}: paired over independent spread, median of {len(pairs[0])} pairs: {pairing[task]:.2f}")

# %% [markdown]
# ## A ranking that admits ties
#
# Two things are samples here: the seeds and the test rows. Resampling the seeds alone tells what more training runs would
# say about *these* rows. Resampling rows too tells what other rows of the kind would say, which is mostly what one wants to
# know (the pigeonhole bootstrap, Owen 2007, Annals of Applied Statistics 1(2)). One item fewer is drawn than there are,
# which corrects the variance of few seeds.


# %%
def resampled(error, rows):
    """Mean error of each activation in each draw of seeds, and of test rows if `rows`."""
    rng, (_, s, r) = np.random.default_rng(1), error.shape
    of_seeds = rng.multinomial(s - 1, np.full(s, 1 / s), draws) / (s - 1)
    of_rows = rng.multinomial(r - 1, np.full(r, 1 / r), draws) / (r - 1) if rows else np.full((draws, r), 1 / r)
    return np.einsum("ds,asr,dr->da", of_seeds, error, of_rows, optimize=True)


def compare(error, rows):
    """Differences between all pairs, and the half-widths of intervals that hold all of them at once, 19 times in 20."""
    mean, means = error.mean(axis=(1, 2)), resampled(error, rows)
    gap = mean[:, None] - mean
    stray = means[:, :, None] - means[:, None] - gap
    spread = stray.std(axis=0) + 1e-12
    multiplier = np.quantile(np.abs(stray / spread).max(axis=(1, 2)), 0.95)
    return gap, multiplier * spread


# %% [markdown]
# Ten activations make 45 pairs, and one pair in twenty would differ by chance at the usual 5 %. So the intervals are
# simultaneous: as wide as it takes for the largest of 45 deviations (Hothorn, Bretz & Westfall 2008, Biometrical Journal
# 50(3)). The rank of an activation is one more than the number of those that are better beyond doubt. Ties are many, and a
# tie is no proof of equality.

# %%
ranks = pd.DataFrame(index=names)
for task, error in tuned.items():
    for rows in (False, True):
        gap, half = compare(error, rows)
        ranks[f"{task}: {'seeds and rows' if rows else 'seeds'}"] = 1 + (gap > half).sum(axis=1)
ranks.sort_values(list(ranks.columns))


# %%
figure, panels = plt.subplots(1, 2, figsize=(7, 3.4), layout="constrained")
for axes, (task, error) in zip(panels, tuned.items(), strict=True):
    best, factor = error.mean(axis=(1, 2)).argmin(), 100 if task == "digits" else 1
    order = np.argsort(-error.mean(axis=(1, 2)))
    for rows, width, colour in [(True, 1.5, "tab:orange"), (False, 4, "tab:blue")]:
        gap, half = compare(error, rows)
        label = "over seeds and test rows" if rows else "over seeds"
        axes.errorbar(
            factor * gap[order, best],
            range(len(names)),
            xerr=factor * half[order, best],
            fmt="k.",
            ecolor=colour,
            elinewidth=width,
            label=label,
        )
    axes.set_yticks(range(len(names)), [names[i] for i in order])
    axes.axvline(0, color="0.6", linewidth=0.8)
    axes.set_xlabel(
        f"{task}: error above that of {names[best]}\n({'percentage points' if factor == 100 else 'miles per gallon'})"
    )
figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
plt.show()

# %% [markdown]
# ## What came out
#
# The margin below is the median half-width of the intervals. A gap between two activations must exceed it to count. More
# seeds narrow the first margin only; the second takes more test rows, four times as many for half of it.

# %%
for task in tuned:
    print(f"{task}: 1. rank correlation, default rate against tuned, {untuned_against_tuned[task]:.2f}; ", end="")
    print(f"2. {winners[task]} winners; 3. paired over independent spread {pairing[task]:.2f}")
print("4. not told from the best:", {column: int((ranks[column] == 1).sum()) for column in ranks})
across = correlation(*(error.mean(axis=(1, 2)) for error in tuned.values()))
print(f"5. rank correlation between the tasks: {across:.2f}")
for task, error in tuned.items():
    factor, unit = (100, "percentage points") if task == "digits" else (1, "miles per gallon")
    (gap, narrow), (_, wide) = compare(error, rows=False), compare(error, rows=True)
    narrow, wide, largest = factor * np.median(narrow[pairs]), factor * np.median(wide[pairs]), factor * gap.max()
    print(f"{task}: margin {narrow:.2f} over seeds, {wide:.2f} over seeds and rows; largest gap {largest:.2f} {unit}")

# %% [markdown]
# ## In practice: KerasTuner over names
#
# A `Choice` takes numbers and strings, no functions: that is what names are for.

# %%
import importlib.util
import tempfile

import keras_tuner

try:
    keras_tuner.HyperParameters().Choice("activation", [keras_acts.activations.snake, keras_acts.activations.relu])
except TypeError as error:
    print(str(error)[:75])

# %% [markdown]
# `keras_acts>` before a name says whose function is meant. It is added behind the `Choice`, because KerasTuner (1.4.8)
# turns a default such as `"keras_acts>relu"`, the full name of a registered object, into that object and then refuses it.
# Plain names pass.


# %%
def network(hp):
    activation = f"keras_acts>{hp.Choice('activation', names)}"
    layers = [
        keras.layers.Dense(32, activation=activation),
        keras.layers.Dense(32, activation=activation),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential([keras.Input((64,)), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(hp.Choice("rate", rates)), loss, metrics=["accuracy"])
    return model


# %%
data = {part: (x[:, 0], y[:, 0]) for part, (x, y) in split("digits").items()}  # as seed 0 saw them
keras.utils.set_random_seed(0)
searched = keras.backend.backend() != "tensorflow" or importlib.util.find_spec("tensorboard") is not None
with tempfile.TemporaryDirectory() as folder:
    tuner = keras_tuner.RandomSearch(network, "val_accuracy", max_trials=trials, seed=0, directory=folder)
    if searched:  # on TensorFlow, KerasTuner imports tensorboard
        budget = {"batch_size": 128, "epochs": epochs["digits"]}
        tuner.search(*data["train"], validation_data=data["validation"], **budget, verbose=0)
ended = tuner.oracle.get_best_trials(trials) if searched else []
pd.DataFrame([{**trial.hyperparameters.values, "wrong": f"{100 * (1 - trial.score):.1f} %"} for trial in ended])

# %% [markdown]
# Such a search compares pairs of activation and rate, each once. That is fine for finding a pair that works; it doesn't
# tell which activation is better. The score of the winner is the best of several, and so too good on average: only the test
# rows judge it.

# %%
winner = network(ended[0].hyperparameters if ended else keras_tuner.HyperParameters())  # without a search: the defaults
winner.fit(*data["train"], batch_size=128, epochs=epochs["digits"], verbose=0)
_, accuracy = winner.evaluate(*data["test"], batch_size=len(data["test"][0]), verbose=0)
print(f"{winner.layers[0].activation.record.name}: {100 * (1 - accuracy):.1f} % wrong on the test rows.", end=" ")
print(f"One of the {len(data['validation'][0])} validation rows is {100 / len(data['validation'][0]):.1f} percentage points.")

# %% [markdown]
# ## What was seen
#
# - Expectations 1 to 5 held. At rate 0.001 for all, sigmoid gets more than a third of the digits wrong and every other less
#   than a tenth. With its own rate, 0.03, sigmoid gets about 3 % wrong, as the rest do. An untuned comparison ranks
#   learning rates.
# - Single seeds name five or more different winners on either task. A table with one run per activation is a lottery.
# - Pairing by seed makes the spread smaller at no cost: on cars to between half and two thirds.
# - Over seeds, the last of each ranking can be told from some others. Over other test rows as well, no pair can: 517 digits
#   or 120 cars are too few for gaps of this size, however many seeds are run.
# - What can be concluded: on such digits, with such networks, gaps are below one or two percentage points. What can't:
#   which is best, anything about deeper networks (`03-vanishing-gradients-and-dying-relu.ipynb` has cases where the choice
#   decides), and that a tie is equality.
# - Where quality ties, other reasons may decide: half precision (`06-half-precision.ipynb`), what an export format knows
#   (`10-saving-porting-exporting.ipynb`), speed. [The catalogue](../docs/catalogue.md) has the other names to try.
