"""Backbone checkpoints of the TensorFlow Model Garden."""
import re

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.networks import deeplab_v3
from keras_weakseg.networks.layers import preprocessing


def restore_backbone(backbone, prefix):
  """Restores a backbone from a checkpoint that holds it as `backbone` or `model.backbone`.

  Args:
    backbone: `keras.Model` made of Model Garden layers.
    prefix: of the checkpoint.

  Returns:
    Names of the variables that were set, and names in the checkpoint that were not used.

  Raises:
    ValueError: the checkpoint does not hold every variable of this backbone.
  """
  before = backbone.get_weights()
  reader = tf.train.load_checkpoint(prefix)
  problems = []
  for root in (tf.train.Checkpoint(backbone=backbone),
               tf.train.Checkpoint(model=tf.train.Checkpoint(backbone=backbone))):
    try:
      root.restore(prefix).expect_partial().assert_existing_objects_matched()
    except (AssertionError, ValueError) as problem:
      problems.append(str(problem).strip().split("\n", maxsplit=1)[0])
      continue
    unused = [key for key in sorted(reader.get_variable_to_shape_map())
              if not re.match(r"(model/)?backbone/|_CHECKPOINTABLE|save_counter", key)]
    return [variable.name for variable in backbone.weights], unused
  backbone.set_weights(before)
  raise errors.value_error(
      "The checkpoint is not one of this backbone.",
      expected="every variable of the backbone under 'backbone' or 'model/backbone'",
      received=f"{prefix}: {problems[0]}",
      fix="Choose a checkpoint of the same backbone, depth and width.")


def mobilenet_v1_arrays(prefix, alpha):
  """Reads a MobileNetV1 checkpoint of the Model Garden as arrays under the names of our trunk.

  The Model Garden normalises images by means and deviations per channel, our trunk takes
  x / 127.5 - 1: the difference is folded into the first convolution and the normalisation behind
  it (exact but for the outermost row and column, where the padding has another colour).

  Args:
    prefix: of the checkpoint.
    alpha: width multiplier.

  Returns:
    Dict `<layer>/<weight>` -> float32 array.

  Raises:
    ValueError: the checkpoint holds another backbone.
  """
  garden = deeplab_v3.build_backbone("mobilenet_v1", width=alpha)
  restore_backbone(garden, prefix)
  return fold_normalization(mobilenet_v1_names(garden))


def mobilenet_v1_names(garden):
  """Returns the weights of a Model Garden MobileNetV1 under the names of Keras' MobileNet.

  Args:
    garden: `keras.Model` of `deeplab_v3.build_backbone("mobilenet_v1")`.

  Returns:
    Dict `<layer>/<weight>` -> array.
  """
  arrays = {}

  def take(names, block):
    # A block's weights: the trained ones in the order of its layers, then the statistics.
    trained = [f"{layer}/{weight}" for layer, kernel in names
               for weight in (kernel, "bn/gamma", "bn/beta")]
    stored = [f"{layer}/{weight}" for layer, _ in names
              for weight in ("bn/moving_mean", "bn/moving_variance")]
    for key, value in zip(trained + stored, block.get_weights()):
      arrays[key.replace("/bn/", "_bn/")] = value

  blocks = [layer for layer in garden.layers if layer.weights]
  take([("conv1", "kernel")], blocks[0])
  for index, block in enumerate(blocks[1:], start=1):
    take([(f"conv_dw_{index}", "depthwise_kernel"), (f"conv_pw_{index}", "kernel")], block)
  return arrays


def fold_normalization(arrays):
  """Changes weights for inputs (x - means) / deviations into such for inputs x / 127.5 - 1.

  Args:
    arrays: dict with `conv1/kernel` [3, 3, 3, F] and `conv1_bn/moving_mean` [F]; RGB.

  Returns:
    A new dict in which these two are changed.
  """
  means = np.asarray(preprocessing.IMAGENET_MEANS_RGB)
  deviations = np.asarray(preprocessing.IMAGENET_DEVIATIONS_RGB)
  kernel = arrays["conv1/kernel"]
  offset = np.einsum("hwio,i->o", kernel, (127.5 - means) / deviations)
  return {
      **arrays,
      "conv1/kernel": (kernel * (127.5 / deviations)[:, None]).astype(np.float32),
      "conv1_bn/moving_mean": (arrays["conv1_bn/moving_mean"] - offset).astype(np.float32),
  }
