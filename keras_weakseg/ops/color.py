"""Brightness, contrast, saturation and hue of images by given amounts."""
import tensorflow as tf

_GREY = (0.299, 0.587, 0.114)


def jitter_color(images, amounts):
  """Returns images with another brightness, contrast, saturation and hue, in this order.

  Pixels become `p (1 + .5 a0)`, then `m + (p - m)(1 + .5 a1)` around the image's mean m, then
  `g + (p - g)(1 + a2)` around their own grey g, cut to 0..255; then their hue moves by a3 turns of
  the colour circle.

  Args:
    images: [...,H,W,3] RGB 0..255, uint8 or float.
    amounts: float32 [...,3] or, with hue, [...,4], -1..1; the last axis is static. Its leading axes
      are the first ones of the images, so that [B,3] serves [B,H,W,3] and, one draw for all frames
      of a sample, [B,F,H,W,3].

  Returns:
    The same shape, 0..255; rounded and of the same dtype for integers, else float32.

  Example:
    >>> jitter_color(tf.constant([[[10, 20, 30]]], tf.uint8), [1.0, 0.0, -1.0]).numpy().tolist()
    [[[27, 27, 27]]]
  """
  images, amounts = tf.convert_to_tensor(images), tf.cast(amounts, tf.float32)
  missing = images.shape.rank - amounts.shape.rank
  count = amounts.shape[-1]
  amounts = tf.reshape(amounts, tf.concat([tf.shape(amounts)[:-1], [1] * missing, [count]], 0))
  values = tf.cast(images, tf.float32) * (1.0 + 0.5 * amounts[..., :1])
  mean = tf.reduce_mean(values, [-3, -2, -1], keepdims=True)
  values = mean + (values - mean) * (1.0 + 0.5 * amounts[..., 1:2])
  grey = tf.reduce_sum(values * _GREY, -1, keepdims=True)
  values = tf.clip_by_value(grey + (values - grey) * (1.0 + amounts[..., 2:3]), 0.0, 255.0)
  if count == 4:
    values = _turned(values, amounts[..., 3:])
  return tf.cast(tf.round(values), images.dtype) if images.dtype.is_integer else values


def shift_hue(images, turns):
  """Returns images whose hue is turned, at equal saturation and value.

  Args:
    images: [N,H,W,3] RGB 0..255, uint8 or float.
    turns: float32 [N], parts of the whole colour circle: 1/3 makes red green; 0 leaves an image
      exactly as it is.

  Returns:
    The same shape, 0..255; rounded and of the same dtype for integers, else float32.

  Example:
    >>> shift_hue(tf.constant([[[[200, 50, 50]]]], tf.uint8), [1 / 3])[0, 0, 0].numpy().tolist()
    [50, 200, 50]
  """
  images = tf.convert_to_tensor(images)
  values = tf.cast(images, tf.float32)
  turns = tf.cast(turns, tf.float32)[:, None, None, None]
  values = _turned(values, turns)
  return tf.cast(tf.round(values), images.dtype) if images.dtype.is_integer else values


def _turned(values, turns):
  """Returns RGB 0..255 whose hue has moved by so many turns; exactly the same where by none."""
  hue, rest = tf.split(tf.image.rgb_to_hsv(values / 255.0), [1, 2], -1)
  moved = tf.image.hsv_to_rgb(tf.concat([tf.math.floormod(hue + turns, 1.0), rest], -1))
  return tf.where(turns == 0, values, 255.0 * moved)
