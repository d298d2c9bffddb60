"""Camera matrices of users: forms and files."""
import json

import numpy as np
import pytest

from keras_weakseg.data import intrinsics
from keras_weakseg.ops import cameras

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


def test_readers_find_cameras_here_too():
  for name in ("assumed", "camera_matrix", "check", "resized"):
    assert getattr(intrinsics, name) is getattr(cameras, name)
