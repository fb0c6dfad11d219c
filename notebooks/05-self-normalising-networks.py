# %% [markdown]
# # Do SELU networks normalise themselves?
#
# Yes, before training: through 50 layers of SELU with the initialiser `lecun_normal` and standardised inputs, mean and
# variance stay near 0 and 1, while those of ReLU, tanh and ELU drift. Another initialiser or plain dropout breaks that. In
# training, SELU gives a network of 30 narrow layers a low loss at small learning rates. It is not the only way: on the table
# below, tanh classifies new rows at least as well.
#
# SELU is from Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515.

# %%
import math

import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from keras_acts import activations, layers

# %% tags=["parameters"] small={"layer_count": 6, "depth": 3, "epochs": 2, "seeds": 1, "rates": [0.03]}
layer_count = 50  # where statistics are taken
width = 256
depth, narrow = 30, 32  # of the networks that are trained
epochs = 30
rates = [0.01, 0.03, 0.1]
seeds = 3

# %% [markdown]
# ## Where the two constants come from
#
# SELU is $\lambda x$ above 0 and $\lambda\alpha(e^x - 1)$ below. Let $z$ be what enters a unit, a sum of many terms and so
# about normal. If the inputs of a layer have mean 0 and variance 1, `lecun_normal`, with variance 1/n for n inputs, gives $z$
# mean 0 and variance 1. For the output to have them too,
#
# $$E[f(z)] = 0, \qquad E[f(z)^2] = 1, \qquad z \sim N(0, 1).$$
#
# With $E[e^{kz};\, z<0] = e^{k^2/2}\,\Phi(-k)$ these are two equations for $\alpha$ and $\lambda$.


# %%
def below_zero(k):
    """E[exp(k z); z < 0] for a standard normal z."""
    return math.exp(k * k / 2) * math.erfc(k / math.sqrt(2)) / 2


alpha = (1 / math.sqrt(2 * math.pi)) / (below_zero(0) - below_zero(1))  # the mean is 0
scale = 1 / math.sqrt(1 / 2 + alpha**2 * (below_zero(2) - 2 * below_zero(1) + below_zero(0)))  # the square is 1
print(f"alpha = {alpha:.14f}, scale = {scale:.14f}, scale * alpha = {scale * alpha:.14f}")

# %% [markdown]
# The package's function has them: its slope above 0 is the scale, and its limit at minus infinity is minus their product. The
# second check takes the two expectations of the package's own values, by summing over a fine grid.

# %%
found = keras.ops.convert_to_numpy(activations.selu(np.array([1.0, -np.inf])))
np.testing.assert_allclose(found, [scale, -scale * alpha], rtol=1e-7)
z = np.linspace(-10, 10, 200001)
weight = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
values = keras.ops.convert_to_numpy(activations.selu(z)).astype("float64")
mean, square = (values * weight).sum(), (values**2 * weight).sum()
np.testing.assert_allclose([mean, square], [0, 1], atol=1e-6)
print(f"selu(1) = {found[0]:.7f}, selu(-inf) = {found[1]:.7f}; mean {abs(mean):.6f}, square {square:.6f}")

# %% [markdown]
# It is an attracting point. The same sum shows what becomes of a variance that is off: the output's is nearer to 1 than the
# input's.

# %%
print("variance in -> out, for mean 0")
for variance in [0.5, 0.8, 1.0, 1.25, 2.0]:
    values = keras.ops.convert_to_numpy(activations.selu(math.sqrt(variance) * z)).astype("float64")
    out = (values**2 * weight).sum() - (values * weight).sum() ** 2
    assert abs(out - 1) <= abs(variance - 1) + 1e-6
    print(f"{variance:.2f} -> {out:.2f}")

# %% [markdown]
# ## Through many layers
#
# A stack of dense layers, untrained, on 500 rows of standard normal numbers. After each layer: the mean of all that comes out,
# their variance, and the variance *between rows* alone (of each unit over the rows, averaged over the units). Where the
# last is small, all rows look nearly alike to the next layer.
#
# What is announced here and below was written down after single trial runs, which moved some of the thresholds.
#
# **Announced.** With `lecun_normal`, SELU keeps the mean within 0.2 of 0 and the variance within 0.2 of 1 at every layer.
# None of the others does, each with an initialiser that is recommended for it.


