"""Randomness that is passed in: a scope that a training step opens around its model calls.

A layer that draws numbers from its own generator hides state that neither a checkpoint nor a seed
reaches. Here a step that resumes at step n draws what the uninterrupted run drew, since its seed
is a function of (seed, epoch, step) and nothing else.
"""
import contextlib
import threading
import zlib

import tensorflow as tf

from keras_weakseg import errors

_SCOPES = threading.local()


def _stack():
  if not hasattr(_SCOPES, "seeds"):
    _SCOPES.seeds = []
  return _SCOPES.seeds


def stable_hash(name):
  """Returns a non-negative int32 for a name, the same in every process (unlike `hash`).

  Example:
    >>> stable_hash("head_dropout") == stable_hash("head_dropout")
    True
  """
  return zlib.crc32(name.encode("utf-8")) & 0x7FFFFFFF


def fold_in(seed, data):
  """Returns a new seed for a stream of its own.

  Args:
    seed: int32 [2].
    data: a name, or an int32 scalar such as a step or a replica id.

  Returns:
    int32 [2].
  """
  if isinstance(data, str):
    data = stable_hash(data)
  # By name: "auto_select" takes another number for negative seeds under XLA (TF 2.20).
  return tf.random.experimental.stateless_fold_in(
      tf.convert_to_tensor(seed, tf.int32), tf.cast(data, tf.int32), alg="philox")


@contextlib.contextmanager
def random_scope(seed):
  """Gives every random layer called inside the `with` block its randomness.

  Scopes nest: the innermost counts. The scope belongs to the thread, so replicas of a
  `tf.distribute` strategy, which are traced in threads of their own, do not see each other's; the
  caller folds the replica id into the seed where replicas must differ.

  Args:
    seed: int32 [2] tensor or pair of ints, a function of (seed, epoch, step).

  Yields:
    The seed as a tensor.

  Raises:
    ValueError: the seed has another shape.
  """
  seed = tf.convert_to_tensor(seed, tf.int32)
  if not seed.shape.is_compatible_with([2]):
    raise errors.value_error(
        "The seed of a random scope has a wrong shape.", expected="int32 [2]",
        received=f"{seed.dtype.name} {seed.shape}",
        fix="Pass tf.constant([seed, step]) or a seed made by stateless_fold_in.")
  _stack().append(seed)
  try:
    yield seed
  finally:
    _stack().pop()


def scope_seed(name):
  """Returns the seed that the innermost open scope has for the layer `name`.

  Args:
    name: name of the layer; two layers never share a stream.

  Returns:
    int32 [2].

  Raises:
    ValueError: no scope is open in this thread.
  """
  if not _stack():
    raise errors.value_error(
        f"The layer '{name}' needs random numbers, but no random scope is open.",
        expected="a call inside `with random_scope(seed):`", received="a call with training=True "
        "outside a scope",
        fix="Open random_scope(seed) around the model call, or call it with training=False.")
  return fold_in(_stack()[-1], name)
