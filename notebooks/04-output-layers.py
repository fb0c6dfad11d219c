# %% [markdown]
# # Which activation belongs at the output?
#
# The one whose range is that of the answer: sigmoid for a probability, softmax for exclusive classes, a sigmoid for each
# label if several can be true, softplus or exponential for what is positive, none for any real number. The loss has to fit
# it. The choice changes what the numbers mean more than how often the largest one is right: on handwritten digits softmax,
# entmax15 and sparsemax come within two points of each other, but softmax gives all ten classes a probability above zero,
# sparsemax mostly one.

# %%
import keras
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from keras import ops
from sklearn.datasets import load_breast_cancer, load_digits, make_multilabel_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import keras_acts

keras.utils.set_random_seed(0)

# %% tags=["parameters"] small={"epochs": 2, "seeds": 1}
epochs = 40
seeds = 5

# %% [markdown]
# | the answer is | activation | loss |
# | --- | --- | --- |
# | yes or no | `sigmoid`, one unit | binary cross-entropy |
# | one of n classes | `softmax`, n units | (sparse) categorical cross-entropy |
# | the same, with few candidates | `entmax15`, `sparsemax` | `Entmax15Loss`, `SparsemaxLoss`, of the logits |
# | any of n labels | `sigmoid`, n units | binary cross-entropy |
# | any real number | none, that is `linear` | squared or absolute error |
# | a positive number, a count | `exponential`, `softplus` | Poisson; squared error of the logarithm |
# | a number between a and b | `sigmoid` or `tanh`, scaled | squared error |
#
# Several models are compared below. They train at once, as branches of one model that share nothing but the batches.

# %% [markdown]
# ## Yes or no: sigmoid
#
# Breast cancer, 30 measurements for each tumour, malignant or benign. One branch ends in a sigmoid and has binary
# cross-entropy; the other ends in the bare number and learns the labels 0 and 1 by squared error. Expected: they are right
# about equally often, but the second gives "probabilities" outside 0 to 1.

# %%
data = load_breast_cancer()
x_train, x_test, y_train, y_test = train_test_split(data.data, data.target, test_size=0.4, random_state=0)
scaler = StandardScaler().fit(x_train)
x_train, x_test = (scaler.transform(part).astype("float32") for part in (x_train, x_test))

inputs = keras.Input((30,))
heads = {"keras_acts>sigmoid": "binary_crossentropy", "linear": "mean_squared_error"}
outputs = [keras.layers.Dense(1, activation=head)(keras.layers.Dense(16, activation="tanh")(inputs)) for head in heads]
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.01), list(heads.values()))
model.fit(x_train, [y_train[:, None]] * 2, batch_size=114, epochs=epochs, verbose=0)
for head, p in zip(heads, model(x_test), strict=True):
    p = ops.convert_to_numpy(p)[:, 0]
    print(f"{head:18}: accuracy {np.mean((p > 0.5) == y_test):.3f}, values from {p.min():.2f} to {p.max():.2f},", end=" ")
    print(f"{np.mean((p < 0) | (p > 1)):.0%} of {len(p)} outside 0 to 1")

# %% [markdown]
# ## Sure and wrong: what becomes of the gradient
#
# With the label 1 the gradient of cross-entropy in the logit z is sigmoid(z) - 1: at z = -100, as wrong as can be, it is -1.
# A loss that sees only the probability can't compute that, because sigmoid(-100) is 4 · 10⁻⁴⁴ and Keras clips it at 10⁻⁷.
#
# The layer below has one weight for each logit, so that a step of SGD with the right learning rate shows the gradients that
# training uses.

# %%
logits = np.array([-100.0, -20.0, -17.0, -16.0, -10.0, 0.0, 10.0], "float32")
inputs = keras.Input((len(logits),))
heads = {"sigmoid, probabilities": ("keras_acts>sigmoid", False), "linear, from_logits=True": ("linear", True)}
layers = [keras.layers.Dense(1, activation=activation, use_bias=False) for activation, _ in heads.values()]
model = keras.Model(inputs, [layer(inputs) for layer in layers])
for layer in layers:
    layer.set_weights([logits[:, None]])
losses = [keras.losses.BinaryCrossentropy(from_logits=from_logits) for _, from_logits in heads.values()]
model.compile(keras.optimizers.SGD(float(len(logits))), losses)
_ = model.train_on_batch(np.eye(len(logits), dtype="float32"), [np.ones((len(logits), 1), "float32")] * 2)

