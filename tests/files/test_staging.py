"""Tests of files that appear whole or not at all."""
import errno
import os
import pathlib

import pytest

from keras_weakseg.files import staging


def everything(folder):
  return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def full_disk(*_, **__):
  raise OSError(errno.ENOSPC, "No space left on device")


def test_a_file_is_written_into_a_new_folder_and_replaced(tmp_path):
  path = tmp_path / "new" / "a.bin"
  staging.write_whole(path, b"one")
  staging.write_whole(path, b"two")
  assert path.read_bytes() == b"two" and everything(tmp_path) == ["new", "new/a.bin"]
  probe = tmp_path / "probe"
  probe.touch()
  assert path.stat().st_mode == probe.stat().st_mode


def test_a_full_disk_keeps_the_old_file_and_leaves_nothing(tmp_path, monkeypatch):
  path = tmp_path / "a.bin"
  staging.write_whole(path, b"old")
  monkeypatch.setattr(os, "replace", full_disk)
  with pytest.raises(ValueError, match="a.bin' cannot be written.*\nExpected.*No space left"):
    staging.write_whole(path, b"new")
  assert path.read_bytes() == b"old" and everything(tmp_path) == ["a.bin"]


def test_a_folder_below_a_file_is_refused(tmp_path):
  (tmp_path / "file").write_bytes(b"")
  with pytest.raises(ValueError, match="cannot be written"):
    staging.write_whole(tmp_path / "file" / "a.bin", b"")
  with pytest.raises(ValueError, match="cannot be written"):
    with staging.staged(tmp_path / "file" / "folder"):
      pytest.fail("the block must not run")
  assert everything(tmp_path) == ["file"]


def test_staged_files_move_together_beside_those_that_are_there(tmp_path):
  target = tmp_path / "out"
  target.mkdir()
  for name in ("stays", "changes"):
    (target / name).write_text("old")
  with staging.staged(target) as folder:
    (folder / "changes").write_text("new")
    (folder / "added").write_text("new")
    assert (target / "changes").read_text() == "old" and not (target / "added").exists()
  assert {path.name: path.read_text() for path in target.iterdir()} == {
      "stays": "old", "changes": "new", "added": "new"}


@pytest.mark.parametrize("error", [RuntimeError("stop"), KeyboardInterrupt()])
def test_an_error_leaves_the_folder_as_it_was(tmp_path, error):
  with pytest.raises(type(error)):
    with staging.staged(tmp_path / "deep" / "out") as folder:
      (folder / "half").write_text("x")
      raise error
  assert everything(tmp_path) == []


def test_a_disk_that_fills_while_staging_is_told_in_the_form_of_the_house(tmp_path):
  with pytest.raises(ValueError, match="free some space"):
    with staging.staged(tmp_path / "out") as folder:
      pathlib.Path(folder / "half").write_text("x")
      full_disk()
  assert everything(tmp_path) == []


def test_what_a_killed_process_left_goes_after_a_day(tmp_path):
  left, young, other = (tmp_path / name for name in
                        (".unfinished-abcd_123", ".unfinished-abcd_124", ".unfinished-notes"))
  for folder in (left, young, other):
    folder.mkdir()
    (folder / "half").write_text("x")
  for folder in (left, other):
    os.utime(folder, (0, 0))
  with staging.staged(tmp_path) as place:
    (place / "whole").write_text("y")
  assert not left.exists() and young.exists() and other.exists()
  assert (tmp_path / "whole").read_text() == "y"
