"""Gaussian blur against SciPy, and what it must leave alone."""
import numpy as np
import pytest
import scipy.ndimage
import tensorflow as tf

from keras_weakseg.ops import blur


@pytest.fixture(scope="module")
def images():
  return np.random.RandomState(0).uniform(0, 255, (3, 14, 20, 3)).astype(np.float32)


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_it_is_scipys(images, mode):
  sigma = np.float32([0.4, 1.15, 2.0])
  run = blur.gaussian_blur
  if mode != "eager":
    run = tf.function(run, autograph=False, jit_compile=mode == "xla")
  found = run(images, sigma).numpy()
  for image, width, result in zip(images, sigma, found):
    wanted = scipy.ndimage.gaussian_filter(
        image.astype(np.float64), (width, width, 0), mode="mirror", truncate=6)
    np.testing.assert_allclose(result, wanted, atol=0.01)


def test_no_width_changes_no_bit_and_a_constant_stays(images):
  found = blur.gaussian_blur(images, [0.0, 1.0, 0.0]).numpy()
  np.testing.assert_array_equal(found[[0, 2]], images[[0, 2]])
  assert np.abs(found[1] - images[1]).max() > 1
  flat = blur.gaussian_blur(np.full([1, 3, 2, 1], 7, np.float32), [5.0])
  np.testing.assert_allclose(flat, 7, rtol=1e-5)


def test_pixels_stay_pixels(images):
  pixels = images.astype(np.uint8)
  found = blur.gaussian_blur(pixels, [1.0] * 3)
  assert found.dtype == tf.uint8
  np.testing.assert_allclose(found, blur.gaussian_blur(pixels.astype(np.float32), [1.0] * 3),
                             atol=0.51)


def test_a_wide_blur_loses_detail(images):
  spread = [blur.gaussian_blur(images, [sigma] * 3).numpy().std() for sigma in (0.0, 0.5, 1.0, 2.0)]
  assert spread == sorted(spread, reverse=True)