# %%
with np.errstate(over="ignore"):
    exact = 1 / (1 + np.exp(-logits.astype(float))) - 1
slopes = {name: logits - layer.get_weights()[0][:, 0] for name, layer in zip(heads, layers, strict=True)}
np.testing.assert_allclose(slopes["linear, from_logits=True"], exact, atol=1e-5)
print(f"gradient in the logit, label 1, backend {keras.backend.backend()}")
pd.DataFrame({"exact": exact, **slopes}, index=[f"z = {z:g}" for z in logits]).T.map("{:.2g}".format)

# %% [markdown]
# From logits it is right on every backend. From probabilities it is right on TensorFlow, where Keras's losses find the logits
# that our sigmoid and softmax, like Keras's own, leave on their result; on JAX and PyTorch Keras does not look for them, and
# beyond a logit of about 16 the gradient is 0: an example that the network gets badly wrong teaches it nothing. So in
# training let the model end in logits, say `from_logits=True`, and apply the activation to predictions.
#
# ## One of several: softmax
#
# Softmax makes positive numbers of any, and divides them by their sum. Of two logits it is the sigmoid of their difference,
# so that one unit is enough for yes or no.

# %%
softmax, sigmoid = keras_acts.activations.softmax, keras_acts.activations.sigmoid
z = np.random.default_rng(0).normal(0, 3, (4, 5, 6)).astype("float32")
for axis in (-1, 1, (1, 2)):
    np.testing.assert_allclose(ops.sum(softmax(z, axis=axis), axis=axis), 1, rtol=1e-6)
np.testing.assert_allclose(softmax(z + 100), softmax(z), rtol=1e-4)  # a shift of all logits changes nothing
pairs = np.stack([z, np.zeros_like(z)], axis=-1)
np.testing.assert_allclose(softmax(pairs)[..., 0], sigmoid(z), rtol=1e-5)

allowed = np.array([True, True, False, True])
cases = {
    "with a mask": softmax([[2.0, 1.0, 9.0, 0.0]], mask=allowed),
    "nothing allowed": softmax([[2.0, 1.0, 9.0, 0.0]], mask=[False] * 4),
    "stock Keras, all -inf": keras.activations.softmax(ops.full((1, 4), -np.inf)),
}
for case, p in cases.items():
    print(f"{case:22}", np.round(ops.convert_to_numpy(p)[0], 3))

# %% [markdown]
# A masked entry gets exactly 0 and the others share the 1. A row with nothing allowed, such as padding, becomes 0, where
# stock Keras has NaN.
#
# ## Probabilities that are exactly zero: sparsemax and entmax15
#
# Softmax never says no: e^z is above 0 for each z. Sparsemax (Martins & Astudillo 2016, arXiv:1602.02068) is the point of the
# simplex that is nearest to the logits, so that low logits get exactly 0. Entmax15 (Peters, Niculae & Martins 2019,
# arXiv:1905.05702) lies between the two. For two classes:

# %%
maps = {"softmax": softmax, "entmax15": keras_acts.activations.entmax15, "sparsemax": keras_acts.activations.sparsemax}
styles = dict(zip(maps, ("C0-", "C2-.", "C1--"), strict=True))
lead = np.linspace(-3.5, 3.5, 281).astype("float32")
figure, axis = plt.subplots(figsize=(5, 2.6), layout="constrained")
for name, function in maps.items():
    p = np.asarray(ops.convert_to_numpy(function(np.stack([lead, np.zeros_like(lead)], axis=-1))))[:, 0]
    axis.plot(lead, p, styles[name], label=name)
    if name != "softmax":
        print(f"{name} is exactly 1 from a lead of {lead[p == 1].min():.2f} on")
axis.set(xlabel="lead of the first logit over the second", ylabel="its probability")
axis.legend()
plt.show()

# %% [markdown]
# Cross-entropy can't train them: a class with probability 0 has no logarithm and no gradient. Each has its own loss, whose
# gradient in the logits is the map minus the target, as for softmax with cross-entropy. It becomes exactly 0 once the right
# class leads by 1 (sparsemax) or 2 (entmax15).
#
# Keras has a sparsemax too, which is wrong where low logits follow:

