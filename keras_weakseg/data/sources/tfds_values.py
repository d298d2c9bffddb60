"""What the values of features may be: whatever else is stored is refused with the sample's id."""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import refusals

_FIX = ("The files were not written by the builder that this reading is for: prepare them again, "
        "or say what they hold with map=.")
_SLACK = 1.0  # pixels outside of the image that are rounding, as in `box_files.normalise`
# Metres; a sensor that sees further was not used. Larger numbers are millimetres or raw units.
INDOORS = 20.0


def _text(value):
  return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _raise_values(name, feature, meaning, allowed, values):
  row, column = np.argwhere(~np.asarray(allowed)[values])[0]
  raise errors.value_error(
      f"The feature '{_text(feature)}' of '{_text(name)}' holds a value that means nothing.",
      expected=_text(meaning), received=f"{values[row, column]} at row {row}, column {column}",
      fix=_FIX)


def _raise_label(name, feature, count, labels):
  labels = np.atleast_1d(labels)
  number = int(np.flatnonzero((labels < 0) | (labels >= count))[0])
  raise errors.value_error(
      f"The feature '{_text(feature)}' of '{_text(name)}' holds a number of no class.",
      expected=f"0..{int(count) - 1}", received=f"{labels[number]} of object {number}", fix=_FIX)


def _raise_boxes(name, feature, boxes, good):
  number = int(np.flatnonzero(~good)[0])
  raise errors.value_error(
      f"A box of '{_text(name)}' in '{_text(feature)}' lies outside of its image or is empty.",
      expected="0 <= ymin < ymax <= 1 and 0 <= xmin < xmax <= 1 (fractions of the image)",
      received=f"{np.round(boxes[number], 5).tolist()} of object {number}", fix=_FIX)


def _raise_depth(name, feature, largest, depth):
  bad = ~(np.isfinite(depth) & (depth >= 0) & (depth <= largest))
  row, column = np.argwhere(bad)[0]
  raise errors.value_error(
      f"The feature '{_text(feature)}' of '{_text(name)}' is no depth in metres.",
      expected=f"0 (unknown) to {largest:g}",
      received=f"{depth[row, column]:g} at row {row}, column {column}", fix=_FIX)


def known_values(values, allowed, name, feature, meaning):
  """Returns stored values of a label map, all of which mean something.

  Args:
    values: uint8 [H, W].
    allowed: the values that may be there.
    name: string, the sample, for errors.
    feature: the feature, for errors.
    meaning: what the values mean, for errors.

  Raises:
    tf.errors.InvalidArgumentError: another value is there; here and below in the form of the house.
  """
  table = np.zeros(256, bool)
  table[list(allowed)] = True
  known = tf.gather(tf.constant(table), tf.cast(values, tf.int32))
  return refusals.where(~tf.reduce_all(known), values, _raise_values, name, feature, meaning,
                        table, values)


def known_labels(labels, count, name, feature):
  """Returns class numbers as int32, all of them 0..count-1.

  Args:
    labels: int64 [N] or [].
    count: number of classes.
    name, feature: for errors.

  Raises:
    tf.errors.InvalidArgumentError: another number is there.
  """
  bad = (labels < 0) | (labels >= count)
  return tf.cast(refusals.where(tf.reduce_any(bad), labels, _raise_label, name, feature, count,
                                labels), tf.int32)


def tags_of(labels, num_classes):
  """Returns float32 [C]: 1 for the class ids int32 [N] and for the background."""
  there = tf.reduce_any(tf.one_hot(labels, num_classes) > 0, 0)
  return tf.cast(there | (tf.range(num_classes) == 0), tf.float32)


def known_boxes(boxes, name, feature, size=None, one_based=False):
  """Returns boxes (ymin, xmin, ymax, xmax) in 0..1, half-open.

  Args:
    boxes: float32 [N, 4], fractions.
    name, feature: for errors.
    size: int32 [2] or more, (height, width) of the image.
    one_based: the least corners are those of pixels counted from 1, divided by the side: they are
      moved by one pixel, as those of VOC XML (`box_files`).

  Raises:
    tf.errors.InvalidArgumentError: one lies outside of the image or is empty.
  """
  slack = 0.0
  moved = boxes
  if one_based:
    side = tf.cast(tf.tile(size[:2], [2]), tf.float32)
    moved = boxes - tf.constant([1.0, 1.0, 0.0, 0.0]) / side
    slack = _SLACK / side
  inside = tf.reduce_all((moved >= -slack) & (moved <= 1 + slack), -1)  # False where it is NaN.
  good = inside & tf.reduce_all(moved[:, 2:] > moved[:, :2], -1)
  moved = refusals.where(~tf.reduce_all(good), moved, _raise_boxes, name, feature, moved, good)
  return tf.ensure_shape(tf.clip_by_value(moved, 0.0, 1.0), [None, 4])


def known_depth(depth, name, feature, largest):
  """Returns depth as float32 [H, W], in metres, 0 = no value.

  Args:
    depth: float [H, W].
    name, feature: for errors.
    largest: metres that can be.

  Raises:
    tf.errors.InvalidArgumentError: a value is negative, larger, or no number.
  """
  depth = tf.cast(depth, tf.float32)
  good = tf.math.is_finite(depth) & (depth >= 0) & (depth <= largest)
  return refusals.where(~tf.reduce_all(good), depth, _raise_depth, name, feature, largest, depth)


def checked(field, value, sample, name, num_classes):
  """Returns the value of a field that a user's function made, checked against the contract.

  Args:
    field: name in `fields`.
    value: its tensor.
    sample: dict with the image.
    name: string, the sample, for errors.
    num_classes: number of classes C.

  Raises:
    tf.errors.InvalidArgumentError: it does not follow the contract.
  """
  if field == fields.MASK:
    value = decode.check_labels(value, num_classes, name)
  if field in (fields.MASK, fields.PARTS):
    return decode.check_size(value, tf.shape(sample[fields.IMAGE]), name)
  if field == fields.BOXES:
    return known_boxes(value, name, field)
  if field == fields.BOX_CLASSES:
    good = (value > 0) & (value < num_classes) | (value == fields.IGNORE_LABEL)
    return refusals.where(~tf.reduce_all(good), value, _raise_label, name, field, num_classes,
                          tf.where(good, 1, tf.where(value == 0, -1, value)))
  if field in (fields.TAGS, fields.NOISY_TAGS):
    return tf.ensure_shape(value, [num_classes])
  if field == fields.DEPTH:
    return known_depth(value, name, field, np.float32(1e6))
  return value
