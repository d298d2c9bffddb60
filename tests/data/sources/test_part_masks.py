"""Parts of bodies as classes: what is read, and that nothing of other classes is."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.datasets import labels

PARTS = labels.SCENE_PARTS.classes


def samples(count=3):
  random = np.random.RandomState(0)
  parts = random.randint(0, 7, (count, 8, 10)).astype(np.uint8)
  parts[0] = 0
  parts[1, :2] = 255
  return {
      "image": random.randint(0, 256, (count, 8, 10, 3)).astype(np.uint8), "parts": parts,
      "mask": (parts > 0).astype(np.uint8), "depth": np.ones([count, 8, 10], np.float32),
      "tags": np.tile(np.float32([1, 0, 1]), (count, 1)),
      "sample_id": [f"s{number}" for number in range(count)]}


@pytest.fixture(scope="module")
def pair():
  given = samples()
  inner = data.Dataset({"train": tf.data.Dataset.from_tensor_slices(given)},
                       ("background", "person", "car"), part_classes=PARTS)
  return given, data.PartsAsMasks(inner)


def test_the_parts_are_the_mask(pair):
  given, source = pair
  assert source.num_classes == 7 and source.classes[1] == "head" and len(source.palette) == 7
  for number, sample in enumerate(source.samples("train").as_numpy_iterator()):
    np.testing.assert_array_equal(sample["mask"], given["parts"][number])
    here = sorted({0, *np.unique(given["parts"][number])} - {255})
    assert np.flatnonzero(sample["tags"]).tolist() == here
    assert not {"parts", "boxes", "noisy_tags"} & set(sample)


def test_no_more_is_delivered_than_is_asked_for(pair):
  _, source = pair
  named = lambda *wanted: set(next(source.samples("train", wanted=wanted).as_numpy_iterator()))
  assert named("image", "mask") & {"mask", "tags", "parts"} == {"mask"}
  assert named("image", "tags") & {"mask", "tags", "parts"} == {"tags"}
  assert not named("image") & {"mask", "tags", "parts"}


def test_only_masks_grant_anything(pair):
  _, source = pair
  flags = source.supervision("train")
  assert not (flags & int(fields.Supervision.TAGS | fields.Supervision.BOXES)).any()
  assert (flags & int(fields.Supervision.MASK)).all()
  for grant in (fields.Supervision.TAGS, fields.Supervision.NONE):
    sample = next(source.samples("train", grant=grant).as_numpy_iterator())
    assert not {"mask", "tags", "parts"} & set(sample)
  depth = next(source.samples("train", grant=fields.Supervision.DEPTH).as_numpy_iterator())
  assert "depth" in depth and "mask" not in depth


def test_garbage_in_the_masks_of_the_source_changes_nothing(pair):
  given, source = pair
  dirty = {**given, "mask": np.full_like(given["mask"], 2)}
  other = data.PartsAsMasks(data.Dataset(
      {"train": tf.data.Dataset.from_tensor_slices(dirty)}, ("background", "person", "car")), PARTS)
  for one, two in zip(source.samples("train").as_numpy_iterator(),
                      other.samples("train").as_numpy_iterator()):
    np.testing.assert_array_equal(one["mask"], two["mask"])
    np.testing.assert_array_equal(one["tags"], two["tags"])


def test_a_batch_has_them_and_another_fingerprint(pair):
  _, source = pair
  assert source.fingerprint() != source.inner.fingerprint()
  batch = next(iter(data.Bundle([data.Part(source, batch_size=2)]).batches()))
  assert batch["mask"].shape == (2, 8, 10) and batch["tags"].shape == (2, 7)


def test_parts_that_nobody_names_and_ids_beyond_the_names_are_refused():
  given = samples(2)
  given["parts"][0, 0, :2] = 7, 19
  rows = tf.data.Dataset.from_tensor_slices(given)
  with pytest.raises(ValueError, match="(?s)parts of 'dataset' are not known.*classes="):
    data.PartsAsMasks(data.Dataset(rows, ("background", "person")))
  source = data.PartsAsMasks(data.Dataset(rows, ("background", "person"), name="weakseg_scenes/1"))
  assert source.classes == PARTS
  for wanted in (None, ("image", "tags")):
    with pytest.raises(tf.errors.OpError, match="(?s)labels that are no class.*0..6.*7, 19"):
      list(source.samples("train", wanted=wanted))
