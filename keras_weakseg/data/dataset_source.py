"""Any finite `tf.data.Dataset` of sample dicts as a source."""
import itertools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.data import streaming


class Dataset(streaming.Streaming):
  """Samples from datasets of dicts that follow `keras_weakseg.fields`.

  The datasets are finite, unbatched, and give the same elements in the same order every time (no
  `shuffle`, no `repeat`). Without `sample_id`, samples are numbered. Without `supervision`, a
  sample may teach every label that its dict holds.

  Args:
    data: a `tf.data.Dataset` (the split `train`), or a dict of split name to dataset.
    classes: class names, index 0 = background.
    palette: list of RGB tuples, or None.
    buffer: samples in the shuffle buffer; they are held as they come, usually decoded.
    name: short name for plans and records.

  Raises:
    ValueError: the elements do not follow the contract, or a dataset is infinite or shuffled.

  Example:
    >>> samples = tf.data.Dataset.from_tensors({"image": tf.zeros([4, 6, 3], tf.uint8)})
    >>> Dataset(samples, classes=("background", "cat")).ids("train")
    ('train_000000',)
  """

  def __init__(self, data, classes, palette=None, buffer=256, name="dataset"):
    super().__init__(name, classes, palette, buffer)
    self._data = dict(data) if isinstance(data, dict) else {"train": data}
    for split, entry in self._data.items():
      fields.check_spec(entry.element_spec)
      if entry.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise errors.value_error(
            f"The dataset of the split '{split}' has no end.", expected="a finite dataset",
            received="an infinite one", fix="Remove .repeat(); batches are repeated as needed.")

  def splits(self):
    """Returns the names of the splits."""
    return tuple(self._data)

  def _labels(self, split):
    names = [set(self._data[part].element_spec) for part in self.parts_of(split)]
    return tuple(name for name in fields.SPECS if name in set.intersection(*names))

  def _elements(self, split, names):
    data = self._data[split]
    if fields.SAMPLE_ID in data.element_spec:
      return data.map(lambda sample: {name: sample[name] for name in (*names, fields.SAMPLE_ID)})
    return data.enumerate().map(lambda number, sample: {
        **{name: sample[name] for name in names}, fields.SAMPLE_ID: _numbered(split, number)})

  def _decode(self, element):
    if fields.MASK in element:
      element[fields.MASK] = decode.check_labels(
          element[fields.MASK], self.num_classes, element[fields.SAMPLE_ID])
    return element

  def _scan(self, split):
    spec = self._data[split].element_spec
    flags = (fields.SUPERVISION,) if fields.SUPERVISION in spec else ()
    data = self._elements(split, flags)
    found = list(data.as_numpy_iterator())
    ids = tuple(element[fields.SAMPLE_ID].decode() for element in found)
    again = [element[fields.SAMPLE_ID].decode()
             for element in itertools.islice(data.as_numpy_iterator(), 32)]
    if list(ids[:32]) != again or len(set(ids)) < len(ids):
      raise errors.value_error(
          f"The dataset of the split '{split}' does not repeat itself.",
          expected="unique ids in the same order at every pass",
          received="another order" if list(ids[:32]) != again else "an id twice",
          fix="Remove .shuffle() (the pipeline shuffles), and number the samples uniquely.")
    if flags:
      return ids, np.array([element[fields.SUPERVISION] for element in found], np.int32)
    return ids, np.full(len(ids), int(held_labels(spec)), np.int32)


def held_labels(names):
  """Returns the flags of the labels among field names.

  Example:
    >>> int(held_labels(["image", "mask", "tags"]))
    5
  """
  flags = fields.Supervision.NONE
  for name in names:
    flags |= fields.GRANTED_BY.get(name, fields.Supervision.NONE)
  return flags


def _numbered(split, number):
  return tf.strings.join([split, tf.strings.as_string(number, width=6, fill="0")], "_")
