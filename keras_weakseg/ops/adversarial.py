"""Losses of a critic that tells true label maps from predicted ones, and of who wants to pass.

Goodfellow et al., NeurIPS 2014, with the non-saturating loss of the generator; all on logits.
A loss of many terms is `sum(weights * terms) / sum(weights)` over the global batch.
"""
import tensorflow as tf


def true_terms(logits):
  """Returns `-log sigmoid(logit)`, the cross entropy with "true" of every sample.

  What the critic pays for label maps that are true, and the segmenter (times lambda) for those that
  it predicted.

  Args:
    logits: float [M] or [M,1], of "true".

  Returns:
    float32 [M].

  Example:
    >>> print(true_terms([0.0, 100.0]).numpy().round(4))
    [0.6931 0.    ]
  """
  logits = tf.cast(logits, tf.float32)
  return tf.nn.softplus(-tf.reshape(logits, [-1]))


def predicted_terms(logits):
  """Returns `-log(1 - sigmoid(logit))`, the cross entropy with "predicted" of every sample.

  Args:
    logits: float [M] or [M,1], of "true".

  Returns:
    float32 [M].

  Example:
    >>> print(predicted_terms([0.0, -100.0]).numpy().round(4))
    [0.6931 0.    ]
  """
  return tf.nn.softplus(tf.reshape(tf.cast(logits, tf.float32), [-1]))


def critic_loss(true_logits, predicted_logits, weights=None):
  """Returns what the critic minimises: the mean over the true ones plus that over the predicted.

  Args:
    true_logits: float [M] or [M,1], for true label maps.
    predicted_logits: float of the same shape, for predicted ones that carry no gradient.
    weights: float [M], 0 = there is nothing in this place; None = all count.

  Returns:
    float32 scalar; 0 if nothing counts.

  Example:
    >>> round(float(critic_loss([0.0], [0.0])), 4)
    1.3863
  """
  return (_mean(true_terms(true_logits), weights)
          + _mean(predicted_terms(predicted_logits), weights))


def adversarial_loss(predicted_logits, weights=None):
  """Returns what the segmenter adds to its loss, times lambda: that its maps look true.

  Non-saturating: where the critic is sure, its gradient does not vanish.

  Args:
    predicted_logits: float [M] or [M,1], for predictions that carry a gradient.
    weights: float [M], as for `critic_loss`.

  Returns:
    float32 scalar; 0 if nothing counts.

  Example:
    >>> round(float(adversarial_loss([0.0, 5.0], [1.0, 0.0])), 4)
    0.6931
  """
  return _mean(true_terms(predicted_logits), weights)


def _mean(terms, weights):
  weights = tf.ones_like(terms) if weights is None else tf.cast(weights, tf.float32)
  return tf.math.divide_no_nan(tf.reduce_sum(terms * weights), tf.reduce_sum(weights))
