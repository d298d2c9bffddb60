"""Sources that can only be read from the front: TFDS files, any `tf.data.Dataset`."""
import functools
import hashlib

import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.sources import source

_LAST = 2 ** 62


class Streaming(source.Source):
  """A source whose elements come in a fixed order; epochs are shuffled by a buffer of elements.

  A subclass gives `splits`, `_elements`, `_decode`, `_labels` and `_scan`. What is shuffled is not
  decoded yet, and of what is not granted nothing is in it.

  Args:
    name: short name for plans and records.
    classes: class names, index 0 = background.
    palette: list of RGB tuples, or None for the palette of VOC.
    buffer: elements in the shuffle buffer; with at least as many as samples, every order is
      equally likely.
  """

  def __init__(self, name, classes, palette=None, buffer=2048):
    super().__init__(name, classes, palette)
    self.buffer = buffer
    self._scans = {}

  def _elements(self, split, names):
    """Returns the finite, ordered dataset of dicts: the id, and what `names` are decoded from."""
    raise NotImplementedError

  def _decode(self, element, names):
    """Returns the sample of an encoded element with the fields `names`."""
    raise NotImplementedError

  def _labels(self, split):
    """Returns the names of the fields that the elements of a split have."""
    raise NotImplementedError

  def _scan(self, split):
    """Returns ids (tuple of str) and flags (int32 [N]) of one split by one pass."""
    raise NotImplementedError

  def _known(self, split):
    if split not in self._scans:
      self._scans[split] = self._scan(split)
    return self._scans[split]

  def _split_ids(self, split):
    return self._known(split)[0]

  def _available(self, ids, flags):
    found = {}
    for split in self.splits():
      if set(ids) - set(found):
        for name, flag in zip(*self._known(split)):
          found.setdefault(name, int(flag))
    return np.array([found[name] & int(flags) for name in ids], np.int32)

  def box_content(self):
    """Returns 16 hex digits of all boxes, by one pass without the images."""
    content = hashlib.sha256()
    for split in self.splits():
      names = [name for name in (fields.BOXES, fields.BOX_CLASSES) if name in self._labels(split)]
      for element in self._boxes(split, tuple(names)).as_numpy_iterator():
        for value in tf.nest.flatten(element):  # By the names, in order.
          content.update(np.asarray(value).tobytes())
    return content.hexdigest()[:16]

  def _boxes(self, split, names):
    """Returns the dataset of what decides the boxes, the fields `names`, and of the ids."""
    return self._elements(split, names)

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, wanted=None, seed=None,
              start=0, window=source.EVERY, transform=None):
    chosen = self._chosen(split, ids)
    grant = fields.granted(grant)
    flags = source.taught(source.readable(self._available(chosen, grant), grant))
    teaches = _table(chosen, flags, default=0)
    names = self._names(split, grant, wanted)

    def finish(element):
      element = dict(element)
      key = element.pop(fields.SAMPLE_KEY, None)
      sample = self._decode(element, names)
      sample[fields.SUPERVISION] = teaches.lookup(element[fields.SAMPLE_ID])
      sample = _close(sample)
      if key is not None:
        sample[fields.SAMPLE_KEY] = key
      return transform(sample) if transform else sample

    data = self._stream(split, chosen, names)
    if seed is not None:
      data = _endless(data, len(chosen), seed, start, self.buffer)
      period, first, last = window
      data = data.filter(
          lambda position, _: (position % period >= first) & (position % period < last))
      data = data.map(lambda position, element: {
          **element, fields.SAMPLE_KEY: order.sample_key(seed, position)})
    return source.mapped(data, finish)

  def draws(self, split, ids, seed, positions, period=1):
    chosen = self._chosen(split, ids)
    first, count = min(positions), max(positions) - min(positions) + 1
    data = _endless(self._stream(split, chosen, ()), len(chosen), seed, first, self.buffer)
    names = [element[fields.SAMPLE_ID].decode()
             for _, element in data.take(count).as_numpy_iterator()]
    return [names[position - first] for position in positions]

  def _names(self, split, grant, wanted):
    names = [name for name in self._labels(split) if fields.may_read(name, grant)
             and (wanted is None or name in wanted) and name not in _OWN]
    return tuple(dict.fromkeys((fields.IMAGE, *names)))

  def _stream(self, split, chosen, names):
    parts = self.parts_of(split)
    data = functools.reduce(lambda one, other: one.concatenate(other),
                            [self._elements(part, names) for part in parts])
    everything = sum(len(self._split_ids(part)) for part in parts)
    if len(chosen) < everything:
      wanted = _table(chosen, np.ones(len(chosen)), default=0)
      data = data.filter(lambda element: wanted.lookup(element[fields.SAMPLE_ID]) > 0)
    return data


_MAPS = (fields.MASK, fields.PARTS, fields.BOX_LABELS, fields.TAG_LABELS)
_OWN = (fields.SAMPLE_ID, fields.SUPERVISION, fields.PART, fields.SAMPLE_KEY)


def _endless(data, count, seed, start, buffer):
  """Returns (position, element) of the infinite shuffled stream from a position on."""

  def epoch(number):
    # The global seed would be mixed in; the order must depend on `seed` alone. This sets the seed
    # of the graph of this function only. Not 0: that is compared with the tensor and fails.
    tf.random.set_seed(1)
    own = tf.bitwise.right_shift(order.mix64(seed, number), tf.constant(1, tf.uint64))
    return data.shuffle(min(buffer, count), tf.cast(own, tf.int64), reshuffle_each_iteration=False)

  epochs = tf.data.Dataset.range(start // count, _LAST).flat_map(epoch)
  return epochs.skip(start % count).enumerate(start)


def _table(ids, values, default):
  return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
      tf.constant(ids), tf.constant(np.asarray(values), tf.int32)), default)


def _close(sample):
  """Blanks the labels that the other samples of the split may teach, but this one may not."""
  flags = sample[fields.SUPERVISION]
  for name, needed in fields.GRANTED_BY.items():
    if name in sample:
      open_ = tf.bitwise.bitwise_and(flags, int(needed)) > 0
      blank = fields.IGNORE_LABEL if name in _MAPS else 0
      if name in (fields.BOXES, fields.BOX_CLASSES):
        sample[name] = sample[name][:tf.where(open_, tf.shape(sample[name])[0], 0)]
      else:
        value = sample[name]
        sample[name] = tf.where(open_, value, tf.cast(blank, value.dtype))
  return sample
