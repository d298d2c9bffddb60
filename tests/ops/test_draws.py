"""Random numbers of samples: uniform, independent, and the same bits everywhere."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import draws

KEYS = np.random.RandomState(0).randint(-2**31, 2**31, (4000, 2)).astype(np.int32)


def test_uniform_numbers_are_uniform_and_independent():
  numbers = draws.uniform(KEYS, [3], "a").numpy()
  assert numbers.min() >= 0 and numbers.max() < 1
  counts = np.histogram(numbers, 10, (0, 1))[0]
  assert np.square(counts - 1200).sum() / 1200 < 30  # chi square of 9 degrees, p = 4e-4
  other = draws.uniform(KEYS, [3], "b").numpy()
  columns = np.concatenate([numbers, other], 1)
  correlation = np.corrcoef(columns.T) - np.eye(6)
  assert np.abs(correlation).max() < 0.06
  assert len(np.unique(numbers)) > 0.99 * numbers.size


def test_successive_keys_are_independent():
  keys = np.stack([np.zeros(4000), np.arange(4000)], 1).astype(np.int32)
  numbers = draws.uniform(keys, [], "a").numpy()
  assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 0.05
  assert abs(numbers.mean() - 0.5) < 0.02


def test_normal_numbers_are_normal():
  numbers = draws.normal(KEYS[:50], [400], "a").numpy()
  assert np.isfinite(numbers).all()
  assert abs(numbers.mean()) < 0.03 and abs(numbers.std() - 1) < 0.03
  assert abs((np.abs(numbers) < 1).mean() - 0.6827) < 0.02


def test_a_sample_draws_the_same_anywhere():
  """In any batch, at any place, compiled or not, with sides that are known or not."""
  whole = draws.uniform(KEYS[:6], [2, 3], "a").numpy()
  np.testing.assert_array_equal(draws.uniform(KEYS[4:6], [2, 3], "a"), whole[4:6])
  for jit in (False, True):
    run = tf.function(lambda keys: draws.uniform(keys, [2, 3], "a"), jit_compile=jit)
    np.testing.assert_array_equal(run(KEYS[:6]), whole)
  free = tf.function(lambda keys, side: draws.uniform(keys, [side, 3], "a"))
  np.testing.assert_array_equal(free(KEYS[:6], tf.constant(2)), whole)


def test_within():
  np.testing.assert_allclose(draws.within(np.float32([0, 0.25]), (2.0, 4.0)), [2, 2.5])


def test_one_key_for_a_batch_is_refused():
  with pytest.raises(ValueError, match="one key per sample. Received: int32 \\(2,\\)"):
    draws.uniform(tf.constant([1, 2]), [3], "a")


def test_the_hash_keeps_apart_what_is_apart_and_stays_in_range():
  """Every step of it can be undone, so that no two values share a hash; computed with big ints."""
  values = np.concatenate([np.arange(3000), 2**32 - 1 - np.arange(3000)])
  found = draws.avalanche(values).numpy()
  assert len(np.unique(found)) == 6000 and found.min() >= 0 and found.max() < 2**32

  def unhash(value):
    value = value ^ value >> 15 ^ value >> 30
    value = value * pow(0x735a2d97, -1, 2**32) % 2**32
    value = value ^ value >> 15 ^ value >> 30
    value = value * pow(0x21f0aaad, -1, 2**32) % 2**32
    return value ^ value >> 16

  assert [unhash(int(value)) for value in found] == values.tolist()