# %%
def statistics(x, activation, initializer, dropout=None):
    """Mean, variance and variance between rows after each layer."""
    keras.utils.set_random_seed(0)
    rows = []
    for _ in range(layer_count):
        x = keras.layers.Dense(width, activation=f"keras_acts>{activation}", kernel_initializer=initializer)(x)
        x = x if dropout is None else dropout(x, training=True)
        values = keras.ops.convert_to_numpy(x)
        rows.append([values.mean(), values.var(), values.var(axis=0).mean()])
    return np.array(rows)


normal = np.random.default_rng(0).standard_normal((500, 64)).astype("float32")
stacks = [("selu", "lecun_normal"), ("relu", "he_normal"), ("tanh", "glorot_normal"), ("elu", "he_normal")]
through = {f"{activation}, {initializer}": statistics(normal, activation, initializer) for activation, initializer in stacks}

# %%
titles = ["mean", "variance", "variance between rows"]
figure, axes = plt.subplots(1, 3, figsize=(7, 3), layout="constrained")
for (name, rows), style in zip(through.items(), ["-", "--", ":", "-."], strict=True):
    for panel, column, title in zip(axes, rows.T, titles, strict=True):
        panel.plot(range(1, layer_count + 1), column, style, label=name if panel is axes[0] else None)
        panel.set(title=title, xlabel="layer", yscale="linear" if title == "mean" else "log")
figure.legend(loc="outside lower center", ncols=2, frameon=False)
plt.show()


# %%
def at_the_end(results):
    return pd.DataFrame({name: rows[-1] for name, rows in results.items()}, index=titles).T.round(2)


off = {name: np.abs(rows[:, :2] - [0, 1]).max(axis=0) for name, rows in through.items()}
for name, (from_0, from_1) in off.items():
    print(f"{name}: mean at most {from_0:.2f} from 0, variance at most {from_1:.2f} from 1")
print("as announced:", [name for name in off if off[name].max() < 0.2] == ["selu, lecun_normal"])
at_the_end(through)

# %% [markdown]
# tanh fades, ELU with He's weights grows. ReLU keeps its mean square, as He's initialiser promises, but the rows become alike:
# what is left is a large mean and little difference between rows.
#
# ## What breaks it
#
# **Announced.** `he_normal`, whose variance is twice that of `lecun_normal`, takes the variance beyond 100. Inputs that are
# not standardised do not come back within 0.3 of mean 0 and variance 1 in 50 layers. Plain dropout at 0.1 takes the variance
# further than 0.3 from 1, and `AlphaDropout`, which the paper made for SELU, does not.

# %%
table, target = load_breast_cancer(return_X_y=True)
standard = StandardScaler().fit_transform(table)
print(f"columns of the table: smallest mean {table.mean(0).min():.3f}, largest {table.mean(0).max():.0f}")
broken = {
    "he_normal": statistics(normal, "selu", "he_normal"),
    "glorot_normal": statistics(normal, "selu", "glorot_normal"),
    "table, standardised": statistics(standard.astype("float32"), "selu", "lecun_normal"),
    "table, raw": statistics(table.astype("float32"), "selu", "lecun_normal"),
    "Dropout(0.1)": statistics(normal, "selu", "lecun_normal", keras.layers.Dropout(0.1)),
    "AlphaDropout(0.1)": statistics(normal, "selu", "lecun_normal", keras.layers.AlphaDropout(0.1)),
}
at_the_end(broken)

# %%
if layer_count == 50:
    distance = {name: np.abs(rows[-1, :2] - [0, 1]).max() for name, rows in broken.items()}
    print("he_normal explodes:", distance["he_normal"] > 100)
    print("raw inputs stay away:", distance["table, raw"] > 0.3)
    print("dropout pushes away, AlphaDropout does not:", distance["Dropout(0.1)"] > 0.3 > distance["AlphaDropout(0.1)"])

