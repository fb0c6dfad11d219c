"""What the scripts of this folder train: a small network with learned activations, on generated data."""

import json

import keras
import numpy as np

import keras_acts

BATCH, EPOCHS, RATE = 32, 5, 0.2


def data():
    """64 points in four classes."""
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 8)).astype("float32")
    return x, np.argmax(x @ random.normal(size=(8, 4)), axis=1)


def model():
    """A network with a weight for each channel, one for all, and weights inside a Dense layer."""
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((8,)),
        keras.layers.Dense(16, activation="snake"),
        keras_acts.layers.PReLU(name="slopes"),
        keras.layers.Dense(16, activation=keras_acts.layers.Snake(num_parameters=16, name="waves")),
        keras_acts.layers.SwishBeta(name="gate"),
        keras.layers.Dense(4, activation="keras_acts>softmax"),
    ]
    return keras.Sequential(layers)


def train(network):
    """The mean loss of each epoch, by `fit`."""
    network.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
    return network.fit(*data(), batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0).history["loss"]


def learned(network):
    """The learned parameters of the activations, by their paths."""
    return {weight.path: weight.value for weight in network.trainable_weights if weight.name not in ("kernel", "bias")}


def report(losses, parameters, **more):
    """Print the losses and the learned parameters as JSON."""
    numbers = {path: keras.ops.convert_to_numpy(value).ravel().tolist() for path, value in parameters.items()}
    print(json.dumps({"losses": [float(loss) for loss in losses], "learned": numbers, **more}))
