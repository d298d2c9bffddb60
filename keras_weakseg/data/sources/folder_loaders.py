"""Loads the labels of a folder's samples, by their number in a list of ids."""
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import image_look
from keras_weakseg.data.readers import tag_files
from keras_weakseg.data.sources import source

_CLASSES = fields.Supervision.MASK | fields.Supervision.BOXES | fields.Supervision.TAGS


def sample_loader(folder, ids, grant, wanted):
  """Returns the function of an index into `ids` to a sample, see `source.RandomAccess`.

  Args:
    folder: `folder.Folder`.
    ids: list of ids.
    grant: flags of what may be read, with all that they imply.
    wanted: names of fields, None = all.
  """
  wants = lambda name: fields.may_read(name, grant) and (wanted is None or name in wanted)
  flags = source.readable(folder._available(ids, grant), grant)
  names, files = tf.constant(ids), tf.constant([folder.image_path(name) for name in ids])
  taught = tf.constant(source.taught(flags))
  has = lambda flag: (flags & int(flag)) > 0
  classes = folder.labelled and grant & _CLASSES
  mask_of = mask_loader(folder, ids, has(fields.Supervision.MASK)) if classes else None
  wants_mask = classes and wants(fields.MASK)
  tags_of = tag_loader(folder, ids, flags) if classes and wants(fields.TAGS) else None
  boxes_of = (box_loader(folder, ids, has(fields.Supervision.BOXES))
              if classes and wants(fields.BOXES) else None)
  deep = has(fields.Supervision.DEPTH)
  depth_of = depth_loader(folder, ids, deep) if deep.any() and wants(fields.DEPTH) else None

  def load(index):
    name = names[index]
    image = decode.decode_image(tf.io.read_file(files[index]), name)
    sample = {fields.IMAGE: image, fields.SAMPLE_ID: name, fields.SUPERVISION: taught[index]}
    mask = None
    if wants_mask or (tags_of and has(fields.Supervision.MASK).any()):
      mask = mask_of(index, name, image)
    if wants_mask:
      sample[fields.MASK] = mask
    if tags_of:
      sample[fields.TAGS] = tags_of(index, mask)
    if boxes_of:
      sample[fields.BOXES], sample[fields.BOX_CLASSES] = boxes_of(index)
    if depth_of:
      sample[fields.DEPTH] = depth_of(index, name, image)
    return sample

  return load


def depth_loader(folder, ids, has):
  """Returns a function (index, id, image) to the depth, float32 [H, W]; 0 where there is none.

  Args:
    folder: `folder.Folder`.
    ids: list of ids.
    has: bool [N], whose maps may be opened.
  """
  paths = tf.constant([folder.depth_path(name) if there else "" for name, there in zip(ids, has)])
  read = functools.partial(depth_files.read_depth, scale=folder.depth_scale)
  return lambda index, name, image: tf.cond(
      paths[index] != "", lambda: depth_files.on_host(read, paths[index], name, image),
      lambda: tf.zeros(tf.shape(image)[:2]))


def mask_loader(folder, ids, has):
  """Returns a function (index, id, image) to the mask, uint8 [H, W]; 255 where there is none.

  Args:
    folder: `folder.Folder`.
    ids: list of ids.
    has: bool [N], whose masks may be opened.
  """
  paths = tf.constant([folder.mask_path(name) if there else "" for name, there in zip(ids, has)])

  def load(index, name, image):
    file = lambda: image_look.checked(tf.io.read_file(paths[index]), image, name)
    read = lambda: decode.decode_mask(file(), folder.num_classes, name, folder.remap,
                                      tf.shape(image))
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
