# %% [markdown]
# # When do gradients vanish in bfloat16, and why not here?
#
# Frameworks take the derivative of tanh and sigmoid from the output. In bfloat16 the output rounds to 1 early, and then their
# gradient is exactly 0: of tanh from x = 3.5 on, of sigmoid from about 6, where the true derivatives are 0.004 and 0.002.
# keras_acts computes them from the input and rounds once.
#
# In training this decides whether a unit that starts saturated for *all* examples ever recovers: with Adam it does here, and
# does not in stock Keras. With SGD, or if some examples reach the unit unsaturated, it makes no difference.

# %%
import math

import keras
import matplotlib.pyplot as plt
import ml_dtypes  # bfloat16 for numpy; comes with Keras
import numpy as np
import pandas as pd
from keras import ops
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import keras_acts

# %% tags=["parameters"] small={"epochs": 2, "seeds": 1, "optimizers": ["adam"]}
epochs = 30
seeds = 5
optimizers = ["adam", "sgd"]

# %% [markdown]
# ## What 16 bits hold
#
# Both half precisions have 16 bits. bfloat16 spends them on range, float16 on digits. The gap to the next number is the unit
# in the last place, ULP; a result that is rounded once is off by at most half of it.

# %%
rows = []
for dtype in (np.float32, ml_dtypes.bfloat16, np.float16):
    info = ml_dtypes.finfo(dtype)
    rows.append([str(info.dtype), float(info.eps), float(info.epsneg), float(info.smallest_normal), float(info.max)])
columns = ["dtype", "gap above 1", "gap below 1", "smallest normal number", "largest"]
pd.DataFrame(rows, columns=columns).set_index("dtype").map("{:.2g}".format)

# %% [markdown]
# Just below 1 there is nothing between 1 - 1/256 and 1 in bfloat16, so whatever lies within half a gap of 1, which is 2⁻⁹,
# becomes 1. tanh gets there at atanh(1 - 2⁻⁹) = 3.47, sigmoid at log(2⁹ - 1) = 6.24. The derivatives there are 0.0039 and
# 0.00195, and bfloat16 could hold numbers down to 10⁻³⁸.
#
# ## Where the digits go
#
# From the output y, tanh' is 1 - y² and sigmoid' is y · (1 - y). Both subtract two numbers that are nearly equal; what is
# left consists of the rounding of y.

# %%
x = np.array([1.0, 2.0, 3.0, 3.5, 4.0, 6.0, 8.0])
half = ml_dtypes.bfloat16
one = half(1)
y_tanh, y_sigmoid = np.tanh(x).astype(half), (1 / (1 + np.exp(-x))).astype(half)
table = {
    "x": x,
    "tanh": y_tanh,
    "1 - y²": one - y_tanh * y_tanh,
    "exact tanh'": 1 / np.cosh(x) ** 2,
    "sigmoid": y_sigmoid,
    "y · (1 - y)": y_sigmoid * (one - y_sigmoid),
    "exact sigmoid'": np.exp(-x) / (1 + np.exp(-x)) ** 2,
}
pd.DataFrame({name: values.astype(float) for name, values in table.items()}).set_index("x").map("{:.3g}".format)

# %% [markdown]
# To compute 1 - y² in float32 helps only if y is in float32 too, and then only as far as 9.01, where tanh rounds to 1 in
# float32. The other way is a formula without the subtraction, from x: tanh' = sech²(x) = (2d / (1 + d²))² with d = exp(-|x|).
# Nothing cancels in it.

# %%
single = x.astype(np.float32)
decay = np.exp(-np.abs(single))
from_input = np.square(2 * decay / (1 + np.square(decay))).astype(half).astype(float)
exact = 1 / np.cosh(x) ** 2
np.testing.assert_allclose(from_input, exact, rtol=2**-8)  # the gap above 1, halved
for name, values in {"from x": from_input, "exact": exact}.items():
    print(f"{name:8}", " ".join(f"{value:9.2e}" for value in values))
print(f"float32: 1 - tanh(9.1)² = {1 - np.tanh(np.float32(9.1)) ** 2:.0f}, exactly {1 / math.cosh(9.1) ** 2:.2e}")

# %% [markdown]
# ## What backpropagation uses
#
# Each backend has its own way to a gradient. This is what `fit` uses, for one function of a tensor:


# %%
def gradient(function, x, dtype):
    """Of the sum of `function`, at the numbers `x` in `dtype`; as float64."""
    x = ops.cast(ops.convert_to_tensor(np.asarray(x, "float32")), dtype)
    if keras.backend.backend() == "jax":
        import jax

        slope = jax.grad(lambda x: ops.sum(function(x)))(x)
    elif keras.backend.backend() == "torch":
        x = x.detach().requires_grad_()
        function(x).sum().backward()
        slope = x.grad
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        slope = tape.gradient(y, x)
    return ops.convert_to_numpy(ops.cast(slope, "float32")).astype(float)


