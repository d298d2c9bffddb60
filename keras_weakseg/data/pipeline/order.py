"""The order of samples and the keys of their randomness, as pure functions of integers.

A training stream is infinite; position p of a stream over n samples lies in epoch p // n. Every
epoch is a permutation that depends on (seed, epoch) alone, so a run continues at any step without
reading what came before, and any worker finds any sample of any batch by arithmetic.
"""
import hashlib

import tensorflow as tf

_GOLDEN = 0x9E3779B97F4A7C15
_FACTORS = (0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
_MASK64 = (1 << 64) - 1
_LAST = 2 ** 62


def mix64(seed, value):
  """Returns the 64-bit mix of a seed and a counter (splitmix64); one to one in `value`.

  Neighbouring counters give unrelated numbers, so keys derived from them never overlap.

  Args:
    seed: int, 0..2^64-1.
    value: int, or an int64 tensor.

  Returns:
    int, or a uint64 tensor of the shape of `value`. Both agree.

  Reference: Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014.

  Example:
    >>> mix64(1, 2) == int(mix64(1, tf.constant(2, tf.int64)))
    True
  """
  if not tf.is_tensor(value):
    mixed = (seed + (value + 1) * _GOLDEN) & _MASK64
    mixed = ((mixed ^ (mixed >> 30)) * _FACTORS[0]) & _MASK64
    mixed = ((mixed ^ (mixed >> 27)) * _FACTORS[1]) & _MASK64
    return mixed ^ (mixed >> 31)
  wide = lambda number: tf.constant(number & _MASK64, tf.uint64)
  shift = lambda x, bits: tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, wide(bits)))
  mixed = wide(seed) + (tf.cast(value, tf.uint64) + wide(1)) * wide(_GOLDEN)
  mixed = shift(mixed, 30) * wide(_FACTORS[0])
  mixed = shift(mixed, 27) * wide(_FACTORS[1])
  return shift(mixed, 31)


def seed_of(*parts):
  """Returns a seed in 0..2^64-1 from any printable parts: streams with other names never share it.

  Example:
    >>> seed_of(1, "part", 0) == seed_of(1, "part", 1)
    False
  """
  text = "\x1f".join(str(part) for part in parts)
  return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def sample_key(seed, position):
  """Returns the seed of the randomness of one draw.

  Args:
    seed: int, the seed of the stream.
    position: int64 tensor [], the position in the stream.

  Returns:
    int32 [2]; another one for every position.
  """
  return tf.bitcast(mix64(seed ^ 0x5EED, position), tf.int32)


def shuffled_index(seed, position, count):
  """Returns which sample stands at a position of the infinite shuffled stream.

  Args:
    seed: int, the seed of the stream.
    position: int64 tensor [] or [K], >= 0.
    count: int, number of samples n > 0.

  Returns:
    int64 tensor like `position`, 0..n-1; every run of n from a multiple of n is a permutation.
  """
  position = tf.convert_to_tensor(position, tf.int64)
  if count == 1:
    return tf.zeros_like(position)
  epoch_seed = tf.cast(tf.bitcast(mix64(seed, position // count), tf.int32), tf.int64)
  three = tf.concat([epoch_seed, tf.zeros_like(epoch_seed[..., :1])], -1)
  # The public wrapper takes no vector of seeds (TF 2.20), so the operation is called itself.
  return tf.raw_ops.RandomIndexShuffle(
      index=position % count, seed=three, max_index=tf.constant(count - 1, tf.int64), rounds=4)


def shuffled_by_file(seed, position, sizes, period):
  """Returns which sample stands at a position of an infinite stream that few files are open for.

  In every epoch the files are shuffled, and the samples in each of them. This list is cut into
  `period` runs of equal length; position p takes the next sample of run p mod `period`. So the rows
  of a batch, of which every worker has its own, come from files of their own, but for those at the
  ends of its runs; and what is drawn does not depend on the number of workers. The last n mod
  `period` samples of the list wait for another epoch.

  Args:
    seed: int, the seed of the stream.
    position: int64 tensor [], >= 0.
    sizes: list of S ints, the samples of every file, all > 0.
    period: samples of the stream in a global batch; more than there are samples count as 1.

  Returns:
    int64 tensor [], index into the samples in the order of the files.
  """
  files, total = len(sizes), int(sum(sizes))
  sizes = tf.constant(sizes, tf.int64)
  period = period if period <= total else 1
  run = total // period
  epoch, place = position // period // run, position % period * run + position // period % run
  order = shuffled_index(seed ^ 0xF11E, epoch * files + tf.range(files, dtype=tf.int64), files)
  ends = tf.cumsum(tf.gather(sizes, order))
  rank = tf.searchsorted(ends, place[None], side="right", out_type=tf.int64)[0]
  file = order[rank]
  count = sizes[file]
  three = tf.concat([tf.cast(tf.bitcast(mix64(seed, epoch), tf.int32), tf.int64), file[None]], 0)
  within = tf.raw_ops.RandomIndexShuffle(
      index=place - (ends[rank] - count), seed=three, max_index=tf.maximum(count, 2) - 1, rounds=4)
  return tf.cumsum(sizes, exclusive=True)[file] + tf.where(count > 1, within, 0)


def positions(start, window):
  """Returns the positions that one pipeline loads, as an infinite dataset.

  Args:
    start: first position; a multiple of the period of the window.
    window: (period, first, last): of every `period` successive positions those with offset
      first <= offset < last. (1, 0, 1) is every position.

  Returns:
    `tf.data.Dataset` of int64 [].

  Example:
    >>> [int(p) for p in positions(4, (4, 1, 3)).take(4)]
    [5, 6, 9, 10]
  """
  period, first, last = window
  taken = last - first
  numbers = tf.data.Dataset.range(start // period * taken, _LAST)
  return numbers.map(lambda k: k // taken * period + first + k % taken)


def choose(ids, count, seed):
  """Returns the first `count` ids ordered by a hash of (id, seed), in stored order.

  Subsets of one seed are nested: the 50 are among the 100. They depend on the ids alone, not on
  their order or on how many others there are.

  Example:
    >>> set(choose(["a", "b", "c", "d"], 1, 0)) <= set(choose(["d", "c", "b", "a"], 2, 0))
    True
  """
  ranked = sorted(ids, key=lambda name: (seed_of("subset", seed, name), name))
  chosen = set(ranked[:count])
  return tuple(name for name in ids if name in chosen)