# %%
scores = np.array([[1.0, 0.9, 0.8, -5.0]], "float32")
ours = ops.convert_to_numpy(maps["sparsemax"](scores))[0]
print("keras_acts: ", np.round(ours, 3), "sum", np.round(ours.sum(), 3))
print(
    "stock Keras:", np.round(ops.convert_to_numpy(keras.activations.sparsemax(scores))[0], 3), f"(version {keras.__version__})"
)
np.testing.assert_allclose(ours.sum(), 1, rtol=1e-6)

# %% [markdown]
# ## The three on handwritten digits
#
# A hidden layer of 64 units, then ten logits. For each map there are as many networks as seeds; an `EinsumDense` holds them
# side by side. Half of the 1797 images are for testing.
#
# Expected, before the run:
#
# 1. The mean accuracies lie within 1 point of each other.
# 2. Softmax gives all ten classes a probability above zero, for every image; sparsemax fewer than entmax15.
# 3. Both sparse maps name more classes for the images that they get wrong than for those they get right.
# 4. They rule the true class out, with a probability of exactly 0, for some test images.
# 5. When sparsemax says 1, it is right less often than always, but more often than its average.

# %%
digits = load_digits()
images = (digits.data / 16).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(images, digits.target, test_size=0.5, random_state=0)
losses = {
    "softmax": keras.losses.CategoricalCrossentropy(from_logits=True),
    "entmax15": keras_acts.losses.Entmax15Loss(),
    "sparsemax": keras_acts.losses.SparsemaxLoss(),
}


def side_by_side(inputs, equation, units, activation=None, seed=0):
    """A dense layer for each seed, from the same or their own inputs."""
    start = keras.initializers.RandomNormal(stddev=1 / 8, seed=seed)
    layer = keras.layers.EinsumDense(equation, (seeds, units), activation=activation, bias_axes="so", kernel_initializer=start)
    return layer(inputs)


inputs = keras.Input((64,))
outputs = [side_by_side(side_by_side(inputs, "bi,sio->bso", 64, "relu", 1), "bsi,sio->bso", 10, seed=2) for _ in losses]
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.005), list(losses.values()))
targets = np.repeat(np.eye(10, dtype="float32")[y_train][:, None], seeds, axis=1)
model.fit(x_train, [targets] * len(losses), batch_size=128, epochs=epochs, verbose=0)
probabilities = {
    name: ops.convert_to_numpy(maps[name](logits)) for name, logits in zip(losses, model(x_test), strict=True)
}  # (images, seeds, classes)

# %%
rows, named, right = {}, {}, {}
for name, p in probabilities.items():
    named[name] = (p > 0).sum(axis=-1)
    right[name] = p.argmax(axis=-1) == y_test[:, None]
    of_truth = np.take_along_axis(p, y_test[:, None, None], axis=-1)[..., 0]
    with np.errstate(divide="ignore"):
        log_loss = -np.log(of_truth).mean()
    rows[name] = {
        "accuracy": f"{right[name].mean():.3f}",
        "accuracy of the seeds": f"{right[name].mean(axis=0).min():.3f} to {right[name].mean(axis=0).max():.3f}",
        "classes above 0, mean": f"{named[name].mean():.2f}",
        "… if right": f"{named[name][right[name]].mean():.2f}",
        "… if wrong": f"{named[name][~right[name]].mean():.2f}",
        "images with one class": f"{np.mean(named[name] == 1):.0%}",
        "true class ruled out": f"{np.mean(of_truth == 0):.2%}",
        "log loss": f"{log_loss:.3f}",
        "Brier score": f"{np.mean(np.sum((p - np.eye(10)[y_test][:, None]) ** 2, axis=-1)):.3f}",
    }
pd.DataFrame(rows)

# %%
accuracies = [right[name].mean() for name in maps]
print(f"1. accuracies within {100 * (max(accuracies) - min(accuracies)):.1f} points")
print("2. softmax, fewest classes above 0:", named["softmax"].min(), "| sparsemax below entmax15 in the mean:", end=" ")
print(named["sparsemax"].mean() < named["entmax15"].mean())
for name in ("entmax15", "sparsemax"):
    more = named[name][~right[name]].mean() > named[name][right[name]].mean()
    print(f"3. {name} names more classes where it is wrong: {more}")
    print(f"4. {name} rules the truth out for", np.sum(probabilities[name][np.arange(len(y_test)), :, y_test] == 0), end=" ")
    print("of", right[name].size, "predictions")
