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


def test_only_what_was_abandoned_long_ago_is_removed(tmp_path):
  for name in (".a.png.abcd1234.tmp", ".b.png.abcd1234.tmp", "c.tmp", ".d.abc.tmp"):
    (tmp_path / name).touch()
    if not name.startswith(".b"):
      os.utime(tmp_path / name, (0, 0))
  writing.remove_abandoned(tmp_path)
  assert sorted(os.listdir(tmp_path)) == [".b.png.abcd1234.tmp", ".d.abc.tmp", "c.tmp"]
  writing.remove_abandoned(tmp_path / "nowhere")


def test_the_names_of_unfinished_files_are_known(tmp_path):
  seen = []
  writing.write_whole(tmp_path / "a.png", lambda file: seen.extend(os.listdir(tmp_path)))
  assert len(seen) == 1 and writing.TEMPORARY.fullmatch(seen[0])


def test_an_error_that_tells_already_is_not_wrapped():
  told = FileNotFoundError("It is gone.\nExpected: a. Received: b.\nLook.")
  assert writing.unwritable("x", told) is told
  first = writing.unwritable("x", OSError(28, "No space left on device"))
  first.__cause__ = OSError(28, "No space left on device")
  assert "'y' cannot be written" in str(writing.unwritable("y", first))
