"""One training process of the distribution and resume tests; run as a script.

Arguments: folder of photographs, model_dir, strategy, steps, method, path of the weights to write.
"""
import functools
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf


def experiment(folder, steps, method, strategy):
  """Returns a small semi-supervised experiment on a folder, with batch statistics and ignores."""
  from keras_weakseg.configs.sections import schema
  config = schema.Experiment(
      name="worker", seed=3,
      data=schema.Data(
          sources=[schema.Source(kind="folder", path=folder, held_out=0.25)],
          parts=[schema.Part(supervision="mask", count=6, batch_size=2, weight=0.7),
                 schema.Part(supervision="tags", rest=True, batch_size=2, weight=0.3)],
          augmentation=schema.Augmentation(crop=(49, 65), scales=(0.75, 1.25), color=0.2)),
      network=schema.Network(type="light_tiny"),
      training=schema.Training(
          steps=steps, optimization=schema.sgd(0.01, steps), log_every=5, checkpoint_every=5,
          keep=5, averaging=0.5, statistics_batches=2,
          multipliers=[schema.Multiplier(pattern="head", learning_rate=2.0)]),
      evaluation=schema.Evaluation(split="validation"))
  config.network.light_tiny.head_filters = 16
  config.method.type = method
  # So far apart that rounding cannot move a latent label to another class.
  config.method.em_fixed.background_bias = 0.0
  config.method.em_fixed.foreground_bias = 1000.0
  config.runtime.strategy = strategy
  config.runtime.timeout = float(os.environ.get("TIMEOUT", "3600"))
  return config


def use_a_shallow_network():
  """Replaces `light_tiny` by three convolutions with batch normalisation.

  A deep network trained from scratch multiplies rounding: two batch-norm kernels on *one* device
  are 7e-3 apart after 20 steps. A shallow one shows whether the arithmetic is the same.
  """
  from keras_weakseg.framework import keras
  from keras_weakseg.networks import registry
  from keras_weakseg.networks.layers import batch_norm as norms

  entry = registry._NETWORKS["light_tiny"]  # pylint: disable=protected-access

  @functools.wraps(entry.build)  # The other process reads these options from the YAML of the run.
  def build(input_shape, num_classes, *, head_filters=16, batch_norm="train",
            synchronized_batch_norm=False, **_):
    x = images = keras.Input(input_shape)
    for index in range(3):
      x = keras.layers.Conv2D(head_filters, 3, 2, "same", use_bias=False, name=f"conv{index}")(x)
      x = norms.batch_norm(batch_norm, f"bn{index}", synchronized=synchronized_batch_norm)(x)
      x = keras.layers.ReLU()(x)
    return keras.Model(images, keras.layers.Conv2D(num_classes, 1, name="head_classifier")(x))

  registry._NETWORKS["light_tiny"] = entry._replace(build=build)


def main():
  folder, model_dir, strategy, steps, method, output = sys.argv[1:]
  if strategy == "one_device":
    # As in the process of the tests, see `tests/conftest.py`: the same bits of the same graphs.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    tf.constant(0)
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})
  if strategy == "mirrored":
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
  if os.environ.get("SHALLOW"):
    use_a_shallow_network()
  from keras_weakseg import runs
  result = runs.run(experiment(folder, int(steps), method, strategy), model_dir, progress=False)
  np.savez(output, *[weight.numpy() for weight in result.predictor.weights])
  print("mean_iou", result.metrics["mean_iou"])


if __name__ == "__main__":
  main()
