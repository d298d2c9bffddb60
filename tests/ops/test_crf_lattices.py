"""The cache of lattices: what is shared, what is not, and how much is kept."""
from concurrent import futures

import numpy as np
import pytest

from keras_weakseg.ops import crf_lattices
from keras_weakseg.ops import permutohedral

IMAGE = np.random.default_rng(0).integers(0, 256, [20, 30, 3]).astype(np.uint8)


def test_features_are_columns_rows_and_colours():
  features = np.concatenate([
      np.stack(np.meshgrid(np.arange(30), np.arange(20)), -1) / 7.0, IMAGE / 9.0], -1)
  wanted = permutohedral.PermutohedralLattice(features.reshape(-1, 5))
  found = crf_lattices.LatticeCache().bilateral(IMAGE, 7.0, 9.0)
  assert found.num_points == wanted.num_points
  np.testing.assert_allclose(found.normalization, wanted.normalization, rtol=1e-3)


def test_the_spatial_lattice_is_that_of_the_size():
  cache = crf_lattices.LatticeCache()
  first = cache.spatial((20, 30), 3.0)
  assert cache.spatial((20, 30), 3.0) is first and len(cache) == 1
  others = [cache.spatial((30, 20), 3.0), cache.spatial((20, 30), 4.0)]
  assert first not in others and len(cache) == 3


@pytest.mark.parametrize("image, xy, rgb", [
    (IMAGE + 1, 7.0, 9.0), (IMAGE, 7.5, 9.0), (IMAGE, 7.0, 9.5),
    (IMAGE.reshape(30, 20, 3), 7.0, 9.0)])
def test_another_image_or_parameter_is_another_lattice(image, xy, rgb):
  cache = crf_lattices.LatticeCache()
  first = cache.bilateral(IMAGE, 7.0, 9.0)
  assert cache.bilateral(IMAGE.copy(), 7.0, 9.0) is first
  assert cache.bilateral(image, xy, rgb) is not first and len(cache) == 2


def test_a_view_of_the_image_is_the_image():
  cache = crf_lattices.LatticeCache()
  first = cache.bilateral(IMAGE[:, ::-1], 7.0, 9.0)
  assert cache.bilateral(np.ascontiguousarray(IMAGE[:, ::-1]), 7.0, 9.0) is first


def test_the_oldest_lattices_go():
  one = crf_lattices.LatticeCache().spatial((20, 30), 3.0).nbytes
  cache = crf_lattices.LatticeCache(int(3.5 * one))
  first = cache.spatial((20, 30), 3.0)
  for _ in range(2):
    for xy in (3.1, 3.2, 3.3):
      cache.spatial((20, 30), xy)
      assert cache.nbytes <= 3.5 * one
    assert cache.spatial((20, 30), 3.3) is cache.spatial((20, 30), 3.3)
  assert cache.spatial((20, 30), 3.0) is not first


def test_what_was_used_last_stays():
  one = crf_lattices.LatticeCache().spatial((20, 30), 3.0).nbytes
  cache = crf_lattices.LatticeCache(int(2.5 * one))
  first = cache.spatial((20, 30), 3.0)
  cache.spatial((20, 30), 3.1)
  assert cache.spatial((20, 30), 3.0) is first
  cache.spatial((20, 30), 3.2)
  assert cache.spatial((20, 30), 3.0) is first


def test_a_lattice_that_is_too_large_is_not_kept():
  cache = crf_lattices.LatticeCache(100)
  assert cache.spatial((20, 30), 3.0).num_points > 9
  assert len(cache) == 0 and cache.nbytes == 0


def test_clear():
  cache = crf_lattices.LatticeCache()
  first = cache.spatial((20, 30), 3.0)
  cache.clear()
  assert len(cache) == 0 and cache.spatial((20, 30), 3.0) is not first


def test_threads_share_it():
  cache = crf_lattices.LatticeCache()
  wanted = cache.bilateral(IMAGE, 7.0, 9.0).normalization
  cache.clear()
  with futures.ThreadPoolExecutor(4) as pool:
    found = list(pool.map(lambda _: cache.bilateral(IMAGE, 7.0, 9.0).normalization, range(16)))
  assert all((each == wanted).all() for each in found) and len(cache) == 1
