# %% [markdown]
# # What does keras_acts add to Keras?
#
# Activation functions that Keras lacks, as strings in any layer; exact gradients also for those that it has; learned
# activations, gated blocks and masks. A model that uses them trains, saves and loads as any other: here one learns handwritten
# digits.

# %% tags=["parameters"] small={"epochs": 2}
epochs = 30

# %% [markdown]
# ## Names in any layer
#
# Keras doesn't know the name `"snake"` until keras_acts is imported. Then every layer that takes an activation does.

# %%
import keras

try:
    keras.layers.Dense(64, activation="snake")
except ValueError as error:
    print(error)

# %%
import keras_acts

layers = [
    keras.layers.Dense(64, activation="snake"),
    keras.layers.Conv2D(8, 3, activation="quick_gelu"),
    keras.layers.LSTM(16, activation="lisht"),
]
for layer in layers:
    print(type(layer).__name__, layer.activation.__name__, "=", keras_acts.describe(layer.activation).formula)

# %% [markdown]
# `get` takes parameters. What it returns goes wherever Keras takes an activation, is saved with its parameters, and is checked.

# %%
layer = keras.layers.Dense(64, activation=keras_acts.get("elu", alpha=0.5))
print(layer.activation)

for name, parameters in [("elu", {"alpha": -1}), ("elu", {"slope": 0.5}), ("snak", {})]:
    try:
        keras_acts.get(name, **parameters)
    except (TypeError, ValueError) as error:
        print(f"{type(error).__name__}: {error}")

# %% [markdown]
# ## Names that Keras has too
#
# They keep meaning Keras's functions. `"keras_acts>softsign"` is ours; `replace_builtins` makes the plain name ours, in a
# `with` block or from then on.

# %%
print("softsign:", keras.layers.Dense(64, activation="softsign").activation.__module__)
print("keras_acts>softsign:", keras.layers.Dense(64, activation="keras_acts>softsign").activation.__module__)
with keras_acts.replace_builtins():
    print("softsign, replaced:", keras.layers.Dense(64, activation="softsign").activation.__module__)

names = keras_acts.names(aliases=True)
replaced = keras_acts.replace_builtins()
replaced.undo()
print(f"{len(keras_acts.names())} activations, {len(names)} names, {len(replaced.names)} of which can replace Keras's own")

# %% [markdown]
# ## What is known about each
#
# `describe` returns a record. Its facts are data, so the catalogue can be asked: which activations grow without bound on the
# right, have a continuous derivative, and fall below zero, but not as far as -2?

# %%
record = keras_acts.describe("softsign")
print(f"{record.formula}; derivative {record.derivative}; range {record.range}; limits {record.limits}; C{record.smoothness}")
print(record.reference)
print("periodic:", ", ".join(keras_acts.names("periodic")))

# %%
import math

import pandas as pd

records = [keras_acts.describe(name) for name in keras_acts.names()]
found = [r for r in records if r.elementwise and r.limits[1] == math.inf and r.smoothness >= 1 and -2 < r.range[0] < 0]
pd.DataFrame(
    [(r.name, r.formula, round(r.range[0], 4), r.monotonic) for r in found], columns=["name", "formula", "lowest", "monotonic"]
)

# %% [markdown]
# `keras_acts.plotting.plot` draws any of them, solid, with the derivative, dashed.

# %%
# %matplotlib inline
import matplotlib.pyplot as plt

from keras_acts import plotting

plotting.plot(["snake", "mish"], range=(-5, 5))

# %% [markdown]
# ## Exact derivatives
#
# Each element-wise activation carries its derivative as a function. Backpropagation uses the same formula, and in half
# precision that shows: `slope` is what training gets from the backend. Stock Keras computes sigmoid' as `y * (1 - y)`, and in
# bfloat16, with its 8 significant bits, `y` rounds to 1 early.


# %%
import numpy as np


def slope(function, x, dtype):
    """The gradient that backpropagation gives."""
    x = keras.ops.convert_to_tensor(x, dtype)
    if keras.backend.backend() == "jax":
        import jax

        found = jax.grad(lambda x: keras.ops.sum(function(x)))(x)
    elif keras.backend.backend() == "torch":
        found = x.requires_grad_()
        function(x).sum().backward()
        found = x.grad
    else:
        import tensorflow

        with tensorflow.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        found = tape.gradient(y, x)
    return keras.ops.convert_to_numpy(keras.ops.cast(found, "float32"))


# %%
x = np.arange(0, 12, 0.125, dtype="float32")  # exact in bfloat16
exact = 1 / (4 * np.cosh(x.astype("float64") / 2) ** 2)
stock = slope(keras.activations.sigmoid, x, "bfloat16")
ours = slope(keras_acts.activations.sigmoid, x, "bfloat16")

