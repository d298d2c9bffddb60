"""The record of a selection: whole or absent, read back equal, refused when something differs."""
import json

import pytest

from keras_weakseg.files import staging
from keras_weakseg.selection import record, rounds

IDS = ["a/1", "b/1", "c", "d"]
SETTINGS = rounds.Settings((1, 3), weight=10.0)
CHOICES = (rounds.Choice("c", 0), rounds.Choice("a/1", 1, 2.5, 0.125), rounds.Choice("d", 1, 1.0))


@pytest.fixture
def path(tmp_path):
  record.write(tmp_path / "selection.json", IDS, SETTINGS, "abc", CHOICES)
  return tmp_path / "selection.json"


def test_it_is_read_back_equal(path):
  found = record.read(path, IDS, SETTINGS, "abc")
  assert found == record.read(path)
  assert found.settings == SETTINGS and found.choices == CHOICES and found.fingerprint == "abc"
  assert found.ids == ["c", "a/1", "d"] == json.loads(path.read_text())["ids"]


def test_half_a_selection_continues(path):
  record.write(path, IDS, SETTINGS, "abc", CHOICES[:1])
  chosen = record.read(path, IDS, SETTINGS, "abc").choices
  rest = rounds.next_round(IDS, chosen, SETTINGS, [[0.0], [1.0], [2.0], [9.0]], [0.0] * 4)
  assert [choice.id for choice in rest] == ["d", "a/1"]


@pytest.mark.parametrize("change, message", [
    ({"ids": IDS[::-1]}, "from other images"), ({"ids": IDS + ["e"]}, "from other images"),
    ({"settings": rounds.Settings((1, 3))}, "from other settings"),
    ({"fingerprint": "abd"}, "from other data or weights.*\n.*Expected: abd. Received: abc"),
])
def test_a_stale_record_is_refused(path, change, message):
  with pytest.raises(ValueError, match=message):
    record.read(path, **{"ids": IDS, "settings": SETTINGS, "fingerprint": "abc", **change})


@pytest.mark.parametrize("edit", [
    lambda x: x.pop("ids"), lambda x: x.update(version=2), lambda x: x["ids"].reverse(),
    lambda x: x["choices"].pop(), lambda x: x["choices"][0].update(id="d"),
    lambda x: x["settings"].update(criterion="any"), lambda x: x["choices"][0].update(round=1),
    lambda x: x["choices"][0].update(why="so")])
def test_a_record_that_contradicts_itself_is_refused(path, edit):
  contents = json.loads(path.read_text())
  edit(contents)
  path.write_text(json.dumps(contents))
  with pytest.raises(ValueError, match="no record of a selection"):
    record.read(path)


def test_half_a_file_and_none_are_refused(path):
  path.write_bytes(path.read_bytes()[:50])
  with pytest.raises(ValueError, match="no record of a selection"):
    record.read(path)
  with pytest.raises(FileNotFoundError, match="no selection"):
    record.read(path.with_name("other.json"))


def test_nothing_half_written_is_left(path, monkeypatch):
  before = path.read_bytes()
  monkeypatch.setattr(staging.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("full")))
  with pytest.raises(ValueError, match="cannot be written"):
    record.write(path, IDS, SETTINGS, "new", CHOICES)
  assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]