sure = named["sparsemax"] == 1
print(f"5. sparsemax says 1 for {sure.mean():.0%} and is right in {right['sparsemax'][sure].mean():.1%} of these,", end=" ")
print(f"in {right['sparsemax'][~sure].mean():.1%} of the others")

# %% [markdown]
# Expectations 2 to 5 held on TensorFlow, JAX and PyTorch. The first did on TensorFlow and JAX; on PyTorch, with other random
# weights, softmax came 1.4 points behind.
#
# Is a probability of 80 % right in 80 % of the cases? On the left, how many classes get a probability above zero; on the
# right, predictions in groups by the largest probability.


# %%
def reliability(p, right, groups=8):
    """Mean largest probability and accuracy, in groups by that probability; groups of fewer than 10 left out."""
    largest, right = p.max(axis=-1).ravel(), right.ravel()
    group = np.minimum((largest * groups).astype(int), groups - 1)
    chosen = [group == k for k in range(groups) if np.sum(group == k) >= 10]
    return np.array([(largest[c].mean(), right[c].mean()) for c in chosen]).T


figure, (bars, curve) = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
for k, (name, p) in enumerate(probabilities.items()):
    counts = np.bincount(named[name].ravel(), minlength=11)[1:] / named[name].size
    bars.bar(np.arange(1, 11) + 0.27 * (k - 1), counts, 0.27, color=styles[name][:2], label=name)
    curve.plot(*reliability(p, right[name]), "o" + styles[name][2:], color=styles[name][:2], label=name)
curve.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
bars.set(xlabel="classes above zero", ylabel="share of the predictions", xticks=range(1, 11))
curve.set(xlabel="largest probability", ylabel="share that is right", xlim=(0.2, 1.03), ylim=(0.2, 1.03))
bars.legend(fontsize=8)
plt.show()

# %% [markdown]
# The images for which entmax15 names the most classes, first seed, with what the three say:

# %%
hardest = np.argsort(-named["entmax15"][:, 0], kind="stable")[:4]
figure, axes = plt.subplots(2, 4, figsize=(7, 3.2), layout="constrained", height_ratios=(1, 1.3))
for number, (column, image) in enumerate(zip(axes.T, hardest, strict=True)):
    column[0].imshow(x_test[image].reshape(8, 8), cmap="gray_r")
    column[0].set_title(f"a {y_test[image]}", fontsize=9)
    column[0].axis("off")
    for k, (name, p) in enumerate(probabilities.items()):
        column[1].bar(np.arange(10) + 0.27 * (k - 1), p[image, 0], 0.27, color=styles[name][:2], label=name)
    column[1].set(xticks=range(10), ylim=(0, 1), yticks=[] if number else [0, 0.5, 1])
    column[1].tick_params(labelsize=7)
axes[1, 0].set_ylabel("probability", fontsize=9)
figure.legend(*axes[1, 0].get_legend_handles_labels(), fontsize=8, ncols=3, loc="outside lower center")
plt.show()

# %% [markdown]
# ## Any of several: a sigmoid for each label
#
# If several labels can be true at once, the probabilities need not sum to 1. Five labels, two on average; a sigmoid for each,
# against softmax with the labels divided by their number. Two probabilities above one half don't fit into a sum of 1, so that
# softmax at a threshold of one half can't name two labels. Expected: the probabilities of the sigmoids are better, and a
# lower threshold helps softmax to find sets of labels, but not as many as the sigmoids find.

# %%
x, y = make_multilabel_classification(2000, 20, n_classes=5, n_labels=2, allow_unlabeled=False, random_state=0)
x = StandardScaler().fit_transform(x).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(x, y.astype("float32"), test_size=0.5, random_state=0)

inputs = keras.Input((20,))
model = keras.Model(inputs, [keras.layers.Dense(5)(keras.layers.Dense(32, activation="tanh")(inputs)) for _ in range(2)])
losses = [keras.losses.BinaryCrossentropy(from_logits=True), keras.losses.CategoricalCrossentropy(from_logits=True)]
model.compile(keras.optimizers.Adam(0.01), losses)
model.fit(x_train, [y_train, y_train / y_train.sum(axis=1, keepdims=True)], batch_size=250, epochs=epochs, verbose=0)
print(
    f"labels of a test row: {y_test.sum(axis=1).mean():.2f} in the mean, more than one in {np.mean(y_test.sum(axis=1) > 1):.0%}"
)
for function, logits in zip((sigmoid, softmax), model(x_test), strict=True):
    p = ops.convert_to_numpy(function(logits))
    exact = {t: np.mean(np.all((p > t) == y_test, axis=1)) for t in (0.5, 0.4, 0.3, 0.2)}
    brier = np.mean((p - y_test) ** 2)
    print(f"{function.record.name}: sum of the probabilities {p.sum(axis=1).mean():.2f}, Brier score {brier:.3f}")
    print("   most labels above 0.5:", np.sum(p > 0.5, axis=1).max())
    print("   all five labels right:", ", ".join(f"{share:.0%} at {t}" for t, share in exact.items()))