# %%
def normal(x):
    """The density of the standard normal distribution."""
    return np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi)


EXACT = {  # in float64
    "sigmoid": lambda x: np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2,
    "tanh": lambda x: 1 / np.cosh(x) ** 2,
    "softsign": lambda x: 1 / (1 + np.abs(x)) ** 2,
    "gelu": lambda x: np.vectorize(math.erfc)(-x / math.sqrt(2)) / 2 + x * normal(x),
}
points = np.array([2.0, 4.0, 8.0, -4.0, -8.0])
rows = {}
for name, exact in EXACT.items():
    rows[name, "exact"] = exact(points)
    rows[name, "stock Keras"] = gradient(getattr(keras.activations, name), points, "bfloat16")
    rows[name, "keras_acts"] = gradient(keras_acts.get(name), points, "bfloat16")
print(f"backend {keras.backend.backend()}, bfloat16")
pd.DataFrame(rows, index=[f"x = {point:g}" for point in points]).T.map("{:.3g}".format)

# %% [markdown]
# Stock's sigmoid' is good for negative x, where y is small and keeps its digits; it loses the positive side. tanh loses both.
# softsign approaches 1 so slowly that nothing is lost here. Of gelu the negative tail is at stake, on PyTorch most of all.
#
# ## The error, number by number
#
# bfloat16 has so few numbers that one can try them all: here those between 0.01 and 12, of both signs. A bfloat16 has 8
# significant bits, so a gradient that is 0 and should not be is off by 128 to 256 ULP.


# %%
def every(dtype, low, high):
    """All numbers of a half precision between `low` and `high`, and their negatives."""
    bits = np.arange(dtype(low).view(np.uint16), dtype(high).view(np.uint16) + 1, dtype=np.uint16)
    numbers = bits.view(dtype).astype(float)
    return np.concatenate([-numbers[::-1], numbers])


def ulps(slope, exact):
    """How far a slope in bfloat16 is off, in units in the last place of the exact one."""
    return np.abs(slope - exact) / np.exp2(np.floor(np.log2(np.abs(exact))) - 7)


x = every(half, 0.01, 12.0)
slopes, errors = {}, {}
for name, exact in EXACT.items():
    for who, function in {"stock Keras": getattr(keras.activations, name), "keras_acts": keras_acts.get(name)}.items():
        slopes[name, who] = gradient(function, x, "bfloat16")
        errors[name, who] = ulps(slopes[name, who], exact(x))

# %%
figure, axes = plt.subplots(2, 2, figsize=(7, 3.5), sharex=True, sharey=True, layout="constrained")
for axis, name in zip(axes.flat, EXACT, strict=True):
    for who, marker in {"stock Keras": "C1x", "keras_acts": "C0."}.items():
        axis.semilogy(x, np.maximum(errors[name, who], 0.01), marker, markersize=2, label=who)
    axis.axhline(0.5, color="grey", linewidth=0.8, linestyle="--")
    axis.set_title(name, fontsize=10)
figure.legend(*axes[0, 0].get_legend_handles_labels(), fontsize=8, markerscale=3, loc="outside right upper")
figure.supxlabel("x", fontsize=10)
figure.supylabel("error of the gradient (ULP)", fontsize=10)
plt.show()

# %% [markdown]
# The dashed line is half a ULP, the best that rounding once can do. Errors below 0.01 are drawn at 0.01.

# %%
rows = {}
for name in EXACT:
    stock, ours = (errors[name, who].max() for who in ("stock Keras", "keras_acts"))
    alive = x[slopes[name, "stock Keras"] != 0]
    edges = ["–" if edge in (x.min(), x.max()) else f"{edge:.2f}" for edge in (alive.min(), alive.max())]
    rows[name] = [f"{stock:.3g}", f"{ours:.3g}", *edges]
    assert ours < 1.2
    assert np.all(slopes[name, "keras_acts"] != 0)
columns = ["largest error of stock (ULP)", "of keras_acts (ULP)", "stock is 0 below x =", "and above x ="]
print(f"backend {keras.backend.backend()}, bfloat16, x from -12 to 12")
pd.DataFrame(rows, index=columns).T

# %% [markdown]
# Every gradient of keras_acts is within half a ULP, on every backend. What stock Keras computes depends on the backend, but
# for sigmoid and tanh it is 0 on each of them as soon as y is 1. Beside its zero at x = -0.75, gelu' is a difference too.
#
# float16 has three bits more, so stock's gradients last a little longer, but it holds nothing below 6 · 10⁻⁸: beyond 9.3 the
# true derivative of tanh rounds to 0, and keras_acts gives 0 as well. Only bfloat16 has the range for such gradients.

