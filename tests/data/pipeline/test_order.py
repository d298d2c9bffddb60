"""Order and keys: permutations, independence of workers, nested subsets."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.data.pipeline import order


def test_mix64_matches_published_splitmix64_vectors():
  # The generator seeded with 1234567 (Vigna's reference implementation).
  expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431]
  assert [order.mix64(1234567, k) for k in range(4)] == expected


def test_mix64_in_graph_equals_python():
  values = tf.constant([0, 1, 2 ** 40, 2 ** 62 - 1], tf.int64)
  for seed in (0, 7, 2 ** 64 - 1):
    graph = tf.function(lambda v, seed=seed: order.mix64(seed, v))(values)
    assert [int(v) for v in graph] == [order.mix64(seed, int(v)) for v in values]


@pytest.mark.parametrize("count", [1, 2, 3, 10, 437])
def test_every_epoch_is_a_permutation_and_epochs_differ(count):
  drawn = order.shuffled_index(11, tf.range(4 * count, dtype=tf.int64), count).numpy()
  epochs = drawn.reshape(4, count)
  assert all(sorted(epoch) == list(range(count)) for epoch in epochs)
  if count >= 10:
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_order_depends_on_seed_alone_not_on_the_global_seed():
  position = tf.range(50, dtype=tf.int64)
  tf.random.set_seed(1)
  first = order.shuffled_index(3, position, 50).numpy()
  tf.random.set_seed(2)
  np.testing.assert_array_equal(first, order.shuffled_index(3, position, 50))
  assert (first != order.shuffled_index(4, position, 50).numpy()).any()


def test_single_positions_equal_the_vector():
  vector = order.shuffled_index(3, tf.range(30, dtype=tf.int64), 7).numpy()
  single = [int(order.shuffled_index(3, tf.constant(p, tf.int64), 7)) for p in range(30)]
  assert vector.tolist() == single


def test_first_places_are_uniform():
  counts = np.bincount(order.shuffled_index(
      5, tf.range(0, 8 * 4000, 8, dtype=tf.int64), 8).numpy(), minlength=8)
  # 4000 draws over 8 places: the standard deviation is 21.
  assert np.abs(counts - 500).max() < 100


def test_keys_are_unique_per_draw_and_stream():
  keys = {tuple(order.sample_key(seed, tf.constant(p, tf.int64)).numpy())
          for seed in (0, 1) for p in range(200)}
  assert len(keys) == 400


def test_workers_together_load_every_position_once():
  shares = [[int(p) for p in order.positions(12, (6, a, b)).take(2 * (b - a))]
            for a, b in ((0, 2), (2, 6))]
  assert sorted(shares[0] + shares[1]) == list(range(12, 24))


def test_subsets_are_nested_and_ignore_the_stored_order():
  ids = [f"image{k}" for k in range(200)]
  fifty, hundred = order.choose(ids, 50, 1), order.choose(ids, 100, 1)
  assert set(fifty) < set(hundred) and len(fifty) == 50
  assert set(order.choose(ids[::-1], 50, 1)) == set(fifty)
  assert set(order.choose(ids, 50, 2)) != set(fifty)
  assert list(fifty) == sorted(fifty, key=ids.index)


def by_file(sizes, period, steps, seed=5):
  """Returns what is drawn in every step, [steps, period]."""
  draw = tf.function(lambda p: order.shuffled_by_file(seed, p, sizes, period))
  return np.array([[int(draw(tf.constant(step * period + row, tf.int64)))
                    for row in range(period)] for step in range(steps)])


@pytest.mark.parametrize("sizes, period", [([7, 5, 1, 8, 3], 4), ([4, 4], 8), ([9], 2), ([2], 3)])
def test_files_are_drawn_without_repetition_in_every_epoch(sizes, period):
  total = sum(sizes)
  lanes = period if period <= total else 1
  drawn = by_file(sizes, period, 3 * max(total // period, 1)).reshape(-1)
  epoch = total // lanes * lanes
  for first in range(0, len(drawn) - epoch + 1, epoch):
    part = drawn[first:first + epoch]
    assert len(set(part)) == epoch and set(part) <= set(range(total))


def test_every_worker_reads_files_of_its_own():
  sizes, period = [6] * 8, 4
  owner = by_file(sizes, period, 12 * 2) // 6
  for epoch in np.split(owner, 2):
    one, other = set(epoch[:, :2].ravel()), set(epoch[:, 2:].ravel())
    assert len(one) == len(other) == 4 and not one & other
  assert len({tuple(step) for step in owner}) == 4  # two files a row, others in the next epoch
  # Within a run, a file is read to its end before the next.
  assert sum(owner[k, 0] != owner[k + 1, 0] for k in range(11)) == 1
  assert sorted(set(by_file(sizes, period, 12).ravel())) == list(range(48))
