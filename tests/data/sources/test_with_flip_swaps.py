"""Sources of people in a mirror: what their masks, parts and groups become."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.configs.sections import schema
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.recipes import sources

CLASSES = ("background", "head", "left arm", "right arm")
SWAPS = [("left arm", "right arm")]


def person():
  """Returns a person seen from the front: the left arm is to the right in the picture, and red."""
  mask = np.zeros((8, 8), np.uint8)
  mask[0, 3:5], mask[2:6, 5:7], mask[2:6, 1:3] = 1, 2, 3
  image = np.full((8, 8, 3), 30, np.uint8)
  image[mask == 2, 0], image[mask == 3, 2] = 220, 220
  return image, mask


def source_of(**labels):
  """Returns a source of one sample with further labels."""
  image, mask = person()
  rows = {"image": image[None], "mask": mask[None], "sample_id": ["p"], **{
      name: np.asarray(value)[None] for name, value in labels.items()}}
  return data.Dataset(tf.data.Dataset.from_tensor_slices(rows), CLASSES, part_classes=(
      "background", "sleeve", "glove"))


def batch_of(source, supervision="mask", extra=()):
  """Returns eight draws of the sample, some of them mirrored, and which."""
  made = bundle.Bundle([data.Part(source, supervision=supervision, batch_size=8)],
                       data.Augmentation(crop=(8, 8)), 5, extra_fields=extra)
  batch = {name: value.numpy() for name, value in next(iter(made.batches())).items()}
  mirrored = batch["image"][:, 3, 1, 0] > 150
  assert 0 < mirrored.sum() < 8
  return batch, mirrored


def test_the_label_of_a_mirrored_person_is_known():
  """Whoever stands like the mirror picture shows the right arm where this one had the left."""
  _, mask = person()
  batch, mirrored = batch_of(data.WithFlipSwaps(source_of(), SWAPS))
  expected = np.array(mask[:, ::-1])
  expected[2:6, 1:3], expected[2:6, 5:7] = 3, 2
  for label, flipped in zip(batch["mask"], mirrored):
    np.testing.assert_array_equal(label, expected if flipped else mask)
  # Without swaps the red arm would be called left in both, which the picture contradicts.
  with pytest.raises(ValueError, match="labelled 'right arm'"):
    batch_of(source_of())


def test_parts_have_swaps_of_their_own():
  parts = np.zeros((8, 8), np.uint8)
  parts[:, :2], parts[:, 2:3] = 1, 2
  source = source_of(parts=parts)
  swapped = data.WithFlipSwaps(source, [*SWAPS, ("sleeve", "glove")])
  batch, mirrored = batch_of(swapped, extra=(fields.PARTS,))
  assert [row[0].tolist() for row in batch["parts"]] == [
      [0, 0, 0, 0, 0, 1, 2, 2] if flipped else [1, 1, 2, 0, 0, 0, 0, 0] for flipped in mirrored]
  masks = data.PartsAsMasks(swapped)
  assert masks.classes == ("background", "sleeve", "glove") and masks.flip_swaps == ((1, 2),)
  assert masks.part_swaps == ()


def test_groups_follow_the_mirror():
  source = data.WithFlipSwaps(source_of(), SWAPS)
  regroup = lambda *groups: data.Regrouped(source, groups={
      name: (old,) if isinstance(old, str) else old for name, old in groups})
  assert regroup(("arm", ("left arm", "right arm"))).flip_swaps == ()
  assert regroup(("right", "right arm"), ("x", "head"), ("left", "left arm")).flip_swaps == (
      (1, 3),)
  for one_sided in (regroup(("arm", ("left arm", "head"))),
                    regroup(("left arm", "left arm"), ("ignore", ("right arm",)))):
    with pytest.raises(ValueError, match="(?s)no groups in a mirror.*flip=false"):
      bundle.Bundle([data.Part(one_sided)], data.Augmentation(crop=(8, 8)))
    bundle.Bundle([data.Part(one_sided)], data.Augmentation(crop=(8, 8), flip=False))


def test_the_configuration_names_swaps(photo_folder):
  made = sources.make_source(schema.Source(
      path=str(photo_folder), flip_swaps=("red = blue",)))
  assert made.flip_swaps == ((1, 2),) and "red <-> blue" in made.notes[-1]
  plain = sources.make_source(schema.Source(path=str(photo_folder)))
  assert made.fingerprint() != plain.fingerprint() and plain.flip_swaps == ()
  assert made.ids("train") == plain.ids("train")
