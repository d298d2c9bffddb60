"""Pooling of features against a plain loop, and what it leaves alone."""
import numpy as np
import pytest

from keras_weakseg.selection import features


@pytest.mark.parametrize("pool, plain", [("mean", np.mean), ("max", np.max)])
@pytest.mark.parametrize("size", [(4, 8), (9, 19), (12, 24), (5, 8)])
def test_cells_are_those_of_the_definition(pool, plain, size):
  maps = np.random.RandomState(0).normal(size=(2, *size, 3)).astype(np.float32)
  found = features.pool_features(maps, (4, 8), pool)
  assert found.shape == (2, 4, 8, 3)
  for row in range(4):
    for column in range(8):
      top, left = row * size[0] // 4, column * size[1] // 8
      bottom = int(np.ceil((row + 1) * size[0] / 4))
      right = int(np.ceil((column + 1) * size[1] / 8))
      np.testing.assert_allclose(found[:, row, column],
                                 plain(maps[:, top:bottom, left:right], axis=(1, 2)), atol=1e-6)


def test_one_cell_is_the_whole():
  maps = np.random.RandomState(0).normal(size=(2, 5, 7, 3))
  np.testing.assert_allclose(features.pool_features(maps, (1, 1))[:, 0, 0], maps.mean((1, 2)),
                             atol=1e-6)


def test_a_coarse_map_and_an_unknown_pool_are_refused():
  with pytest.raises(ValueError, match="at least 4x8. Received: shape \\(1, 3, 9, 2\\)"):
    features.pool_features(np.zeros([1, 3, 9, 2]))
  with pytest.raises(ValueError, match="no pool of features 'avg'"):
    features.pool_features(np.zeros([1, 4, 8, 2]), pool="avg")
