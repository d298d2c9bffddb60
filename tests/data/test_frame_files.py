"""Order and size of frames."""
import zipfile

import numpy as np
import pytest

from keras_weakseg.data import frame_files


def test_numbers_count_not_digits():
  names = ["run2/f1", "run10/f1", "f10", "f9", "frame", "10", "9"]
  assert sorted(names, key=frame_files.natural_key) == [
      "9", "10", "f9", "f10", "frame", "run2/f1", "run10/f1"]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_sizes_of_files_and_members(tmp_path, png, suffix):
  path = tmp_path / f"a{suffix}"
  png(path, np.zeros((10, 14, 3), np.uint8))
  with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
    archive.write(path, f"x/a{suffix}")
  assert frame_files.frame_size(path) == (10, 14)
  assert frame_files.frame_size(f"{tmp_path / 'a.zip'}!x/a{suffix}") == (10, 14)


def test_what_is_no_picture_is_refused(tmp_path):
  (tmp_path / "a.png").write_text("text")
  with pytest.raises(ValueError, match="cannot be read"):
    frame_files.frame_size(tmp_path / "a.png")


def test_one_clip_has_one_size(tmp_path, png):
  for name, height in (("a", 10), ("b", 10), ("c", 12)):
    png(tmp_path / f"{name}.png", np.zeros((height, 14, 3), np.uint8))
  paths = [tmp_path / f"{name}.png" for name in "abc"]
  assert frame_files.common_size(paths[:2], "mine") == (10, 14)
  with pytest.raises(ValueError, match="'mine' have different sizes"):
    frame_files.common_size(paths, "mine")
