"""Camera matrices of users: forms, units, sizes."""
import json

import numpy as np
import pytest

from keras_weakseg.data import intrinsics

EXPECTED = [[100, 0, 31], [0, 90, 23], [0, 0, 1]]


@pytest.mark.parametrize("value", [
    "100 90 31 23", "100, 90, 31, 23", [100, 90, 31, 23], EXPECTED, np.array(EXPECTED),
    np.pad(np.array(EXPECTED), ((0, 1), (0, 1)))])
def test_numbers(value):
  np.testing.assert_array_equal(intrinsics.read_intrinsics(value), EXPECTED)


@pytest.mark.parametrize("name, text", [
    ("a.txt", "100 90 31 23\n"), ("a.txt", "100 0 31\n0 90 23\n0 0 1\n"),
    ("a.json", json.dumps(EXPECTED)), ("a.json", json.dumps([100, 90, 31, 23])),
    ("a.json", json.dumps({"fx": 100, "fy": 90, "cx": 31, "cy": 23, "size": [64, 48]})),
    ("a.json", json.dumps({"intrinsic": {"fx": 100, "fy": 90, "u0": 31, "v0": 23},
                           "extrinsic": {}})),
    ("a.json", json.dumps({"K": EXPECTED}))])
def test_files(tmp_path, name, text):
  (tmp_path / name).write_text(text)
  np.testing.assert_array_equal(intrinsics.read_intrinsics(tmp_path / name), EXPECTED)


@pytest.mark.parametrize("value", ["1 2 3", [1, 2, 3], {"fx": 1}, {}, [[1, 2], [3, 4]]])
def test_other_numbers_are_refused(value):
  with pytest.raises(ValueError, match="fx fy cx cy"):
    intrinsics.read_intrinsics(value)


def test_a_missing_file_offers_a_field_of_view(tmp_path):
  with pytest.raises(FileNotFoundError, match="field_of_view"):
    intrinsics.read_intrinsics(tmp_path / "no.txt")


def test_an_angle_spans_the_width():
  matrix = intrinsics.assumed(60, (100, 201))
  left, right = (np.linalg.inv(matrix) @ [[-0.5, 200.5], [49.5, 49.5], [1, 1]]).T
  cosine = left @ right / np.linalg.norm(left) / np.linalg.norm(right)
  assert np.degrees(np.arccos(cosine)) == pytest.approx(60)
  for angle in (0, 1.2, 180):
    with pytest.raises(ValueError, match="degrees"):
      intrinsics.assumed(angle, (100, 200))


def test_a_resized_camera_sees_the_same_ray_at_the_same_place():
  matrix = np.array([[100.0, 2, 30], [0, 90, 22], [0, 0, 1]])
  small = intrinsics.resized(matrix, (48, 64), (24, 16))
  for ray in ([0.1, -0.2, 1], [-0.3, 0.05, 1]):
    x, y, _ = matrix @ ray
    expected = [(x + 0.5) * 16 / 64 - 0.5, (y + 0.5) * 24 / 48 - 0.5]
    np.testing.assert_allclose((small @ ray)[:2], expected)
  back = intrinsics.resized(small, (24, 16), (48, 64))
  np.testing.assert_allclose(back, matrix)


def test_right_units_pass():
  matrix = intrinsics.camera_matrix(100, 90, 31, 23)
  np.testing.assert_array_equal(intrinsics.check(matrix, (48, 64), "a"), matrix)


@pytest.mark.parametrize("numbers, words", [
    ((0.58, 1.92, 0.5, 0.5), "multiply fx, cx by the width"), ((4.2, 4.2, 31, 23), "millimetres"),
    ((721, 721, 609, 172), "another image size"), ((-100, 90, 31, 23), "pixels"),
    ((float("nan"), 90, 31, 23), "pixels"), ((5000, 5000, 31, 23), "pixels")])
def test_wrong_units_and_sizes_are_refused(numbers, words):
  with pytest.raises(ValueError, match=words) as caught:
    intrinsics.check(intrinsics.camera_matrix(*numbers), (48, 64), "mine")
  assert "48x64" in str(caught.value) and "'mine'" in str(caught.value)
