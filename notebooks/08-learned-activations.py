# %% [markdown]
# # When is a learned activation worth its weights?
#
# Layers whose activation has weights are looked at on three tasks: what do the weights become, and does it help? On digits
# none of four beats ReLU by a margin that counts. On temperatures Snake continues the seasons where ReLU and tanh go
# astray, but only if it starts near the right frequency: learned from a wrong one it stays far off, and an identity says
# why a learned frequency adds little.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import ops
from sklearn.datasets import load_digits
from vega_datasets import local_data

import keras_acts
from keras_acts.layers import TLU, XIELU, Activation, PReLU, Snake, SwishBeta

# %% tags=["parameters"] small={"seeds": 2, "epochs": {"digits": 1, "signals": 2}, "rates": [0.01]}
seeds = 8
epochs = {"digits": 25, "signals": 300}
rates = [0.001, 0.003, 0.01, 0.03]

# %% [markdown]
# ## How many weights?
#
# A layer of its own takes the shape of its weights from the input: one entry for each feature in `PReLU` and `TLU`, one for
# all in the others. `shared_axes` lets one entry serve along an axis. As `activation=` of another layer, `num_parameters`
# says the number, so that the weights exist at once and are counted, saved and trained with that layer.

# %%
dense, image = (None, 32), (None, 8, 8, 16)
layers = {
    "PReLU()": (PReLU(), dense),
    "PReLU(), image": (PReLU(), image),
    "PReLU(shared_axes=[1, 2])": (PReLU(shared_axes=[1, 2]), image),
    "TLU(affine=True)": (TLU(affine=True), dense),
    "SwishBeta()": (SwishBeta(), dense),
    "XIELU()": (XIELU(), dense),
    "Snake(shared_axes=[1, 2])": (Snake(shared_axes=[1, 2]), image),
}
table = pd.DataFrame(index=list(layers), columns=["input", "weights", "number"])
for name, (layer, shape) in layers.items():
    layer.build(shape)
    table.loc[name] = [shape[1:], ", ".join(weight.name for weight in layer.weights), layer.count_params()]
layer = keras.layers.Dense(32, activation=PReLU(num_parameters=32))
layer.build((None, 10))
assert layer.count_params() == 10 * 32 + 32 + 32
table.rename_axis("layer")

# %% [markdown]
# ## Initialiser, regulariser, constraint
#
# They work as for any weight. A PReLU alone, fitted to |x|, has the slope -1 as its best. Where the slope may not be
# negative, 0 is the best. A penalty on its square as strong as the data's pull leaves half: -0.5. All three are exact.

# %%
x = np.linspace(-1, 1, 256, dtype="float32")[:, None]
pull = float(np.mean(np.where(x < 0, x, 0) ** 2)) / 3  # the loss averages over three outputs
inputs = keras.Input((1,))
variants = {
    "free": PReLU(alpha_initializer=keras.initializers.Constant(0.25)),
    "not negative": PReLU(alpha_initializer=keras.initializers.Constant(0.25), alpha_constraint="non_neg"),
    "penalised": PReLU(alpha_initializer=keras.initializers.Constant(0.25), alpha_regularizer=keras.regularizers.L2(pull)),
}
model = keras.Model(inputs, keras.layers.Concatenate()([layer(inputs) for layer in variants.values()]))
model.compile(keras.optimizers.SGD(3.0), "mse")
model.fit(x, np.repeat(np.abs(x), 3, axis=1), batch_size=256, epochs=60, verbose=0)
slopes = {name: float(ops.convert_to_numpy(layer.alpha)[0]) for name, layer in variants.items()}
np.testing.assert_allclose(list(slopes.values()), [-1, 0, -0.5], atol=1e-3)
{name: round(slope, 3) for name, slope in slopes.items()}

# %% [markdown]
# ## Your own: a rational activation
#
# The catalogue has no rational activation. Written as a Keras layer, the safe Padé unit of Molina, Schramowski & Kersting
# 2020 (arXiv:1907.06732) is P(x) / (1 + |Q(x)|), P of degree 5 and Q of degree 4 without a constant: ten weights that can
# take many shapes. The denominator can't become 0. It starts near leaky ReLU, by least squares: P - f (1 + Q) = 0 is linear
# in the coefficients, and dividing it by the denominator of the round before makes it the error of the quotient.


