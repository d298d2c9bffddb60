"""A network in two: the encoder and the head, with what passes between them within reach."""
import re

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks import unet_decoder
from keras_weakseg.networks.layers import preprocessing


class Seam:
  """A segmentation network whose features can be changed before the head sees them.

  The head is what the record's pattern finds, and all that comes after it. The seam is what the
  head takes of the layers before it: the deep features and those of skip connections.

  Args:
    network: functional `keras.Model`, preprocessed images to scores, or to a dict with "scores".
      Its layers and weights are shared, and it stays as it is.
    record: its `NetworkRecord`.

  Attributes:
    channels: widths of the features at the seam, in the order in which the encoder makes them.

  Raises:
    ValueError: the network has no seam.
  """

  def __init__(self, network, record):
    self._preprocess = preprocessing.Preprocess(record.preprocessing)
    features, inputs = _features(network, record)
    if not features:
      raise errors.value_error(
          f"The network '{record.name}' has no seam between an encoder and a head.",
          expected="a head that takes features [N,h,w,C] of the layers before it",
          received="a network that takes images alone, or has no head",
          fix="Choose another network, or leave its features alone (feature_weight=0).")
    self.channels = tuple(tensor.shape[-1] for tensor in features)
    self._encoder = keras.Model(network.inputs, features)
    self._head = keras.Model([*inputs, *features], network.output)
    self._sees_images = bool(inputs)

  def __call__(self, images, change, training):
    """Returns the scores of changed features, float32 [N,h,w,C].

    Args:
      images: RGB 0..255, float32 [N,H,W,3].
      change: function of (number of the features, features [N,h,w,C]) to such features.
      training: bool, of the encoder and of the head.
    """
    inputs = self._preprocess(images)
    features = self._encoder(inputs, training=training)
    features = features if isinstance(features, (list, tuple)) else [features]
    changed = [change(number, entry) for number, entry in enumerate(features)]
    scores = self._head([inputs, *changed] if self._sees_images else changed, training=training)
    return scores[unet_decoder.SCORES] if isinstance(scores, dict) else scores


def _features(network, record):
  """Returns the Keras tensors that the head takes of other layers, and those of the inputs."""
  head, features, seen = set(), {}, {}
  inputs = {id(tensor): tensor for tensor in network.inputs}
  for depth in sorted(network._nodes_by_depth, reverse=True):
    for node in network._nodes_by_depth[depth]:
      taken = {id(tensor): tensor for tensor in node.keras_inputs}
      if not (re.search(record.head_pattern, node.layer.name) or head & taken.keys()):
        continue
      head.update(id(tensor) for tensor in tf.nest.flatten(node.outputs))
      seen.update({key: taken[key] for key in taken.keys() & inputs.keys()})
      features.update({key: tensor for key, tensor in taken.items()
                       if key not in head | inputs.keys() and tensor.shape.rank == 4})
  return list(features.values()), list(seen.values())
