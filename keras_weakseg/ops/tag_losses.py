"""Losses of tag scores: which classes an image shows, anywhere in it."""
import tensorflow as tf


def tag_sigmoid_loss(scores, tags):
  """Returns the mean over classes of the binary cross entropy: every class is a question apart.

  Args:
    scores: float [N, C], logits, of the classes that count (without the background, mostly).
    tags: float [N, C], 1 = the image shows the class; shares between 0 and 1 are allowed.

  Returns:
    float32 [N].

  Example:
    >>> tag_sigmoid_loss([[0., 0.]], [[1., 0.]]).numpy().round(4).tolist()
    [0.6930999755859375]
  """
  scores, tags = tf.cast(scores, tf.float32), tf.cast(tags, tf.float32)
  return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(tags, scores), -1)


def tag_softmax_loss(scores, tags):
  """Returns the cross entropy of a softmax to the tags, which share its mass equally.

  `-sum_c T_c / |T| log softmax(v)_c`: the "softmax loss" of Luo et al., ICCV 2017, section 3.3.

  Args:
    scores: float [N, C], logits v, of the classes that count.
    tags: float [N, C], T, non-negative; also soft ones.

  Returns:
    float32 [N]; 0 where an image has no tag.

  Example:
    >>> tag_softmax_loss([[0., 0.]], [[1., 1.]]).numpy().round(4).tolist()
    [0.6930999755859375]
  """
  scores, tags = tf.cast(scores, tf.float32), tf.cast(tags, tf.float32)
  shares = tf.math.divide_no_nan(tags, tf.reduce_sum(tags, -1, keepdims=True))
  return -tf.reduce_sum(shares * tf.nn.log_softmax(scores), -1)
