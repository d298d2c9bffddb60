"""Values that mean nothing are refused with the sample and the place."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import tfds_values


def refusal(function):
  with pytest.raises((tf.errors.OpError, ValueError)) as caught:
    function()
  return str(decode.house_error(caught.value) or caught.value)


def test_half_open_boxes_of_pixels_counted_from_one():
  boxes = tf.constant([[1 / 4, 1 / 8, 4 / 4, 8 / 8], [4 / 4, 8 / 8, 4 / 4, 8 / 8]])
  moved = tfds_values.known_boxes(boxes, "a", "f", tf.constant([4, 8, 3]), one_based=True)
  np.testing.assert_allclose(moved, [[0, 0, 1, 1], [3 / 4, 7 / 8, 1, 1]], atol=1e-6)


@pytest.mark.parametrize("box", [
    [0.5, 0, 0.5, 1], [0.6, 0, 0.5, 1], [0, 0, 1.5, 1], [-0.1, 0, 1, 1], [np.nan, 0, 1, 1]])
def test_boxes_that_are_none(box):
  good = [0.0, 0.0, 1.0, 1.0]
  text = refusal(lambda: tfds_values.known_boxes(tf.constant([good, box], tf.float32), "a", "f"))
  assert "A box of 'a' in 'f'" in text and "of object 1" in text


def test_no_boxes_are_boxes():
  assert tfds_values.known_boxes(tf.zeros([0, 4]), "a", "f").shape == (0, 4)
  assert tfds_values.tags_of(tf.zeros([0], tf.int32), 3).numpy().tolist() == [1, 0, 0]


def test_labels_of_no_class():
  known = lambda labels: tfds_values.known_labels(tf.constant(labels, tf.int64), 3, "a", "f")
  assert known([0, 2]).numpy().tolist() == [0, 2]
  text = refusal(lambda: known([0, 3]))
  assert "0..2" in text and "3 of object 1" in text


@pytest.mark.parametrize("value", [-1.0, np.inf, np.nan, 21.0])
def test_depth_that_is_none(value):
  depth = np.ones([2, 3], np.float16)
  depth[1, 2] = value
  text = refusal(lambda: tfds_values.known_depth(tf.constant(depth), "a", "f", 20.0))
  assert "'f' of 'a'" in text and "at row 1, column 2" in text


@pytest.mark.parametrize("field, value, words", [
    (fields.MASK, np.full([2, 3], 3, np.uint8), "no class"),
    (fields.MASK, np.zeros([3, 2], np.uint8), "another size than its image"),
    (fields.PARTS, np.zeros([3, 2], np.uint8), "another size than its image"),
    (fields.BOXES, np.array([[0, 0, 20, 30]], np.float32), "outside of its image"),
    (fields.BOX_CLASSES, np.array([1, 0], np.int32), "-1 of object 1"),
    (fields.BOX_CLASSES, np.array([3], np.int32), "3 of object 0"),
    (fields.DEPTH, np.full([2, 3], -1, np.float32), "no depth"),
    (fields.TAGS, np.ones([2], np.float32), "shape")])
def test_fields_of_another_convention_are_refused(field, value, words):
  sample = {fields.IMAGE: tf.zeros([2, 3, 3], tf.uint8)}
  assert words in refusal(
      lambda: tfds_values.checked(field, tf.constant(value), sample, "a", 3)).lower()


def test_a_crowd_is_no_class_and_allowed():
  value = tf.constant([2, 255])
  assert tfds_values.checked(fields.BOX_CLASSES, value, {}, "a", 3).numpy().tolist() == [2, 255]
