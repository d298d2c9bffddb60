"""The E-step of boxes that only chooses between background and object."""
import tensorflow as tf

from keras_weakseg import fields


def bbox_object_labels(scores, box_labels, background_bias=5., foreground_bias=6., *,
                       covered=None):
  """Returns latent labels that only choose between background and object; boxes give the class.

  Inside of a box a pixel is object if `logsumexp_(c > 0) f[c] + b_fg > f[0] + b_bg`: all that the
  network takes for some object speaks for it, whichever class it is mistaken for. Outside of all
  boxes it is background. An E-step of ours: with the published one a class has to beat the
  background alone, and classes that look alike take each other's boxes.

  Args:
    scores: float [N,H,W,C], pre-softmax class scores.
    box_labels: int [N,H,W], class of the smallest box over each pixel, 0 outside, 255 = unknown.
    background_bias, foreground_bias: added to the two sides.
    covered: bool [N,H,W,C], classes that have a box over a pixel: the best of these by its score is
      the class; None = that of the smallest box.

  Returns:
    int32 [N,H,W]; 255 where `box_labels` is.

  Example:
    >>> scores = [[[[2., 0., 1.5], [4., 0., 1.5], [0., 0., 9.]]]]
    >>> bbox_object_labels(scores, [[[1, 1, 0]]], 0., 1.).numpy().tolist()
    [[[1, 0, 0]]]
  """
  scores = tf.cast(scores, tf.float32)
  labels = tf.cast(box_labels, tf.int32)
  objects = tf.reduce_logsumexp(scores[..., 1:], -1) + foreground_bias
  found = labels
  if covered is not None:
    covered = tf.cast(covered, tf.bool)
    best = 1 + tf.argmax(tf.where(covered, scores, -float("inf"))[..., 1:], -1, tf.int32)
    found = tf.where(tf.reduce_any(covered[..., 1:], -1) & (labels > 0), best, labels)
  found = tf.where(objects > scores[..., 0] + background_bias, found, 0)
  return tf.where(labels == fields.IGNORE_LABEL, fields.IGNORE_LABEL, found)
