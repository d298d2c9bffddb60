"""Files appear whole or not at all, whatever they are written from."""
import json
import os

import pytest

from keras_weakseg.files import writing


def test_bytes_texts_and_functions_are_written_into_new_folders(tmp_path):
  for contents, expected in ((b"a", b"a"), ("\u00e4", b"\xc3\xa4"),
                             (lambda file: file.write(b"b"), b"b")):
    writing.write_whole(tmp_path / "new" / "a", contents)
    assert (tmp_path / "new" / "a").read_bytes() == expected
  writing.write_json(tmp_path / "a.json", {"b": [1]})
  assert json.loads((tmp_path / "a.json").read_text()) == {"b": [1]}
  assert sorted(os.listdir(tmp_path)) == ["a.json", "new"] and os.listdir(tmp_path / "new") == ["a"]


@pytest.mark.parametrize("place", ["replace", "chmod"])
def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, place):
  writing.write_whole(tmp_path / "a", b"old")

  def full(*_):
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(os, place, full)
  for kind in (OSError, ValueError):
    with pytest.raises(kind, match="(?s)a' cannot be written.*Expected.*No space"):
      writing.write_whole(tmp_path / "a", b"new")
  assert os.listdir(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_an_error_of_the_writer_leaves_nothing(tmp_path):
  def broken(file):
    file.write(b"half")
    raise KeyError("mine")

  with pytest.raises(KeyError):
    writing.write_whole(tmp_path / "a", broken)
  assert not os.listdir(tmp_path)


def test_a_folder_below_a_file_is_refused(tmp_path):
  (tmp_path / "file").touch()
  with pytest.raises(writing.UnwritableError, match="cannot be written"):
    writing.write_whole(tmp_path / "file" / "a", b"")
