"""A source with label maps made from its boxes."""
import pathlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.data import label_maps
from keras_weakseg.data import source as source_lib


class WithBoxLabels(source_lib.Source):
  """Any source, whose samples carry `box_labels` where their boxes are granted.

  A label map is opened by id, and only if boxes of this sample exist and are granted; the others
  are 255 everywhere.

  Args:
    inner: `source.Source` with boxes.
    folder: of the label maps, as `make_label_maps` returned it. Its name is the hash of what they
      were made from, and becomes part of the fingerprint. It need not exist yet.
  """

  def __init__(self, inner, folder):
    super().__init__(inner.name, inner.classes, inner.palette)
    self.inner = inner
    self.folder = pathlib.Path(folder)
    self.notes = inner.notes

  def splits(self):
    """Returns the names of the splits."""
    return self.inner.splits()

  def split_aliases(self):
    """Returns the further split names of the source."""
    return self.inner.split_aliases()

  def ids(self, split):
    """Returns the ids of a split of the source."""
    return self.inner.ids(split)

  def parts_of(self, split):
    """Returns the splits that `split` joins."""
    return self.inner.parts_of(split)

  def supervision(self, split, flags=~fields.Supervision.NONE, ids=None):
    """Returns the flags of the source."""
    return self.inner.supervision(split, flags, ids)

  def lacking(self):
    """Returns what the manifest of the source grants and that is not there."""
    return self.inner.lacking() if hasattr(self.inner, "lacking") else []

  def draws(self, split, ids, seed, positions):
    """Returns the ids at positions of the shuffled stream of the source."""
    return self.inner.draws(split, ids, seed, positions)

  def box_content(self):
    """Returns what names the boxes of the source."""
    return self.inner.box_content()

  def fingerprint(self):
    """Returns the fingerprint of the source and of the label maps."""
    return f"{self.inner.fingerprint()}-{self.folder.name}"

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, wanted=None, seed=None,
              start=0, window=source_lib.EVERY, transform=None):
    """Returns the samples of the source with `box_labels`, see `Source.samples`.

    Raises:
      FileNotFoundError: `box_labels` are asked for by name, and a boxed sample has no label map.
    """
    add = lambda sample: sample
    if fields.may_read(fields.BOX_LABELS, grant) and (
        wanted is None or fields.BOX_LABELS in wanted):
      add = self._adder(split, ids, required=wanted is not None)
    finish = (lambda sample: transform(add(sample))) if transform else add
    return self.inner.samples(split, ids=ids, grant=grant, wanted=wanted, seed=seed, start=start,
                              window=window, transform=finish)

  def _adder(self, split, ids, required):
    """Returns the function that adds the label map to a sample."""
    boxed = label_maps.boxed_ids(self.inner, split, ids)
    missing = set(label_maps.absent(self.folder, boxed))
    if missing and required:
      raise errors.missing(
          f"{len(missing)} of {len(boxed)} boxed samples of '{self.name}' have no label map.",
          expected=f"files '<id>.png' in '{self.folder / label_maps.MASKS}'",
          received="none for " + ", ".join(sorted(missing)[:5]),
          fix="Make them: keras-weakseg make-label-maps, or kw.data.make_label_maps(...).")
    chosen = self.inner.ids(split) if ids is None else tuple(ids)
    there = np.isin(chosen, sorted(set(boxed) - missing)).astype(np.int32)
    known = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(chosen), tf.constant(there)), 0)
    place = str(self.folder / label_maps.MASKS) + "/"

    def add(sample):
      name, size = sample[fields.SAMPLE_ID], tf.shape(sample[fields.IMAGE])
      grants = tf.bitwise.bitwise_and(
          sample[fields.SUPERVISION], int(fields.Supervision.BOXES)) > 0
      read = lambda: decode.decode_mask(tf.io.read_file(place + name + ".png"), self.num_classes,
                                        name, image_shape=size)
      blank = lambda: tf.fill(size[:2], tf.constant(fields.IGNORE_LABEL, tf.uint8))
      labels = tf.cond(grants & (known.lookup(name) > 0), read, blank)
      return {**sample, fields.BOX_LABELS: labels}

    return add
