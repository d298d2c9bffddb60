"""Random numbers of samples: functions of a sample's key alone, the same bits everywhere.

`tf.random` gives other floats under XLA, and one seed for a batch makes a sample's draw depend on
its place in it. Here every sample has a key of its own (`fields.SAMPLE_KEY`), so that a batch that
is spread over replicas draws what it draws on one device, and a resumed run what it drew before.
"""
import zlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors

_MASK = 2**32 - 1
_BITS = 24      # what a float32 in [0, 1) holds


def uniform(keys, shape, stream):
  """Returns uniform random numbers for every sample.

  Args:
    keys: int32 [N,2], one key per sample.
    shape: sides of what every sample gets: ints, or int scalars known when the graph runs.
    stream: name of what the numbers are for; streams of different names are independent.

  Returns:
    float32 [N, *shape], multiples of 2^-24 in [0, 1); the same bits eager, in a graph and under
    XLA.

  Raises:
    ValueError: the keys have another shape.

  Example:
    >>> one = uniform([[1, 2], [3, 4]], [3], "boxes")
    >>> bool(tf.reduce_all(one[1] == uniform([[3, 4]], [3], "boxes")[0]))
    True
  """
  keys = tf.convert_to_tensor(keys)
  if keys.shape.rank != 2 or keys.shape[-1] != 2:
    raise errors.value_error(
        "The keys of the samples have a wrong shape.", expected="int32 [N,2], one key per sample",
        received=f"{keys.dtype.name} {keys.shape}", fix="Pass the `sample_key` of the batch.")
  keys = tf.cast(keys, tf.int64) & _MASK
  state = avalanche(keys[:, 0] + zlib.crc32(stream.encode("utf-8")) & _MASK)
  state = avalanche(state + keys[:, 1] & _MASK)
  for side in shape:
    state = avalanche(state[..., None] + tf.range(1, tf.cast(side, tf.int64) + 1) & _MASK)
  return tf.cast(state // 2**(32 - _BITS), tf.float32) / 2.0**_BITS


def normal(keys, shape, stream):
  """Returns standard normal random numbers for every sample (Box and Muller's transform).

  Args:
    keys, shape, stream: see `uniform`.

  Returns:
    float32 [N, *shape]; equal up to rounding wherever it is computed.

  Example:
    >>> normal([[1, 2]], [4], "noise").shape.as_list()
    [1, 4]
  """
  radius = tf.sqrt(-2.0 * tf.math.log(1.0 - uniform(keys, shape, f"{stream}/radius")))
  return radius * tf.cos(2.0 * np.float32(np.pi) * uniform(keys, shape, f"{stream}/angle"))


def within(draws, limits):
  """Returns uniform draws in [0, 1) spread over (lowest, highest).

  Example:
    >>> within(tf.constant([0.0, 0.5]), (1.0, 3.0)).numpy().tolist()
    [1.0, 2.0]
  """
  low, high = limits
  return low + (high - low) * tf.cast(draws, tf.float32)


def avalanche(value):
  """Returns a 32-bit hash of every value, github.com/skeeto/hash-prospector.

  Its factors keep all products in the range of int64.

  Args:
    value: int64, 0..2^32-1.

  Returns:
    int64 in the same range, of the same shape; different for different values.

  Example:
    >>> avalanche(tf.constant([0, 1], tf.int64)).numpy().tolist()
    [0, 2261973619]
  """
  value = tf.convert_to_tensor(value, tf.int64)
  value = (value ^ value // 2**16) * 0x21f0aaad & _MASK
  value = (value ^ value // 2**15) * 0x735a2d97 & _MASK
  return value ^ value // 2**15
