"""Trains every method on one device and on two replicas; run as a script by `test_replicas.py`.

Logical devices can be made only before TensorFlow starts, hence a process of its own. Prints one
line of JSON: per method the differences, how far the weights moved, and the logs.
"""
import importlib.util
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

STEPS = 4


def load_goldens():
  """Returns the module `goldens` beside this file."""
  spec = importlib.util.spec_from_file_location(
      "goldens", pathlib.Path(__file__).with_name("goldens.py"))
  module = importlib.util.module_from_spec(spec)
  sys.modules["goldens"] = module
  spec.loader.exec_module(module)
  return module


def shared_out(strategy, batch):
  """Returns the batch with a contiguous half for each replica."""
  def rows(context, value):
    size = len(value) // strategy.num_replicas_in_sync
    start = context.replica_id_in_sync_group * size
    return tf.constant(value[start:start + size])
  return {name: strategy.experimental_distribute_values_from_function(
      lambda context, value=value: rows(context, value)) for name, value in batch.items()}


def trained(golden, strategy, synchronized, accumulation):
  """Returns start weights, final weights and the logs of all replicas, step by step."""
  with strategy.scope():
    method = golden.build(synchronized=synchronized, accumulation=accumulation)
  start = [variable.numpy() for variable in method.weights]

  @tf.function
  def step(batch):
    return strategy.run(method.train_step, args=(batch,))

  logs = []
  for index in range(STEPS):
    found = step(shared_out(strategy, golden.batch(index)))
    logs.append({name: [float(v) for v in strategy.experimental_local_results(value)]
                 for name, value in found.items()})
  return start, [variable.numpy() for variable in method.weights], logs


def furthest(first, second):
  """Returns the largest difference, each weight relative to its largest value or to 1."""
  return max(float(np.max(np.abs(a - b)) / max(1.0, np.max(np.abs(a))))
             for a, b in zip(first, second, strict=True))


def main():
  tf.config.set_logical_device_configuration(
      tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
  one = tf.distribute.OneDeviceStrategy("CPU:0")
  two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
  report = {}
  for golden in load_goldens().METHODS:
    for accumulation in (1, 2):
      start, single, logs = trained(golden, one, False, accumulation)
      _, double, both = trained(golden, two, True, accumulation)
      report[f"{golden.label} {accumulation}"] = {
          "moved": furthest(start, single), "weights": furthest(single, double),
          "one": logs, "two": both}
    # The control: statistics of each replica alone.
    _, apart, _ = trained(golden, two, False, 1)
    report[f"{golden.label} 1"]["apart"] = furthest(trained(golden, one, False, 1)[1], apart)
  print(json.dumps(report))


if __name__ == "__main__":
  main()
