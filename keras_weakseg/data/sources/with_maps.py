"""Any source with one more field, read from a folder of maps."""
import pathlib

import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import image_look
from keras_weakseg.data.sources import wrapper


class WithMaps(wrapper.Wrapper):
  """A source whose samples carry a map that was made from their image and kept on disk.

  A subclass gives `field`, `kind`, `_owners`, `_adder` and `_identity`.

  Args:
    inner: `source.Source`.
    folder: of the maps.

  Attributes:
    field: name of the field, see `fields`.
    kind: `map_folder.MapFolder`.
  """
  field = kind = None

  def __init__(self, inner, folder):
    super().__init__(inner)
    self.folder = pathlib.Path(paths.expand(folder))

  def _owners(self, split, ids):
    """Returns the ids that shall have a map, and how they are called in errors."""
    raise NotImplementedError

  def _adder(self, split, ids, owners, missing):
    """Returns a function of a sample to the sample with the field; None delivers none."""
    raise NotImplementedError

  def _identity(self):
    """Returns a text that names what the maps are."""
    raise NotImplementedError

  def fingerprint(self):
    return f"{self.inner.fingerprint()}-{self._identity()}"

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, wanted=None,
              transform=None, **options):
    """Returns the samples of the source with the field, see `Source.samples`.

    Raises:
      FileNotFoundError: the field is asked for by name, and a map of it is missing.
    """
    add, inner_wanted = None, wanted
    if fields.may_read(self.field, grant) and (wanted is None or self.field in wanted):
      owners, called = self._owners(split, ids)
      missing = self.kind.absent(self.folder, owners)
      if missing and wanted is not None:
        raise self.kind.lacking(self.folder, missing, f"{len(owners)} {called} of '{self.name}'")
      add = self._adder(split, ids, owners, frozenset(missing))
    if wanted is not None:  # A field of this name of the source itself is not decoded in vain.
      inner_wanted = tuple(name for name in wanted if name != self.field)
    if add and transform:
      finish = lambda sample: transform(add(sample))
    else:
      finish = add or transform
    return self.inner.samples(split, ids=ids, grant=grant, wanted=inner_wanted, transform=finish,
                              **options)

  def _file(self, sample):
    """Returns string tensor [], the bytes of the map of a sample; refuses one of another image."""
    name = sample[fields.SAMPLE_ID]
    png = tf.io.read_file(str(self.kind.place(self.folder)) + "/" + name + ".png")
    return image_look.checked(png, sample[fields.IMAGE], name)


class WithLabelMaps(WithMaps):
  """A source with label maps made from weaker labels: opened where those are granted, else 255.

  Attributes:
    grant: `fields.Supervision`, the kind of labels that the maps were made from.
  """
  grant = fields.Supervision.NONE

  def _adder(self, split, ids, owners, missing):
    """Returns the function that adds the label map to a sample; refuses maps of other classes."""
    self.kind.check_classes(self.folder, self.classes, self.name)
    chosen = self.inner.ids(split) if ids is None else tuple(ids)
    there = np.isin(chosen, sorted(set(owners) - missing)).astype(np.int32)
    known = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.constant(chosen), tf.constant(there)), 0)

    def add(sample):
      name, size = sample[fields.SAMPLE_ID], tf.shape(sample[fields.IMAGE])
      granted = tf.bitwise.bitwise_and(sample[fields.SUPERVISION], int(self.grant)) > 0
      read = lambda: decode.decode_mask(
          self._file(sample), self.num_classes, name, image_shape=size)
      blank = lambda: tf.fill(size[:2], tf.constant(fields.IGNORE_LABEL, tf.uint8))
      return {**sample, self.field: tf.cond(granted & (known.lookup(name) > 0), read, blank)}

    return add


def unwrapped(source):
  """Returns the source under all wrappers that add maps: maps are made, not found."""
  while isinstance(source, WithMaps):
    source = source.inner
  return source
