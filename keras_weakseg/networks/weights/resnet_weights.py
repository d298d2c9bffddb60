"""ImageNet weights of ResNets from three sources, under the names of our layers.

Our depth encoders see (x / 255 - .45) / .225. What the Model Garden and Keras normalise otherwise
is folded into the first convolution; torchvision's arrays stay as they are, as in Monodepth2.
"""
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.networks import deeplab_v3
from keras_weakseg.networks.backbones import resnet
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.weights import garden_checkpoints, imagenet

# The colour 0..255 that our input 0 stands for, and 0..255 per unit of our input.
_OFFSET, _UNIT = 0.45 * 255, 0.225 * 255

# The ResNets of `keras.applications`.
IN_KERAS = (50, 101, 152)


def describe(network):
  """Returns (depth, layout) of the ResNet that a model holds flat, or (None, None).

  Example:
    >>> from keras_weakseg.framework import keras
    >>> images = keras.Input((32, 32, 3))
    >>> describe(keras.Model(images, resnet.resnet_trunk(images, 50, layout="garden")))
    (50, 'garden')
  """
  layers = {layer.name: layer for layer in network.layers}
  if "conv2_block1_1_conv" not in layers:
    return None, None
  blocks = tuple(sum(re.fullmatch(rf"conv{stage}_block\d+_add", name) is not None
                     for name in layers) for stage in range(2, 6))
  bottleneck = "conv2_block1_3_conv" in layers
  depth = next(depth for depth, plan in resnet.PLANS.items() if plan == (blocks, bottleneck))
  found = resnet.Layout(bottleneck and layers["conv3_block1_1_conv"].strides == (2, 2),
                        layers["conv1_bn"].epsilon)
  return depth, next((name for name, layout in resnet.LAYOUTS.items() if layout == found), None)


def _wanted(network, layout, source):
  depth, found = describe(network)
  if found != layout:
    raise errors.value_error(
        "The pretrained weights belong to a ResNet with other strides or another epsilon.",
        expected=f"a network built with layout='{layout}'", received=f"{found} for {source}",
        fix=f"Build it with layout='{layout}', or choose weights of another source.")
  return depth


def fold_colors(arrays, means, deviations, *, reverse=False):
  """Changes weights for inputs (rgb - means) / deviations into such for our depth encoders.

  Args:
    arrays: dict with `conv1_conv/kernel` [7, 7, 3, 64] and `conv1_bn/moving_mean` [64].
    means: of red, green and blue, 0..255.
    deviations: of red, green and blue.
    reverse: whether the kernel's channels are blue, green, red.

  Returns:
    A new dict in which these two are changed.
  """
  kernel = np.asarray(arrays["conv1_conv/kernel"], np.float64)
  kernel = kernel[:, :, ::-1] if reverse else kernel
  means, deviations = np.asarray(means, np.float64), np.asarray(deviations, np.float64)
  offset = np.einsum("hwio,i->o", kernel, (_OFFSET - means) / deviations)
  return {
      **arrays,
      "conv1_conv/kernel": (kernel * (_UNIT / deviations)[:, None]).astype(np.float32),
      "conv1_bn/moving_mean": np.asarray(
          arrays["conv1_bn/moving_mean"] - offset, np.float32),
  }


def imagenet_arrays(network):
  """Returns the ImageNet weights of `keras.applications` for a ResNet of layout "keras".

  Raises:
    FileNotFoundError: they are neither in the cache of Keras nor can be downloaded.
    ValueError: the network has another layout, or Keras has no ResNet of this depth.
  """
  depth = describe(network)[0]
  if depth not in IN_KERAS:
    raise errors.value_error(
        f"Keras has no ImageNet weights of a ResNet-{depth}.",
        expected="one of " + ", ".join(f"ResNet-{known}" for known in IN_KERAS),
        received=f"imagenet for a ResNet-{depth}",
        fix="Save torchvision's state dict (numpy.savez(path, **{name: tensor.numpy() ...})) and "
            f"pass its path, with layout='{resnet.TORCHVISION}'.")
  depth = _wanted(network, resnet.KERAS, "imagenet")
  arrays = imagenet.resnet_arrays(imagenet.application_arrays(
      imagenet.application(f"ResNet{depth}", include_top=False)))
  return fold_colors(arrays, preprocessing.CAFFE_MEANS_BGR[::-1], (1.0, 1.0, 1.0), reverse=True)


