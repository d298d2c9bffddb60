"""Trains every method on one device and on two replicas; run as a script by `test_replicas.py`.

Logical devices can be made only before TensorFlow starts, hence a process of its own. Prints one
line of JSON: per method the differences, how far the weights moved, and the logs. With the argument
"slow": of slow methods, and with micro-batches; with the name of a row of `goldens.DEEP`: of that
one alone, with the effect of rounding.
"""
import importlib.util
import itertools
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

STEPS = 4


def load(path):
  """Returns the module of a file, given beside this one."""
  path = pathlib.Path(__file__).parent / path
  spec = importlib.util.spec_from_file_location(path.stem, path)
  module = importlib.util.module_from_spec(spec)
  sys.modules[path.stem] = module
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


def trained(golden, strategy, synchronized, accumulation, steps=STEPS, nudge=0.0):
  """Returns start weights, final weights and the logs of all replicas, step by step.

  Args:
    golden: row of the table.
    strategy: `tf.distribute.Strategy`.
    synchronized: whether batch statistics are those of all replicas.
    accumulation: micro-batches per update.
    steps: how many.
    nudge: largest relative change of the kernels before the first step.
  """
  with strategy.scope():
    method = golden.build(synchronized=synchronized, accumulation=accumulation)
  random = np.random.RandomState(1)
  for variable in method.trainable_weights if nudge else ():
    variable.assign(variable * (1 + nudge * random.choice([-1, 1], variable.shape)))
  weights = [variable for variable in method.weights if variable.dtype.is_floating]
  start = [variable.numpy() for variable in weights]

  @tf.function(autograph=False)
  def step(batch):
    return strategy.run(method.train_step, args=(batch,))

  logs = []
  for index in range(steps):
    found = step(shared_out(strategy, golden.batch(index)))
    logs.append({name: [float(v) for v in strategy.experimental_local_results(value)]
                 for name, value in found.items()})
  return start, [variable.numpy() for variable in weights], logs


def furthest(first, second):
  """Returns the largest difference, each weight relative to its largest value or to 1."""
  return max(float(np.max(np.abs(a - b)) / max(1.0, np.max(np.abs(a))))
             for a, b in zip(first, second, strict=True))


def deep_report(golden, one, two):
  """Returns the differences of a deep network after two steps, beside that of rounding."""
  start, single, logs = trained(golden, one, False, 1, 2)
  _, nudged, _ = trained(golden, one, False, 1, 2, nudge=2e-7)
  _, double, both = trained(golden, two, True, 1, 2)
  _, apart, _ = trained(golden, two, False, 1, 2)
  return {"moved": furthest(start, single), "weights": furthest(single, double),
          "rounding": furthest(single, nudged), "apart": furthest(single, apart),
          "one": logs, "two": both}


def main():
  tf.config.set_logical_device_configuration(
      tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
  one = tf.distribute.OneDeviceStrategy("CPU:0")
  two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
  load("../known_layers.py").remember()
  goldens, chosen = load("goldens.py"), sys.argv[1:]
  if chosen not in ([], ["slow"]):
    golden, = (row for row in goldens.DEEP if [row.variant] == chosen)
    print(json.dumps(deep_report(golden, one, two)))
    return
  report, controlled = {}, set()
  for golden, accumulation in itertools.product(goldens.METHODS, (1, 2)):
    if (golden.slow or accumulation > 1) != bool(chosen):
      continue
    start, single, logs = trained(golden, one, False, accumulation)
    _, double, both = trained(golden, two, True, accumulation)
    found = report[f"{golden.label} {accumulation}"] = {
        "moved": furthest(start, single), "weights": furthest(single, double),
        "one": logs, "two": both}
    if accumulation == 1 and golden.networks not in controlled:
      # The control, once for networks that are alike: statistics of each replica alone.
      controlled.add(golden.networks)
      found["apart"] = furthest(single, trained(golden, two, False, 1)[1])
  print(json.dumps(report))


if __name__ == "__main__":
  main()
