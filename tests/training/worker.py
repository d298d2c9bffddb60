"""One training process of the distribution and resume tests; run as a script.

Arguments: folder of photographs, model_dir, strategy, steps, method, path of the weights to write.
"""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf


def experiment(folder, steps, method, strategy):
  """Returns a small semi-supervised experiment on a folder, with batch statistics and ignores."""
  from keras_weakseg.configs import schema
  config = schema.Experiment(
      name="worker", seed=3,
      data=schema.Data(
          sources=[schema.Source(kind="folder", path=folder, held_out=0.25)],
          parts=[schema.Part(supervision="mask", count=6, batch_size=2, weight=0.7),
                 schema.Part(supervision="tags", rest=True, batch_size=2, weight=0.3)],
          augmentation=schema.Augmentation(crop=(49, 65), scales=(0.75, 1.25), color=0.2)),
      network=schema.Network(type="light_tiny"),
      training=schema.Training(
          steps=steps, optimization=schema.sgd(0.002, steps), log_every=5, checkpoint_every=5,
          multipliers=[schema.Multiplier(pattern="head", learning_rate=2.0)]),
      evaluation=schema.Evaluation(split="validation"))
  config.network.light_tiny.head_filters = 16
  config.method.type = method
  # So far apart that rounding cannot move a latent label to another class.
  config.method.em_fixed.background_bias = 0.0
  config.method.em_fixed.foreground_bias = 1000.0
  config.runtime.strategy = strategy
  return config


def main():
  folder, model_dir, strategy, steps, method, output = sys.argv[1:]
  if strategy == "mirrored":
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
  from keras_weakseg import runs
  result = runs.run(experiment(folder, int(steps), method, strategy), model_dir, progress=False)
  np.savez(output, *[weight.numpy() for weight in result.predictor.weights])
  print("mean_iou", result.metrics["mean_iou"])


if __name__ == "__main__":
  main()
