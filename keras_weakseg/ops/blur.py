"""Gaussian blur with another width for every sample, as two products with blurring matrices."""
import tensorflow as tf


def gaussian_blur(images, sigma):
  """Blurs every sample with a Gaussian of its own width.

  Separable, the whole Gaussian (no window is cut off), borders mirrored without repeating the edge
  pixel. Like `resize.resize_aligned` two products of matrices: any size, no tap count that a
  graph would have to know.

  Args:
    images: [N,H,W,C], uint8 or float.
    sigma: float [N], standard deviation in pixels; 0 leaves a sample exactly as it is.

  Returns:
    The same shape; rounded and of the same dtype for integers, else float32.

  Example:
    >>> gaussian_blur(tf.constant([[[[9.0], [0.0], [0.0]]]]), [0.0])[0, 0, :, 0].numpy().tolist()
    [9.0, 0.0, 0.0]
  """
  images = tf.convert_to_tensor(images)
  sigma = tf.cast(sigma, tf.float32)
  values = tf.cast(images, tf.float32)
  shape = tf.shape(values)
  height, width, channels = (
      values.shape[axis] if values.shape[axis] is not None else shape[axis] for axis in (1, 2, 3))
  across, down = _matrix(width, sigma), _matrix(height, sigma)
  blurred = tf.matmul(across[:, None], values)  # [N,H,W,C]
  blurred = tf.matmul(down, tf.reshape(blurred, [-1, height, width * channels]))
  blurred = tf.reshape(blurred, shape)
  values = tf.where((sigma > 0)[:, None, None, None], blurred, values)
  if not images.dtype.is_integer:
    return values
  return tf.cast(tf.round(tf.clip_by_value(values, images.dtype.min, images.dtype.max)),
                 images.dtype)


def _matrix(size, sigma):
  """Returns float32 [N,size,size], whose row i weighs all pixels for the blurred pixel i."""
  places = tf.cast(tf.range(size), tf.float32)
  last = tf.cast(size, tf.float32) - 1.0
  distance = places[:, None] - places[None, :]
  around = places[:, None] + places[None, :]
  scale = -0.5 / tf.square(tf.maximum(sigma, 1e-3))[:, None, None]
  weights = tf.exp(scale * tf.square(distance))
  # What lies outside is the mirror image; the edge pixels themselves have none.
  weights += tf.where(places > 0, tf.exp(scale * tf.square(around)), 0.0)
  weights += tf.where(places < last, tf.exp(scale * tf.square(around - 2.0 * last)), 0.0)
  return weights / tf.reduce_sum(weights, -1, keepdims=True)
