"""Losses of pairs of points: parity, unused pairs, and that an order is found."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import losses, relative_depth


def stored_pairs(data):
  return np.stack([data[f"relative__{key}"] for key in ("ya", "xa", "yb", "xb")], -1)


def test_golden(golden):
  data = golden("losses.npz")
  given = data["depth__log_pred"], stored_pairs(data), data["relative__ordinal"]
  terms, counted = relative_depth.relative_depth_terms(*given)
  np.testing.assert_allclose(terms, data["relative__diw_terms"], rtol=1e-5, atol=1e-7)
  assert counted.numpy().all()
  np.testing.assert_allclose(losses.relative_depth_loss(*given), data["relative__diw_loss"],
                             rtol=1e-5)
  np.testing.assert_allclose(losses.relative_depth_loss(*given, space="depth"),
                             data["relative__megadepth_ordinal_loss"], rtol=1e-5)


def test_unused_pairs_cost_nothing_and_teach_nothing():
  depth = tf.constant(np.random.RandomState(0).normal(size=(2, 4, 5)), tf.float32)
  pairs = [[[0, 0, 1, 1], [2, 3, 3, 4]], [[1, 0, 0, 3], [-1, -1, -1, -1]]]
  relations = [[1, 0], [-1, 1]]
  with tf.GradientTape() as tape:
    tape.watch(depth)
    loss = relative_depth.relative_depth_loss(depth, pairs, relations)
  gradient = tape.gradient(loss, depth).numpy()
  d = depth.numpy()
  wanted = (np.log1p(np.exp(-(d[0, 0, 0] - d[0, 1, 1]))) + (d[0, 2, 3] - d[0, 3, 4]) ** 2
            + np.log1p(np.exp(d[1, 1, 0] - d[1, 0, 3]))) / 3
  assert float(loss) == pytest.approx(float(wanted), rel=1e-5)
  assert sorted(map(tuple, np.argwhere(gradient))) == [
      (0, 0, 0), (0, 1, 1), (0, 2, 3), (0, 3, 4), (1, 0, 3), (1, 1, 0)]


def test_nothing_known_is_zero_and_large_differences_are_finite():
  none = relative_depth.relative_depth_loss(
      tf.zeros([1, 2, 2]), [[[0, 0, 1, 1]]], [[0]], space="depth")
  assert float(none) == 0
  far = relative_depth.relative_depth_loss([[[-300.0, 300.0]]], [[[0, 0, 0, 1]]], [[1]])
  assert float(far) == 600


def test_descent_finds_the_order():
  """Twelve points of which only neighbours in rank are compared."""
  random = np.random.RandomState(1)
  rank = random.permutation(12)
  order = np.argsort(rank)  # from near to far
  place = lambda index: [index // 4, index % 4]
  pairs = np.array([[place(a) + place(b) for a, b in zip(order[1:], order[:-1])]])
  depth = tf.Variable(random.normal(size=(1, 3, 4)).astype(np.float32))
  for _ in range(300):
    with tf.GradientTape() as tape:
      loss = relative_depth.relative_depth_loss(depth, pairs, np.ones([1, 11], int))
    depth.assign_sub(5.0 * tape.gradient(loss, depth))
  assert (np.argsort(depth.numpy().ravel()) == order).all()


def test_an_unknown_space():
  with pytest.raises(ValueError, match="Did you mean 'depth'"):
    relative_depth.relative_depth_loss([[[0.0]]], [[[0, 0, 0, 0]]], [[1]], space="depths")


def test_random_pairs_say_what_true_depth_says():
  random = np.random.RandomState(0)
  depth = random.uniform(1, 20, (3, 6, 9)).astype(np.float32)
  known = random.rand(3, 6, 9) < 0.7
  log_target = np.where(known, np.log(depth), np.nan).astype(np.float32)
  keys = [[1, 2], [3, 4], [5, 6]]
  pairs, relations = (x.numpy() for x in relative_depth.random_pairs(keys, log_target, known, 200))
  used = pairs.min(-1) >= 0
  assert 0.2 < used.mean() < 0.6 and (relations[~used] == 0).all()
  for image, pair, relation in zip(*np.nonzero(used)[:1], pairs[used], relations[used]):
    a, b = depth[image][tuple(pair[:2])], depth[image][tuple(pair[2:])]
    assert known[image][tuple(pair[:2])] and known[image][tuple(pair[2:])]
    assert relation == np.sign(a - b) and max(a, b) / min(a, b) > 1.1
  # Every place can be drawn, the last row and column too.
  assert set(pairs[used][:, 0]) == set(range(6)) and set(pairs[used][:, 1]) == set(range(9))


def test_random_pairs_belong_to_the_sample():
  """A batch that is spread over replicas draws what it draws on one device, also under XLA."""
  depth = tf.constant(np.random.RandomState(0).normal(size=(2, 5, 7)), tf.float32)
  known, keys = tf.ones([2, 5, 7], bool), tf.constant([[1, 2], [3, 4]])
  whole = relative_depth.random_pairs(keys, depth, known, 20)
  alone = relative_depth.random_pairs(keys[1:], depth[1:], known[1:], 20)
  compiled = tf.function(
      lambda *given: relative_depth.random_pairs(*given, 20), jit_compile=True)(keys, depth, known)
  for one, part, other in zip(whole, alone, compiled):
    np.testing.assert_array_equal(one[1:], part)
    np.testing.assert_array_equal(one, other)
  assert (whole[0][0].numpy() != whole[0][1].numpy()).any()
