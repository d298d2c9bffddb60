"""Tests of what evaluation asks of samples."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.evaluation import samples as samples_lib

NEEDED = (fields.IMAGE, fields.DEPTH)


def dataset(**more):
  return tf.data.Dataset.from_tensors({"image": np.zeros([4, 6, 3], np.uint8),
                                       "mask": np.zeros([4, 6], np.uint8), **more})


def test_only_what_is_needed_is_kept():
  found = samples_lib.needed(dataset(depth=np.ones([4, 6], np.float32), sample_id="a"), NEEDED, "")
  assert set(found.element_spec) == {"image", "depth", "sample_id"}
  assert samples_lib.name_of(next(iter(found)), 7) == "a"
  nameless = samples_lib.needed(dataset(depth=np.ones([4, 6], np.float32)), NEEDED, "")
  assert samples_lib.name_of(next(iter(nameless)), 7) == "#7"


def test_a_missing_field_is_told():
  with pytest.raises(ValueError, match=(
      r"(?s)Expected: dicts with 'image' and 'depth'. Received: \['image', 'mask'\]"
      ".*a split that has true depth")):
    samples_lib.needed(dataset(), NEEDED, "true depth")
  with pytest.raises(ValueError, match="cannot be evaluated"):
    samples_lib.needed(tf.data.Dataset.range(3), NEEDED, "true depth")


def test_batches_are_refused():
  batched = dataset(depth=np.ones([4, 6], np.float32)).batch(2)
  with pytest.raises(ValueError, match="unbatch"):
    samples_lib.needed(batched, NEEDED, "true depth")


def test_a_bar_gives_the_items_and_knows_their_number(capsys):
  items = samples_lib.bar(tf.data.Dataset.range(3), "work", False)
  assert [int(each) for each in items] == [0, 1, 2]
  endless = samples_lib.bar(tf.data.Dataset.range(2).repeat(), "work", False)
  assert endless.total is None
  assert samples_lib.bar([1, 2], "work", False, total=2).total == 2
  assert capsys.readouterr().err == ""


def test_the_error_of_an_empty_set():
  error = samples_lib.nothing_to_evaluate("a sample", "none", "Check the split.")
  assert isinstance(error, ValueError) and "nothing to evaluate" in str(error)
