"""Data parallel on TensorFlow: ``KERAS_BACKEND=tensorflow python docs/distribution/tensorflow_mirrored.py --devices 2``.

A CPU stands for several devices here; with GPUs, ``tf.distribute.MirroredStrategy()`` alone finds them.
"""

import argparse

import tensorflow as tf

parser = argparse.ArgumentParser()
parser.add_argument("--devices", type=int, default=2)
chosen = parser.parse_args()
parts = [tf.config.LogicalDeviceConfiguration()] * chosen.devices
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], parts)

import problem  # noqa: E402

strategy = tf.distribute.MirroredStrategy([f"CPU:{place}" for place in range(chosen.devices)])
with strategy.scope():
    network = problem.model()
    losses = problem.train(network)
problem.report(losses, problem.learned(network), devices=strategy.num_replicas_in_sync)
