"""Tests of `serving.versions`: a version is whole or not there, and numbers only grow."""
import errno
import os
import stat

import pytest

from keras_weakseg.serving import versions


def write(base, text="whole"):
  with versions.new_version(base) as pending:
    (pending.folder / "file").write_text(text)
  return pending.path


def test_versions_count_up_from_one(tmp_path):
  assert [write(tmp_path / "m").name for _ in range(3)] == ["1", "2", "3"]
  assert sorted(entry.name for entry in (tmp_path / "m").iterdir()) == ["1", "2", "3"]


def test_a_number_that_was_used_is_never_reused(tmp_path):
  for name in ("2", "007", "notes", "12abc"):
    (tmp_path / name).mkdir()
  (tmp_path / "9").write_text("a file, and still a number")
  assert versions.highest(tmp_path) == 9
  assert write(tmp_path).name == "10"


def test_the_version_is_not_visible_while_it_is_written(tmp_path):
  with versions.new_version(tmp_path) as pending:
    (pending.folder / "file").write_text("half")
    assert versions.highest(tmp_path) == 0
    assert not any(entry.name.isdecimal() for entry in tmp_path.iterdir())
    assert pending.folder.parent == tmp_path
    assert pending.path is None
  assert (pending.path / "file").read_text() == "half"


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_failure_leaves_nothing(tmp_path, failure):
  base = tmp_path / "made" / "for" / "it"
  with pytest.raises(failure):
    with versions.new_version(base) as pending:
      (pending.folder / "file").write_text("half")
      raise failure
  assert not list(tmp_path.iterdir())


def test_failure_keeps_what_was_there(tmp_path):
  write(tmp_path)
  with pytest.raises(RuntimeError):
    with versions.new_version(tmp_path):
      raise RuntimeError
  assert [entry.name for entry in tmp_path.iterdir()] == ["1"]
  assert (tmp_path / "1" / "file").read_text() == "whole"


def test_two_writers_get_two_versions(tmp_path):
  with versions.new_version(tmp_path) as first:
    (first.folder / "file").write_text("first")
    with versions.new_version(tmp_path) as second:
      (second.folder / "file").write_text("second")
  assert (second.path.name, first.path.name) == ("1", "2")
  assert (first.path / "file").read_text() == "first"


def test_a_number_taken_between_look_and_rename_is_left_alone(tmp_path, monkeypatch):
  write(tmp_path, "theirs")
  look, seen = versions.highest, []

  def stale(base):
    seen.append(base)
    return 0 if len(seen) == 1 else look(base)

  monkeypatch.setattr(versions, "highest", stale)
  assert write(tmp_path, "ours").name == "2"
  assert (tmp_path / "1" / "file").read_text() == "theirs"


def test_a_rename_that_fails_is_reported_in_the_form_of_the_house(tmp_path, monkeypatch):
  def full(*_):
    raise OSError(errno.ENOSPC, "No space left on device")

  monkeypatch.setattr(versions.os, "rename", full)
  with pytest.raises(ValueError, match=r"(?s)cannot be written.*Expected: .*No space left"):
    write(tmp_path / "m")
  assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_the_base_is_reported(tmp_path):
  (tmp_path / "m").write_text("not a folder")
  with pytest.raises(ValueError, match=r"(?s)cannot be written to .*m.*Expected: "):
    write(tmp_path / "m" / "inside")
  assert (tmp_path / "m").read_text() == "not a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_reported(tmp_path):
  tmp_path.chmod(0o500)
  with pytest.raises(ValueError, match="cannot be written"):
    write(tmp_path / "m")
  tmp_path.chmod(0o700)


def test_other_users_may_read_what_the_umask_allows(tmp_path):
  (tmp_path / "plain").mkdir()
  modes = [stat.S_IMODE(path.stat().st_mode) for path in (write(tmp_path), tmp_path / "plain")]
  assert modes[0] == modes[1]
