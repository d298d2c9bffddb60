"""The strong view of an image, for the student of a teacher: other colours, then a blur."""
import tensorflow as tf

from keras_weakseg.ops import blur
from keras_weakseg.ops import color
from keras_weakseg.ops import draws


def strong_view(images, amounts, turns, sigma):
  """Returns images with other colours, and blurred. Labels stay where they are.

  Deviation: brightness is a factor and comes first, then contrast, saturation and hue; the
  reference adds brightness and shuffles the four once per batch.

  Args:
    images: [N,H,W,3] RGB 0..255, uint8 or float.
    amounts: float32 [N,3], see `color.jitter_color`.
    turns: float32 [N], see `color.shift_hue`.
    sigma: float32 [N], see `blur.gaussian_blur`.

  Returns:
    The same shape, 0..255; rounded and of the same dtype for integers, else float32.

  Example:
    >>> image = tf.constant([[[[10, 20, 30]]]], tf.uint8)
    >>> strong_view(image, [[0.0, 0.0, -1.0]], [0.0], [0.0])[0, 0, 0].numpy().tolist()
    [18, 18, 18]
  """
  images = tf.convert_to_tensor(images)
  values = color.jitter_color(tf.cast(images, tf.float32), amounts)
  values = blur.gaussian_blur(color.shift_hue(values, turns), sigma)
  return tf.cast(tf.round(values), images.dtype) if images.dtype.is_integer else values


def draw_color(keys, brightness=0.25, contrast=0.25, saturation=0.25, hue=0.25, share=0.8,
               grey_share=0.0):
  """Returns random colour changes for `strong_view`.

  The defaults are those of ClassMix and Hoyer et al. (CVPR 2021); UniMatch has (.5, .5, .5, .25)
  and a grey share of .2.

  Deviation: every sample draws for itself whether it is changed; the reference draws once per
  batch, which would make a sample depend on its companions.

  Args:
    keys: int32 [N,2], one key per sample.
    brightness, contrast, saturation: largest change of the factor 1, up or down; 0..1.
    hue: largest turn of the colour circle, in turns, up or down.
    share: of the samples that are changed.
    grey_share: of the samples that lose their colour.

  Returns:
    amounts float32 [N,3] and turns float32 [N], 0 where nothing changes.

  Example:
    >>> draw_color([[1, 2]], share=0.0)[0].numpy().tolist()
    [[0.0, 0.0, 0.0]]
  """
  numbers = draws.uniform(keys, [6], "colour")
  signed = 2.0 * numbers[:, :4] - 1.0
  # `jitter_color` halves the first two.
  signed *= [2.0 * brightness, 2.0 * contrast, saturation, hue]
  signed = tf.where(numbers[:, 4:5] < share, signed, 0.0)
  grey = (numbers[:, 5:] < grey_share) & tf.constant([[False, False, True, False]])
  signed = tf.where(grey, -1.0, signed)
  return signed[:, :3], signed[:, 3]


def draw_blur(keys, sigmas=(0.15, 1.15), share=0.5):
  """Returns random widths of a blur for `strong_view`.

  Args:
    keys: int32 [N,2], one key per sample.
    sigmas: (smallest, largest) standard deviation in pixels; UniMatch has (.1, 2).
    share: of the samples that are blurred.

  Returns:
    float32 [N], 0 where nothing changes.

  Example:
    >>> draw_blur([[1, 2]], share=0.0).numpy().tolist()
    [0.0]
  """
  numbers = draws.uniform(keys, [2], "blur")
  return tf.where(numbers[:, 0] < share, draws.within(numbers[:, 1], sigmas), 0.0)
