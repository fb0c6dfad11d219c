# %% [markdown]
# # Why do gradients vanish and units die, and what cures it?
#
# Backpropagation multiplies by the slope of the activation at each layer. Where that slope is small, the gradient shrinks layer
# by layer: 20 layers of sigmoid pass a millionth of a millionth of it to the first layer, and that network learns nothing.
# Where the slope is 0 for every example, a unit is dead: nothing tells its weights how to change.
# Another activation cures both. Another start or batch normalisation cures the first. Two cures fail here: a slope of 0.01
# below 0 is too little in 20 epochs, and ELU does not make up for a learning rate that is too large.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

import keras_acts

# %% tags=["parameters"] small={"depth": 3, "epochs": 2, "seeds": 1, "rounds": 3, "killed": ["relu"], "cures": 2}
depth = 20  # hidden layers in part one
width = 64  # units in a layer
epochs = 15  # of training in part one
rounds = 20  # epochs of training in part two
killed = ["relu", "elu"]  # activations that get a large learning rate
cures = 6  # activations that get units which are off
seeds = 3
batch = 64

# %% [markdown]
# The data are scikit-learn's digits: 8 x 8 pixels, ten classes. 1792 images make 28 whole batches. The question is whether a
# network can learn at all, so every accuracy below is the one on these images. Guessing the commonest digit is chance.

# %%
images, digits = load_digits(return_X_y=True)
pixels = (images[:1792] / 16).astype("float32")  # 0 to 1
digits = digits[:1792]
inputs = pixels - pixels.mean(0)
inputs /= inputs.std()
chance = np.bincount(digits).max() / len(digits)
print(f"chance: {chance:.3f}")

# %% [markdown]
# ## Part one: gradients that vanish
#
# A plain network computes $z_l = h_{l-1} W_l + b_l$ and $h_l = f(z_l)$. Let $\delta_l$ be the gradient of the loss with respect
# to $z_l$. Going backwards,
#
# $$\delta_{l-1} = (\delta_l W_l^\top) \cdot f'(z_{l-1}), \qquad \text{gradient of } W_l = h_{l-1}^\top \delta_l .$$
#
# These are two lines of NumPy, because every activation of this package has its exact `derivative`.


# %%
def forward(model, x):
    """What enters each layer, and what enters its activation."""
    entering, before = [x], []
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        before.append(entering[-1] @ kernel + bias)
        entering.append(keras.ops.convert_to_numpy(layer.activation(before[-1])))
    return entering[:-1], before


def backprop(model, x, y):
    """The gradient of the mean cross-entropy with respect to each kernel, first layer first."""
    entering, before = forward(model, x)
    odds = np.exp(before[-1] - before[-1].max(axis=1, keepdims=True))
    delta = (odds / odds.sum(axis=1, keepdims=True) - np.eye(10)[y]) / len(y)
    gradients = [entering[-1].T @ delta]
    for number in range(len(before) - 2, -1, -1):
        slope = model.layers[number].activation.derivative(before[number])
        delta = (delta @ model.layers[number + 1].get_weights()[0].T) * keras.ops.convert_to_numpy(slope)
        gradients.insert(0, entering[number].T @ delta)
    return gradients


# %% [markdown]
# The networks: four activations with the initialiser that Keras's users give them, and sigmoid twice more, with a cure.
#
# - *Another start*: near 0, sigmoid is $1/2 + z/4$. Weights that are four times larger undo the quarter, and the bias
#   $-\frac12 \sum_i W_{ij}$ takes the half out of what the layer before sends.
# - *Batch normalisation*: between the dense layer and its sigmoid.


# %%
def build(activation, initializer, cure=None):
    model = keras.Sequential([keras.Input((64,))])
    for _ in range(depth):
        if cure == "norm":
            model.add(keras.layers.Dense(width, kernel_initializer=initializer))
            model.add(keras.layers.BatchNormalization())
            model.add(keras_acts.layers.Activation(activation))
        else:
            model.add(keras.layers.Dense(width, activation=f"keras_acts>{activation}", kernel_initializer=initializer))
    model.add(keras.layers.Dense(10, activation="keras_acts>linear"))
    if cure == "start":
        for layer in model.layers:
            factor = 1 if layer is model.layers[-1] else 4
            kernel = factor * layer.get_weights()[0]
            centre = 0 if layer is model.layers[0] else 0.5  # the pixels are centred already
            layer.set_weights([kernel, -centre * kernel.sum(axis=0)])
    return model


