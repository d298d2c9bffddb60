"""Class activation maps, and the pixels that they are sure of.

Zhou et al., CVPR 2016: where a classifier looks that averages features over the image. Classes are
those of the weights; leave the background out, which no classifier of tags learns.
"""
import tensorflow as tf


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


def normalize_activation(activation, tags):
  """Returns maps whose largest value in the image is 1, for the classes that are in it.

  `relu(M_c) / max relu(M_c)`; 0 everywhere for a class that is not tagged, or never above 0.

  Args:
    activation: float [N,h,w,C]; maps of several scales and flips are summed first.
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
