"""Framed pictures: the ring, several pictures against one, and gradients by differences."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import photometric, windows

PICTURES = np.random.RandomState(0).rand(4, 2, 6, 7, 3).astype(np.float32)


def test_the_ring_is_what_lies_inside_the_edge():
  framed = windows.frame(PICTURES[0] * 255 // 1 / 255)
  wanted = np.pad(PICTURES[0] * 255 // 1 / 255, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")
  np.testing.assert_allclose(framed + windows.GREY, wanted, atol=1e-7)


def test_bytes_are_taken_for_numbers():
  assert windows.frame(np.ones([1, 2, 2, 3], np.uint8)).dtype == tf.float32


def test_several_pictures_against_one():
  first, *others = [windows.frame(x) for x in PICTURES]
  errors = windows.frame_error(tf.stack(others), first)
  assert errors.shape == (3, 2, 6, 7)
  for error, other in zip(errors, PICTURES[1:]):
    np.testing.assert_allclose(error[..., None], photometric.photometric_error(other, PICTURES[0]),
                               atol=1e-6)


def test_a_flat_change_of_brightness_is_the_first_factor_alone():
  """Without any variance SSIM is (2 m n + C1) / (m^2 + n^2 + C1)."""
  a, b = np.full([1, 4, 4, 1], 0.8, np.float32), np.full([1, 4, 4, 1], 0.3, np.float32)
  found = windows.frame_ssim(windows.frame(a)[None], windows.frame(b))
  np.testing.assert_allclose(found, (2 * 0.8 * 0.3 + 1e-4) / (0.8 ** 2 + 0.3 ** 2 + 1e-4),
                             atol=1e-4)


def test_a_negative_is_anticorrelated():
  random = 0.5 + 0.4 * np.sign(PICTURES[0] - 0.5)
  found = windows.frame_ssim(windows.frame(random)[None], windows.frame(1 - random))
  assert np.min(found) < -0.95 and np.max(found) <= 1


@pytest.mark.parametrize("weight", [0.0, 0.85, 1.0])
@pytest.mark.parametrize("side", [0, 1])
def test_gradients_by_differences(weight, side):
  """Of either picture, along a random direction; the ring takes part like any other pixel."""
  pair = [tf.stack([windows.frame(x) for x in PICTURES[:2]]), windows.frame(PICTURES[2])]
  along = np.random.RandomState(1).normal(size=pair[side].shape).astype(np.float32)
  weights = np.random.RandomState(2).rand(2, 2, 6, 7).astype(np.float32)

  def total(step):
    moved = [x + step * along if index == side else x for index, x in enumerate(pair)]
    return tf.reduce_sum(weights * windows.frame_error(*moved, weight))

  with tf.GradientTape() as tape:
    tape.watch(pair)
    value = total(0.0)
  gradient = tape.gradient(value, pair)[side]
  difference = float(total(1e-3) - total(-1e-3)) / 2e-3
  np.testing.assert_allclose(np.sum(gradient * along), difference, rtol=0.01, atol=0.02)