def garden_arrays(network, prefix):
  """Returns the weights of a Model Garden checkpoint for a ResNet of layout "garden".

  Args:
    network: `keras.Model` that holds the ResNet flat.
    prefix: of the checkpoint.

  Raises:
    ValueError: the network has another layout, or the checkpoint holds another backbone.
  """
  depth = _wanted(network, resnet.GARDEN, prefix)
  garden = deeplab_v3.build_backbone(f"resnet{depth}")
  garden_checkpoints.restore_backbone(garden, prefix)
  return fold_colors(garden_names(garden), preprocessing.IMAGENET_MEANS_RGB,
                     preprocessing.IMAGENET_DEVIATIONS_RGB)


def garden_names(garden):
  """Returns the weights of a Model Garden ResNet of bottlenecks under our names.

  Args:
    garden: `keras.Model` of `deeplab_v3.build_backbone("resnet50")` or a deeper one.

  Returns:
    Dict `<layer>/<weight>` -> array.
  """
  arrays = {}

  def take(names, values):
    # A block's weights: the trained ones in the order of its layers, then the statistics.
    keys = [f"{name}_{weight}" for name in names
            for weight in ("conv/kernel", "bn/gamma", "bn/beta")]
    keys += [f"{name}_{weight}" for name in names
             for weight in ("bn/moving_mean", "bn/moving_variance")]
    arrays.update(zip(keys, values, strict=True))

  blocks = [layer for layer in garden.layers if layer.weights]
  stem, blocks = blocks[:2], blocks[2:]
  take(["conv1"], stem[0].get_weights() + stem[1].get_weights())
  stage, number = 1, 0
  for block in blocks:
    projects = len(block.weights) == 20
    stage, number = (stage + 1, 1) if projects else (stage, number + 1)
    take([f"conv{stage}_block{number}_{index}" for index in range(0 if projects else 1, 4)],
         block.get_weights())
  return arrays


def torchvision_arrays(arrays):
  """Returns a torchvision state dict, saved with `numpy.savez`, under our names.

  Args:
    arrays: dict `layer1.0.conv1.weight` -> array [O, I, h, w], ...; the classifier is left out.

  Returns:
    Dict `<layer>/<weight>` -> float32 array.

  Example:
    >>> list(torchvision_arrays({"layer1.0.downsample.0.weight": np.zeros([8, 4, 1, 1])}))
    ['conv2_block1_0_conv/kernel']
  """
  weights = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean",
             "running_var": "moving_variance"}
  renamed = {}
  for key, value in arrays.items():
    match = re.fullmatch(
        r"(?:layer(\d)\.(\d+)\.)?(?:(conv|bn)(\d)|downsample\.([01]))\.(\w+)", key)
    if not match or match.group(6) == "num_batches_tracked":
      continue
    stage, block, kind, number, part, weight = match.groups()
    kind = kind or ("conv", "bn")[int(part)]
    name = f"conv{int(stage) + 1}_block{int(block) + 1}_{number or 0}" if stage else "conv1"
    value = np.asarray(value, np.float32)
    if kind == "conv":
      renamed[f"{name}_conv/kernel"] = value.transpose(2, 3, 1, 0)
    else:
      renamed[f"{name}_bn/{weights[weight]}"] = value
  return renamed


def check_torchvision(network, source):
  """Raises unless a network has torchvision's strides and epsilon: elsewhere its weights are noise.

  Args:
    network: `keras.Model` that holds the ResNet flat.
    source: where the weights come from.

  Raises:
    ValueError: the network has another layout.
  """
  _wanted(network, resnet.TORCHVISION, source)


def is_torchvision(arrays):
  """Returns whether the arrays are named as those of a torchvision ResNet.

  Example:
    >>> is_torchvision({"layer1.0.conv1.weight": 0}), is_torchvision({"conv1/kernel": 0})
    (True, False)
  """
  return "layer1.0.conv1.weight" in arrays
