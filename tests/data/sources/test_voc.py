"""VOC12-animals: counts of the README, labels, tags and boxes of real photographs."""
import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.pipeline import ordered
from keras_weakseg.data.sources import voc


@pytest.fixture
def source(shared_data):
  return voc.voc_animals(shared_data("voc_animals"))


def test_splits_and_classes(source):
  assert [len(source.ids(split)) for split in ("train", "val", "weak")] == [437, 295, 700]
  assert source.classes[5] == "person" and source.palette[5] == (192, 128, 128)
  assert (source.supervision("train") == 7).all() and not source.notes


def test_tags_agree_with_masks_where_the_readme_says_so(source):
  data = source.samples("train", grant=fields.Supervision.MASK,
                        wanted=(fields.MASK, fields.TAGS), ids=source.ids("train")[:60])
  for sample in data.as_numpy_iterator():
    present = [label for label in range(1, 7) if (sample[fields.MASK] == label).any()]
    assert np.nonzero(sample[fields.TAGS])[0].tolist() == [0, *present]


def test_boxes_enclose_their_animals(source):
  shares = []
  for sample in source.samples("train", ids=source.ids("train")[:40]).as_numpy_iterator():
    mask = sample[fields.MASK]
    height, width = mask.shape
    for label in set(sample[fields.BOX_CLASSES].tolist()):
      inside = np.zeros_like(mask, bool)
      for box in sample[fields.BOXES][sample[fields.BOX_CLASSES] == label]:
        y0, x0, y1, x1 = np.round(box * [height, width, height, width]).astype(int)
        inside[y0:y1, x0:x1] = True
      shares.append(inside[mask == label].mean())
  # The masks of SBD are rough outlines: single animals reach over their box.
  assert np.median(shares) > 0.99 and np.mean(shares) > 0.95


def test_evaluation_pass_is_ordered_and_of_original_size(source):
  found = [(batch[fields.SAMPLE_ID].numpy()[0].decode(), batch[fields.IMAGE].shape)
           for batch in ordered.evaluation_samples(source, ids=source.ids("val")[:5])]
  assert [name for name, _ in found] == list(source.ids("val")[:5])
  assert all(shape[0] == 1 and max(shape[1:3]) == 321 for _, shape in found)


def test_with_boxes_persons_are_unknown_in_masks_and_no_class(source, shared_data):
  boxed = voc.voc_animals(shared_data("voc_animals"), boxes=True)
  assert boxed.classes == tuple(name for name in source.classes if name != "person")
  assert boxed.name != source.name and boxed.ids("train") == source.ids("train")
  person = source.classes.index("person")
  ids = [sample[fields.SAMPLE_ID].decode() for sample in source.samples(
      "train", wanted=(fields.TAGS,), ids=source.ids("train")[:80]).as_numpy_iterator()
         if sample[fields.TAGS][person]][:5]
  assert ids
  table = np.array([boxed.classes.index(name) if name != "person" else 255
                    for name in source.classes] + [255] * 249, np.uint8)
  for old, new in zip(*(entry.samples("train", ids=ids).as_numpy_iterator()
                        for entry in (source, boxed))):
    assert (old[fields.MASK] == person).any()
    np.testing.assert_array_equal(new[fields.MASK], table[old[fields.MASK]])
    assert new[fields.BOX_CLASSES].tolist() == table[old[fields.BOX_CLASSES]].tolist()
