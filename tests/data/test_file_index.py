"""Listings of folders."""
import pytest

from keras_weakseg.data import file_index


def test_ids_are_relative_paths_in_order(tmp_path):
  for name in ("b.JPG", "a.png", "sub/a.png", "notes.txt", ".hidden.png"):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
  found = file_index.list_ids(tmp_path, file_index.IMAGE_SUFFIXES)
  assert list(found) == ["a", "b", "sub/a"] and found["b"].endswith("b.JPG")
  assert file_index.list_ids(tmp_path / "nowhere", (".png",)) == {}


def test_two_files_of_one_id_are_refused(tmp_path):
  (tmp_path / "a.png").touch()
  (tmp_path / "a.jpg").touch()
  with pytest.raises(ValueError, match="one file per id"):
    file_index.list_ids(tmp_path, file_index.IMAGE_SUFFIXES)


def test_id_lists_skip_blank_lines(tmp_path):
  (tmp_path / "l.txt").write_text("a \n\n b\n")
  assert file_index.read_id_list(tmp_path / "l.txt") == ("a", "b")
  with pytest.raises(FileNotFoundError, match="id list"):
    file_index.read_id_list(tmp_path / "m.txt")