# %%
x16 = every(np.float16, 0.5, 12.0)
x16 = x16[x16 > 0]
for name in ("tanh", "sigmoid"):
    for who, function in {"stock Keras": getattr(keras.activations, name), "keras_acts": keras_acts.get(name)}.items():
        lost = x16[gradient(function, x16, "float16") == 0]
        print(f"float16, {who:11} {name}'", f"is 0 from x = {lost.min():.2f}" if len(lost) else "is nowhere 0 up to 12")

# %% [markdown]
# ## Does it matter in training?
#
# A small classifier of digits has 32 hidden tanh units, and each starts saturated: its bias is the *shift*. With a shift of
# 6, tanh' is about 2 · 10⁻⁵. As a second way to saturation the biases are 0 and the weights too large by a factor, as with
# inputs that nobody scaled. Layers compute in bfloat16 under the policy `mixed_bfloat16`, where weights stay in float32;
# stock Keras in float32 is the reference.
#
# Expected, before the run:
#
# 1. Adam, shift 6: stock in bfloat16 stays at chance, below 20 %, because not one hidden weight moves. Adam divides by the
#    size of the gradient, so a small one is enough, and keras_acts gets within 2 points of stock in float32. In every seed.
# 2. Adam, every shift: keras_acts in bfloat16 is within 5 points of stock in float32 in the mean over the seeds.
# 3. SGD, shift 6: no difference, all three stay below 20 %, since a step of 10⁻⁵ of the usual is as good as none.
# 4. Adam, large weights: no difference of more than 2 points, since every unit has some examples in its steep range.

# %%
digits = load_digits()
pixels = (digits.data / 16).astype("float32")
x_train, x_test, y_train, y_test = train_test_split(pixels, digits.target, test_size=0.3, random_state=0)

shifts, factors = [0, 2, 4, 6, 8, 10], [4, 16, 64]
starts = [(shift, 1) for shift in shifts] + [(0, factor) for factor in factors]
copies = seeds * len(starts)
variants = {
    "float32, stock Keras": ("tanh", "float32"),
    "bfloat16, stock Keras": ("tanh", "mixed_bfloat16"),
    "bfloat16, keras_acts": ("keras_acts>tanh", "mixed_bfloat16"),
}

# %% [markdown]
# All starts and seeds train side by side: an `EinsumDense` holds `copies` small networks that share nothing but the batches,
# and the three variants are branches that begin with the same weights.


# %%
def weights(seed):
    """For layers of 32 or 64 inputs; the same numbers for the same seed."""
    return keras.initializers.RandomNormal(stddev=1 / 8, seed=seed)


def build():
    """The model, and the hidden layer of each variant."""
    shift, factor = (np.repeat(column, seeds).astype("float32") for column in zip(*starts, strict=True))
    inputs, outputs, hidden = keras.Input((64,)), [], {}
    for name, (activation, dtype) in variants.items():
        hidden[name] = keras.layers.EinsumDense(
            "bi,cio->bco", (copies, 32), bias_axes="co", activation=activation, dtype=dtype, kernel_initializer=weights(1)
        )
        head = keras.layers.EinsumDense("bci,cio->bco", (copies, 10), bias_axes="co", kernel_initializer=weights(2))
        outputs.append(head(hidden[name](inputs)))
        kernel, bias = hidden[name].get_weights()
        hidden[name].set_weights([kernel * factor[:, None, None], bias + shift[:, None]])
    return keras.Model(inputs, outputs), hidden


# %%
def train(optimizer):
    """Test accuracy and largest change of a hidden weight: variant -> (starts, seeds)."""
    keras.utils.set_random_seed(0)
    model, hidden = build()
    before = {name: layer.get_weights()[0] for name, layer in hidden.items()}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # the loss is a mean over the copies: times their number, each gets the gradient that it would get alone
    model.compile(optimizer, [loss] * len(variants), loss_weights=[float(copies)] * len(variants))
    labels = np.repeat(y_train[:, None], copies, axis=1)
    model.fit(x_train, [labels] * len(variants), batch_size=320, epochs=epochs, verbose=0)
    accuracy, moved = {}, {}
    for name, logits in zip(variants, model(x_test), strict=True):
        right = ops.convert_to_numpy(ops.argmax(logits, axis=-1)) == y_test[:, None]
        accuracy[name] = right.mean(axis=0).reshape(-1, seeds)
        moved[name] = np.abs(hidden[name].get_weights()[0] - before[name]).max(axis=(1, 2)).reshape(-1, seeds)
    return accuracy, moved