cases = {
    "sigmoid": ("sigmoid", "glorot_uniform"),
    "tanh": ("tanh", "glorot_uniform"),
    "softsign": ("softsign", "glorot_uniform"),
    "relu": ("relu", "he_normal"),
    "sigmoid, other start": ("sigmoid", "glorot_uniform", "start"),
    "sigmoid, batch norm": ("sigmoid", "glorot_uniform", "norm"),
}


# %%
def compiled(model, rate):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["accuracy"])
    return model


keras.utils.set_random_seed(0)
models = {name: compiled(build(*case), rate=0.05) for name, case in cases.items()}
x, y = inputs[:batch], digits[:batch]

# %% [markdown]
# Are the two lines right? Two checks, on the tanh network: differences of the loss along the gradient of each kernel, and
# Keras itself. A step of plain gradient descent moves a kernel by the rate times the gradient, whatever the backend.

# %%
model = models["tanh"]


def loss():
    logits = forward(model, x)[1][-1].astype("float64")
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(batch), y])


gradients, step, quotients = backprop(model, x, y), 0.03, []
for layer, gradient in zip(model.layers, gradients, strict=True):
    kernel, bias = layer.get_weights()
    along = gradient / np.linalg.norm(gradient)
    losses = []
    for move in (step, -step):
        layer.set_weights([kernel + move * along, bias])
        losses.append(loss())
    quotients.append((losses[0] - losses[1]) / (2 * step))
    layer.set_weights([kernel, bias])
norms = np.array([np.linalg.norm(gradient) for gradient in gradients])
np.testing.assert_allclose(quotients, norms, rtol=0.02)
print("differences agree within", f"{np.max(np.abs(quotients / norms - 1)):.1%}")


# %%
def backend_norms(model):
    """The norm of the gradient of each kernel, from a step that the backend takes. The weights stay as they are."""
    weights = model.get_weights()
    model.train_on_batch(x, y)
    rate = float(model.optimizer.learning_rate)
    moved = [(old - new) / rate for old, new in zip(weights, model.get_weights(), strict=True)]
    model.set_weights(weights)
    return np.array([np.linalg.norm(change) for change in moved if change.ndim == 2])


np.testing.assert_allclose(backend_norms(model), norms, rtol=1e-3)
print(f"{keras.backend.backend()} agrees within", f"{np.max(np.abs(backend_norms(model) / norms - 1)):.0e}")

# %% [markdown]
# ### The gradient before training
#
# What is announced here and below was written down after single trial runs, which moved some of the thresholds.
#
# **Announced.** sigmoid' is at most 1/4, and Glorot's weights keep the size of what passes through them, so a sigmoid network
# loses a factor between 3 and 5 per layer. tanh and softsign have slope 1 at 0, and ReLU above 0: from layer to layer their
# gradients stay within a factor of 100. The same holds for sigmoid with either cure.

# %%
curves = {}
for name, model in models.items():
    by_hand = "norm" not in name  # the two lines know dense layers only
    curves[name] = np.array([np.linalg.norm(g) for g in backprop(model, x, y)]) if by_hand else backend_norms(model)

figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
for (name, curve), style in zip(curves.items(), ["-", "-", "-", "-", "--", ":"], strict=True):
    color = "C0" if "sigmoid" in name else None
    axes.semilogy(range(1, depth + 2), curve, style, label=name, color=color or f"C{len(axes.lines)}", marker=".")
axes.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
axes.set(xlabel=f"layer (1: next to the pixels, {depth + 1}: the output)", ylabel="norm of the gradient of its kernel")
figure.legend(loc="outside right center", frameon=False)
plt.show()

# %%
per_layer = (curves["sigmoid"][-2] / curves["sigmoid"][1]) ** (1 / (depth - 2))  # between hidden layers of one shape
print(f"sigmoid loses a factor of {per_layer:.2f} per layer, {curves['sigmoid'][-1] / curves['sigmoid'][0]:.0e} in all")
spread = {name: curve.max() / curve.min() for name, curve in curves.items()}
print(pd.Series(spread, name="largest / smallest").map("{:.3g}".format).to_string())
print("as announced:", 3 < per_layer < 5 and all(spread[name] < 100 for name in spread if name != "sigmoid"))

# %% [markdown]
# ### Does it matter in training?
#
# **Announced.** After 15 epochs of plain gradient descent the sigmoid network is below 15 % for every seed, and each of the
# other five is above 50 % for every seed.


# %%
def restart(model, case, seed):
    keras.utils.set_random_seed(seed)
    model.set_weights(build(*case).get_weights())  # into the compiled model: compiling takes longer than training


