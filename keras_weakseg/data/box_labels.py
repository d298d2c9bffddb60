"""A source with label maps made from its boxes."""
import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.data import label_maps
from keras_weakseg.data import with_maps


class WithBoxLabels(with_maps.WithMaps):
  """Any source, whose samples carry `box_labels` where their boxes are granted.

  A label map is opened by id, and only if boxes of this sample exist and are granted; the others
  are 255 everywhere.

  Args:
    inner: `source.Source` with boxes.
    folder: of the label maps, as `make_label_maps` returned it. Its name is the hash of what they
      were made from, and becomes part of the fingerprint. It need not exist yet.
  """

  field, kind = fields.BOX_LABELS, label_maps.KIND

  def _owners(self, split, ids):
    return label_maps.boxed_ids(self.inner, split, ids), "boxed samples"

  def _adder(self, split, ids, owners, missing):
    """Returns the function that adds the label map to a sample."""
    chosen = self.inner.ids(split) if ids is None else tuple(ids)
    there = np.isin(chosen, sorted(set(owners) - missing)).astype(np.int32)
    known = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(chosen), tf.constant(there)), 0)

    def add(sample):
      name, size = sample[fields.SAMPLE_ID], tf.shape(sample[fields.IMAGE])
      grants = tf.bitwise.bitwise_and(
          sample[fields.SUPERVISION], int(fields.Supervision.BOXES)) > 0
      read = lambda: decode.decode_mask(self._file(name), self.num_classes, name, image_shape=size)
      blank = lambda: tf.fill(size[:2], tf.constant(fields.IGNORE_LABEL, tf.uint8))
      labels = tf.cond(grants & (known.lookup(name) > 0), read, blank)
      return {**sample, fields.BOX_LABELS: labels}

    return add

  def _identity(self):
    return self.folder.name
