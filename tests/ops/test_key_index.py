"""Numbering of keys: the same as sorting them, for any growth and any collisions."""
import numpy as np
import pytest

from keras_weakseg.ops import key_index

KINDS = ["dense", "sparse", "negative", "strided", "equal"]


def keys_of(kind, count, seed=0):
  random = np.random.default_rng(seed)
  return {
      "dense": lambda: random.integers(0, count // 8, count),
      "sparse": lambda: random.integers(-2 ** 62, 2 ** 62, count),
      "negative": lambda: -random.integers(1, 1000, count),
      "strided": lambda: random.integers(0, count // 4, count) << 40,
      "equal": lambda: np.full([count], 7),
  }[kind]().astype(np.int64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("parts", [1, 7])
def test_numbers_tell_keys_apart_as_sorting_does(kind, parts):
  keys = keys_of(kind, 20_000)
  index = key_index.KeyIndex()
  numbers = np.concatenate([index.number(part) for part in np.array_split(keys, parts)])
  distinct, inverse = np.unique(keys, return_inverse=True)
  assert numbers.dtype == np.int32 and len(index) == len(distinct)
  np.testing.assert_array_equal(index.keys()[numbers], keys)
  np.testing.assert_array_equal(np.sort(index.keys()), distinct)
  # One number per key and one key per number.
  assert len(np.unique(numbers * len(distinct) + inverse.ravel())) == len(distinct)


@pytest.mark.parametrize("kind", KINDS)
def test_find_knows_what_was_numbered_and_nothing_else(kind):
  keys = keys_of(kind, 5000)
  index = key_index.KeyIndex()
  numbers = index.number(keys)
  np.testing.assert_array_equal(index.find(keys), numbers)
  others = np.setdiff1d(keys_of("sparse", 5000, seed=1), keys)
  assert len(others) > 4000 and (index.find(others) == -1).all()
  mixed = np.stack([keys[:len(others)], others[:len(keys)]], 1).ravel()
  found = index.find(mixed)
  assert (found[::2] >= 0).all() and (found[1::2] == -1).all()
  assert len(index) == len(np.unique(keys))


def test_numbers_stay_when_the_table_grows():
  index = key_index.KeyIndex()
  first = index.number(np.arange(100))
  index.number(keys_of("sparse", 50_000))
  np.testing.assert_array_equal(index.number(np.arange(100)), first)


def test_keys_of_one_slot_find_places():
  """Keys that all start at the same slot: the worst case of probing."""
  index = key_index.KeyIndex()
  everything = np.arange(200_000)
  crowd = everything[index._slots(everything) == 5]  # pylint: disable=protected-access
  assert len(crowd) > 50
  numbers = index.number(np.repeat(crowd, 3))
  np.testing.assert_array_equal(numbers, np.repeat(index.find(crowd), 3))
  assert sorted(set(numbers.tolist())) == list(range(len(crowd)))


def test_nothing_is_numbered_at_first():
  index = key_index.KeyIndex()
  assert len(index) == 0 and index.keys().shape == (0,)
  assert index.number(np.empty([0], np.int64)).shape == (0,)
  assert index.find(np.array([1, 2])).tolist() == [-1, -1]
