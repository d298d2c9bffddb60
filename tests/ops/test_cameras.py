"""Camera matrices: fields of view, other sizes, wrong units."""
import numpy as np
import pytest

from keras_weakseg.ops import cameras


def test_an_angle_spans_the_width():
  matrix = cameras.assumed(60, (100, 201))
  left, right = (np.linalg.inv(matrix) @ [[-0.5, 200.5], [49.5, 49.5], [1, 1]]).T
  cosine = left @ right / np.linalg.norm(left) / np.linalg.norm(right)
  assert np.degrees(np.arccos(cosine)) == pytest.approx(60)
  for angle in (0, 1.2, 180):
    with pytest.raises(ValueError, match="degrees"):
      cameras.assumed(angle, (100, 200))


def test_a_resized_camera_sees_the_same_ray_at_the_same_place():
  matrix = np.array([[100.0, 2, 30], [0, 90, 22], [0, 0, 1]])
  small = cameras.resized(matrix, (48, 64), (24, 16))
  for ray in ([0.1, -0.2, 1], [-0.3, 0.05, 1]):
    x, y, _ = matrix @ ray
    expected = [(x + 0.5) * 16 / 64 - 0.5, (y + 0.5) * 24 / 48 - 0.5]
    np.testing.assert_allclose((small @ ray)[:2], expected)
  back = cameras.resized(small, (24, 16), (48, 64))
  np.testing.assert_allclose(back, matrix)


def test_right_units_pass():
  matrix = cameras.camera_matrix(100, 90, 31, 23)
  np.testing.assert_array_equal(cameras.check(matrix, (48, 64), "a"), matrix)


@pytest.mark.parametrize("numbers, words", [
    ((0.58, 1.92, 0.5, 0.5), "multiply fx, cx by the width"), ((4.2, 4.2, 31, 23), "millimetres"),
    ((721, 721, 609, 172), "another image size"), ((-100, 90, 31, 23), "pixels"),
    ((float("nan"), 90, 31, 23), "pixels"), ((5000, 5000, 31, 23), "pixels")])
def test_wrong_units_and_sizes_are_refused(numbers, words):
  with pytest.raises(ValueError, match=words) as caught:
    cameras.check(cameras.camera_matrix(*numbers), (48, 64), "mine")
  assert "48x64" in str(caught.value) and "'mine'" in str(caught.value)


@pytest.mark.parametrize("degrees, times", [(90, 1), (180, 2), (270, 3)])
def test_a_turned_camera_projects_to_turned_pixels(degrees, times):
  image = np.zeros((10, 20))
  image[2, 5] = 1
  matrix = cameras.camera_matrix(4, 5, 8, 4)
  ray = np.linalg.inv(matrix) @ [5, 2, 1]
  turn = np.deg2rad(degrees)
  rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0],
                       [0, 0, 1]])
  x, y, _ = cameras.turned(matrix, image.shape, degrees) @ rotation @ ray
  assert np.argwhere(np.rot90(image, -times)).tolist() == [[round(y), round(x)]]


def test_numbers_of_a_turned_film_are_taken_as_they_fit():
  stored = cameras.camera_matrix(900, 900, 950, 530)
  shown = cameras.camera_matrix(900, 900, 549, 950)
  for given in (stored, shown):
    matrix, note = cameras.of_turned(given, (1920, 1080), 90)
    np.testing.assert_array_equal(matrix, shown)
    assert "turned by 90 degrees" in note
  assert cameras.of_turned(stored, (1080, 1920), 0) == (stored, "")


@pytest.mark.parametrize("numbers, doubtful", [
    ((600, 600, 320, 240), False), ((721, 721, 305, 250), False), ((600, 600, 160, 120), True),
    ((320, 240, 600, 400), True), ((600, 300, 320, 240), True), ((600, 600, 320, 400), True)])
def test_doubts(numbers, doubtful):
  assert bool(cameras.doubt(cameras.camera_matrix(*numbers), (480, 640))) == doubtful
