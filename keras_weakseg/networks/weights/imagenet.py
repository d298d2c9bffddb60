"""ImageNet weights from `keras.applications`, as arrays under the names of our layers."""
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks import largefov


def imagenet_arrays(network, name):
  """Returns the weights of the Keras application that a network's trunk stands on.

  Args:
    network: `keras.Model` of the registry.
    name: its name in the registry.

  Returns:
    Dict `<layer>/<weight>` -> float32 array.

  Raises:
    FileNotFoundError: the weights are neither in the cache of Keras nor can be downloaded.
    ValueError: no Keras application has this trunk.
  """
  if is_mobilenet(network):
    alpha = network.get_layer("conv1").filters / 32
    if alpha not in (0.25, 0.5, 0.75, 1.0):
      raise errors.value_error(
          "There are no ImageNet weights for this width of MobileNetV1.",
          expected="alpha 0.25, 0.5, 0.75 or 1", received=alpha, fix="Build with such an alpha.")
    return application_arrays(application(
        "MobileNet", input_shape=(224, 224, 3), alpha=alpha, include_top=False))
  fully_connected = any(layer.name == "fc7" for layer in network.layers)
  if name == "largefov_vgg16" or name == "dual_network" and fully_connected:
    return vgg16_arrays(application_arrays(application("VGG16", include_top=True)),
                        network.get_layer("fc7").filters)
  if name == "cam_vgg16":
    return vgg16_arrays(application_arrays(application("VGG16", include_top=False)))
  if name in ("deeplab_v2_resnet101", "dual_network"):
    return resnet_arrays(application_arrays(application("ResNet101", include_top=False)))
  raise errors.value_error(
      f"Keras has no ImageNet weights for the network '{name}'.",
      expected="a Model Garden checkpoint", received="imagenet",
      fix="Pass the prefix of a backbone checkpoint of the TensorFlow Model Garden.")


def is_mobilenet(network):
  """Returns whether a `keras.Model` holds, flat, the trunk of MobileNetV1."""
  return any(layer.name == "conv_pw_1" for layer in network.layers)


def application(model, **arguments):
  """Returns a model of `keras.applications` with its ImageNet weights.

  Args:
    model: its name, such as "ResNet50".
    **arguments: of its constructor.

  Raises:
    FileNotFoundError: the weights are neither in the cache of Keras nor can be downloaded.
  """
  try:
    return getattr(keras.applications, model)(weights="imagenet", **arguments)
  except Exception as error:    # Keras raises a bare Exception when a download fails.
    raise errors.missing(
        f"The ImageNet weights of {model} could not be fetched.",
        expected="them in the cache of Keras (~/.keras/models), or a connection to download them",
        received=f"{type(error).__name__}: {error}",
        fix="Download them on a machine with a connection and copy the cache, or pass the path of "
            "an .npz file or a checkpoint as pretrained weights.") from error


def application_arrays(model):
  """Returns the weights of a Keras model as a dict `<layer>/<weight>` -> array."""
  return {weight.name.split(":")[0]: weight.numpy() for weight in model.weights}


def vgg16_arrays(arrays, filters=None):
  """Renames the weights of Keras' VGG16 to DeepLab's; fc6 and fc7 are decimated.

  Args:
    arrays: dict `<layer>/<weight>` with `block1_conv1/kernel`, ..., `fc2/bias`.
    filters: channels of fc7 in our network: 1024 (large field of view) or 4096 (small); None: it
      has no such layers.

  Returns:
    Dict with `conv1_1/kernel`, ..., `conv5_3/bias`, and with `filters` ..., `fc7/bias`.
  """
  renamed = {}
  for key, value in arrays.items():
    match = re.fullmatch(r"block(\d)_conv(\d)/(kernel|bias)", key)
    if match:
      renamed["conv{}_{}/{}".format(*match.groups())] = value
  if filters is None:
    return renamed
  view = next(name for name, view in largefov.FIELDS_OF_VIEW.items() if view.filters == filters)
  fc6, fc7 = largefov.decimate_fc(
      (arrays["fc1/kernel"], arrays["fc1/bias"]), (arrays["fc2/kernel"], arrays["fc2/bias"]), view)
  renamed.update({"fc6/kernel": fc6[0], "fc6/bias": fc6[1],
                  "fc7/kernel": fc7[0], "fc7/bias": fc7[1]})
  return renamed


def resnet_arrays(arrays):
  """Moves the biases of Keras' ResNet convolutions into the means of the normalisation behind.

  (x + b - mean) equals (x - (mean - b)); our trunk, like Caffe's, has no biases.

  Args:
    arrays: dict `<layer>/<weight>` with `<block>_conv/kernel`, `<block>_conv/bias`,
      `<block>_bn/moving_mean`, ...

  Returns:
    The dict without biases.
  """
  moved = {key: value for key, value in arrays.items() if not key.endswith("_conv/bias")}
  for key, bias in arrays.items():
    if key.endswith("_conv/bias"):
      mean = key.replace("_conv/bias", "_bn/moving_mean")
      moved[mean] = np.asarray(arrays[mean]) - bias
  return moved
