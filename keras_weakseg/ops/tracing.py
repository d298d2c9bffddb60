"""Functions that are traced once for all the graphs that call them.

Every pipeline and every artifact looks at headers, and tracing what looks takes longer than to
decode a hundred photographs. A graph that calls such a function twice holds it once. Inside of one
another they are written out: a runtime prepares every call anew.
"""
import contextlib
import functools
import inspect
import threading

import tensorflow as tf

_STATE = threading.local()


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
    with _tracing():
      return tf.function(function, autograph=False).get_concrete_function(
          tf.TensorSpec([], tf.string))

  @functools.wraps(function)
  def call(contents):
    if _is_inside():
      return function(contents)
    return traced()(tf.convert_to_tensor(contents))

  return call


def by_kinds(function):
  """Returns the function, traced once for the dtypes and ranks of its arguments.

  What is called eagerly runs as it is, so that functions of the host raise what they raise.

  Args:
    function: of tensors, or None, to tensors; sizes may differ from call to call. It may ask
      functions of the host, which live as long as its trace, but nothing that could change.

  Example:
    >>> double = by_kinds(lambda value: 2 * value)
    >>> int(tf.function(double)(tf.constant(4)))
    8
  """
  signature = inspect.signature(function)

  @functools.lru_cache(maxsize=None)
  def traced(*kinds):
    specs = [tf.TensorSpec(None if rank is None else [None] * rank, dtype)
             for dtype, rank in filter(None, kinds)]

    def filled(*tensors):
      rest = iter(tensors)
      return function(*(next(rest) if kind else None for kind in kinds))

    with _tracing():
      return tf.function(filled, autograph=False).get_concrete_function(*specs)

  @functools.wraps(function)
  def call(*args, **options):
    if tf.executing_eagerly() or _is_inside():
      return function(*args, **options)
    known = signature.bind(*args, **options)
    known.apply_defaults()
    args = [None if value is None else tf.convert_to_tensor(value) for value in known.args]
    kinds = [None if value is None else (value.dtype, value.shape.rank) for value in args]
    return traced(*kinds)(*(value for value in args if value is not None))

  return call


def _is_inside():
  """Returns whether a function of this module is being traced."""
  return getattr(_STATE, "inside", False)


@contextlib.contextmanager
def _tracing():
  with tf.init_scope(), tf.device(None):
    _STATE.inside = True
    try:
      yield
    finally:
      _STATE.inside = False
