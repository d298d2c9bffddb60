"""Sums over the global batch: a loss or a health figure is a numerator and a denominator."""
from typing import NamedTuple

import tensorflow as tf


class Ratio(NamedTuple):
  """A mean that is taken over the global batch, not over one replica's share.

  Attributes:
    numerator: float32 scalar, this replica's sum.
    denominator: float32 scalar, this replica's count.
  """
  numerator: tf.Tensor
  denominator: tf.Tensor


def masked_mean(values, weights):
  """Returns the `Ratio` of sum(values * weights) to sum(weights), in float32.

  Args:
    values: numbers or booleans, any shape.
    weights: numbers or booleans of the same shape; values under weight 0 do not count.
  """
  weights = tf.cast(weights, tf.float32)
  return Ratio(tf.reduce_sum(tf.cast(values, tf.float32) * weights), tf.reduce_sum(weights))


def global_sums(tensors):
  """Returns the tensors summed over all replicas, as constants for the gradient.

  Args:
    tensors: list of float32 scalars of this replica.
  """
  context = tf.distribute.get_replica_context()
  tensors = [tf.stop_gradient(tensor) for tensor in tensors]
  if context is None or context.num_replicas_in_sync == 1 or not tensors:
    return tensors
  return tf.unstack(context.all_reduce(tf.distribute.ReduceOp.SUM, tf.stack(tensors)))


def global_max(value):
  """Returns the largest value of all replicas, as a constant for the gradient.

  Args:
    value: float32 scalar of this replica.
  """
  context = tf.distribute.get_replica_context()
  value = tf.stop_gradient(value)
  if context is None or context.num_replicas_in_sync == 1:
    return value
  return tf.reduce_max(context.all_gather(value[None], axis=0))


def evaluate(ratios):
  """Returns the value of every ratio over the global batch; 0 where nothing was counted.

  Args:
    ratios: dict of name to `Ratio`.

  Returns:
    Dict of name to float32 scalar.
  """
  sums = global_sums([part for ratio in ratios.values() for part in ratio])
  return {name: tf.math.divide_no_nan(numerator, denominator)
          for name, numerator, denominator in zip(ratios, sums[::2], sums[1::2])}
