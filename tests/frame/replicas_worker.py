"""Trains the method with two optimizers on one device and on two replicas; run as a script.

Logical devices can be made only before TensorFlow starts, hence a process of its own. Argument: a
folder of photographs. Prints one line of JSON: network to how far it moved, and how far apart the
two end.
"""
import json
import os
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy as np
import tensorflow as tf


def main():
  tf.config.set_logical_device_configuration(
      tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
  import experiments
  import toys
  import keras_weakseg as kw
  toys.register()
  ends = {}
  with tempfile.TemporaryDirectory() as place:
    for name, strategy, steps in (("start", "one_device", 1), ("one", "one_device", 6),
                                  ("two", "mirrored", 6)):
      config = experiments.duel(sys.argv[1], steps, strategy)
      kw.fit(config, model_dir=f"{place}/{name}", progress=False)
      ends[name] = {}
      for network in ("segmenter", "rival", "teacher"):
        with np.load(f"{place}/{name}/train/{network}.npz") as archive:
          ends[name][network] = np.concatenate([archive[key].ravel() for key in archive.files])
  apart = lambda first, second, network: float(
      np.abs(ends[first][network] - ends[second][network]).max())
  print(json.dumps({network: (apart("start", "one", network), apart("one", "two", network))
                    for network in ends["one"]}))


if __name__ == "__main__":
  main()
