"""Rays, rotations and the drive agree with the pinhole model."""
import numpy as np
import pytest

from keras_weakseg.datasets.scenes import camera


@pytest.mark.parametrize("size", [(96, 192), (7, 5)])
def test_rays_project_back_to_their_pixels(size):
  matrix = camera.intrinsics(size)
  rays = camera.rays(matrix, size, ((0, 0), (0.25, -0.5)))
  pixels = rays @ matrix.T
  ys, xs = np.mgrid[:size[0], :size[1]]
  np.testing.assert_allclose(pixels[0, ..., 0], xs, atol=1e-4)
  np.testing.assert_allclose(pixels[0, ..., 1], ys, atol=1e-4)
  np.testing.assert_allclose(pixels[1, ..., 0] - pixels[0, ..., 0], -0.5, atol=1e-4)
  np.testing.assert_allclose(pixels[1, ..., 1] - pixels[0, ..., 1], 0.25, atol=1e-4)
  assert (rays[..., 2] == 1).all()


def test_the_centre_of_the_image_looks_straight_ahead():
  rays = camera.rays(camera.intrinsics((5, 9)), (5, 9))
  np.testing.assert_allclose(rays[0, 2, 4], [0, 0, 1], atol=1e-6)
  np.testing.assert_allclose(rays[0].sum((0, 1)), [0, 0, 45], atol=1e-4)


def test_positive_angles_turn_right_and_look_down():
  ahead = np.array([0, 0, 1.0])
  assert (camera.rotation(0.1) @ ahead)[0] > 0.09
  assert (camera.rotation(0, 0.1) @ ahead)[1] > 0.09
  assert (camera.rotation(0, 0, 0.1) @ [1.0, 0, 0])[1] > 0.09
  turned = camera.rotation(0.3, -0.2, 0.1)
  np.testing.assert_allclose(turned @ turned.T, np.eye(3), atol=1e-12)
  assert np.linalg.det(turned) == pytest.approx(1)


def test_the_right_camera_is_turned_alike_and_its_shift_is_exact():
  left = camera.drive(np.random.RandomState(5), (0, -1, 1))[0]
  right, from_left = camera.right_of(left)
  np.testing.assert_array_equal(right[:3, :3], left[:3, :3])
  np.testing.assert_allclose(right[:3, 3] - left[:3, 3], camera.BASELINE * left[:3, 0], atol=1e-12)
  np.testing.assert_allclose(np.linalg.inv(right) @ left, from_left, atol=1e-12)
  wanted = np.eye(4)
  wanted[0, 3] = -camera.BASELINE
  np.testing.assert_array_equal(from_left, wanted)


def test_the_baseline_suits_the_depths_of_the_street():
  width = 192
  disparity = camera.intrinsics((96, width))[0, 0] * camera.BASELINE / np.array([2.5, 12.0, 60.0])
  assert disparity[0] < 0.1 * width and disparity[1] > 3 and disparity[2] > 0.5


def test_a_drive_goes_forward_above_the_ground():
  for seed in range(20):
    path = camera.drive(np.random.RandomState(seed), (0, -1, 1))
    height = -path[:, 1, 3]
    assert (height > 0.9).all() and (height < 1.55).all()
    step = path[2, :3, 3] - path[1, :3, 3]
    assert 0.35 < np.linalg.norm(step) < 1.0
    # It moves where it looks, up to the slight turn and the pitch.
    assert step @ path[0, :3, 2] > 0.97 * np.linalg.norm(step)


def test_the_reference_frame_does_not_depend_on_the_neighbours():
  one = camera.drive(np.random.RandomState(5), (0,))
  three = camera.drive(np.random.RandomState(5), (0, -1, 1))
  np.testing.assert_array_equal(one[0], three[0])
