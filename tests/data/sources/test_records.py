"""Records give the samples that were written, whatever is granted, and miss no damage."""
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.checks import check
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import record_files
from keras_weakseg.data.sources import dataset_source
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import records
from keras_weakseg.data.sources import records_writer

Kind = fields.Supervision
GRANTS = (Kind.NONE, Kind.TAGS, Kind.BOXES, Kind.MASK, Kind.MASK | Kind.DEPTH, records_writer.ALL)


def fill(mini, png):
  """Makes a folder whose images are JPEG, with depth for some, and tags that differ from boxes."""
  random = np.random.RandomState(0)
  for number in range(10):
    (mini / "images" / f"a{number}.png").unlink()
    image = random.randint(0, 255, (12, 16 + number, 3)).astype(np.uint8)
    (mini / "images" / f"a{number}.jpg").write_bytes(tf.io.encode_jpeg(image).numpy())
    png(mini / "masks" / f"a{number}.png", random.randint(0, 3, (12, 16 + number)).astype(np.uint8))
    xml = mini / "boxes" / f"a{number}.xml"
    xml.write_text(xml.read_text().replace("<width>16<", f"<width>{16 + number}<"))
  (mini / "masks" / "a1.png").unlink()
  (mini / "boxes" / "a2.xml").unlink()
  (mini / "depth").mkdir()
  np.save(mini / "depth" / "a3.npy", random.rand(12, 19).astype(np.float32))
  tags = json.loads((mini / "tags.json").read_text())
  (mini / "tags.json").write_text(json.dumps({name: tags[name] for name in ("a0", "a1", "a4")}))
  return folder.Folder(mini, splits={"train": [f"a{k}" for k in range(7)],
                                     "validation": ["a7", "a8", "a9"]})


@pytest.fixture
def plain(mini, png):
  return fill(mini, png)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
  """Returns a path at which what is the same for every test is written by the first one."""
  return tmp_path_factory.mktemp("kept") / "out"


@pytest.fixture
def written(plain, kept, tmp_path):
  """Returns a folder of the records of `plain`, which a test may spoil."""
  for split in plain.splits() if not kept.exists() else ():
    records_writer.write_records(plain, split, kept, 3, progress=False)
  return shutil.copytree(kept, tmp_path / "out")


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


def assert_equal(one, other):
  assert one.keys() == other.keys()
  for name, value in one.items():
    np.testing.assert_array_equal(value, other[name])
    assert np.asarray(value).dtype == np.asarray(other[name]).dtype


@pytest.mark.parametrize("grants", [
    GRANTS[::5], pytest.param(GRANTS[1:5], marks=pytest.mark.slow)], ids=["ends", "between"])
def test_samples_are_the_same_whatever_is_granted(plain, written, grants):
  source = records.Records(written)
  assert source.splits() == plain.splits() and source.classes == plain.classes
  for split in plain.splits():
    assert source.ids(split) == plain.ids(split)
    np.testing.assert_array_equal(source.supervision(split), plain.supervision(split))
  for grant in grants:
    found = read(source, grant=grant)
    assert len(found) == 7
    for one, other in zip(read(plain, grant=grant), found):
      assert_equal(one, {name: other[name] for name in one})
  chosen = ["a5", "a1", "a6"]
  for one, other in zip(read(plain, ids=chosen), read(source, ids=chosen)):
    assert_equal(one, {name: other[name] for name in one})


def test_images_keep_their_bytes_and_masks_are_small(mini, written):
  example = next(iter(tf.data.TFRecordDataset(str(written / "train" / "00000-of-00003.tfrecord"))))
  held = tf.train.Example.FromString(example.numpy()).features.feature
  assert held["image"].bytes_list.value[0] == (mini / "images" / "a0.jpg").read_bytes()
  assert held["mask"].bytes_list.value[0].startswith(b"\x89PNG")


def test_labels_that_may_not_be_taught_are_not_written(plain, mini, tmp_path):
  (mini / "labels.txt").write_text("a0 tags\na1 none\n")
  weak = folder.Folder(mini, manifest="labels.txt", splits={"train": ["a0", "a1"]}, held_out=0)
  place = records_writer.write_records(weak, "train", tmp_path / "out", 1, progress=False)
  held = [set(tf.train.Example.FromString(example.numpy()).features.feature)
          for example in tf.data.TFRecordDataset(str(place / "00000-of-00001.tfrecord"))]
  assert held == [{"image", "tags"}, {"image"}]
  assert records.Records(tmp_path / "out").supervision("train").tolist() == [1, 0]


def test_a_label_that_is_not_granted_is_not_decoded(plain, written, monkeypatch):
  source = records.Records(written)
  monkeypatch.setattr(decode, "decode_index_png", None)
  assert fields.MASK not in read(source, grant=Kind.TAGS)[0]
  with pytest.raises(TypeError):
    read(source, grant=Kind.MASK)


