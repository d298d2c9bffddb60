"""Tests of colours of disparity and of rows for TensorBoard."""
import numpy as np
import pytest

from keras_weakseg.evaluation.drawing import depth_pictures

LUMA = np.array([0.299, 0.587, 0.114])


def test_colours_are_those_of_magma():
  matplotlib = pytest.importorskip("matplotlib")
  level = np.linspace(0, 1, 256)[None] + 1e-9
  found = depth_pictures.colorize_disparity(level + 1, (1.0, 2.0))
  wanted = matplotlib.colormaps["magma"](np.arange(256))[:, :3] * 255
  assert np.abs(found[0] - wanted).max() <= 2


def test_nearer_is_brighter_whatever_the_unit():
  disparity = np.geomspace(0.01, 3, 500).reshape(20, 25)
  found = depth_pictures.colorize_disparity(disparity)
  bright = (found @ LUMA).ravel()
  assert (np.diff(bright) >= -1).all() and bright[-1] - bright[0] > 200
  np.testing.assert_array_equal(found, depth_pictures.colorize_disparity(disparity * 1000))


def test_limits_leave_the_nearest_twentieth_out():
  disparity = np.arange(1, 101, dtype=float)
  assert depth_pictures.picture_limits(disparity) == pytest.approx((1, 95.05))
  holes = np.concatenate([disparity, np.zeros(1000), [-5]])
  assert depth_pictures.picture_limits(holes) == depth_pictures.picture_limits(disparity)
  assert depth_pictures.picture_limits(np.zeros([2, 2])) == (0.0, 1.0)


def test_pixels_without_value_have_a_colour_of_their_own():
  found = depth_pictures.colorize_disparity([[0.0, 1.0, 2.0]])
  assert found[0, 0].tolist() == list(depth_pictures.UNKNOWN_COLOR)
  assert (found[0, 1:] != depth_pictures.UNKNOWN_COLOR).any(-1).all()


def test_a_constant_disparity_can_be_drawn():
  found = depth_pictures.colorize_disparity(np.full([3, 4], 0.7))
  assert found.shape == (3, 4, 3) and (found == found[0, 0]).all()


def scene(height=12, width=20):
  depth = np.linspace(2, 30, height * width).reshape(height, width)
  image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
  return image, depth


def test_a_right_prediction_looks_like_the_truth_whatever_its_scale():
  image, truth = scene()
  found = depth_pictures.draw_depth(image[None], truth[None], 0.037 / truth[None])
  assert found.dtype == np.uint8 and found.shape == (1, 12, 68, 3)
  np.testing.assert_array_equal(found[0, :, :20], image)
  assert (found[0, :, 20:24] == 255).all()
  difference = found[0, :, 24:44].astype(int) - found[0, :, 48:]
  assert np.abs(difference).max() <= 8  # one step of the map, by rounding


def test_a_wrong_prediction_does_not():
  image, truth = scene()
  found = depth_pictures.draw_depth(image[None], truth[None], truth[None])
  assert np.abs(found[0, :, 24:44].astype(int) - found[0, :, 48:]).mean() > 40


def test_sparse_truth_sets_the_colours():
  image, truth = scene()
  sparse = np.where(np.random.default_rng(1).random(truth.shape) < 0.3, truth, 0)
  found = depth_pictures.draw_depth(image[None], sparse[None], 1 / truth[None])[0]
  drawn, predicted = found[:, 24:44], found[:, 48:]
  assert (drawn[sparse == 0] == depth_pictures.UNKNOWN_COLOR).all()
  assert np.abs(drawn[sparse > 0].astype(int) - predicted[sparse > 0]).max() <= 8


def test_rows_without_truth():
  image, truth = scene()
  assert depth_pictures.draw_depth(image[None], None, 1 / truth[None]).shape == (1, 12, 44, 3)
  small_image, small = scene(6, 10)
  found = depth_pictures.draw_depth([image, small_image], [None, np.zeros([6, 10])],
                                    [1 / truth, 1 / small])
  assert found.shape == (2, 12, 68, 3)
  assert (found[0, :, 24:44] == 240).all()
  assert (found[1, :6, 24:34] == depth_pictures.UNKNOWN_COLOR).all()
  assert (found[1, 6:] == 255).all()