# %%
def fitted(function, reach=3.0, rounds=20):
    """Coefficients, lowest power first, of P / (1 + |Q|) near the function on [-reach, reach]."""
    x = np.linspace(-reach, reach, 601)
    f = ops.convert_to_numpy(function(x)).astype(float)
    powers = x[:, None] ** np.arange(6)
    denominator = np.ones_like(x)
    for _ in range(rounds):
        equations = np.hstack([powers, -f[:, None] * powers[:, 1:5]]) / denominator[:, None]
        found = np.linalg.lstsq(equations, f / denominator, rcond=None)[0]
        denominator = 1 + np.abs(powers[:, 1:5] @ found[6:])
    return found[:6], found[6:], np.abs(powers @ found[:6] / denominator - f).max()


P, Q, worst = fitted(keras_acts.get("leaky_relu"))
print("P", P.round(3), "Q", Q.round(3), f"largest deviation from leaky ReLU in [-3, 3]: {worst:.3f}")
assert worst < 0.1


# %%
class Rational(keras.layers.Layer):
    """P(x) / (1 + |Q(x)|), its coefficients learned, one set for each network."""

    def build(self, shape):
        one = (1,) * len(shape[1:-1]) + (1,)
        start = [("p", P), ("q", Q)]
        self.p, self.q = (
            self.add_weight(
                shape=(len(values), *shape[1:-1], 1),
                initializer=lambda shape, dtype, values=values: ops.cast(
                    np.broadcast_to(values.reshape(-1, *one), shape), dtype
                ),
                name=name,
            )
            for name, values in start
        )

    def call(self, x):
        numerator, denominator = self.p[5], self.q[3]
        for k in range(4, -1, -1):  # Horner's scheme
            numerator = numerator * x + self.p[k]
        for k in range(2, -1, -1):
            denominator = denominator * x + self.q[k]
        return numerator / (1 + ops.abs(denominator * x))


x = np.linspace(-3, 3, 7, dtype="float32")[:, None]
np.testing.assert_allclose(ops.convert_to_numpy(Rational()(x)), ops.convert_to_numpy(keras_acts.get("leaky_relu")(x)), atol=0.1)

# %% [markdown]
# ## What is expected
#
# Digits, three hidden layers of 32 units, each activation with a tuned learning rate as in
# `07-choosing-by-experiment.ipynb`:
#
# 1. PReLU's slope is larger in the first layer than in the last, as He et al. 2015 (arXiv:1502.01852) found in deep
#    convolutional nets.
# 2. No learned activation has a lower error than ReLU beyond doubt: the interval of the difference over seeds contains 0.
#
# A periodic signal, continued beyond the training data:
#
# 3. ReLU and tanh are worse there than the mean of the training data.
# 4. Snake that knows the frequency is better than that mean.
# 5. A learned frequency finds the signal's from a start that is off, and does nearly as well.
#
# The first two were written before any run. The last three were written after a look at these signals with single runs, so only
# their count over seeds is new.
#
# As in notebook 07, all activations and seeds train side by side in one model, with two more axes of the weights.


