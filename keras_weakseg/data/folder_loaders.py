"""Loads the labels of a folder's samples, by their number in a list of ids."""
import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.data import tag_files


def mask_loader(folder, ids, has):
  """Returns a function (index, id, image) to the mask, uint8 [H, W]; 255 where there is none.

  Args:
    folder: `folder.Folder`.
    ids: list of ids.
    has: bool [N], whose masks may be opened.
  """
  paths = tf.constant([folder.mask_path(name) if there else "" for name, there in zip(ids, has)])

  def load(index, name, image):
    read = lambda: decode.decode_mask(tf.io.read_file(paths[index]), folder.num_classes, name,
                                      folder.remap, tf.shape(image))
    blank = lambda: tf.fill(tf.shape(image)[:2], tf.constant(fields.IGNORE_LABEL, tf.uint8))
    if has.all():
      return read()
    return tf.cond(paths[index] != "", read, blank) if has.any() else blank()

  return load


def tag_loader(folder, ids, flags):
  """Returns a function (index, mask or None) to the tags, float32 [C].

  Args:
    folder: `folder.Folder`.
    ids: list of ids.
    flags: int32 [N], the labels that may be read.
  """
  listed, masked, boxed = ((flags & int(flag)) > 0 for flag in (
      fields.Supervision.TAGS, fields.Supervision.MASK, fields.Supervision.BOXES))
  derived = ~listed & masked
  rows = np.zeros([len(ids), folder.num_classes], np.float32)
  for row in np.flatnonzero(listed | boxed):
    # A mask shows what is there, but for crowds, which are 255 in it.
    names = folder.tags_of(ids[row]) if listed[row] else folder.box_names(
        ids[row], masked[row])
    rows[row] = tag_files.multi_hot(names, folder.classes, ids[row], folder.unknown_names)
  rows = tf.constant(rows)
  from_mask = tf.constant(derived)

  def load(index, mask):
    if not derived.any():
      return rows[index]
    return tf.cond(from_mask[index], lambda: tf.maximum(
        decode.tags_from_mask(mask, folder.num_classes), rows[index]), lambda: rows[index])

  return load


def box_loader(folder, ids, has):
  """Returns a function of an index to boxes float32 [N, 4] and classes int32 [N].

  Args:
    folder: `folder.Folder`.
    ids: list of ids.
    has: bool [N], whose boxes may be opened.
  """
  empty = (np.zeros([0, 4], np.float32), np.zeros([0], np.int32))
  read = [folder.boxes_of(name) if there else empty for name, there in zip(ids, has)]
  ends = tf.constant(np.cumsum([0] + [len(classes) for _, classes in read]))
  boxes = tf.constant(np.concatenate([boxes for boxes, _ in read]))
  classes = tf.constant(np.concatenate([classes for _, classes in read]))
  return lambda index: (boxes[ends[index]:ends[index + 1]], classes[ends[index]:ends[index + 1]])
