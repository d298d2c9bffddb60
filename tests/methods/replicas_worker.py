"""Computes sums, maxima and losses on two replicas; run as a script by the fixture `two_replicas`.

Logical devices can be made only before TensorFlow starts, hence a process of its own. Prints one
line of JSON: what went in, whole batches of four samples, and what came out, one entry per replica.
"""
import json
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from keras_weakseg.methods import feature_distance
from keras_weakseg.methods import ratio
from keras_weakseg.methods import supervised_depth

REPLICAS = 2


def inputs():
  """Returns the arrays by name; the largest error of disparity is one replica's alone."""
  random = np.random.RandomState(0)
  made = {name: random.rand(4, 3, 5).astype(np.float32)
          for name in ("features", "reference", "disparity", "target", "weights")}
  made["weights"] = np.where(made["weights"] < 0.3, 0, made["weights"]).astype(np.float32)
  made["weights"][:2] *= 0.2
  made["values"] = np.float32([1, -3, 7, 5])
  return made


def with_gradient(loss_of, x):
  """Returns the global loss, and this replica's rows of its gradient by `x`."""
  with tf.GradientTape() as tape:
    tape.watch(x)
    found = loss_of(x)
    count, = ratio.global_sums([found.denominator])
    loss = tf.math.divide_no_nan(found.numerator, count)
  return ratio.evaluate({"value": found})["value"], tape.gradient(loss, x)


def step(batch):
  """Returns what one replica finds out with its share."""
  return {
      "max": ratio.global_max(tf.reduce_max(batch["values"])),
      "sum": ratio.global_sums([tf.reduce_sum(batch["values"])])[0],
      "distance": with_gradient(lambda x: feature_distance.feature_distance(
          x, batch["reference"]), batch["features"]),
      "equal": with_gradient(lambda x: feature_distance.feature_distance(x, x + 0.0),
                             batch["features"]),
      "berhu": with_gradient(lambda x: supervised_depth.disparity_distance(
          x, batch["target"], batch["weights"]), batch["disparity"]),
  }


def main():
  tf.config.set_logical_device_configuration(
      tf.config.list_physical_devices("CPU")[0],
      [tf.config.LogicalDeviceConfiguration()] * REPLICAS)
  strategy = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(REPLICAS)])
  made = inputs()
  shared = {name: strategy.experimental_distribute_values_from_function(
      lambda context, value=value: tf.constant(np.split(value, REPLICAS)[
          context.replica_id_in_sync_group])) for name, value in made.items()}
  found = tf.function(lambda batch: strategy.run(step, args=(batch,)))(shared)
  report = {name: tf.nest.map_structure(
      lambda value: [np.asarray(x).tolist() for x in strategy.experimental_local_results(value)],
      value) for name, value in found.items()}
  print(json.dumps({**report, "inputs": {name: value.tolist() for name, value in made.items()}}))


if __name__ == "__main__":
  main()
