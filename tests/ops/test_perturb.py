"""Channels taken away: whole ones, the right share, and nothing lost between two views."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import draws, perturb

KEYS = np.random.RandomState(0).randint(0, 2**31 - 1, (6, 2)).astype(np.int32)
FEATURES = np.random.RandomState(1).uniform(1, 2, (6, 3, 4, 200)).astype(np.float32)
DRAWS = draws.uniform(KEYS, [200], "features")


def test_whole_channels_go_and_the_mean_stays():
  for rate in (0.0, 0.3, 0.5):
    found = perturb.drop_channels(FEATURES, DRAWS, rate).numpy()
    gone = (found == 0).reshape(6, 12, 200)
    assert (gone.all(1) == gone.any(1)).all()
    assert abs(gone.mean() - rate) < 0.05
    np.testing.assert_allclose(found[found > 0], (FEATURES / (1 - rate))[found > 0], rtol=1e-6)
    assert abs(found.mean() / FEATURES.mean() - 1) < 0.1


def test_two_views_share_nothing_and_lose_nothing():
  whole = np.arange(6) % 3 == 0
  one, other = (view.numpy() for view in perturb.split_channels(FEATURES, DRAWS, whole))
  np.testing.assert_allclose((one + other) / 2, FEATURES, rtol=1e-6)
  np.testing.assert_array_equal(one[whole], other[whole])
  assert ((one[~whole] == 0) ^ (other[~whole] == 0)).all()
  assert 0.4 < (one[~whole] == 0).mean() < 0.6


def test_half_precision_is_computed_in_float32():
  assert perturb.drop_channels(tf.cast(FEATURES, tf.float16), DRAWS).dtype == tf.float32
