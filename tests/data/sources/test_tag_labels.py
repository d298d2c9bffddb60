"""Label maps of tags: who carries them, who does not, and what is missing."""
import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import tag_labels
from keras_weakseg.data.sources import weak_categories

Kind = fields.Supervision


@pytest.fixture
def source(mini):
  return weak_categories.WeakCategories(folder.Folder(mini, held_out=0), ["dog"])


@pytest.fixture
def maps(source, png, tmp_path):
  labels = np.zeros((12, 16), np.uint8)
  labels[:6], labels[6:9] = 2, 1
  for name in tag_labels.tagged_ids(source, "train"):
    png(tag_labels.KIND.path(tmp_path, name), labels)
  return tag_labels.WithTagLabels(source, tmp_path, "one")


def test_images_with_tags_and_no_mask_get_one(source):
  assert tag_labels.tagged_ids(source, "train") == tuple(f"a{k}" for k in range(1, 10, 2))


def test_weak_samples_carry_their_map_and_strong_ones_none(maps):
  made = bundle.Bundle(
      [parts.Part(maps, "train", "mask", batch_size=2),
       parts.Part(maps, "train", "tags", batch_size=2, rest=True)],
      augment.Augmentation(crop=(17, 17)), extra_fields=(fields.TAG_LABELS,))
  batch = next(made.batches().as_numpy_iterator())
  weak = batch["part"] == 1
  assert (batch["tag_labels"][~weak] == 255).all()
  assert set(np.unique(batch["tag_labels"][weak])) == {0, 1, 2, 255}
  assert (batch["tag_labels"][weak][~batch["valid"][weak]] == 255).all()
  assert (batch["mask"][weak] == 255).all()


def test_without_tags_no_map_is_read(maps):
  sample = next(maps.samples("train", ids=("a1",), grant=Kind.NONE).as_numpy_iterator())
  assert fields.TAG_LABELS not in sample
  assert not fields.may_read(fields.TAG_LABELS, Kind.NONE)
  assert fields.may_read(fields.TAG_LABELS, Kind.TAGS)


def test_a_map_that_is_missing_is_named(maps, source):
  tag_labels.KIND.path(maps.folder, "a3").unlink()
  with pytest.raises(FileNotFoundError, match="(?s)1 of 5 samples with tags.*a3"):
    maps.samples("train", grant=Kind.TAGS, wanted=(fields.TAG_LABELS,))
  other = tag_labels.WithTagLabels(source, maps.folder, "two")
  assert other.fingerprint() != maps.fingerprint()
