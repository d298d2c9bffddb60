"""Tests of `ops.depth_images`: depth survives the file within half a step."""
import io
import math

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.ops import depth_images


@pytest.mark.parametrize("max_depth", [0.3, 1.0, 9.99, 80.0, 255.9, 256.0, 1e3, 65535.0, 1e6])
def test_the_scale_is_the_largest_power_of_two_that_fits(max_depth):
  scale = depth_images.depth_scale(max_depth)
  assert scale * max_depth <= 65535 < 2 * scale * max_depth
  assert math.frexp(scale)[0] == 0.5
  metric = depth_images.depth_scale(max_depth, metric=True)
  assert metric == (256.0 if 256 * max_depth <= 65535 else scale)


@pytest.mark.parametrize("max_depth", [0.0, -1.0, float("inf"), float("nan")])
def test_a_range_without_an_end_is_refused(max_depth):
  with pytest.raises(ValueError, match=r"(?s)cannot be stored.*Expected: a positive number"):
    depth_images.depth_scale(max_depth)


def test_depth_comes_back_within_half_a_step():
  depth = np.random.default_rng(0).uniform(0.1, 100.0, (37, 53)).astype(np.float32)
  depth[0, :2] = 0.1, 100.0
  scale = depth_images.depth_scale(100.0)
  png = depth_images.encode_depth_png(depth, scale)
  found = depth_images.decode_depth_png(png, scale).numpy()
  assert found.dtype == np.float32 and found.shape == depth.shape
  error = np.abs(found.astype(np.float64) - depth).max()
  assert 0.25 / scale < error <= 0.5 / scale


def test_another_library_reads_the_same_numbers():
  depth = np.array([[0.5, 1.0], [80.0, 255.99]], np.float32)
  png = depth_images.encode_depth_png(depth, 256.0).numpy()
  stored = np.asarray(Image.open(io.BytesIO(png)))
  np.testing.assert_array_equal(stored, [[128, 256], [20480, 65533]])


def test_no_value_is_zero_and_a_value_never_is():
  depth = [[0.0, -1.0, float("nan"), 1e-9, float("inf"), 1e9]]
  png = tf.function(lambda x: depth_images.encode_depth_png(x, 256.0))(tf.constant(depth))
  stored = np.asarray(Image.open(io.BytesIO(png.numpy())))
  np.testing.assert_array_equal(stored, [[0, 0, 0, 1, 65535, 65535]])
