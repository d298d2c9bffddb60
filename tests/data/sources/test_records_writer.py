"""Records are written whole, continue after a kill, and refuse what is not theirs."""
import pathlib

import numpy as np
import pytest

from keras_weakseg.data.readers import record_files
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import records
from keras_weakseg.data.sources import records_writer


@pytest.fixture
def plain(mini):
  return folder.Folder(mini, held_out=0)


def make(source, place, shards=4, **options):
  return records_writer.write_records(source, "train", place, shards, progress=False, **options)


def contents(place):
  return {path.name: path.read_bytes() for path in sorted(pathlib.Path(place).iterdir())}


def test_a_killed_call_continues_without_repeating(plain, tmp_path, monkeypatch):
  whole = contents(make(plain, tmp_path / "whole"))
  encode, left = record_files.encode, []

  def killed(sample, *args):
    left.append(sample["sample_id"].decode())
    if len(left) == 7:
      raise KeyboardInterrupt
    return encode(sample, *args)

  monkeypatch.setattr(record_files, "encode", killed)
  with pytest.raises(KeyboardInterrupt):
    make(plain, tmp_path / "out")
  there = set(contents(tmp_path / "out" / "train"))
  assert there == {"plan.json", *(f"0000{k}-of-00004.{kind}" for k in (0, 1)
                                  for kind in ("npz", "tfrecord"))}
  with pytest.raises(FileNotFoundError, match="unfinished: train"):
    records.Records(tmp_path / "out")
  made = contents(make(plain, tmp_path / "out"))
  assert left[7:] == [f"a{k}" for k in (5, 6, 7, 8, 9)]  # of the shards that lacked
  assert made.keys() == whole.keys()
  assert all(made[name] == whole[name] for name in made if not name.endswith(".npz"))
  for name in (name for name in made if name.endswith(".npz")):
    one, other = (record_files.read_index(tmp_path / kind / "train" / name)
                  for kind in ("out", "whole"))
    assert one[0] == other[0]
    for key, value in one[1].items():
      np.testing.assert_array_equal(value, other[1][key])
  left.clear()
  make(plain, tmp_path / "out")
  assert not left  # nothing is written twice


@pytest.mark.parametrize("kind", ["masks", "tags"])
def test_records_of_labels_as_they_were_are_refused(kind, plain, mini, png, tmp_path):
  make(plain, tmp_path, shards=1)
  if kind == "masks":
    png(mini / "masks" / "a3.png", np.ones((12, 16), np.uint8))
  else:
    (mini / "tags.json").write_text('{"a3": []}')
  with pytest.raises(ValueError, match="(?s)holds other records.*labels"):
    make(folder.Folder(mini, held_out=0), tmp_path, shards=1)


def test_a_removed_shard_alone_is_written_again(plain, tmp_path):
  place = make(plain, tmp_path)
  whole = contents(place)
  (place / "00002-of-00004.tfrecord").unlink()
  assert contents(make(plain, tmp_path))["00002-of-00004.tfrecord"] == (
      whole["00002-of-00004.tfrecord"])


def test_a_broken_sample_is_named_and_leaves_no_half_file(plain, mini, tmp_path):
  (mini / "masks" / "a6.png").write_bytes(b"garbage")
  with pytest.raises(ValueError, match="'a6'"):
    make(plain, tmp_path / "out")
  assert not list((tmp_path / "out" / "train").glob(".*"))
  assert not (tmp_path / "out" / "train" / record_files.MANIFEST).exists()


def test_folders_of_something_else_are_refused(plain, mini, tmp_path):
  make(plain, tmp_path / "out")
  with pytest.raises(ValueError, match="holds other records.*\n.*shards 5.*shards 4"):
    make(plain, tmp_path / "out", 5)
  (tmp_path / "mine" / "train").mkdir(parents=True)
  (tmp_path / "mine" / "train" / "diary.txt").touch()
  with pytest.raises(ValueError, match="holds something else.*\n.*diary.txt"):
    make(plain, tmp_path / "mine")
  (mini / "images" / "a9.png").unlink()
  with pytest.raises(ValueError, match="holds other records.*\n.*fingerprint"):
    make(folder.Folder(mini, held_out=0), tmp_path / "out")


@pytest.mark.parametrize("split, shards, words", [
    ("train+validation", 1, "one split"), ("test", 1, "no split"), ("train", 0, "1, 2"),
    ("train", 1.5, "1.5")])
def test_splits_and_shards_that_cannot_be_written(split, shards, words, plain, tmp_path):
  with pytest.raises(ValueError, match=words):
    records_writer.write_records(plain, split, tmp_path / "out", shards)
  assert not (tmp_path / "out").exists()


def test_no_more_shards_than_samples(plain, tmp_path):
  assert len(list(make(plain, tmp_path, 99).glob("*.tfrecord"))) == 10
