"""Losses of a critic that tells true label maps from predicted ones, and of who wants to pass.

Goodfellow et al., NeurIPS 2014, with the non-saturating loss of the generator; all on logits.
A loss is the mean of its terms over the global batch; who sums them up: `methods/adversarial.py`.
"""
import tensorflow as tf


def true_terms(logits):
  """Returns `-log sigmoid(logit)`, the cross entropy with "true" of every sample.

  What the critic pays for label maps that are true, and the segmenter (times lambda) for those that
  it predicted: non-saturating, so that its gradient does not vanish where the critic is sure.

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
