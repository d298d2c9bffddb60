"""One window for all fields: what a camera sees before, it sees after, at the moved place."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.data.pipeline import moves
from keras_weakseg.ops import geometry

SIZE = (40, 60)
CAMERA = np.array([[50, 0.7, 31.2], [0, 47, 18.6], [0, 0, 1]], np.float32)
POSES = geometry.pose_to_matrix([[0.02, -0.05, 0.03], [-0.01, 0.04, 0.02]],
                                [[0.3, -0.1, 0.8], [-0.2, 0.15, -0.6]])
CASES = {
    "nothing": ((0, 0), SIZE, SIZE, None), "mirrored": ((0, 0), SIZE, SIZE, True),
    "not mirrored": ((0, 0), SIZE, SIZE, False), "cut": ((7, 11), (20, 30), (20, 30), None),
    "cut and mirrored": ((7, 11), (20, 30), (20, 30), True),
    "smaller": ((0, 0), SIZE, (20, 20), None), "larger": ((5, 2), (20, 30), (33, 61), True),
}


def make(corner, window, target, flip, crop=None):
  constant = lambda pair: tf.constant(pair, tf.int32)
  return moves.Move(constant(SIZE), constant(corner), constant(window), constant(target), crop,
                    None if flip is None else tf.constant(flip))


def landed(points, corner, window, target, flip):
  """Where pixels (x, y) of the image land, by its own arithmetic."""
  corner, window, target = (np.array(pair[::-1], np.float64) for pair in (corner, window, target))
  moved = (points - corner + 0.5) * target / window - 0.5
  if flip:
    moved[..., 0] = target[0] - 1 - moved[..., 0]
  return moved


def projected(points, depth, pose, camera):
  """Where pixels of the target at one depth lie in the source; numpy, float64."""
  rays = np.concatenate([points, np.ones_like(points[..., :1])], -1) @ np.linalg.inv(camera).T
  space = depth * rays @ pose[:3, :3].T + pose[:3, 3]
  seen = space @ camera.T
  return seen[..., :2] / seen[..., 2:]


@pytest.mark.parametrize("case", CASES)
def test_projection_by_moved_cameras_is_the_moved_projection(case):
  given = CASES[case]
  move = make(*given)
  camera = move.intrinsics(tf.constant(CAMERA)).numpy().astype(np.float64)
  points = np.random.default_rng(0).uniform([0, 0], [59, 39], (50, 2))
  for before, after in zip(POSES.numpy(), move.poses(POSES).numpy()):
    for depth in (2.0, 9.0):
      expected = landed(projected(points, depth, before, CAMERA), *given)
      result = projected(landed(points, *given), depth, after, camera)
      np.testing.assert_allclose(result, expected, atol=2e-3)


def test_the_library_projects_the_mirrored_scene_to_mirrored_places():
  depth = np.random.default_rng(1).uniform(2, 9, (1, *SIZE, 1)).astype(np.float32)
  move = make(*CASES["mirrored"])
  before = geometry.reproject(depth, POSES[:1], CAMERA[None]).numpy()
  after = geometry.reproject(depth[:, :, ::-1], move.poses(POSES[:1]),
                             move.intrinsics(tf.constant(CAMERA))[None]).numpy()
  np.testing.assert_allclose(after[:, :, ::-1, 0], SIZE[1] - 1 - before[..., 0], atol=2e-3)
  np.testing.assert_allclose(after[:, :, ::-1, 1], before[..., 1], atol=2e-3)


@pytest.mark.parametrize("case", CASES)
def test_pixels_land_where_the_camera_says(case):
  """A ramp holds its own coordinates: bilinear resizing keeps them away from the edges."""
  given = CASES[case]
  x, y = np.meshgrid(np.arange(SIZE[1]), np.arange(SIZE[0]))
  ramp = np.stack([4 * x, 6 * y, 0 * x], -1).astype(np.uint8)
  image = make(*given).image(tf.constant(ramp)).numpy().astype(np.float64)
  assert image.shape[:2] == given[2]
  columns, rows = np.meshgrid(np.arange(3, image.shape[1] - 3), np.arange(3, image.shape[0] - 3))
  sources = np.stack([image[rows, columns, 0] / 4, image[rows, columns, 1] / 6], -1)
  # One step of the ramp is a quarter or a sixth of a pixel: half of it may be rounded away.
  error = np.abs(landed(sources, *given) - np.stack([columns, rows], -1))
  scale = max(np.array(given[2]) / given[1])
  assert error[..., 0].max() <= 0.13 * scale + 1e-6 and error[..., 1].max() <= 0.09 * scale + 1e-6


def test_frames_are_moved_like_the_image():
  frames = np.random.default_rng(2).integers(0, 255, (3, *SIZE, 3)).astype(np.uint8)
  move = make(*CASES["larger"], crop=(40, 70))
  together = move.pad_image(move.image(tf.constant(frames)), (1.0, 2.0, 3.0))
  assert together.shape == (3, 40, 70, 3) and (together[:, 33:].numpy() == [1, 2, 3]).all()
  for frame, moved in zip(frames, together):
    alone = move.pad_image(move.image(tf.constant(frame)), (1.0, 2.0, 3.0))
    np.testing.assert_array_equal(moved, alone)


def test_what_is_hidden_moves_with_the_image_and_padding_is_hidden_too():
  seen = np.ones(SIZE, bool)
  seen[30:, :20] = False
  move = make((0, 0), SIZE, SIZE, True, crop=(44, 60))
  valid = move.valid(tf.constant(seen)).numpy()
  np.testing.assert_array_equal(valid[:40], seen[:, ::-1])
  assert not valid[40:].any() and move.valid().numpy()[:40].all()
