"""Any finite `tf.data.Dataset` of sample dicts as a source."""
import hashlib
import itertools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import streaming


class Dataset(streaming.Streaming):
  """Samples from datasets of dicts that follow `keras_weakseg.fields`.

  The datasets are finite, unbatched, and give the same elements in the same order every time (no
  `shuffle`, no `repeat`, no random augmentation): contents are compared, whatever the ids say.
  Without `sample_id`, samples are numbered. Without `supervision`, a sample may teach every label
  that its dict holds.

  Args:
    data: a `tf.data.Dataset` (the split `train`), or a dict of split name to dataset.
    classes: class names, index 0 = background.
    palette: list of RGB tuples, or None.
    buffer: samples in the shuffle buffer; they are held as they come, usually decoded.
    name: short name for plans and records.
    part_classes: names of the parts in `parts`, index 0 = background.

  Raises:
    ValueError: the elements do not follow the contract, or a dataset is infinite or shuffled.

  Example:
    >>> samples = tf.data.Dataset.from_tensors({"image": tf.zeros([4, 6, 3], tf.uint8)})
    >>> Dataset(samples, classes=("background", "cat")).ids("train")
    ('train_000000',)
  """

  def __init__(self, data, classes, palette=None, buffer=256, name="dataset",
               part_classes=()):
    super().__init__(name, classes, palette, buffer)
    self.part_classes = tuple(part_classes)
    self._data = dict(data) if isinstance(data, dict) else {"train": data}
    self._digests = {}  # of images, by split and id
    for split, entry in self._data.items():
      fields.check_spec(entry.element_spec)
      if entry.cardinality() == tf.data.INFINITE_CARDINALITY:
        raise errors.value_error(
            f"The dataset of the split '{split}' has no end.", expected="a finite dataset",
            received="an infinite one", fix="Remove .repeat(); batches are repeated as needed.")

  def splits(self):
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

  def _decode(self, element, names):
    del names
    if fields.MASK in element:
      element[fields.MASK] = decode.check_labels(
          element[fields.MASK], self.num_classes, element[fields.SAMPLE_ID])
    return element

  def _scan(self, split):
    spec = self._data[split].element_spec
    ids, flags, digests = [], [], []
    for number, element in enumerate(self._data[split].as_numpy_iterator()):
      name = element.get(fields.SAMPLE_ID)
      ids.append(f"{split}_{number:06d}" if name is None else name.decode())
      flags.append(int(element.get(fields.SUPERVISION, held_labels(spec))))
      digests.append(_digest(element))
      self._digests[split, ids[-1]] = _digest({fields.IMAGE: element[fields.IMAGE]})
    twice = len(set(ids)) < len(ids)
    if twice or not self._repeats(split, digests):
      raise errors.value_error(
          f"The dataset of the split '{split}' does not repeat itself.",
          expected="unique ids, and the same samples in the same order at every pass",
          received="an id twice" if twice else "other contents, or another order, at another pass",
          fix="Remove .shuffle() (the pipeline shuffles) and random augmentation (it augments), "
          "also before .take() and .skip(), or pass shuffle(..., reshuffle_each_iteration=False); "
          "number the samples uniquely.")
    return tuple(ids), np.array(flags, np.int32)

  def _repeats(self, split, digests):
    """Returns whether further passes give the same contents; few samples agree by chance."""
    first = digests[:_COMPARED]
    passes = 1 if len(first) > 12 else 2 if len(first) > 4 else 20
    return all([_digest(element) for element in itertools.islice(
        self._data[split].as_numpy_iterator(), _COMPARED)] == first for _ in range(passes))

  def identities(self, split, ids):
    """Returns digests of the images: ids may be numbers that were made here."""
    parts = self.parts_of(split)
    for part in parts:
      self._known(part)
    return tuple(next(self._digests[part, name] for part in parts
                      if (part, name) in self._digests) for name in ids)


_COMPARED = 256  # samples of every further pass


def _digest(element):
  """Returns bytes that change with any content of a sample, a dict of arrays."""
  digest = hashlib.blake2b(digest_size=16)
  for name in sorted(element):
    value = np.asarray(element[name])
    digest.update(f"{name} {value.dtype} {value.shape} ".encode())
    digest.update(repr(value.tolist()).encode() if value.dtype == object else value.tobytes())
  return digest.digest()


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