results = {}
for name, model in models.items():
    for seed in range(seeds):
        restart(model, cases[name], seed)
        history = model.fit(inputs, digits, batch_size=batch, epochs=epochs, verbose=0).history
        results[name, seed] = history["accuracy"]
accuracies = pd.Series({key: values[-1] for key, values in results.items()}).unstack()
accuracies = accuracies.loc[list(cases)].rename_axis(columns="seed")
accuracies.round(2)

# %%
if epochs > 2:
    others = accuracies.drop(index="sigmoid")
    print("as announced:", bool((accuracies.loc["sigmoid"] < 0.15).all() and (others > 0.5).all(axis=None)))

# %% [markdown]
# ## Part two: units that die
#
# A unit is dead if it is 0 for each of the training images. Then its slope is 0 for each of them too, so its own weights and
# bias get no gradient. In the first hidden layer, whose inputs never change, that is for good under plain gradient descent.
# In a deeper layer a unit may come back, because the units before it go on learning.
#
# Other activations are not 0 there. So that they can be compared, a unit whose input is never positive is called *off* here.
# For a ReLU, off is dead.


# %%
class CountOff(keras.callbacks.Callback):
    """The largest input of each unit over all images, layer by layer, before training and after each epoch."""

    def __init__(self):
        super().__init__()
        self.highest = []

    def on_train_begin(self, logs=None):
        if not self.highest:
            self.on_epoch_end(0)

    def on_epoch_end(self, epoch, logs=None):
        self.highest.append([z.max(axis=0) for z in forward(self.model, pixels)[1][:-1]])

    @property
    def shares(self):
        """The share of units that are off. NaN where the weights have overflowed."""
        highest = np.array(self.highest)  # epoch, layer, unit
        return np.where(np.isfinite(highest).all(axis=(1, 2)), (highest <= 0).mean(axis=(1, 2)), np.nan)


def plain(activation, hidden, bias=0.0):
    constant = keras.initializers.Constant(bias)
    layers = [
        keras.layers.Dense(width, activation, kernel_initializer="he_normal", bias_initializer=constant) for _ in range(hidden)
    ]
    return keras.Sequential([keras.Input((64,)), *layers, keras.layers.Dense(10, activation="keras_acts>linear")])


# %% [markdown]
# ### Killed by the learning rate
#
# Three hidden layers take two epochs at a large learning rate, then go on at 0.1.
#
# **Announced.** The larger the rate of the first two epochs, the more ReLUs are dead at the end, although the rate is small by
# then; in the first layer none comes back. An ELU, which cannot die, bears the rate of 2 better.

# %%
rates = [0.1, 1.0, 2.0]
dying = {}
for activation in killed:
    model = compiled(plain(f"keras_acts>{activation}", hidden=3), rate=0.1)
    for rate in rates:
        for seed in range(seeds):
            keras.utils.set_random_seed(seed)
            model.set_weights(plain(f"keras_acts>{activation}", hidden=3).get_weights())
            count = CountOff()
            for learning_rate, duration in [(rate, 2), (0.1, rounds - 2)]:
                model.optimizer.learning_rate = learning_rate
                trained = model.fit(pixels, digits, batch_size=batch, epochs=duration, verbose=0, callbacks=[count])
            dying[activation, rate, seed] = count.shares, trained.history["accuracy"][-1], trained.history["loss"][-1]
            first = np.array([layers[0] for layers in count.highest])  # epoch, unit
            came_back = (first[:-1] <= 0) & (first[1:] > 0)
            assert activation != "relu" or not came_back.any()

# %%
figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
for number, rate in enumerate(rates):
    for seed in range(seeds):
        label = rate if seed == 0 else None
        axes.plot(dying["relu", rate, seed][0], color=f"C{number}", linestyle=["-", "--", ":"][number], label=label)
axes.set(xlabel="epoch", ylabel="share of dead units", ylim=(-0.03, 1.03), title="ReLU, one line per seed")
axes.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
figure.legend(loc="outside right center", title="learning rate\nin epochs 1 and 2", frameon=False)
plt.show()

# %%
ends = {key: (shares[-1], accuracy, loss) for key, (shares, accuracy, loss) in dying.items()}
table = pd.DataFrame(ends, index=["off", "accuracy", "loss"]).T.rename_axis(["activation", "rate", "seed"])
table.round(2)

# %%
means = table.groupby(["activation", "rate"])[["off", "accuracy"]].mean()
if rounds > 3:
    print("more are dead after a larger rate:", means.loc["relu", "off"].is_monotonic_increasing)
    print(
        "ELU bears a rate of 2 better:", bool(means.loc[("elu", 2.0), "accuracy"] > means.loc[("relu", 2.0), "accuracy"] + 0.05)
    )

