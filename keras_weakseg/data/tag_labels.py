"""A source with label maps that were made from tags."""
import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.data import map_folder
from keras_weakseg.data import with_maps

KIND = map_folder.MapFolder(
    "tag label maps", "tag_labels.json", "tag_labels.png", maps="masks",
    fix="Make them by a step of a recipe, such as `diffused_maps`.")


class WithTagLabels(with_maps.WithMaps):
  """Any source, whose samples carry `tag_labels` where they have tags and no mask.

  A label map is derived from the tags of its image, so tags grant it. It is opened by id, and only
  if no mask of this sample may be read and its tags are granted; the others are 255 everywhere.

  Args:
    inner: `source.Source` with tags.
    folder: of the label maps.
    identity: text that names what they were made from; it becomes part of the fingerprint.
  """
  field, kind = fields.TAG_LABELS, KIND

  def __init__(self, inner, folder, identity):
    super().__init__(inner, folder)
    self._made_from = str(identity)

  def _owners(self, split, ids):
    return tagged_ids(self.inner, split, ids), "samples with tags and no mask"

  def _adder(self, split, ids, owners, missing):
    """Returns the function that adds the label map to a sample."""
    chosen = self.inner.ids(split) if ids is None else tuple(ids)
    there = np.isin(chosen, sorted(set(owners) - missing)).astype(np.int32)
    known = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(chosen), tf.constant(there)), 0)

    def add(sample):
      name, size = sample[fields.SAMPLE_ID], tf.shape(sample[fields.IMAGE])
      flags = sample[fields.SUPERVISION]
      grants = tf.bitwise.bitwise_and(flags, int(fields.Supervision.TAGS)) > 0
      read = lambda: decode.decode_mask(self._file(name), self.num_classes, name, image_shape=size)
      blank = lambda: tf.fill(size[:2], tf.constant(fields.IGNORE_LABEL, tf.uint8))
      labels = tf.cond(grants & (known.lookup(name) > 0), read, blank)
      return {**sample, fields.TAG_LABELS: labels}

    return add

  def _identity(self):
    return self._made_from


def tagged_ids(source, split, ids=None):
  """Returns the ids of a split that have tags and no mask that may be read, in stored order.

  Args:
    source: `source.Source`.
    split: of it.
    ids: ids of the split, None = all.
  """
  both = fields.Supervision.MASK | fields.Supervision.TAGS
  chosen = source.ids(split) if ids is None else tuple(ids)
  flags = source.supervision(split, both, chosen)
  return tuple(name for name, flag in zip(chosen, flags)
               if flag & both == fields.Supervision.TAGS)