assert np.sum(p > 0.5, axis=1).max() <= 1

# %% [markdown]
# The probabilities of the sigmoids are the better ones: their sum is the number of labels to expect, and their Brier score is
# lower. The second half of the expectation failed on these data: at a threshold of 0.2 softmax finds more complete sets than
# the sigmoids at one half. It ranks the labels well; what it can't say is how probable each is.
#
# ## Positive numbers: exponential and softplus
#
# Counts with the rate e^(1 + x), for x between -2 and 2. The loss of Poisson is rate - count · log(rate), for which the rate
# has to be positive; a bare number must make do with squared error. Expected: all three are close to the rate where there is
# data, but the bare number goes below zero somewhere. Beyond the data each goes its own way.

# %%
random = np.random.default_rng(1)
x = random.uniform(-2, 2, (600, 1)).astype("float32")
counts = random.poisson(np.exp(1 + x)).astype("float32")
heads = {"linear": "mean_squared_error", "keras_acts>softplus": "poisson", "keras_acts>exponential": "poisson"}
inputs = keras.Input((1,))
outputs = [keras.layers.Dense(1, activation=head)(keras.layers.Dense(16, activation="tanh")(inputs)) for head in heads]
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.02), list(heads.values()))
_ = model.fit(x, [counts] * 3, batch_size=200, epochs=3 * epochs, verbose=0)

# %%
places = np.linspace(-4, 3, 141).astype("float32")
rate = np.exp(1 + places)
inside = np.abs(places) <= 2
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
axis.plot(x[:, 0], counts[:, 0], ".", color="0.7", markersize=3, label="counts")
axis.plot(places, rate, "k", linewidth=3, alpha=0.3, label="true rate")
for (head, style), y in zip(zip(heads, ("C1--", "C2-.", "C0-"), strict=True), model(places[:, None]), strict=True):
    y = ops.convert_to_numpy(y)[:, 0]
    axis.plot(places, y, style, label=head)
    error = np.sqrt(np.mean((y - rate)[inside] ** 2))
    print(
        f"{head:22}: error inside the data {error:.2f}; smallest value {y.min():.3f}; at 3: {y[-1]:.0f} (true {rate[-1]:.0f})"
    )
axis.axvspan(-2, 2, color="0.95", zorder=0)
axis.set(xlabel="x (grey: where there is data)", ylabel="rate", ylim=(-3, 40))
axis.legend(fontsize=8)
plt.show()

# %% [markdown]
# Inside the data all three follow the curve, softplus least well. Outside, the hidden tanh units level off, and the output
# activation decides what becomes of that: the bare number falls below zero, which is no rate, softplus and exponential can't.
# The exponential follows the true rate farthest, because the logarithm of this rate is a straight line.
#
# ## What was seen
#
# - A bare output learns yes or no about as well as a sigmoid, but about two in five of its values lie outside 0 to 1.
# - Cross-entropy of logits keeps its gradient of -1 at z = -100 on every backend; of probabilities it does so on TensorFlow
#   only, and on JAX and PyTorch it is 0 beyond 16. Train on logits.
# - On the digits the three maps are within two points in accuracy. Softmax keeps all ten classes above zero, sparsemax names
#   one class for about three of four images, entmax15 for two of three, and both name more where they are wrong.
# - When sparsemax says exactly 1 it is right in 99 % of the cases and more. Yet it rules the true class out for 0.7 to 0.9 %
#   of the images, which makes the log loss infinite: compare sparse maps by accuracy or Brier score.
# - Where several labels are true, sigmoids give probabilities that can be read one by one; softmax only ranks them.
# - exponential and softplus can't leave the positive numbers, whatever the input; a bare output does.
#
# All maps and their parameters: [the catalogue](../docs/catalogue.md), family "normalising". What half precision does to
# sigmoid: [06-half-precision](06-half-precision.ipynb).
