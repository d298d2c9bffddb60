"""Tests of the source that adds label maps: which samples get them, and who may not."""
import shutil

import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.sources import box_labels

Kind = fields.Supervision


@pytest.fixture(scope="module")
def rectangles(unspoilt, tmp_path_factory):
  """Returns the path of the label maps of the samples of `mini`; leave them as they are."""
  return data.make_label_maps(data.Folder(unspoilt, held_out=0.0), "train", "rect",
                              cache_dir=tmp_path_factory.mktemp("maps"), progress=False)


@pytest.fixture
def wrapped(mini, rectangles, tmp_path):
  """Returns a folder whose samples carry rectangles."""
  return data.WithBoxLabels(data.Folder(mini, held_out=0.0),
                            shutil.copytree(rectangles, tmp_path / rectangles.name))


def first(source, **options):
  return next(source.samples("train", ids=("a3",), **options).as_numpy_iterator())


def test_a_granted_label_map_is_read(wrapped):
  sample = first(wrapped, grant=Kind.BOXES)
  wanted = np.zeros([12, 16], np.uint8)
  wanted[1:5, 2:6] = 2
  np.testing.assert_array_equal(sample[fields.BOX_LABELS], wanted)
  assert fields.MASK not in sample
  np.testing.assert_array_equal(first(wrapped, grant=Kind.MASK)[fields.BOX_LABELS], wanted)


def test_without_boxes_no_label_map_is_opened(wrapped):
  for path in (wrapped.folder / "masks").iterdir():
    path.write_bytes(b"garbage")
  for grant in (Kind.TAGS, Kind.NONE):
    assert fields.BOX_LABELS not in first(wrapped, grant=grant)
  assert fields.BOX_LABELS not in first(wrapped, grant=Kind.BOXES, wanted=(fields.IMAGE,))


def test_garbage_in_label_maps_that_are_not_granted_changes_no_batch(wrapped):
  """A bundle with boxes for some: the label maps of the others are not read."""
  boxed = ("a1", "a2", "a3")
  parts = [data.Part(wrapped, supervision="boxes", ids=boxed, batch_size=2),
           data.Part(wrapped, supervision="tags", batch_size=2, rest=True)]
  bundle = data.Bundle(parts, data.Augmentation(crop=(9, 9)), extra_fields=(fields.BOX_LABELS,))
  clean = next(bundle.batches().as_numpy_iterator())
  for path in (wrapped.folder / "masks").iterdir():
    if path.stem not in boxed:
      path.write_bytes(b"garbage")
  dirty = next(bundle.batches().as_numpy_iterator())
  for name, value in clean.items():
    np.testing.assert_array_equal(value, dirty[name], err_msg=name)
  tagged = clean[fields.SUPERVISION] == int(Kind.TAGS)
  assert (clean[fields.BOX_LABELS][tagged] == 255).all()
  assert (clean[fields.BOX_LABELS][~tagged] < 255).any()


def test_missing_label_maps_are_an_error_only_where_they_are_asked_for(wrapped):
  (wrapped.folder / "masks" / "a3.png").unlink()
  assert (first(wrapped, grant=Kind.BOXES)[fields.BOX_LABELS] == 255).all()
  with pytest.raises(FileNotFoundError, match="1 of 10 boxed samples .*have no label map"):
    wrapped.samples("train", grant=Kind.BOXES, wanted=(fields.IMAGE, fields.BOX_LABELS))


def test_nothing_made_yet_is_no_obstacle_to_planning(mini, tmp_path):
  source = data.Folder(mini)
  wrapped = data.WithBoxLabels(source, tmp_path / "0123")
  assert wrapped.ids("train") == source.ids("train") and wrapped.classes == source.classes
  assert wrapped.fingerprint() == source.fingerprint() + "-0123"
  sample = next(wrapped.samples("train").as_numpy_iterator())
  assert (sample[fields.BOX_LABELS] == 255).all()


def test_a_sample_without_boxes_has_an_unknown_map(mini, tmp_path):
  (mini / "boxes" / "a3.xml").unlink()
  source = data.Folder(mini, held_out=0.0)
  path = data.make_label_maps(source, "train", "rect", cache_dir=tmp_path, progress=False)
  sample = first(data.WithBoxLabels(source, path), grant=Kind.MASK,
                 wanted=(fields.MASK, fields.BOX_LABELS))
  assert (sample[fields.BOX_LABELS] == 255).all() and (sample[fields.MASK] < 255).all()


def test_the_source_is_otherwise_what_it_was(wrapped):
  inner = wrapped.inner
  assert wrapped.splits() == inner.splits() and wrapped.notes == inner.notes
  assert wrapped.parts_of("train+validation") == inner.parts_of("train+validation")
  assert wrapped.draws("train", None, 3, [0, 5]) == inner.draws("train", None, 3, [0, 5])
  np.testing.assert_array_equal(wrapped.supervision("train"), inner.supervision("train"))
  assert wrapped.lacking() == [] and wrapped.box_content() == inner.box_content()
  keyed = [sample[fields.SAMPLE_ID] for sample in wrapped.samples(
      "train", seed=3).take(4).as_numpy_iterator()]
  assert [name.decode() for name in keyed] == inner.draws("train", None, 3, [0, 1, 2, 3])


def test_the_label_map_moves_with_the_image(wrapped):
  """Rectangles are the masks of this folder, so after any transform they still agree."""
  parts = [data.Part(wrapped, supervision="mask", batch_size=4)]
  bundle = data.Bundle(parts, data.Augmentation(crop=(17, 17), scales=(0.5, 2.0)),
                       extra_fields=(fields.BOX_LABELS,))
  for batch in bundle.batches().take(5).as_numpy_iterator():
    np.testing.assert_array_equal(batch[fields.BOX_LABELS], batch[fields.MASK])
    assert (batch[fields.BOX_LABELS][~batch[fields.VALID]] == 255).all()
    assert batch[fields.BOX_LABELS].dtype == np.uint8


def test_broken_label_maps_are_named(wrapped):
  (wrapped.folder / "masks" / "a3.png").write_bytes(b"garbage")
  with pytest.raises(Exception, match="a3"):
    first(wrapped, grant=Kind.BOXES)
  assert box_labels.KIND.absent(wrapped.folder, ("a3",)) == ()


def test_label_maps_of_other_classes_or_another_order_are_refused(wrapped, mini):
  """As label maps and as the masks of a folder."""
  one, two = wrapped.classes[1:3]
  turned = (wrapped.classes[0], two, one, *wrapped.classes[3:])
  text = f"(?s)label maps in .* are of other classes.*{two}, {one}.*{one}, {two}"
  with pytest.raises(ValueError, match=text):
    data.WithBoxLabels(data.Folder(mini, classes=turned, held_out=0.0), wrapped.folder).samples(
        "train", grant=Kind.BOXES)
  with pytest.raises(ValueError, match=text):
    data.Folder(mini, masks=str(wrapped.folder / "masks"), classes=turned)