# %%
class Side(keras.layers.Layer):
    """The i-th layer for the i-th slice of the first axis after the batch."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def build(self, shape):
        for part in self.parts:
            part.build((shape[0], *shape[2:]))

    def call(self, x):
        return ops.stack([part(x[:, i]) for i, part in enumerate(self.parts)], axis=1)


def build(kinds, widths, loss):
    layers = [keras.Input((len(kinds()), seeds, widths[0]))]
    for units in widths[1:]:
        layers.append(keras.layers.EinsumDense("basi,asio->baso", (len(kinds()), seeds, units), bias_axes="aso"))
        layers.append(Side(list(kinds().values())))
    model = keras.Sequential(layers[:-1])
    model.compile(keras.optimizers.Adam(), loss)
    model.optimizer.build(model.trainable_variables)
    return model


# %% [markdown]
# Each seed has its initial weights, the same for all activations. The first biases reach as far as the data, so that with
# one input the kinks of ReLU cover it.


# %%
def start(model, reach=1.0):
    """Draw the weights of the dense layers anew."""
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.EinsumDense)]
    for depth, layer in enumerate(dense):
        kernel, bias = [], []
        for seed in range(seeds):
            rng, (i, o) = np.random.default_rng([seed, depth]), layer.kernel.shape[2:]
            kernel.append(rng.uniform(-1, 1, (i, o)) * np.sqrt(3 / i))
            bias.append(rng.uniform(-1, 1, o) * np.sqrt(3 / i) * (reach if depth == 0 else 0))
        layer.set_weights(
            [np.broadcast_to(np.stack(part), w.shape) for part, w in zip((kernel, bias), layer.weights, strict=True)]
        )


def side_by_side(values, model):
    """Rows for all networks: (rows, ...) to (rows, activations, seeds, ...)."""
    return np.broadcast_to(values[:, None, None], (len(values), *model.input_shape[1:3], *values.shape[1:]))


# %% [markdown]
# ## Digits

# %%
quarter = keras.initializers.Constant(0.25)


def learned():
    """Five activations; the learned ones have one set of weights for each network and layer."""
    return {
        "relu": Activation("relu"),
        "PReLU": PReLU(quarter, shared_axes=[2]),
        "SwishBeta": SwishBeta(shared_axes=[2]),
        "XIELU": XIELU(shared_axes=[2]),
        "Rational": Rational(),
    }


x, y = load_digits(return_X_y=True)
order = np.random.default_rng(2024).permutation(len(x))
x, y = (x[order] / 16).astype("float32"), y[order].astype("int32")
model = build(learned, [64, 32, 32, 32, 10], keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"))
rows = np.stack([np.random.default_rng(seed).permutation(1024) for seed in range(seeds)], axis=1)  # each seed its own order
train = [np.repeat(values[rows][:, None], len(learned()), axis=1) for values in (x, y)]
fresh = [ops.convert_to_numpy(variable) for variable in model.optimizer.variables]
own = [layer.get_weights() for layer in model.layers if isinstance(layer, Side)]

# %%
wrong, weights = [], []
for rate in rates:
    keras.utils.set_random_seed(0)
    start(model)
    for variable, value in zip(model.optimizer.variables, fresh, strict=True):
        variable.assign(value)
    for layer, values in zip([layer for layer in model.layers if isinstance(layer, Side)], own, strict=True):
        layer.set_weights(values)
    model.optimizer.learning_rate = rate
    model.fit(*train, batch_size=128, epochs=epochs["digits"], verbose=0)
    found = model.predict(side_by_side(x[1024:], model), batch_size=len(x), verbose=0).argmax(axis=-1)
    wrong.append(np.moveaxis(found != y[1024:, None, None], 0, -1))
    weights.append([ops.convert_to_numpy(layer.parts[1].alpha).ravel() for layer in model.layers if isinstance(layer, Side)])
wrong = np.stack(wrong).astype(float)  # rate, activation, seed, row
validation, test = wrong[..., :256].mean(axis=(2, 3)), wrong[..., 256:].mean(axis=-1)
best = validation.argmin(axis=0)
tuned = test[best, np.arange(test.shape[1])]  # activation, seed

# %% [markdown]
# The difference from ReLU is taken seed by seed; its interval is twice the standard error of the mean, which for several
# comparisons is rather too narrow than too wide.

# %%
difference = 100 * (tuned - tuned[0])
table = pd.DataFrame({"rate": [rates[i] for i in best], "% wrong": 100 * tuned.mean(axis=1)}, index=list(learned()))
table["own weights"] = [
    sum(layer.parts[i].count_params() for layer in model.layers if isinstance(layer, Side)) // seeds for i in range(5)
]
table["above relu"] = difference.mean(axis=1)
table["± 2 standard errors"] = 2 * difference.std(axis=1, ddof=1) / np.sqrt(seeds)
better = table["above relu"] + table["± 2 standard errors"] < 0
print("better than relu beyond the interval:", list(table.index[better]) or "none")
table.round({"% wrong": 2, "above relu": 2, "± 2 standard errors": 2})

# %%
slopes = np.stack(weights[best[1]])  # layer, seed
for depth, slope in enumerate(slopes):
    print(f"PReLU, hidden layer {depth + 1}: slopes from {slope.min():.2f} to {slope.max():.2f}, mean {slope.mean():.2f}")
print(f"larger in the first than in the last: {np.sum(slopes[0] > slopes[-1])} of {seeds} seeds")

# %%
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
axes.plot(range(1, 4), slopes, color="0.75", linewidth=1)
axes.plot(range(1, 4), slopes.mean(axis=1), "o-", color="tab:blue", label="mean of the seeds")
axes.axhline(0.25, color="tab:orange", linestyle="--", label="start")
axes.set_xticks(range(1, 4))
axes.set_xlabel("hidden layer")
axes.set_ylabel("slope learned by PReLU")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Periodic signals
#
# Two signals: sin(x) + x / 10 on three periods, and the weekly means of the daily maximum temperature in Seattle, 2012 to
# 2014. To be predicted: the two periods that follow, and the year 2015. The networks have one hidden layer of 64 units and
#       get nothing but the time. sin²(αx) has the frequency 2α, so α = 1/2 suits the first signal and, with time in years,
#       α = π the second.

# %%
x = np.linspace(-3 * np.pi, 7 * np.pi, 320)
weather = local_data.seattle_weather()[:1456]
weekly = weather["temp_max"].to_numpy().reshape(-1, 7).mean(axis=1)
years = (np.arange(len(weekly)) + 0.5) * 7 / 365.25 - 1.5
signals = {"sine": (x, np.sin(x) + x / 10, 192, 0.5), "Seattle": (years, weekly, 156, np.pi)}


def periodic(alpha):
    known = keras.initializers.Constant(alpha)
    return {
        "relu": Activation("relu"),
        "tanh": Activation("tanh"),
        "snake, α = 1": Activation("snake"),
        "Snake, learned from 1": Snake(shared_axes=[2]),
        "snake, α known": Activation("snake", alpha=alpha),
        "Snake, learned from known": Snake(known, shared_axes=[2]),
    }


# %%
def continued(x, y, size, alpha):
    """Predictions for all x by networks that saw the first `size`, and the learned frequencies."""
    mean, spread = y[:size].mean(), y[:size].std()
    model = build(lambda: periodic(alpha), [1, 64, 1], keras.losses.MeanSquaredError(reduction="sum"))
    keras.utils.set_random_seed(0)
    start(model, reach=np.abs(x[:size]).max())
    model.optimizer.learning_rate = 0.01
    inputs, targets = (side_by_side(part.astype("float32")[:, None], model) for part in (x, (y - mean) / spread))
    model.fit(inputs[:size], targets[:size], batch_size=size // 4, epochs=epochs["signals"], verbose=0)
    found = model.predict(inputs, batch_size=len(x), verbose=0)[..., 0]
    alphas = [ops.convert_to_numpy(model.layers[1].parts[i].alpha).ravel() for i in (3, 5)]
    return mean + spread * np.moveaxis(found, 0, -1), alphas  # activation, seed, time


predictions, frequencies = {}, {}
for name, signal in signals.items():
    predictions[name], frequencies[name] = continued(*signal)

# %% [markdown]
# What the networks have to compete with, fitted by least squares: the mean, and a sinusoid of the right period with a
# trend.


# %%
def deviation(found, y):
    return np.sqrt(np.mean((found - y) ** 2, axis=-1))


baselines, table = {}, pd.DataFrame(index=list(periodic(1.0)))
for name, (x, y, size, alpha) in signals.items():
    terms = np.stack([np.ones_like(x), x, np.sin(2 * alpha * x), np.cos(2 * alpha * x)], axis=1)
    sinusoid = terms @ np.linalg.lstsq(terms[:size], y[:size], rcond=None)[0]
    baselines[name] = {"mean": deviation(y[:size].mean(), y[size:]), "sinusoid": deviation(sinusoid[size:], y[size:])}
    beyond = deviation(predictions[name][..., size:], y[size:])
    table[f"{name}: seen"] = np.median(deviation(predictions[name][..., :size], y[:size]), axis=1)
    table[f"{name}: beyond"] = np.median(beyond, axis=1)
    table[f"{name}: worst seed"] = beyond.max(axis=1)
    print(f"{name}:", {kind: round(float(value), 2) for kind, value in baselines[name].items()})
table.round(2)

# %%
for name, (start_at_1, start_known) in frequencies.items():
    print(f"{name}, known {signals[name][3]:.2f}: from 1 to {start_at_1.round(2)}, from there to {start_known.round(2)}")

# %%
figure, axes = plt.subplots(figsize=(7, 3.3), layout="constrained")
x, y, size, _ = signals["Seattle"]
time = 2013.5 + x
axes.plot(time, y, ".", color="0.7", markersize=3, label="weekly mean")
axes.axvline(2015, color="0.5", linewidth=0.8)
for kind, colour, style in [(0, "tab:green", ":"), (1, "tab:orange", "--"), (3, "tab:red", "-."), (5, "tab:blue", "-")]:
    axes.plot(time, predictions["Seattle"][kind, 0], color=colour, linestyle=style, label=table.index[kind])
axes.set(xlabel="year (trained on 2012 to 2014)", ylabel="maximum temperature (°C)", ylim=(-20, 50))
axes.legend(loc="lower left", ncols=2, frameon=False, fontsize="small")
plt.show()

# %% [markdown]
# ## Why the frequency needn't be learned
#
# snake(x, α) = snake(αx, 1) / α. A dense layer before can take over the α inside, the one behind the 1 / α: the network can
# already represent every α. A learned one only changes where training starts and how fast it moves. The same holds for
# `SwishBeta`: swish(x, β) = silu(βx) / β. It doesn't hold for PReLU, XIELU or the rational unit, whose shape changes with
# their weights.

# %%
x = np.linspace(-5, 5, 101, dtype="float32")
for alpha in (0.5, 2.0, 3.14):
    one = ops.convert_to_numpy(keras_acts.activations.snake(alpha * x))
    np.testing.assert_allclose(ops.convert_to_numpy(keras_acts.activations.snake(x, alpha=alpha)), one / alpha, atol=1e-5)
    one = ops.convert_to_numpy(keras_acts.activations.silu(alpha * x))
    np.testing.assert_allclose(ops.convert_to_numpy(keras_acts.activations.swish_beta(x, beta=alpha)), one / alpha, atol=1e-5)

# %% [markdown]
# ## What was seen
#
# - Expectation 1 failed: in most seeds the slope is larger in the last hidden layer than in the first, and all are above 0.
#   What He et al. saw in deep convolutional nets is no law for a small dense one.
# - Expectation 2 held: no learned activation is better than ReLU by more than its interval. Three to thirty weights more
#   bring nothing here that eight seeds can show, and on TensorFlow the rational unit is worse by one or two percentage
#   points. The choice is as in `07-choosing-by-experiment.ipynb`: ties.
# - Expectation 3 held for ReLU on both signals. tanh is worse than the mean on the temperatures; on the sine it is not,
#   because the mean misses the trend.
# - Expectation 4 held: with the year's frequency Snake predicts 2015 about as well as the fitted sinusoid does, and far
#   better than the mean. It was told the period, as the sinusoid was. On the sine it is far from the sinusoid: an
#   extrapolation remains one.
# - Expectation 5 failed on the temperatures: from 1, the frequency doesn't get to π in any seed, and the error is about
#   twice that of a known one or more. Start Snake near the frequency of the data, or scale the input so that it is 1.
# - So: learned weights are worth it where the shape is what matters and the layers around can't make it themselves, and the
#   start counts as much as the learning. [The catalogue](../docs/catalogue.md) lists the learned layers.
