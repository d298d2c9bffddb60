"""Records are written whole, continue after a kill, and refuse what is not theirs."""
import pathlib
import shutil

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


@pytest.fixture(scope="module")
def whole(unspoilt, tmp_path_factory):
  """Returns the folder of four whole shards of `unspoilt`; leave it as it is."""
  return make(folder.Folder(unspoilt, held_out=0), tmp_path_factory.mktemp("whole"))


def contents(place):
  return {path.name: path.read_bytes() for path in sorted(pathlib.Path(place).iterdir())}


def test_a_killed_call_continues_without_repeating(unspoilt, whole, tmp_path, monkeypatch):
  plain, place, whole = folder.Folder(unspoilt, held_out=0), whole, contents(whole)
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
    one, other = (record_files.read_index(path / name)
                  for path in (tmp_path / "out" / "train", place))
    assert one[0] == other[0]
    for key, value in one[1].items():
      np.testing.assert_array_equal(value, other[1][key])
  left.clear()
  make(plain, tmp_path / "out")
  assert not left  # nothing is written twice


def test_records_of_labels_as_they_were_are_refused(plain, mini, png, tmp_path):
  make(plain, tmp_path, shards=1)
  mask, tags = mini / "masks" / "a3.png", mini / "tags.json"
  for path, change in ((mask, lambda: png(mask, np.ones((12, 16), np.uint8))),
                       (tags, lambda: tags.write_text('{"a3": []}'))):
    before = path.read_bytes()
    change()
    with pytest.raises(ValueError, match="(?s)holds other records.*labels"):
      make(folder.Folder(mini, held_out=0), tmp_path, shards=1)
    path.write_bytes(before)
  make(folder.Folder(mini, held_out=0), tmp_path, shards=1)  # Of labels as they are again.


def test_a_removed_shard_alone_is_written_again(unspoilt, whole, tmp_path):
  place = shutil.copytree(whole, tmp_path / "train")
  (place / "00002-of-00004.tfrecord").unlink()
  kept = (place / "00001-of-00004.tfrecord").stat().st_mtime_ns
  made, expected = contents(make(folder.Folder(unspoilt, held_out=0), tmp_path)), contents(whole)
  assert made.keys() == expected.keys()
  assert all(made[name] == expected[name] for name in made if not name.endswith(".npz"))
  assert (place / "00001-of-00004.tfrecord").stat().st_mtime_ns == kept


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
