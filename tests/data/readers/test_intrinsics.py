"""Camera matrices of users: forms and files."""
import json

import numpy as np
import pytest

from keras_weakseg.data.readers import intrinsics
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


def test_a_mark_of_windows_is_no_number(tmp_path):
  (tmp_path / "a.txt").write_bytes("100 90 31 23".encode("utf-8-sig"))
  np.testing.assert_array_equal(intrinsics.read_intrinsics(tmp_path / "a.txt"), EXPECTED)


@pytest.mark.parametrize("content, shown", [
    (b"1 2 3", "'1 2 3' in '"), (b"1 2 3 4 5", "'1 2 3 4 5' in '"), (b"", "'' in '"),
    (b"# fx fy\n1 2 3 4", "'# fx fy 1 2 3 4' in '"), (b"x" * 99, f"'{'x' * 60}' in '"),
    ("1 2 3 4".encode("utf-16"), "UTF-8"), (bytes(range(128, 256)), "UTF-8"),
    (b'{"fx": 1}', "in '"), (b'"words"', "in '"), (b"null", "in '"),
    (b"nan 1 2 3", "in '"), (b"1e999 1 2 3", "in '"), (b"[" * 100_000, "in '"),
    (b'{"K": ' * 5000 + b"1" + b"}" * 5000, "in '")])
def test_what_is_in_a_file_that_cannot_be_read_is_shown(tmp_path, content, shown):
  (tmp_path / "a.txt").write_bytes(content)
  with pytest.raises(ValueError, match="fx fy cx cy") as caught:
    intrinsics.read_intrinsics(tmp_path / "a.txt")
  assert shown in str(caught.value) and str(tmp_path / "a.txt") in str(caught.value)


def test_a_folder_is_called_one(tmp_path):
  with pytest.raises(ValueError, match="a folder"):
    intrinsics.read_intrinsics(tmp_path)


def test_a_missing_file_offers_a_field_of_view(tmp_path):
  with pytest.raises(FileNotFoundError, match="field_of_view"):
    intrinsics.read_intrinsics(tmp_path / "no.txt")


def test_readers_find_cameras_here_too():
  for name in ("assumed", "camera_matrix", "check", "resized"):
    assert getattr(intrinsics, name) is getattr(cameras, name)


@pytest.mark.parametrize("text", [
    "100 90 31.5 23.5\r\n", "100\r\n90\r\n31.5\r\n23.5\r\n\r\n", "\ufeff100, 90, 31.5, 23.5\r\n",
    "100 0 31.5\r\n0 90 23.5\r\n0 0 1\r\n", "[[100 0 31.5]\r\n [0 90 23.5]\r\n [0 0 1]]\r\n",
    "100\r90\r31.5\r23.5\r"])
def test_line_ends_of_every_system(tmp_path, text):
  (tmp_path / "k.txt").write_bytes(text.encode())
  np.testing.assert_array_equal(
      intrinsics.read_intrinsics(tmp_path / "k.txt"), [[100, 0, 31.5], [0, 90, 23.5], [0, 0, 1]])
