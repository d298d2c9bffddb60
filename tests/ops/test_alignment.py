"""Direct alignment: against least squares by differences, and what it finds in rendered scenes."""
import functools

import numpy as np
import pytest
from scipy import ndimage
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.datasets.scenes import render
from keras_weakseg.ops import alignment, geometry

CAMERA = np.array([[40, 0, 31.5], [0, 44, 15.5], [0, 0, 1]])


def motion_of(transforms):
  """Returns rotation vectors (small angles) and translations of [N,4,4], as [N,6]."""
  transforms = np.asarray(transforms, np.float64)
  skew = (transforms[:, :3, :3] - np.swapaxes(transforms[:, :3, :3], 1, 2)) / 2
  return np.concatenate([skew[:, [2, 0, 1], [1, 2, 0]], transforms[:, :3, 3]], 1)


def matrix_of(motion):
  motion = np.asarray(motion, np.float32)
  return geometry.pose_to_matrix(motion[..., :3], motion[..., 3:]).numpy()


# Independent computation.


def waves(seed=0, size=(32, 64)):
  """Returns target and source [H,W] of slow waves, and depth [H,W], float64."""
  random = np.random.RandomState(seed)
  rows, columns = np.mgrid[:size[0], :size[1]]
  target = 0.5 + sum(
      0.1 * np.sin(a * columns + b * rows + c)
      for a, b, c in random.uniform([-0.15, -0.15, 0], [0.15, 0.15, 6], [4, 3]))
  depth = 3 + np.cos(columns / 9) + rows / 16
  return target, ndimage.shift(target, (0.3, 0.6), mode="nearest"), depth


def blurred(picture):
  window = np.array([1, 2, 1]) / 4
  return ndimage.correlate(picture, np.outer(window, window), mode="mirror")


def step_by_differences(target, source, depth, valid):
  """Returns the damped, weighted least squares step from no motion; derivatives by differences."""
  height, width = target.shape
  rows, columns = np.mgrid[:height, :width]
  target, source = blurred(target), blurred(source)

  def difference(motion):
    points = np.linalg.solve(CAMERA, np.stack([columns, rows, np.ones_like(rows)]).reshape(3, -1))
    points = matrix_of(motion)[:3].astype(np.float64) @ np.concatenate(
        [points * depth.reshape(1, -1), np.ones([1, depth.size])])
    x, y, z = CAMERA @ points
    return ndimage.map_coordinates(source, [y / z, x / z], order=3, mode="nearest") - target.ravel()

  here, size = difference(np.zeros(6)), 1e-3
  slopes = np.stack([(difference(size * unit) - difference(-size * unit)) / (2 * size)
                     for unit in np.eye(6)], 1)
  weight = np.sqrt(valid.ravel() / np.maximum(np.abs(here), 0.03))
  slopes, here = slopes * weight[:, None], here * weight
  damping = np.diag(np.sqrt(1e-3) * np.linalg.norm(slopes, axis=0))
  return -np.linalg.lstsq(np.concatenate([slopes, damping]),
                          np.concatenate([here, np.zeros(6)]), rcond=None)[0]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_step_solves_the_least_squares_of_differences(seed):
  target, source, depth = waves(seed)
  grey = lambda x: np.repeat(x[None, ..., None], 3, -1)
  valid = np.zeros(target.shape, bool)
  valid[3:-3, 3:-3] = True
  found = alignment.align_motion(
      grey(target), grey(source), depth[None, ..., None], np.eye(4)[None], CAMERA[None], steps=1,
      valid=valid[None])
  wanted = step_by_differences(target, source, depth, valid)
  assert np.abs(wanted).max() > 5e-3
  np.testing.assert_allclose(motion_of(found)[0], wanted, atol=0.01 * np.abs(wanted).max())


def test_texture_is_the_squared_slope_of_what_is_blurred():
  picture = np.random.RandomState(0).rand(9, 12, 3).astype(np.float32)
  down, right = np.gradient(blurred(picture.mean(-1)))
  wanted = right[1:-1, 1:-1] ** 2 + down[1:-1, 1:-1] ** 2
  found = alignment.texture(picture[None]).numpy()[0, ..., 0]
  np.testing.assert_allclose(found[1:-1, 1:-1], wanted, rtol=1e-4, atol=1e-7)
  np.testing.assert_allclose(found[0, 1:-1], right[0, 1:-1] ** 2, rtol=1e-4, atol=1e-7)