# %% [markdown]
# The raw table is the surprise: 50 layers bring even a variance in the thousands back to about 1. But most of it is now between
# units. The variance between rows is well below what standardised inputs keep, so the network has lost much of what tells the
# rows apart. Glorot's initialiser is the same as LeCun's where a layer has as many inputs as outputs. Only the first layer
# here has not, and the stack recovers from that.
#
# ## In training
#
# Breast cancer: 30 columns, 300 rows to train and 269 to test. Networks of 30 layers of 32 units, plain gradient descent,
# each at three learning rates with three seeds. For each network the rate with the lowest training loss counts. Batch
# normalisation has momentum 0.9, because 90 steps are too few for Keras's 0.99.
#
# **Announced.** SELU ends with a lower training loss than ReLU, than ReLU with batch normalisation, and than tanh, and
# classifies at least one point more of the test rows correctly than each of them.

# %%
x_train, x_test, y_train, y_test = train_test_split(table, target, train_size=300, stratify=target, random_state=0)
scaler = StandardScaler().fit(x_train)
x_train, x_test = scaler.transform(x_train).astype("float32"), scaler.transform(x_test).astype("float32")


def build(activation, initializer, norm=False):
    stack = [keras.Input((30,))]
    for _ in range(depth):
        stack.append(keras.layers.Dense(narrow, kernel_initializer=initializer))
        stack += [keras.layers.BatchNormalization(momentum=0.9)] if norm else []
        stack.append(layers.Activation(activation))
    return keras.Sequential([*stack, keras.layers.Dense(2)])


networks = {
    "SELU": ("selu", "lecun_normal"),
    "ReLU": ("relu", "he_normal"),
    "ReLU, batch norm": ("relu", "he_normal", True),
    "tanh": ("tanh", "glorot_normal"),
}

# %%
runs = []
for name, network in networks.items():
    model = build(*network)
    model.compile(keras.optimizers.SGD(), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    for rate in rates:
        for seed in range(seeds):
            keras.utils.set_random_seed(seed)
            model.set_weights(build(*network).get_weights())  # a new start without compiling again
            model.optimizer.learning_rate = rate
            history = model.fit(x_train, y_train, batch_size=100, epochs=epochs, verbose=0).history
            _, accuracy = model.evaluate(x_test, y_test, batch_size=len(x_test), verbose=0)
            runs.append((name, rate, seed, history["loss"][-1], accuracy))
runs = pd.DataFrame(runs, columns=["network", "rate", "seed", "training loss", "test accuracy"])

# %%
grouped = runs.groupby(["network", "rate"], sort=False)[["training loss", "test accuracy"]]
means = grouped.agg(lambda column: column.mean(skipna=False))  # NaN: the weights overflowed
means.unstack().round(3)

# %%
best = means.loc[means["training loss"].groupby("network", sort=False).idxmin()].reset_index("rate")
best.round(3)

# %%
if depth == 30:
    selu = best.loc["SELU"]
    for name, other in best.drop(index="SELU").iterrows():
        lower = selu["training loss"] < other["training loss"]
        better = selu["test accuracy"] >= other["test accuracy"] + 0.01
        print(f"against {name}: lower loss {lower}, one point better on the test rows {better}")

# %% [markdown]
# ## What was seen
#
# - The two constants are the solution of two equations, and the package's function has them.
# - Untrained, 50 layers of SELU with `lecun_normal` keep mean 0 and variance 1, and the rows stay as different as they were.
#   ReLU with `he_normal` keeps the mean square, but its rows become alike.
# - `he_normal` makes SELU explode. Plain dropout at 0.1 moves the variance to about 1.6; use `keras.layers.AlphaDropout`.
# - Standardise the inputs. Without it mean and variance look right after 50 layers, but the rows are more alike.
# - In training SELU learns at the smallest rate, where ReLU has not, and overflows at the largest, where ReLU is best. Batch
#   normalisation did not help ReLU at this depth: in plain networks it makes gradients grow with depth (Yang et al. 2019,
#   arXiv:1902.08129).
# - The announced lead on the test rows over ReLU and tanh did not come. A low training loss was easy for all but one.
#
# Back: [why gradients vanish](03-vanishing-gradients-and-dying-relu.ipynb). SELU, its limits and its relatives are in the
# [catalogue](../docs/catalogue.md).
