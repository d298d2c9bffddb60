"""The hourglass for inference alone: branches that read the same tensor are one convolution.

An inception reads its input four times through narrow 1x1 convolutions; here it does so once. Batch
statistics are folded into the convolutions. Same answers, another order of sums.
"""
import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import hourglass


@keras.utils.register_keras_serializable("keras_weakseg")
class SplitChannels(keras.layers.Layer):
  """Cuts [N, H, W, C] into tensors of the given numbers of channels.

  Args:
    sizes: channels of each, C in all.
    name: name of the layer.

  Example:
    >>> [x.shape[-1] for x in SplitChannels([1, 3])(tf.zeros([1, 2, 2, 4]))]
    [1, 3]
  """

  def __init__(self, sizes, name=None, **kwargs):
    super().__init__(name=name, **kwargs)
    self.sizes = [int(size) for size in sizes]

  def call(self, inputs):
    """Applies the layer; returns a list of tensors."""
    return tf.split(inputs, self.sizes, axis=-1)

  def get_config(self):
    return {**super().get_config(), "sizes": self.sizes}


def fast_hourglass(network):
  """Returns a copy of a hourglass that infers faster and cannot be trained on.

  Args:
    network: `keras.Model` of `hourglass.hourglass`.

  Returns:
    `keras.Model` with the same input and output and weights of its own, as they are now.
  """
  builder = _FusedBuilder(network)
  fast = hourglass.assemble(builder, network.input_shape[1:], f"{network.name}_fast")
  for name, pairs in builder.sources.items():
    folded = [_folded(network, *pair) for pair in pairs]
    fast.get_layer(name).set_weights([
        np.concatenate([kernel for kernel, _ in folded], -1),
        np.concatenate([bias for _, bias in folded], -1)])
  fast.get_layer("head_conv").set_weights(network.get_layer("head_conv").get_weights())
  fast.trainable = False
  return fast


def _folded(network, conv, norm):
  """Returns kernel and bias of a convolution that also normalises."""
  kernel, bias = network.get_layer(conv).get_weights()
  layer = network.get_layer(norm)
  scale = 1 / np.sqrt(layer.moving_variance.numpy().astype(np.float64) + layer.epsilon)
  if layer.gamma is not None:
    scale = scale * layer.gamma.numpy()
  offset = layer.beta.numpy() if layer.beta is not None else 0.0
  return ((kernel * scale).astype(np.float32),
          ((bias - layer.moving_mean.numpy()) * scale + offset).astype(np.float32))


class _FusedBuilder:
  """Adds convolutions as `fast_hourglass` needs them, and notes what each is made of."""

  def __init__(self, network):
    self._network = network
    self.sources = {}

  def _conv(self, x, name, kernel, pairs):
    self.sources[name] = pairs
    channels = sum(self._channels(conv) for conv, _ in pairs)
    return keras.layers.Conv2D(channels, kernel, padding="same", activation="relu", name=name)(x)

  def _channels(self, conv):
    return self._network.get_layer(conv).filters

  def stem(self, x):
    """Applies the first convolution."""
    return self._conv(x, "stem_conv", 7, [("stem_conv", "stem_bn")])

  def inception(self, x, kind, name):
    """Applies all 1x1 convolutions as one, and the others to their parts of it."""
    pairs = hourglass.branch_names(name)
    readers = [pairs[0], *pairs[1::2]]
    x = self._conv(x, f"{name}_readers", 1, readers)
    parts = SplitChannels([self._channels(conv) for conv, _ in readers],
                          name=f"{name}_split")(x)
    outputs = parts[:1]
    for part, pair, (kernel, _, _) in zip(parts[1:], pairs[2::2],
                                          hourglass.INCEPTIONS[kind].branches):
      outputs.append(self._conv(part, pair[0], kernel, [pair]))
    return keras.layers.Concatenate(name=f"{name}_join")(outputs)

  def head(self, x):
    """Applies the last convolution."""
    return keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name="head_conv")(x)
