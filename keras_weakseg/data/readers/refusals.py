"""Errors of the house inside of graphs: what a pipeline does not take speaks on the host."""
import tensorflow as tf


def where(bad, value, raise_error, *args):
  """Returns `value`; where `bad` is true, `raise_error` speaks on the host instead.

  Args:
    bad: bool tensor [].
    value: tensor.
    raise_error: function of `args` as numpy values that raises.
    *args: tensors, or what becomes one.
  """

  def refuse():
    with tf.control_dependencies([tf.numpy_function(raise_error, args, tf.bool)]):
      return tf.identity(value)

  return tf.cond(bad, refuse, lambda: tf.identity(value))
