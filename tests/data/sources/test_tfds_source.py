"""TFDS sources: what is parsed, decoded and in which order."""
import io

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import tfds_source

tfds = pytest.importorskip("tensorflow_datasets")
Kind = fields.Supervision


class MiniWeakseg(tfds.core.GeneratorBasedBuilder):
  """Twelve samples per split; the image of number k holds k."""

  VERSION = tfds.core.Version("1.0.0")
  code_path = None  # there are no checksum files beside a test

  def _info(self):
    from keras_weakseg.datasets import features
    return tfds.core.DatasetInfo(
        builder=self, features=features.sample_features(
            (fields.MASK, fields.TAGS, fields.BOXES, fields.BOX_CLASSES, fields.DEPTH,
             fields.FRAMES, fields.INTRINSICS, fields.STEREO_IMAGE, fields.STEREO_POSE), 3, (6, 8),
            frames=2),
        metadata=tfds.core.MetadataDict(
            classes=["background", "cat", "dog"], palette=[[0, 0, 0], [9, 9, 9], [5, 5, 5]],
            split_aliases={"everything": "train+broken"}))

  def _split_generators(self, dl_manager):
    return {"train": self._generate_examples("t", False),
            "broken": self._generate_examples("b", True)}

  def _generate_examples(self, prefix, broken):
    for k in range(12):
      mask = np.full((6, 8, 1), k % 3, np.uint8)
      yield k, {
          fields.IMAGE: np.full((6, 8, 3), k, np.uint8), fields.SAMPLE_ID: f"{prefix}{k}",
          fields.MASK: io.BytesIO(b"garbage") if broken else mask,
          fields.TAGS: np.eye(3, dtype=np.float32)[k % 3],
          fields.BOXES: [tfds.features.BBox(0.0, 0.0, 0.5, 0.5)] * (k % 2),
          fields.BOX_CLASSES: [1] * (k % 2), fields.DEPTH: np.full((6, 8), k, np.float32),
          fields.FRAMES: np.full((2, 6, 8, 3), k, np.uint8),
          fields.STEREO_IMAGE: np.full((6, 8, 3), k + 100, np.uint8),
          fields.STEREO_POSE: np.full((4, 4), k, np.float32),
          fields.INTRINSICS: np.eye(3, dtype=np.float32)}


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
  made = MiniWeakseg(data_dir=str(tmp_path_factory.mktemp("tfds")))
  made.download_and_prepare()
  return made


@pytest.fixture
def source(builder):
  return tfds_source.Tfds(builder)


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


def test_names_come_from_the_builder(source):
  assert source.classes == ("background", "cat", "dog") and source.palette[1] == (9, 9, 9)
  assert source.splits() == ("train", "broken") and len(source.ids("everything")) == 24
  assert source.supervision("train").tolist() == [15] * 12
  assert source.name == "mini_weakseg/1.0.0"


def test_samples_follow_the_contract(source):
  samples = read(source, grant=Kind.MASK | Kind.DEPTH)
  fields.check_spec(source.samples("train").element_spec)
  for sample in samples:
    k = int(sample[fields.SAMPLE_ID].decode()[1:])
    assert (sample[fields.IMAGE] == k).all() and (sample[fields.MASK] == k % 3).all()
    assert (sample[fields.FRAMES] == k).all() and (sample[fields.DEPTH] == k).all()
    assert sample[fields.MASK].shape == (6, 8) and len(sample[fields.BOXES]) == k % 2
    assert sample[fields.SUPERVISION] == 15
  assert [s[fields.SAMPLE_ID].decode() for s in samples] == list(source.ids("train"))


def test_features_that_are_not_granted_are_not_decoded(source):
  weak = read(source, "broken", grant=Kind.TAGS)
  assert len(weak) == 12 and fields.MASK not in weak[0] and fields.DEPTH not in weak[0]
  assert fields.INTRINSICS in weak[0] and weak[0][fields.SUPERVISION] == 1
  with pytest.raises(tf.errors.InvalidArgumentError) as caught:
    read(source, "broken", grant=Kind.MASK)
  assert "is not an index mask" in str(decode.house_error(caught.value))


def test_only_wanted_fields_are_parsed(source, monkeypatch):
  asked = []

  class Spy(tfds.decode.PartialDecoding):

    def __init__(self, names, **options):
      asked.append(set(names))
      super().__init__(names, **options)

  monkeypatch.setattr(tfds.decode, "PartialDecoding", Spy)
  read(source, wanted=(fields.IMAGE, fields.TAGS), grant=Kind.MASK)
  assert {fields.IMAGE, fields.TAGS, fields.SAMPLE_ID} in asked
  assert not any(fields.MASK in names or fields.FRAMES in names for names in asked)