derivative = keras_acts.activations.sigmoid.derivative(keras.ops.convert_to_tensor(x, "bfloat16"))
np.testing.assert_array_equal(ours, keras.ops.convert_to_numpy(keras.ops.cast(derivative, "float32")))
np.testing.assert_allclose(ours, exact, rtol=2**-8)
for name, found in (("stock Keras", stock), ("keras_acts", ours)):
    print(f"{name:12} sigmoid'(8) = {found[x == 8][0]:.2e}; largest relative error {np.abs(found / exact - 1).max():.1%}")

# %%
figure, axes = plt.subplots(figsize=(6, 3), layout="constrained")
axes.semilogy(x, ours, color="tab:blue", linewidth=2, label="keras_acts")
axes.semilogy(x, np.where(stock > 0, stock, np.nan), "s", color="tab:orange", markersize=3.5, label="stock Keras")
axes.semilogy(x, exact, "k--", linewidth=1, label="exact")
axes.set(xlabel="x", ylabel="sigmoid'(x) in bfloat16", title="Where the orange squares end, Keras's gradient is 0")
_ = axes.legend(frameon=False)
# %% [markdown]
# ## Masks
#
# Activations that normalise an axis take a mask. A row with nothing left is 0, not NaN, so that its gradient is too.

# %%
scores = np.array([[2.0, 1.0, 0.5, -1.0], [0.3, 0.1, 0.2, 0.4]], "float32")
mask = np.array([[True, True, False, True], [False, False, False, False]])
for name in ("softmax", "sparsemax", "entmax15"):
    probabilities = keras.ops.convert_to_numpy(keras_acts.get(name)(scores, mask=mask))
    print(f"{name:10}", *(str(np.round(row, 3)) for row in probabilities))
    np.testing.assert_allclose(probabilities.sum(axis=1), [1, 0], atol=1e-6)

stock = keras.ops.convert_to_numpy(keras.activations.softmax(np.where(mask, scores, -np.inf)))
print("stock softmax of -inf in place of the mask:", stock[1])

# %% [markdown]
# ## A model of them
#
# Digits of 8 x 8 pixels from scikit-learn. One layer by name, a gated block (two projections, one of them the gate), and
# `SwishBeta`, which learns the slope of its gate.

# %%
from sklearn.datasets import load_digits

keras.utils.set_random_seed(0)
images, digits = load_digits(return_X_y=True)
order = np.random.default_rng(0).permutation(len(images))
images, digits = (images[order] / 16).astype("float32"), digits[order]
x_train, y_train, x_test, y_test = images[:1280], digits[:1280], images[1280:], digits[1280:]  # ten batches of 128

model = keras.Sequential(
    [
        keras.Input((64,)),
        keras.layers.Dense(64, activation="snake"),
        keras_acts.layers.GatedDense(32),
        keras.layers.Dense(32),
        keras_acts.layers.SwishBeta(name="swish"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(keras.optimizers.Adam(0.005), "sparse_categorical_crossentropy")

# %%
history = model.fit(x_train, y_train, batch_size=128, epochs=epochs, verbose=0).history["loss"]
probabilities = model.predict(x_test, batch_size=517, verbose=0)
beta = float(keras.ops.convert_to_numpy(model.get_layer("swish").beta).squeeze())
print(f"loss {history[0]:.2f} -> {history[-1]:.4f}; test accuracy {np.mean(probabilities.argmax(axis=1) == y_test):.3f}")
print(f"SwishBeta's beta went from 1 to {beta:.2f}")
assert history[-1] < history[0]
assert beta != 1

# %% [markdown]
# Saved and loaded, it predicts exactly the same. The loading program needs `import keras_acts` and nothing else.

# %%
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "digits.keras")
    loaded = keras.models.load_model(Path(folder) / "digits.keras")
np.testing.assert_array_equal(loaded.predict(x_test, batch_size=517, verbose=0), probabilities)
print(loaded.layers[0].activation is keras_acts.activations.snake, type(loaded.get_layer("swish")).__name__)

# %% [markdown]
# ## What was seen
#
# - Importing the package makes its names strings of Keras; a misspelt name or a parameter out of range is an error at once.
# - Keras's own names change their meaning only inside `replace_builtins`.
# - In bfloat16 stock Keras's gradient of sigmoid is 0 at x = 8; that of keras_acts is within one rounding of exact everywhere
#   tried.
# - A row that is masked entirely gives zeros, where softmax over -inf gives NaN.
# - A model with a named, a gated and a learned activation trained on the digits and came back from its file with the same
#   predictions.
#
# All activations are in [the catalogue](../docs/catalogue.md). Files, portable copies and exports:
# [10-saving-porting-exporting](10-saving-porting-exporting.ipynb).
