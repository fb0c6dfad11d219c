"""Data or model parallel on JAX: ``KERAS_BACKEND=jax python docs/distribution/jax_parallel.py --devices 8 --split model``.

A CPU stands for several devices here; on GPUs and TPUs leave out the line with `jax_num_cpu_devices`.
"""

import argparse

import jax

parser = argparse.ArgumentParser()
parser.add_argument("--devices", type=int, default=8)
parser.add_argument("--split", choices=["data", "model"], default="data")
chosen = parser.parse_args()
jax.config.update("jax_num_cpu_devices", chosen.devices)

import keras  # noqa: E402
import problem  # noqa: E402

import keras_acts  # noqa: E402

devices = keras.distribution.list_devices()
if chosen.split == "data":
    keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices))
elif len(devices) > 1:
    mesh = keras.distribution.DeviceMesh((len(devices) // 2, 2), ("batch", "model"), devices)
    layout = keras.distribution.LayoutMap(mesh)
    layout[".*dense.*/kernel"] = (None, "model")
    layout[".*dense.*/bias"] = ("model",)
    layout[".*slopes/alpha"] = ("model",)  # learned parameters of activations, for each channel
    layout[".*waves/alpha"] = ("model",)
    keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch"))

network = problem.model()
losses = problem.train(network)

# An activation works on each part of a tensor where it is: the compiled program has no communication in it.
mesh = jax.sharding.Mesh(jax.devices(), ("parts",))
sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("parts"))
x = jax.device_put(jax.numpy.ones((8 * len(devices), 4)), sharding)
communicating = []
for name in keras_acts.names():
    record = keras_acts.describe(name)
    if record.elementwise:
        function = keras_acts.get(name, **record.example)
        text = jax.jit(function).lower(x).compile().as_text()
        if any(word in text for word in ("all-reduce", "all-gather", "all-to-all", "collective-permute", "reduce-scatter")):
            communicating.append(name)

sharded = {weight.path: str(weight.value.sharding.spec) for weight in network.trainable_weights} if len(devices) > 1 else {}
problem.report(losses, problem.learned(network), devices=len(devices), communicating=communicating, sharded=sharded)