def test_weak_part_with_broken_masks_runs(source):
  made = bundle.Bundle(
      [parts.Part(source, "train", "mask", count=4, batch_size=1),
       parts.Part(source, "broken", "tags", batch_size=2)], augment.Augmentation((5, 5)), seed=1)
  for batch in made.batches().take(8).as_numpy_iterator():
    for row, (name, owner) in enumerate(zip(batch[fields.SAMPLE_ID], batch[fields.PART])):
      number = int(name.decode()[1:])
      assert name.decode()[0] == "tb"[owner] and (batch[fields.IMAGE][row] == number).all()
      assert (batch[fields.MASK][row] == (255 if owner else number % 3)).all()
      assert batch[fields.TAGS][row][number % 3] == 1


def test_bundle_resumes_and_names_its_samples(source):
  make = lambda: bundle.Bundle([parts.Part(source, "train", "mask", batch_size=5)],
                               augment.Augmentation((5, 5), (0.5, 2.0)), seed=4)
  whole = list(make().batches().take(6).as_numpy_iterator())
  for one, other in zip(whole[4:], make().batches(4).take(2).as_numpy_iterator()):
    for name in one:
      np.testing.assert_array_equal(one[name], other[name])
  assert make().sample_ids(4) == [name.decode() for name in whole[4][fields.SAMPLE_ID]]


def test_unknown_names_and_missing_classes_are_refused(builder, monkeypatch, tmp_path):
  with pytest.raises(ValueError, match="Did you mean 'weakseg_scenes'"):
    tfds_source.Tfds("weakseg_scene", data_dir=str(tmp_path))
  with pytest.raises(FileNotFoundError, match="not prepared"):
    tfds_source.Tfds("weakseg_scenes", data_dir=str(tmp_path), prepare=False)
  monkeypatch.setattr(builder.info, "_metadata", None)
  with pytest.raises(ValueError, match="class names"):
    tfds_source.Tfds(builder)
  assert tfds_source.Tfds(builder, classes=("a", "b", "c")).classes == ("a", "b", "c")


@pytest.mark.slow
def test_real_camvid(shared_data, tmp_path):
  folder = shared_data("camvid")
  (tmp_path / "camvid").symlink_to(folder)
  source = tfds_source.Tfds("weakseg_camvid", data_dir=str(tmp_path))
  assert [len(source.ids(split)) for split in ("train", "val", "test")] == [367, 101, 233]
  sample = next(source.samples("val", ids=source.ids("val")[:1]).as_numpy_iterator())
  assert sample[fields.IMAGE].shape == (360, 480, 3) and len(source.classes) == 11
  assert set(np.unique(sample[fields.MASK])) <= set(range(11)) | {255}


def test_wanted_sequences_are_read_and_follow_the_contract(source):
  wanted = (fields.IMAGE, fields.FRAMES, fields.INTRINSICS)
  first = read(source, wanted=wanted, grant=Kind.NONE)[0]
  assert set(first) == {*wanted, fields.SAMPLE_ID, fields.SUPERVISION}
  assert first[fields.FRAMES].shape == (2, 6, 8, 3)
  number = int(first[fields.SAMPLE_ID].decode()[1:])
  assert (first[fields.FRAMES] == number).all() and (first[fields.IMAGE] == number).all()


def test_the_other_camera_of_a_pair_is_an_input(source):
  wanted = (fields.IMAGE, fields.STEREO_IMAGE, fields.STEREO_POSE)
  for sample in read(source, wanted=wanted, grant=Kind.NONE):
    number = int(sample[fields.SAMPLE_ID].decode()[1:])
    assert sample[fields.STEREO_IMAGE].shape == (6, 8, 3)
    assert (sample[fields.STEREO_IMAGE] == number + 100).all()
    assert (sample[fields.STEREO_POSE] == number).all()


def test_sequences_are_augmented_in_a_bundle(source):
  made = bundle.Bundle([parts.Part(source, supervision="depth", batch_size=4)],
                       augment.Augmentation(crop=(4, 6)), seed=1,
                       extra_fields=(fields.FRAMES, fields.INTRINSICS))
  batch = next(iter(made.batches()))
  assert batch[fields.FRAMES].shape == (4, 2, 4, 6, 3)
  np.testing.assert_array_equal(batch[fields.FRAMES][:, 0], batch[fields.IMAGE])
  # The window begins 0..2 to the right and 0..2 down; mirrored, x counts from the other side.
  assert set(batch[fields.INTRINSICS][:, 1, 2].numpy()) <= {0.0, -1.0, -2.0}
  assert set(batch[fields.INTRINSICS][:, 0, 2].numpy()) <= {0.0, -1.0, -2.0, 5.0, 6.0, 7.0}
