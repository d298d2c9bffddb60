"""Errors of camera motion: known angles, chained steps, and what the trajectory error ignores."""
import numpy as np
import pytest

from keras_weakseg.evaluation import pose_metrics


def turned(axis, degrees, shift=(0, 0, 0)):
  """Returns a transform that turns about one axis."""
  angle, matrix = np.radians(degrees), np.eye(4)
  first, second = [index for index in range(3) if index != axis]
  matrix[first, first] = matrix[second, second] = np.cos(angle)
  matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
  matrix[:3, 3] = shift
  return matrix


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("degrees", [0.0, 1e-5, 0.5, 90.0, 179.0])
def test_known_angles(axis, degrees):
  true = turned(2, 33.0) @ turned(0, 12.0)
  assert pose_metrics.rotation_error(true, true @ turned(axis, degrees)) == pytest.approx(
      degrees, rel=1e-6, abs=1e-9)


def test_many_transforms_at_once():
  true = np.stack([[np.eye(4)] * 3] * 2)
  predicted = np.stack([[turned(1, angle) for angle in (1, 2, 3)]] * 2)
  np.testing.assert_allclose(pose_metrics.rotation_error(true, predicted), [[1, 2, 3]] * 2)
  assert pose_metrics.translation_angle(true, predicted).shape == (2, 3)


def test_directions_whatever_their_length():
  true = turned(0, 0, (0, 0, 2))
  for shift, wanted in (((0, 0, 0.01), 0), ((3, 0, 3), 45), ((0, 7, 0), 90), ((0, 0, -1), 180),
                        ((0, 0, 0), 90)):
    assert pose_metrics.translation_angle(true, turned(0, 0, shift)) == pytest.approx(wanted)


def test_positions_of_a_drive_around_a_block():
  """Four steps of one metre, a right angle after each: the camera is back where it began."""
  step = turned(1, 90.0, (0, 0, 1))
  found = pose_metrics.positions([step] * 4)
  assert found.shape == (5, 3)
  np.testing.assert_allclose(np.linalg.norm(np.diff(found, axis=0), axis=1), 1)
  np.testing.assert_allclose(found[4], found[0], atol=1e-12)
  assert np.abs(found[2]).max() > 0.9


def test_trajectories_by_hand():
  """Monocular scale and the start do not matter; a bend does."""
  true = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 2], [0, 0, 3], [0, 0, 4.0]])
  assert pose_metrics.trajectory_error(true, 0.2 * true + 7) == pytest.approx(0)
  bent = true + np.array([[0, 0, 0], [0.1, 0, 0], [0.2, 0, 0], [0.1, 0, 0], [0, 0, 0]])
  scale = (true * bent).sum() / (bent ** 2).sum()
  wanted = np.sqrt(((scale * bent - true) ** 2).sum()) / 5
  assert pose_metrics.trajectory_error(true, bent) == pytest.approx(wanted)
  assert wanted > 0.04


def test_no_motion_is_as_wrong_as_the_way_is_long():
  true = np.array([[0, 0, 0], [0, 0, 3.0]])
  assert pose_metrics.trajectory_error(true, np.zeros([2, 3])) == pytest.approx(1.5)


def test_different_frames_are_refused():
  with pytest.raises(ValueError, match="same frames"):
    pose_metrics.trajectory_error(np.zeros([5, 3]), np.zeros([4, 3]))
