"""Listings of folders."""
import os

import pytest

from keras_weakseg.data.readers import file_index


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


def test_several_folders_are_joined_by_plus(tmp_path):
  for name in ("a/1.png", "b/2.png", "c+d/3.png", "e/1.png"):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
  joined = file_index.places(tmp_path, "b + a")
  assert joined == [tmp_path / "b", tmp_path / "a"]
  assert list(file_index.list_ids(joined, (".png",))) == ["1", "2"]
  assert file_index.places(tmp_path, "c+d") == [tmp_path / "c+d"]
  assert file_index.places(tmp_path, "nowhere") == [tmp_path / "nowhere"]
  with pytest.raises(ValueError, match="have the id '1'.*\n.*a/1.png, e/1.png"):
    file_index.list_ids(file_index.places(tmp_path, "a+e"), (".png",))


def test_folders_with_a_file_are_found_and_left_out(tmp_path):
  for name in ("a.png", "record.json", "out/record.json", "out/b.png", "out/c/record.json",
               "d/e/record.json", "d/f.png"):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
  found = file_index.folders_with(tmp_path, ("record.json", "other.json"))
  assert found == [str(tmp_path / "d" / "e"), str(tmp_path / "out")]
  assert list(file_index.list_ids(tmp_path, (".png",), found)) == ["a", "d/f"]


def test_links_are_followed_and_loops_end(tmp_path):
  for name in ("images/a.png", "other/deep/b.png", "other/c.png"):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).touch()
  (tmp_path / "images" / "link").symlink_to(tmp_path / "other")
  (tmp_path / "images" / "file.png").symlink_to(tmp_path / "other" / "c.png")
  (tmp_path / "images" / "again").symlink_to(tmp_path / "images")
  (tmp_path / "other" / "deep" / "up").symlink_to(tmp_path / "other")
  found = file_index.list_ids(tmp_path / "images", (".png",))
  assert list(found) == ["a", "file", "link/c", "link/deep/b"]
  assert list(file_index.list_ids(tmp_path / "images", (".png",), [
      str(tmp_path / "images" / "link")])) == ["a", "file"]
  # A folder that lies there keeps its own name.
  (tmp_path / "images" / "again").unlink()
  (tmp_path / "images" / "z").mkdir()
  (tmp_path / "images" / "z" / "d.png").touch()
  (tmp_path / "images" / "b").symlink_to(tmp_path / "images" / "z")
  assert "z/d" in file_index.list_ids(tmp_path / "images", (".png",))
  assert "b/d" not in file_index.list_ids(tmp_path / "images", (".png",))


@pytest.mark.parametrize("make", [
    os.mkfifo, lambda path: os.symlink("/dev/zero", path)])
def test_pipes_and_devices_are_refused_unopened(tmp_path, make):
  make(tmp_path / "a.txt")
  assert file_index.list_ids(tmp_path, (".png",)) == {}, "nobody asks for it"
  make(tmp_path / "b.png")
  with pytest.raises(ValueError, match="(?s)b.png' cannot be read.*a regular file.*device"):
    file_index.list_ids(tmp_path, (".png",))


def test_names_that_are_no_text_are_refused(tmp_path):
  with open(os.fsencode(tmp_path) + b"/\xff.png", "wb"):
    pass
  with pytest.raises(ValueError, match=r"(?s)names of files in UTF-8.*udcff"):
    file_index.list_ids(tmp_path, (".png",))
