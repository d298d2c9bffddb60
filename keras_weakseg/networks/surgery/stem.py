"""Gives a trained network more input channels, such as a depth map beside the colours."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import dilated
from keras_weakseg.networks.surgery import channels, rebuilding

ZERO = "zero"   # the answer stays as it was, bit for bit
MEAN = "mean"   # of the kernels of the colours
COPY = "copy"   # of the last channel's kernel
STARTS = (ZERO, MEAN, COPY)


@keras.utils.register_keras_serializable("keras_weakseg")
class WidenedConv2D(dilated.Conv2D):
  """A convolution that sums what it makes of its first channels and of the others.

  One kernel, as in `keras.layers.Conv2D`, used in two parts. A convolution of all channels may add
  in another order, so that not even zeros would leave the answer as it was.

  Args:
    split: number of the first channels.
    **options: of `keras.layers.Conv2D`.
  """

  def __init__(self, *args, split=3, **options):
    super().__init__(*args, **options)
    self.split = split

  def convolution_op(self, inputs, kernel):
    first = super().convolution_op(inputs[..., :self.split], kernel[:, :, :self.split])
    return first + super().convolution_op(inputs[..., self.split:], kernel[:, :, self.split:])

  def get_config(self):
    return {**super().get_config(), "split": self.split}


def widen_stem(network, channels_after=4, *, start=ZERO):
  """Returns a copy of a trained network that takes further input channels.

  Every convolution that reads the image gets a longer kernel: several, where branches see it.

  Args:
    network: functional `keras.Model` of one image [N, H, W, c]; it stays as it is.
    channels_after: number of channels, more than c.
    start: kernel of the new ones: "zero" (the new network answers what the old one did, bit for
      bit, whatever the new channels hold), "mean" of the old ones, or "copy" of the last.

  Returns:
    `keras.Model`, float [N, H, W, channels_after] -> as `network`, with weights of its own.

  Raises:
    ValueError: the start is unknown, there are no further channels, or something other than a
      convolution reads the image.

  Example:
    >>> from keras_weakseg.networks import registry
    >>> widen_stem(registry.build_network("light_tiny", (33, 33, 3), 4)).input_shape
    (None, 33, 33, 4)
  """
  errors.check_name("start of a new channel", start, STARTS)
  before = network.input_shape[-1]
  if channels_after <= before:
    raise errors.value_error("The stem cannot be widened to so few channels.",
                             expected=f"more than {before}", received=channels_after,
                             fix="Pass channels_after=4 for colours and depth.")
  if any(rebuilding.holds_layers(layer) and not channels.is_known(layer)
         for layer in rebuilding.leaves(network)):
    network = rebuilding.unfold(network, channels.is_known)
  graph = channels.ChannelGraph(network)
  stems = {key for key, layer in graph.layers.items() if _reads_image(graph, layer)}

  def make(layer):
    if id(layer) in stems:
      return WidenedConv2D.from_config({**layer.get_config(), "split": before})
    return rebuilding.copy_layer(layer)

  model, pairs = rebuilding.rebuild(network, make, [channels_after])
  for old, new in pairs:
    weights = old.get_weights()
    if id(old) in stems:
      weights[0] = _longer(weights[0], channels_after, start)
    new.set_weights(weights)
  return model


def _reads_image(graph, layer):
  """Returns whether a convolution reads the image; raises where another layer does."""
  image = set(graph.ids.roots(graph.inputs[0]).tolist())
  axes = [axis for axis in graph.axes[id(layer)]
          if image & set(graph.ids.roots(axis.ids).tolist())]
  if not axes:
    return False
  whole = all(axis.role == channels.READ and len(axis.ids) == len(image) for axis in axes)
  if not whole or not isinstance(layer, keras.layers.Conv2D) or isinstance(
      layer, keras.layers.Conv2DTranspose):
    raise errors.value_error(
        f"The layer '{layer.name}' reads the image and cannot be widened.",
        expected="convolutions of all channels of the image", received=type(layer).__name__,
        fix="Put a convolution in front of it.")
  return True


def _longer(kernel, count, start):
  """Returns the kernel [h, w, in, out] with `count` input channels."""
  more = count - kernel.shape[2]
  if start == ZERO:
    new = np.zeros_like(kernel[:, :, :1])
  else:
    new = kernel.mean(2, keepdims=True) if start == MEAN else kernel[:, :, -1:]
  return np.concatenate([kernel, np.repeat(new, more, 2)], 2)
