"""Class activation maps, and the pixels that they are sure of.

Zhou et al., CVPR 2016: where a classifier looks that averages features over the image. Classes are
those of the weights; leave the background out, which no classifier of tags learns.
"""
import tensorflow as tf

from keras_weakseg.ops import inference, resize


def class_activation(features, weights):
  """Returns what every position contributes to every class, without the bias.

  `M_c(x) = sum_k w_kc f_k(x)` (equation 2 there): its mean over positions is the score of the class
  but for the bias.

  Args:
    features: float [N,h,w,D], the features that are averaged.
    weights: float [D,C], the kernel of the classifier behind.

  Returns:
    float32 [N,h,w,C].

  Example:
    >>> class_activation([[[[1., 2.]]]], [[1., 0., 3.], [0., 1., -1.]])[0, 0, 0].numpy().tolist()
    [1.0, 2.0, 1.0]
  """
  return tf.einsum("nhwd,dc->nhwc", tf.cast(features, tf.float32), tf.cast(weights, tf.float32))


def summed_activation(map_fn, images, *, scales=(1.0,), flip=False, multiple=16, cells=False):
  """Returns the positive part of the maps of several views of an image, summed, at its own size.

  A view (one scale, mirrored or not) is stretched to sides that the grid of the maps fits exactly,
  so that no position of a map slides off the place that it stands for.

  Args:
    map_fn: float32 RGB 0..255 [N,h,w,3] -> raw maps [N,h',w',C].
    images: uint8 or float RGB 0..255 [N,H,W,3].
    scales: factors of the image size.
    flip: also use the mirrored image.
    multiple: stride of the maps in pixels.
    cells: whether positions are centres of cells of `multiple` pixels (pooling without padding, as
      in VGG-16); else they are corner-aligned, position j on pixel `multiple * j`.

  Returns:
    float32 [N,H,W,C], >= 0.

  Raises:
    ValueError: no scale, or one that is not positive.

  Example:
    >>> red = lambda pixels: pixels[:, ::16, ::16, :1]
    >>> summed_activation(red, 9 * tf.ones([1, 20, 30, 3]), flip=True)[0, 7, 7].numpy().tolist()
    [18.0]
  """
  inference.check_views(scales, (), ())
  images = tf.cast(images, tf.float32)
  size = tf.shape(images)[1:3]
  views = []
  for scale in scales:
    count = tf.round(tf.cast(size, tf.float32) * (scale / multiple))
    sides = tf.maximum(tf.cast(count, tf.int32), 1) * multiple + int(not cells)
    view = _resized(images, sides, cells)
    for mirrored in (False, True) if flip else (False,):
      maps = tf.nn.relu(tf.cast(map_fn(tf.reverse(view, [2]) if mirrored else view), tf.float32))
      views.append(_resized(tf.reverse(maps, [2]) if mirrored else maps, size, cells))
  return tf.add_n(views)


def _resized(x, size, cells):
  """Returns x [N,h,w,C] at a size, by the centres of its cells or by its corners."""
  return tf.image.resize(x, size) if cells else resize.resize_aligned(x, size)


def normalize_activation(activation, tags):
  """Returns maps whose largest value in the image is 1, for the classes that are in it.

  `relu(M_c) / max relu(M_c)`; 0 everywhere for a class that is not tagged, or never above 0.

  Args:
    activation: float [N,h,w,C], raw maps or `summed_activation`.
    tags: number [N,C], 1 = the class is in the image.

  Returns:
    float32 [N,h,w,C], 0..1.

  Example:
    >>> normalize_activation([[[[2., 5.], [4., -1.]]]], [[1., 0.]])[0, 0].numpy().tolist()
    [[0.5, 0.0], [1.0, 0.0]]
  """
  positive = tf.nn.relu(tf.cast(activation, tf.float32))
  positive = tf.where(tf.cast(tags, tf.float32)[:, None, None] > 0, positive, 0.0)
  return tf.math.divide_no_nan(positive, tf.reduce_max(positive, axis=(1, 2), keepdims=True))


def seeds_from_activation(activation, tags, threshold=0.3):
  """Returns the positions where the map of a tagged class is above a share of its maximum.

  Args:
    activation: float [N,h,w,C], as `class_activation` gives it.
    tags: number [N,C], 1 = the class is in the image.
    threshold: share of the largest value in the image, 0..1; Zhou et al. use 0.2, erasing methods
      0.8.

  Returns:
    bool [N,h,w,C]; a position may be a seed of several classes.

  Example:
    >>> seeds_from_activation([[[[2., 5.], [4., -1.]]]], [[1., 1.]], 0.5)[0, 0].numpy().tolist()
    [[False, True], [True, False]]
  """
  normalized = normalize_activation(activation, tags)
  return (normalized > threshold) & (normalized > 0)