# %% [markdown]
# NaN stands for weights that have overflowed. With ReLU, a rate of 2 kills most units, or the weights overflow. In the first
# layer the dead stay dead, which is asserted above; in deeper layers some come back. The ELUs do not die, and their weights
# overflow. The cure for this kind of dying is a smaller rate: at 0.1 nearly all units of both networks live, and both learn.

# %% [markdown]
# ### Cured by a slope below 0
#
# Now one hidden layer, whose biases all start at -3, so that every unit is off, or nearly every one. The first weights of a
# seed are the same for each activation. What gets a unit going again is the slope where it is.

# %%
candidates = {
    "relu": keras_acts.get("relu"),
    "leaky_relu, 0.01": keras_acts.get("leaky_relu"),
    "leaky_relu, 0.2": keras_acts.get("leaky_relu", negative_slope=0.2),
    "elu": keras_acts.get("elu"),
    "gelu": keras_acts.get("gelu"),
    "silu": keras_acts.get("silu"),
}
slopes = pd.Series({name: float(function.derivative(-3.0)) for name, function in candidates.items()}, name="slope at -3")
print(slopes.round(3).to_string())

# %% [markdown]
# **Announced.** What has a slope of at least 0.04 at -3, in size, gets above 50 % for every seed. ReLU and leaky ReLU with 0.01
# stay below.

# %%
revived = {}
for name, function in list(candidates.items())[:cures]:
    model = compiled(plain(function, hidden=1), rate=0.1)
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        model.set_weights(plain(function, hidden=1, bias=-3.0).get_weights())
        count = CountOff()
        history = model.fit(pixels, digits, batch_size=batch, epochs=rounds, verbose=0, callbacks=[count]).history
        revived[name, seed] = count.shares, history["accuracy"]

# %%
figure, axes = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for number, name in enumerate(list(candidates)[:cures]):
    off, accuracy = (np.mean([revived[name, seed][part] for seed in range(seeds)], axis=0) for part in (0, 1))
    style = {"color": f"C{number}", "linestyle": ["-", "--", ":", "-", "-.", ":"][number]}
    axes[0].plot(off, **style, label=name)
    axes[1].plot(range(1, rounds + 1), accuracy, **style)
axes[0].set(xlabel="epoch", ylabel="share of units that are off", ylim=(0, 1.03))
axes[1].set(xlabel="epoch", ylabel="accuracy", ylim=(0, 1.03))
for panel in axes:
    panel.xaxis.set_major_locator(plt.MaxNLocator(integer=True))
figure.legend(loc="outside right center", frameon=False)
plt.show()
last = pd.Series({key: accuracies[-1] for key, (_, accuracies) in revived.items()}).unstack()
last = last.loc[list(candidates)[:cures]].rename_axis(columns="seed")
last.assign(slope=slopes).round(3)

# %%
if rounds > 3:
    outcome = ((slopes.abs() >= 0.04) == (last > 0.5).T).all()
    print("as announced:", ", ".join(outcome.index[outcome]), "| not:", ", ".join(outcome.index[~outcome]) or "none")

# %% [markdown]
# ## What was seen
#
# - The gradient of a plain sigmoid network shrinks by a factor of about 4 per layer, about $10^{12}$ over 20 layers, and the
#   network stays at chance for three of three seeds.
# - tanh, softsign and ReLU keep the gradient within a factor of 10, and so does sigmoid with another start or batch
#   normalisation. All of them learn. It is the slope of 1/4 and the mean of 1/2, uncorrected, that make sigmoid fail.
# - With a large learning rate ReLUs die, the more the larger it is, and in the first layer none comes back. ELU is no cure
#   here: its weights overflow. A smaller rate is.
# - Where all units are off at the start, ReLU stays at chance. A slope of 0.01 is too little in 20 epochs; leaky ReLU with 0.2,
#   ELU and SiLU learn. Leaky ReLU does so with nearly all units still off, because off is not dead where there is a slope.
# - The slope at one point does not tell all. GELU's at -3 is as small as that of leaky ReLU, and yet it gets far above chance:
#   its slope is steeper at -2, where some inputs are.
# - To look for dead units in a network of yours, count what is 0 for all of your data, as `CountOff` does.
#
# Next: [self-normalising networks](05-self-normalising-networks.ipynb), which keep mean and variance by their activation alone,
# and [choosing an activation by experiment](07-choosing-by-experiment.ipynb). The [catalogue](../docs/catalogue.md) has the
# derivatives of all activations.