# Properties.


@functools.lru_cache(None)
def scenes(count=4):
  """Returns image, next frame, depth, true motion and intrinsics of rendered scenes, stacked."""
  found = [render.render_scene(seed) for seed in range(count)]
  image, frames, depth, poses, camera = (
      np.stack([scene[name] for scene in found]) for name in (
          fields.IMAGE, fields.FRAMES, fields.DEPTH, fields.POSES, fields.INTRINSICS))
  return (image / np.float32(255), frames[:, 1] / np.float32(255),
          np.where(depth > 0, depth, 200).astype(np.float32)[..., None], poses[:, 1], camera)


def test_no_gradient_flows():
  image, frame, depth, motion, camera = (tf.constant(x[:1], tf.float32) for x in scenes())
  with tf.GradientTape() as tape:
    tape.watch([depth, motion])
    found = alignment.align_motion(image, frame, depth, motion, camera)
  assert tape.gradient(found, [depth, motion]) == [None, None]


@pytest.mark.parametrize("case", ["constant", "black", "far too far", "nothing valid"])
def test_what_shows_no_motion_keeps_the_given_one(case):
  image, frame, depth, motion, camera = (x[:2] for x in scenes())
  valid, start = None, motion.copy()
  if case in ("constant", "black"):
    image = frame = np.full_like(image, 0.5 * (case == "constant"))
  elif case == "far too far":
    start[:, 2, 3] -= 1000
  else:
    valid = np.zeros(depth.shape[:3], bool)
  found = alignment.align_motion(image, frame, depth, start, camera, valid=valid).numpy()
  np.testing.assert_allclose(found, start, atol=1e-5)


def test_pixels_that_do_not_count_change_nothing():
  image, frame, depth, motion, camera = scenes()
  valid = np.ones(depth.shape[:3], bool)
  valid[:, -30:] = False
  painted = image.copy()
  painted[:, -28:] = 1.0  # Two rows less: the window looks at neighbours.
  one, other = (alignment.align_motion(x, frame, depth, motion, camera, valid=valid)
                for x in (image, painted))
  np.testing.assert_array_equal(one, other)
  assert np.abs(alignment.align_motion(painted, frame, depth, motion, camera) - one).max() > 1e-4


def test_a_sample_does_not_see_its_neighbours():
  whole = alignment.align_motion(*scenes()).numpy()
  for index in range(len(whole)):
    alone = alignment.align_motion(*(x[index:index + 1] for x in scenes()))
    np.testing.assert_allclose(alone[0], whole[index], atol=1e-5)


def test_depth_in_another_unit_gives_the_move_in_that_unit():
  image, frame, depth, motion, camera = scenes()
  scaled = motion.copy()
  scaled[:, :3, 3] *= 7
  one = alignment.align_motion(image, frame, depth, motion, camera).numpy()
  other = alignment.align_motion(image, frame, 7 * depth, scaled, camera).numpy()
  np.testing.assert_allclose(other[:, :3, :3], one[:, :3, :3], atol=1e-4)
  np.testing.assert_allclose(other[:, :3, 3], 7 * one[:, :3, 3], atol=1e-2)


# What it is for.


def test_the_true_motion_is_found_from_a_wrong_one():
  """Turned by about half a degree and moved to the side: a tenth of the error is left."""
  image, frame, depth, motion, camera = scenes(12)
  random = np.random.RandomState(0)
  start = matrix_of(random.normal(0, [0.005] * 3 + [0.05] * 3, [12, 6])) @ motion
  found = alignment.align_motion(image, frame, depth, start, camera, steps=4).numpy()
  error = lambda x: np.abs(motion_of(x @ np.linalg.inv(motion)))
  before, after = error(start), error(found)
  assert np.median(np.degrees(np.linalg.norm(after[:, :3], axis=1))) < 0.05
  assert np.median(after[:, :3]) < 0.15 * np.median(before[:, :3])
  assert np.median(after[:, 3:]) < 0.3 * np.median(before[:, 3:])
