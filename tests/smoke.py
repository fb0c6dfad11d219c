"""What an installed wheel must do with one backend and nothing else: run from outside the repository."""

import importlib.util
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np

import keras_acts

assert "site-packages" in keras_acts.__file__, keras_acts.__file__
assert (Path(keras_acts.__file__).parent / "py.typed").exists()
backends = {"tensorflow", "torch", "jax"} - {keras.backend.backend()}
assert not backends & set(sys.modules), backends & set(sys.modules)
assert not any(importlib.util.find_spec(name) for name in ("matplotlib", "sklearn", "pytest"))

model = keras.Sequential(
    [
        keras.Input((4,)),
        keras.layers.Dense(8, activation="snake"),
        keras.layers.Dense(8, activation=keras_acts.get("leaky_relu", negative_slope=0.05)),
        keras.layers.Dense(8, activation=keras_acts.layers.Snake()),
        keras.layers.Dense(3, activation="keras_acts>softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
model.fit(x, np.arange(64) % 3, epochs=1, verbose=0)
with tempfile.TemporaryDirectory() as folder:
    model.save(Path(folder) / "model.keras")
    again = keras.models.load_model(Path(folder) / "model.keras")
np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
assert again.layers[0].activation is keras_acts.activations.snake
assert keras_acts.get("torch.nn.SiLU") is keras_acts.activations.silu  # from the data file

print(f"smoke test passed: keras_acts {keras_acts.__version__}, keras {keras.__version__}, {keras.backend.backend()} only")
