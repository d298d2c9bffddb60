"""Tests of sources around sources: everything that is not changed is that of the source."""
import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.sources import wrapper


def test_everything_is_that_of_the_source(mini):
  inner = data.Folder(mini)
  wrapped = wrapper.Wrapper(inner)
  assert (wrapped.name, wrapped.classes, wrapped.palette) == (
      inner.name, inner.classes, inner.palette)
  assert wrapped.splits() == inner.splits() and wrapped.split_aliases() == inner.split_aliases()
  for split in (*inner.splits(), "train+validation", "val"):
    assert wrapped.ids(split) == inner.ids(split)
    assert wrapped.parts_of(split) == inner.parts_of(split)
    np.testing.assert_array_equal(wrapped.supervision(split), inner.supervision(split))
  assert wrapped.draws("train", None, 3, [4, 0]) == inner.draws("train", None, 3, [4, 0])
  assert wrapped.box_content() == inner.box_content() and wrapped.notes == inner.notes
  assert wrapped.origin is inner and wrapper.Wrapper(wrapped).origin is inner


def test_errors_are_those_of_the_source(mini):
  wrapped = wrapper.Wrapper(data.Folder(mini))
  with pytest.raises(ValueError, match="Did you mean 'train'"):
    wrapped.ids("trian")
  with pytest.raises(ValueError, match="does not hold the ids asked for"):
    wrapped.supervision("train", ids=("nobody",))


def test_what_the_manifest_grants_in_vain_is_passed_on(mini):
  (mini / "m.txt").write_text("a1 mask\n")
  (mini / "masks" / "a1.png").unlink()
  inner = data.Folder(mini, manifest="m.txt", held_out=0.0)
  assert wrapper.Wrapper(inner).lacking() == inner.lacking() == [("a1", "mask")]


def test_name_and_classes_may_differ_and_notes_do_not_run_back(mini):
  inner = data.Folder(mini)
  before = list(inner.notes)
  wrapped = wrapper.Wrapper(inner, "other", ("ground", "thing"), [(0, 0, 0), (9, 9, 9)])
  wrapped.notes.append("mine")
  assert (wrapped.name, wrapped.classes, wrapped.num_classes) == ("other", ("ground", "thing"), 2)
  assert wrapped.palette == [(0, 0, 0), (9, 9, 9)] and inner.notes == before


def test_video_without_classes_can_be_wrapped(tmp_path, frames):
  clip = data.Video(frames(tmp_path / "drive"), (20, 20, 8, 6), held_out=0.0)
  wrapped = wrapper.Wrapper(clip)
  assert not wrapped.labelled and wrapped.classes == () and wrapped.ids("train")
  assert wrapped.lacking() == []


def test_wrappers_stand_on_each_other(mini, tmp_path):
  """New classes around label maps: the maps are translated too."""
  inner = data.Folder(mini, held_out=0.0)
  made = data.make_label_maps(inner, "train", "rect", cache_dir=tmp_path, progress=False)
  pets = data.Regrouped(data.WithBoxLabels(inner, made), groups={"pet": ("cat", "dog")})
  assert pets.ids("train") == inner.ids("train") and pets.origin is inner
  for sample in pets.samples("train").as_numpy_iterator():
    assert set(np.unique(sample[fields.BOX_LABELS])) == {0, 1}
    np.testing.assert_array_equal(sample[fields.BOX_LABELS], sample[fields.MASK])
