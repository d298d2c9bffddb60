"""Depth as 16-bit PNG files: `stored value / scale = depth`, 0 = no value."""
import math

import tensorflow as tf

from keras_weakseg import errors

LARGEST = 65535
# Stored value of one metre in KITTI's depth files, which other programs read.
KITTI_SCALE = 256.0


def depth_scale(max_depth, metric=False):
  """Returns the stored value of one unit of depth, so that `max_depth` still fits 16 bits.

  Args:
    max_depth: largest depth, > 0.
    metric: the unit is a metre; then it is 256, KITTI's, wherever that fits.

  Returns:
    A power of two, so that multiplying by it rounds nothing: the largest that fits, or 256.

  Raises:
    ValueError: `max_depth` is no positive number.

  Example:
    >>> depth_scale(100.0), depth_scale(100.0, metric=True), depth_scale(1000.0, metric=True)
    (512.0, 256.0, 64.0)
  """
  if not 0 < max_depth < math.inf:
    raise errors.value_error("The largest depth cannot be stored.", expected="a positive number",
                             received=max_depth, fix="Pass the farthest depth, e.g. 100.")
  largest = 2.0 ** math.floor(math.log2(LARGEST / max_depth))
  return min(largest, KITTI_SCALE) if metric else largest


def encode_depth_png(depth, scale, compression=-1):
  """Returns a depth map as a grey PNG of 16 bits.

  Args:
    depth: float [H, W]; what is not > 0 becomes 0 = no value, the rest at least 1.
    scale: stored value of one unit, see `depth_scale`.
    compression: 0 to 9, or -1: of PNG; the values are the same.

  Returns:
    string tensor [], the bytes of the PNG; depths are off by at most `0.5 / scale`, if between
    that and `65535 / scale`.

  Example:
    >>> png = encode_depth_png([[0.0, 2.0, 1e9]], 256.0)
    >>> decode_depth_png(png, 256.0).numpy().tolist()
    [[0.0, 2.0, 255.99609375]]
  """
  depth = tf.cast(depth, tf.float32)
  stored = tf.clip_by_value(tf.round(depth * scale), 1.0, float(LARGEST))
  stored = tf.where(depth > 0, stored, 0.0)  # also where it is not a number
  # Over int32: some kernels of the cast from float to uint16 go through signed 16 bits.
  return tf.io.encode_png(tf.cast(tf.cast(stored, tf.int32), tf.uint16)[..., tf.newaxis],
                           compression=compression)


def decode_depth_png(contents, scale):
  """Returns the depth map of a PNG of 16 bits.

  Args:
    contents: string tensor [] or bytes.
    scale: stored value of one unit.

  Returns:
    float32 [H, W], 0 = no value.
  """
  stored = tf.io.decode_png(contents, channels=1, dtype=tf.uint16)[..., 0]
  return tf.cast(stored, tf.float32) / scale
