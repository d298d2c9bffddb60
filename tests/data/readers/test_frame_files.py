"""Order and size of frames."""
import zipfile

import numpy as np
import pytest

from keras_weakseg.data.readers import frame_files


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


@pytest.mark.parametrize("content", ["text", ""])
def test_what_is_no_picture_is_refused(tmp_path, content):
  (tmp_path / "a.png").write_text(content)
  with pytest.raises(ValueError, match="cannot be read"):
    frame_files.frame_size(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("odd", ["a", "c", "e"])
def test_one_clip_has_one_size_and_the_odd_file_is_named(tmp_path, png, suffix, odd):
  paths = [str(tmp_path / f"{name}{suffix}") for name in "abcde"]
  for path in paths:
    png(tmp_path / path, np.zeros((10, 14, 3), np.uint8))
  assert frame_files.common_size(paths, "mine") == (10, 14)
  png(tmp_path / f"{odd}{suffix}", np.zeros((12, 14, 3), np.uint8))
  with pytest.raises(ValueError, match=f"'mine' have different sizes.*\n.*{odd}{suffix}' 12x14, "
                     "the others 10x14"):
    frame_files.common_size(paths, "mine")


def test_a_frame_in_the_middle_that_is_no_picture_is_left_to_who_reads_it(tmp_path, png):
  for name in "ac":
    png(tmp_path / f"{name}.png", np.zeros((10, 14, 3), np.uint8))
  (tmp_path / "b.png").touch()
  assert frame_files.common_size([tmp_path / f"{name}.png" for name in "abc"], "m") == (10, 14)
