"""Losses of image tags: what a network says of a whole image against multi-hot labels."""
import tensorflow as tf


def tag_softmax_loss(tags, scores):
  """Returns the cross entropy between the tags of an image, as a distribution, and its scores.

  `-sum_c T_c / |T| log softmax(v)_c` (Luo et al., ICCV 2017, section 3.2). Its minimum is the
  entropy of the tags, not 0.

  Args:
    tags: [N,C], multi-hot or any non-negative weights; index 0 = background, set like any other.
    scores: float [N,C], pre-softmax class scores of images.

  Returns:
    float32 [N]; 0 with gradient 0 for an image without tags.

  Example:
    >>> tag_softmax_loss([[1, 1]], [[0.0, 0.0]]).numpy().round(4)
    array([0.6931], dtype=float32)
  """
  tags = tf.cast(tags, tf.float32)
  share = tf.math.divide_no_nan(tags, tf.reduce_sum(tags, -1, keepdims=True))
  return -tf.reduce_sum(share * tf.nn.log_softmax(tf.cast(scores, tf.float32)), -1)


def tag_sigmoid_loss(tags, scores):
  """Returns the binary cross entropy of every class, averaged over the classes.

  Args:
    tags: [N,C], multi-hot or probabilities.
    scores: float [N,C], pre-sigmoid.

  Returns:
    float32 [N].

  Example:
    >>> tag_sigmoid_loss([[1, 0]], [[0.0, 0.0]]).numpy().round(4)
    array([0.6931], dtype=float32)
  """
  return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(
      labels=tf.cast(tags, tf.float32), logits=tf.cast(scores, tf.float32)), -1)
