"""Losses of image tags: one number per image, so that batches are summed over all replicas."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops.binary_losses import MEAN
from keras_weakseg.ops.binary_losses import REDUCTIONS


def tag_softmax_loss(tags, scores):
  """Returns the cross entropy between the tags, as shares of the image, and the scores.

  `-sum_c T_c / |T| log softmax(v)_c`, |T| the sum of the tags (Luo et al., ICCV 2017, section 3.2).
  Its minimum is the entropy of the shares, not 0.

  Args:
    tags: [N,C], multi-hot or any non-negative weights; index 0 = background, set like any other.
    scores: float [N,C], pre-softmax.

  Returns:
    float32 [N]; 0 with gradient 0 for an image without tags.

  Example:
    >>> print(tag_softmax_loss([[1., 0., 1., 0.]], tf.zeros([1, 4])).numpy().round(4))
    [1.3863]
  """
  tags, scores = tf.cast(tags, tf.float32), tf.cast(scores, tf.float32)
  share = tf.math.divide_no_nan(tags, tf.reduce_sum(tags, -1, keepdims=True))
  return -tf.reduce_sum(share * tf.nn.log_softmax(scores), -1)


def tag_sigmoid_loss(tags, scores, background=False, reduction=MEAN):
  """Returns the binary cross entropy of every class, averaged or summed over classes.

  The multi-label loss of classifiers whose activation maps are used.

  Args:
    tags: float [N,C], 0..1, with the background at index 0.
    scores: float [N,C], logits.
    background: whether the background counts; it is in nearly every image, so that a classifier
      learns nothing from it, and by default its score is not trained.
    reduction: "mean" or "sum" over the classes that count.

  Returns:
    float32 [N].

  Raises:
    ValueError: the reduction is unknown.

  Example:
    >>> print(tag_sigmoid_loss([[1., 0., 1.]], tf.zeros([1, 3])).numpy().round(4))
    [0.6931]
  """
  errors.check_name("reduction", reduction, REDUCTIONS)
  first = 0 if background else 1
  loss = tf.nn.sigmoid_cross_entropy_with_logits(
      tf.cast(tags, tf.float32)[:, first:], tf.cast(scores, tf.float32)[:, first:])
  return tf.reduce_mean(loss, -1) if reduction == MEAN else tf.reduce_sum(loss, -1)
