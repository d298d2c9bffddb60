"""Functions of the bytes of a file that are traced once for all the graphs that call them.

Every pipeline and every artifact looks at headers, and tracing what looks takes longer than to
decode a hundred photographs. A graph that calls such a function twice holds it once.
"""
import functools

import tensorflow as tf


def once(function):
  """Returns the function, traced at its first call and never again.

  Args:
    function: of a string tensor [] to tensors; it asks nothing of the host, whose functions live
      no longer than the graph that first called them.

  Example:
    >>> length = once(tf.strings.length)
    >>> int(length(b"abc"))
    3
  """

  @functools.lru_cache(maxsize=None)
  def traced():
    with tf.init_scope(), tf.device(None):
      return tf.function(function, autograph=False).get_concrete_function(
          tf.TensorSpec([], tf.string))

  @functools.wraps(function)
  def call(contents):
    return traced()(tf.convert_to_tensor(contents))

  return call