def test_video_and_odd_fields_survive(tmp_path):
  random = np.random.RandomState(1)
  sample = {
      fields.IMAGE: random.randint(0, 255, (4, 6, 3)).astype(np.uint8),
      fields.FRAMES: random.randint(0, 255, (2, 4, 6, 3)).astype(np.uint8),
      fields.FRAME_OFFSETS: np.array([-1, 1], np.int32),
      fields.STEREO_IMAGE: random.randint(0, 255, (4, 6, 3)).astype(np.uint8),
      fields.INTRINSICS: random.rand(3, 3).astype(np.float32),
      fields.POSES: random.rand(2, 4, 4).astype(np.float32),
      fields.DEPTH: np.where(random.rand(4, 6) < 0.3, np.nan, 2).astype(np.float32),
      fields.BOXES: np.array([[0, 0.1, 0.5, 1]], np.float32),
      fields.BOX_CLASSES: np.array([255], np.int32),
      fields.PARTS: random.randint(0, 3, (4, 6)).astype(np.uint8),
      fields.VALID: random.rand(4, 6) < 0.5}
  data = tf.data.Dataset.from_tensors(sample).concatenate(tf.data.Dataset.from_tensors(sample))
  source = dataset_source.Dataset(data, classes=("a", "b"))
  records_writer.write_records(source, "train", tmp_path, 2, progress=False)
  for one, other in zip(read(source, grant=records_writer.ALL),
                        read(records.Records(tmp_path), grant=records_writer.ALL)):
    assert_equal(one, other)
  assert fields.POSES not in read(records.Records(tmp_path), grant=Kind.MASK)[0]


def test_a_bundle_resumes_is_shared_by_workers_and_names_its_samples(written):
  make = lambda: bundle.Bundle([parts.Part(records.Records(written), "train+validation", "none",
                                           batch_size=4)], augment.Augmentation((5, 5)), seed=4)
  whole = list(make().batches().take(5).as_numpy_iterator())
  for one, other in zip(whole[3:], make().batches(3).take(2).as_numpy_iterator()):
    assert_equal(one, other)
  names = [[name.decode() for name in batch[fields.SAMPLE_ID]] for batch in whole]
  assert names == [make().sample_ids(step) for step in range(5)]
  assert len(set(sum(names[:2], []))) == 8  # of ten, in an epoch of two steps
  context = tf.distribute.InputContext(2, 1, 2)
  for one, other in zip(whole, make().batches(0, context).take(5).as_numpy_iterator()):
    for name in one:
      np.testing.assert_array_equal(one[name][2:], other[name])


def test_check_data_finds_nothing(written):
  report = check.check_data(records.Records(written))
  assert report.ok, report.text()


def test_missing_and_cut_shards_are_named(written):
  (written / "train" / "00001-of-00003.tfrecord").unlink()
  path = written / "validation" / "00002-of-00003.tfrecord"
  path.write_bytes(path.read_bytes()[:-3])
  with pytest.raises(FileNotFoundError, match="missing: train/00001-of-00003.*other size: valid"):
    records.Records(written)


def test_exchanged_and_damaged_shards_are_refused(written):
  first, second = (written / "validation" / f"0000{k}-of-00003.npz" for k in (0, 1))
  held = first.read_bytes()
  first.write_bytes(second.read_bytes())
  with pytest.raises(ValueError, match="index of the shard.*00000-of-00003"):
    records.Records(written)
  first.write_bytes(held)
  path = written / "validation" / "00001-of-00003.tfrecord"
  contents = bytearray(path.read_bytes())
  contents[len(contents) // 2] ^= 1
  path.write_bytes(contents)
  assert len(read(records.Records(written), "validation", ids=["a7", "a9"])) == 2
  with pytest.raises(tf.errors.OpError) as caught:
    read(records.Records(written), "validation")
  text = str(decode.house_error(caught.value))
  assert "'a8'" in text and str(path) in text


def test_unfinished_and_foreign_folders_are_refused(written, tmp_path):
  (written / "train" / record_files.MANIFEST).unlink()
  with pytest.raises(FileNotFoundError, match="unfinished: train"):
    records.Records(written)
  with pytest.raises(FileNotFoundError, match="no finished records.*\n.*none"):
    records.Records(tmp_path / "mini")


def test_one_id_for_two_samples_is_refused(tmp_path):
  sample = lambda value: tf.data.Dataset.from_tensors(
      {fields.IMAGE: tf.fill([2, 2, 3], tf.cast(value, tf.uint8)), fields.SAMPLE_ID: "same"})
  for split in ("train", "test"):
    source = dataset_source.Dataset({split: sample(len(split))}, classes=("a", "b"))
    records_writer.write_records(source, split, tmp_path, 1, progress=False)
  with pytest.raises(ValueError, match="have the same id.*\n.*'same'"):
    records.Records(tmp_path)
  assert os.path.exists(tmp_path / "train")
