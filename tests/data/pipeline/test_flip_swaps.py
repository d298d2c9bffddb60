"""Left and right in a mirror: for masks, parts, tags and boxes; what is refused."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import flip_swaps

CLASSES = ("background", "head", "left arm", "right arm")


def test_a_mirror_twice_is_nothing():
  random = np.random.RandomState(0)
  sample = {
      fields.MASK: random.randint(0, 4, (5, 6)).astype(np.uint8),
      fields.PARTS: random.randint(0, 3, (5, 6)).astype(np.uint8),
      fields.TAG_LABELS: np.full((5, 6), 255, np.uint8),
      fields.TAGS: np.array([1, 0, 1, 0], np.float32),
      fields.BOX_CLASSES: np.array([2, 3, 1, 255, -1], np.int32)}
  sample = {name: tf.constant(value) for name, value in sample.items()}
  once = flip_swaps.exchange(sample, tf.constant(True), ((2, 3),), ((1, 2),))
  assert once[fields.BOX_CLASSES].numpy().tolist() == [3, 2, 1, 255, -1]
  assert once[fields.TAGS].numpy().tolist() == [1, 0, 0, 1]
  assert (once[fields.TAG_LABELS].numpy() == 255).all()
  for name in (fields.MASK, fields.PARTS):
    assert (once[name].numpy() != sample[name].numpy()).any()
  twice = flip_swaps.exchange(once, tf.constant(True), ((2, 3),), ((1, 2),))
  never = flip_swaps.exchange(sample, tf.constant(False), ((2, 3),), ((1, 2),))
  for name, value in sample.items():
    assert twice[name].dtype == value.dtype
    np.testing.assert_array_equal(twice[name].numpy(), value.numpy())
    np.testing.assert_array_equal(never[name].numpy(), value.numpy())


@pytest.mark.parametrize("swaps, words", [
    ([("left arm", "right arn")], "Did you mean 'right arm'"),
    ([("left arm", "right arm"), ("head", "left arm")], "'left arm' is in two swaps"),
    ([("left arm", "left arm")], "two names"), (["left arm"], "two names"),
    ([("left arm", "right arm", "head")], "two names"),
    ([("left arm", "glove")], "joins a class and a part")])
def test_swaps_that_make_no_sense_are_refused(swaps, words):
  with pytest.raises(ValueError, match=words):
    flip_swaps.pairs_of(swaps, CLASSES, ("background", "sleeve", "glove"))


@pytest.mark.parametrize("left, right", [
    ("left arm", "right arm"), ("Left-arm", "Right-arm"), ("armLeft", "armRight"),
    ("l_arm", "r_arm"), ("arm L", "arm R")])
def test_sides_that_no_swap_exchanges_are_refused(left, right):
  classes = ("background", right, "cleft", "ball", left)
  flip_swaps.check_sides("people", classes, ((1, 4),))
  flip_swaps.check_sides("people", classes[:-1], ())
  with pytest.raises(ValueError, match=f"(?s)of 'people'.*none of {left} and {right}.*flip_swaps"):
    flip_swaps.check_sides("people", classes, ((1, 2),))