makers = {"adam": lambda: keras.optimizers.Adam(0.01), "sgd": lambda: keras.optimizers.SGD(0.1)}
results = {optimizer: train(makers[optimizer]()) for optimizer in optimizers}

# %%
accuracy, moved = results["adam"]
labels = [f"shift {shift}" for shift in shifts] + [f"weights × {factor}" for factor in factors]
means = pd.DataFrame({name: values.mean(axis=1) for name, values in accuracy.items()}, index=labels)
means["largest move, stock"] = moved["bfloat16, stock Keras"].max(axis=1)
means["keras_acts"] = moved["bfloat16, keras_acts"].max(axis=1)
print(f"Adam, {epochs} epochs: mean test accuracy of {seeds} seeds, and how far any hidden weight moved in bfloat16")
means.map("{:.2g}".format)

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True, layout="constrained", width_ratios=(3, 2))
panels = {left: (shifts, slice(0, len(shifts))), right: ([1, *factors], [0, *range(len(shifts), len(starts))])}
for (name, values), (color, style) in zip(accuracy.items(), [("k", "-"), ("C1", "s--"), ("C0", "o:")], strict=True):
    for axis, (places, chosen) in panels.items():
        axis.plot(places, values[chosen].mean(axis=1), style, color=color, label=name, markersize=5)
        axis.fill_between(places, values[chosen].min(axis=1), values[chosen].max(axis=1), color=color, alpha=0.15)
left.set(xlabel="shift of the pre-activations at the start", ylabel="test accuracy", ylim=(0, 1))
right.set(xlabel="weights too large by this factor", xscale="log", xticks=[1, *factors], xticklabels=[1, *factors])
right.minorticks_off()
left.legend(fontsize=8, loc="lower left")
plt.show()

# %%
stock32, stock16, ours16 = accuracy.values()
six, shifted = shifts.index(6), slice(0, len(shifts))
print("1. Adam, shift 6. Stock in bfloat16 below 20 %:", np.sum(stock16[six] < 0.2), "of", seeds, "seeds.")
print("   Largest move of a hidden weight there:", moved["bfloat16, stock Keras"][six].max())
print("   keras_acts within 2 points of float32:", np.sum(np.abs(ours16 - stock32)[six] < 0.02), "of", seeds, "seeds.")
gaps = 100 * np.abs(np.array([stock16, ours16]).mean(axis=-1) - stock32.mean(axis=-1))
print(f"2. Adam, every shift: keras_acts within {gaps[1, shifted].max():.1f} points of float32.")
if "sgd" in results:
    best = max(values[six].max() for values in results["sgd"][0].values())
    print(f"3. SGD, shift 6: the best of all variants and seeds has {100 * best:.0f} %.")
print(f"4. Adam, large weights: both in bfloat16 within {gaps[:, len(shifts) :].max():.1f} points of float32.")

# %% [markdown]
# At a shift of 10 nothing learns in this time. Stock in float32 has come to its own limit of 9.01, beyond which 1 - y² is 0
# in float32 too. keras_acts still moves the weights, but slowly: tanh'(10) is 8 · 10⁻⁹, and Adam adds an `epsilon` of 10⁻⁷ to
# the size of the gradient before it divides by it.
#
# ## What it costs
#
# A derivative from the output needs the output only, which the next layer keeps anyway. One from the input needs the input
# too. sigmoid and tanh therefore keep one tensor more in training than stock Keras, of the size of the activation: on JAX 2.0
# tensors for each layer instead of 1.1, in eager PyTorch one beyond the output instead of none. [The
# benchmarks](../benchmarks/README.md) have the figures, and the times. Softsign and gelu keep no more than stock does.

# %% [markdown]
# ## What was seen
#
# - In bfloat16 the gradient of tanh in stock Keras is exactly 0 from |x| = 3.47 on, and that of sigmoid from x = 5.6 on JAX
#   and TensorFlow, 6.3 on PyTorch. The exact derivatives there are 0.004 and 0.002 or more.
# - At no bfloat16 number between 0.01 and 12, of either sign, does keras_acts return 0, and its largest error is half a ULP
#   for all four functions.
# - A layer whose units all start at a shift of 6 stays at chance with stock Keras in bfloat16 and Adam, in five of five
#   seeds: no weight moves. With keras_acts it learns as in float32, to about 95 %.
# - With SGD neither learns from there, and with weights that are merely too large both learn alike. So look for this where
#   something pushes a unit to one side for all examples, and the optimiser is one that divides by the size of the gradient:
#   inputs with an offset, a large bias, a gate that starts wide open.
#
# All functions and their derivatives: [the catalogue](../docs/catalogue.md). Every bit pattern, on each backend: `python -m
# keras_acts check`.
