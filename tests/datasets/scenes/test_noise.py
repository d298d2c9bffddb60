"""Noise repeats, is smooth, and disappears where a pixel could not resolve it."""
import numpy as np
import pytest

from keras_weakseg.datasets.scenes import noise

GRID = np.meshgrid(np.linspace(-40, 40, 301), np.linspace(-40, 40, 301), indexing="ij")


def test_noise_is_a_function_of_place_and_key():
  first = noise.value_noise(*GRID, key=3)
  np.testing.assert_array_equal(first, noise.value_noise(*GRID, key=3))
  assert abs(np.corrcoef(first.ravel(), noise.value_noise(*GRID, key=4).ravel())[0, 1]) < 0.1
  assert first.min() >= -1 and first.max() <= 1 and first.std() > 0.2


def test_noise_meets_the_lattice_at_whole_cells():
  i, j = np.meshgrid(np.arange(-5, 5), np.arange(250, 262), indexing="ij")
  np.testing.assert_array_equal(noise.value_noise(i, j, 2), noise.cell_noise(i, j, 2))
  np.testing.assert_array_equal(noise.cell_noise(i, j), noise.cell_noise(i + 256, j - 256))


def test_noise_is_continuous_across_cells():
  line = np.arange(-3, 300)
  before = noise.value_noise(line - 1e-4, line + 0.3)
  after = noise.value_noise(line + 1e-4, line + 0.3)
  np.testing.assert_allclose(before, after, atol=1e-3)


@pytest.mark.parametrize("footprint, weight", [(0.0, 1), (0.1, 1), (1.0, 0)])
def test_fine_patterns_fade_with_the_footprint(footprint, weight):
  assert noise.fade(0.5, footprint) == weight


def test_layers_add_octaves_and_lose_the_fine_ones_first():
  u, v = (axis.ravel() for axis in GRID)
  octaves = [(8.0, 0.5), (0.5, 0.5)]
  near = noise.layers(u, v, np.full(u.shape, 0.01), octaves)
  far = noise.layers(u, v, np.full(u.shape, 1.0), octaves)
  coarse = noise.layers(u, v, np.full(u.shape, 0.01), octaves[:1])
  np.testing.assert_array_equal(far, coarse)
  assert near.std() > 1.2 * far.std()
  assert not noise.layers(u, v, np.full(u.shape, 50.0), octaves).any()
