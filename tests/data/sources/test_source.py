"""The base of sources: names, joined splits, what is readable and taught."""
import numpy as np
import pytest

from keras_weakseg.data.sources import source
from keras_weakseg.fields import Supervision


class Fixed(source.Source):
  """Two splits that overlap."""

  def splits(self):
    return ("train", "weak", "void")

  def _split_ids(self, split):
    return {"train": ("b", "a"), "weak": ("a", "c"), "void": ()}[split]

  def _available(self, ids, flags):
    return np.array([{"a": 4, "b": 1, "c": 0}[name] for name in ids]) & int(flags)


def test_joined_splits_keep_order_and_name_each_id_once():
  fixed = Fixed("fixed", ("background", "x"))
  assert fixed.ids("train + weak") == ("b", "a", "c")
  assert fixed.supervision("train+weak").tolist() == [1, 4, 0]
  assert fixed.supervision("weak", Supervision.TAGS).tolist() == [0, 0]
  assert fixed.palette == [(0, 0, 0), (128, 0, 0)]


def test_empty_and_unknown_splits_are_refused():
  fixed = Fixed("fixed", ("background", "x"))
  with pytest.raises(ValueError, match="is empty"):
    fixed.ids("void")
  with pytest.raises(ValueError, match="Did you mean 'train'"):
    fixed.ids("train+traim")


def test_a_mask_teaches_boxes_and_tags_but_tags_open_no_mask():
  assert source.readable([7, 4, 1, 0], Supervision.TAGS).tolist() == [1, 0, 1, 0]
  assert source.readable([7, 4, 1, 0], Supervision.MASK).tolist() == [7, 4, 1, 0]
  assert source.taught([4, 2, 1, 0, 8]).tolist() == [7, 3, 1, 0, 8]


def test_fingerprint_names_classes_and_ids():
  assert Fixed("fixed", ("background", "x")).fingerprint() != Fixed(
      "fixed", ("background", "y")).fingerprint()


def test_a_held_out_share_leaves_something():
  assert [source.check_held_out(share) for share in (0, 0.5, np.float32(0.25))] == [0, 0.5, 0.25]
  for share in (1.0, -0.5, float("nan"), "0.1", None):
    with pytest.raises(ValueError, match="0 <= held_out < 1"):
      source.check_held_out(share)


def test_class_names_in_one_text_are_refused():
  with pytest.raises(ValueError, match="(?s)one text.*classes=.'background', 'dog'."):
    source.Source("mine", "dog")
