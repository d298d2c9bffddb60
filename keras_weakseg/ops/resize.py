"""Resizing of score maps (corner-aligned bilinear) and of label maps (nearest, decimation)."""
import tensorflow as tf

from keras_weakseg import errors


def resize_aligned(x, size):
  """Resizes maps bilinearly with aligned corners: `source = target * (in - 1) / (out - 1)`.

  The DeepLab convention: with `out = (in - 1) * 8 + 1` every eighth pixel keeps its value. Two
  products with interpolation matrices: forward and backward together take half the time of
  `tf.compat.v1.image.resize`, and a tenth under XLA. No smoothing when shrinking. On GPUs the
  products follow TensorFlow's TensorFloat-32 setting.

  Args:
    x: float [N,H,W,C]; H, W and C may be dynamic.
    size: (height, width) of the result: ints, or an int tensor [2]. A side of 1 reads index 0.

  Returns:
    float32 [N,height,width,C], differentiable in `x`.

  Example:
    >>> resize_aligned([[[[0.], [2.]]]], (1, 5))[0, 0, :, 0].numpy().tolist()
    [0.0, 0.5, 1.0, 1.5, 2.0]
  """
  x = tf.cast(x, tf.float32)
  static = x.shape[1:3].as_list()
  known = _static_size(size)
  if None not in known and static == known:
    return x
  channels = x.shape[3] if x.shape[3] is not None else tf.shape(x)[3]
  height, width = (side if side is not None else tf.cast(size[axis], tf.int32)
                   for axis, side in enumerate(known))
  shape = tf.shape(x)
  x = tf.matmul(_interpolation(shape[2], width), x)  # [N,H,width,C]
  x = tf.matmul(_interpolation(shape[1], height),
                tf.reshape(x, [shape[0], shape[1], width * channels]))
  return tf.reshape(x, [shape[0], height, width, channels])


def decimate_labels(labels, stride):
  """Keeps every `stride`-th label from the top left: the aligned labels of a score map.

  Args:
    labels: [N,H,W] or [H,W], any dtype; sides `stride * k + 1` keep all four corners.
    stride: int >= 1.

  Returns:
    The same dtype, [N, ceil(H/stride), ceil(W/stride)] or without N.

  Raises:
    ValueError: stride < 1.

  Example:
    >>> decimate_labels([[1, 2, 3]], 2).numpy().tolist()
    [[1, 3]]
  """
  if stride < 1:
    raise errors.value_error("Labels cannot be decimated by this stride.", expected="stride >= 1",
                             received=stride, fix="Pass the output stride of the network, e.g. 8.")
  return tf.convert_to_tensor(labels)[..., ::stride, ::stride]


def resize_labels(labels, size):
  """Resizes label maps to the nearest label (pixel centres): no class id is ever invented.

  The one helper for label maps. Integer arithmetic, so the same pixel is chosen everywhere:
  `source = floor((target + 1/2) * in / out)`, the rule of `tf.image.resize(method="nearest")`.

  Args:
    labels: [N,H,W] or [H,W], any dtype.
    size: (height, width) of the result: ints, or an int tensor [2].

  Returns:
    The same dtype and rank, [N,height,width] or [height,width].

  Example:
    >>> resize_labels([[7, 255]], (1, 4)).numpy().tolist()
    [[7, 7, 255, 255]]
  """
  labels = tf.convert_to_tensor(labels)
  for axis, length in ((-2, size[0]), (-1, size[1])):
    length = tf.cast(length, tf.int32)
    source = (2 * tf.range(length) + 1) * tf.shape(labels)[axis] // (2 * length)
    labels = tf.gather(labels, source, axis=axis)
  return labels


def _static_size(size):
  """Returns [height, width] as ints where they are known when the graph is built, else None."""
  if tf.is_tensor(size):
    value = tf.get_static_value(size)
    return [None, None] if value is None else [int(side) for side in value]
  sides = [tf.get_static_value(side) if tf.is_tensor(side) else side for side in size]
  return [None if side is None else int(side) for side in sides]


def _interpolation(length, target):
  """Returns the matrix float32 [target, length] of corner-aligned linear interpolation."""
  last = tf.maximum(target - 1, 1)
  # Whole steps and remainders are exact integers; only the weight is rounded.
  position = tf.range(target) * (length - 1)
  lower = position // last
  weight = (tf.cast(position - lower * last, tf.float32) / tf.cast(last, tf.float32))[:, None]
  index = tf.range(length)
  return (tf.where(index == lower[:, None], 1. - weight, 0.)
          + tf.where(index == lower[:, None] + 1, weight, 0.))
