"""What every source of samples offers: names, ids, what is labelled, and streams of samples."""
import hashlib
import json
import numbers
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.readers import identity
from keras_weakseg.data.readers import palette as palettes

EVERY = (1, 0, 1)  # window of `order.positions` that loads every position
VALIDATION = "validation"
_EVALUATED = ("test", "eval", "val")  # how names of splits begin that nobody trains on
_OTHER_NAME = {"val": VALIDATION, VALIDATION: "val"}  # both are common; either finds the other


def check_held_out(share):
  """Returns the share of a source that is held out.

  Args:
    share: number, 0 <= share < 1.

  Raises:
    ValueError: it is none.
  """
  if not isinstance(share, numbers.Real) or not 0 <= share < 1:
    raise errors.value_error(
        "The share that is held out cannot be used.", expected="0 <= held_out < 1",
        received=repr(share), fix="Pass held_out= (--held_out), for example 0.1; 0 holds out none.")
  return share


def check_splits(splits, validation=None):
  """Refuses splits that are no dict by name, and two lists to validate on.

  Args:
    splits: dict of split name to an id list, or None.
    validation: a further list of the samples to validate on, or None.

  Raises:
    ValueError: they are anything else, or one of the lists would not be used.
  """
  if splits is not None and not (isinstance(splits, dict) and all(
      isinstance(split, str) for split in splits)):
    raise errors.value_error(
        "The splits cannot be read.", expected="a dict of split name to an id list",
        received=repr(splits), fix="Pass splits={'train': 'train.txt', 'val': ['a', 'b']}.")
  twice = [split for split in splits or () if split in _OTHER_NAME]
  if twice and validation is not None:
    raise errors.value_error(
        "There are two lists of the samples to validate on.",
        expected=f"validation= or splits['{twice[0]}']", received="both",
        fix="Leave one of them out.")


def to_train(ids, lists):
  """Returns the ids that `train` has where nobody lists it: all but those to evaluate on.

  Args:
    ids: of all samples.
    lists: dict of split name to ids.

  Example:
    >>> to_train("abcd", {"test_city": "a", "few": "bc"})
    ('b', 'c', 'd')
  """
  evaluated = {name for split, listed in lists.items() if split.startswith(_EVALUATED)
               for name in listed}
  return tuple(name for name in ids if name not in evaluated)


class Source:
  """A named set of samples in splits.

  A subclass gives `splits`, `_split_ids`, `_available` and `samples`.

  Args:
    name: short name for plans and records.
    classes: class names, index 0 = background; none where `labelled` is False.
    palette: list of RGB tuples, or None for the palette of VOC.

  Attributes:
    labelled: whether the samples have classes at all; video without masks has none.
  """
  labelled = True
  optional = ()  # names of splits that may be empty: nobody asked for them
  # Names of the parts in `parts`, and pairs of ids of classes and parts that a mirror exchanges.
  part_classes = flip_swaps = part_swaps = ()

  def __init__(self, name, classes, palette=None):
    self.name = name
    self.classes = _class_names(name, classes)
    self.palette = list(palette or palettes.default_palette(len(self.classes)))
    self.notes = []
    few = len(self.classes) < 2 and (self.labelled or self.classes)
    if few or len(set(self.classes)) != len(self.classes):
      raise errors.value_error(
          f"The class names of '{name}' cannot be used.",
          expected="the background and at least one class, each name once",
          received=list(self.classes), fix="Correct classes.txt or classes=.")

  @property
  def num_classes(self):
    """Number of classes C with the background."""
    return len(self.classes)

  @property
  def origin(self):
    """The source that the samples come from, under every wrapper that changes their labels."""
    inner = getattr(self, "inner", None)
    return self if inner is None else inner.origin

  def splits(self):
    """Returns the names of the splits."""
    raise NotImplementedError

  def split_aliases(self):
    """Returns a dict of further split names to splits joined by `+`."""
    return {}

  def _split_ids(self, split):
    raise NotImplementedError

  def _available(self, ids, flags):
    """Returns int32 [N]: which of `flags` exist and are allowed, per id. Opens no mask."""
    raise NotImplementedError

  def parts_of(self, split):
    """Returns the names of the splits that `split` joins by `+`, as this source calls them.

    Raises:
      ValueError: there is no such split. `val` and `validation` are one.
    """
    names = []
    aliases = self.split_aliases()
    joined = "+".join(aliases.get(part.strip(), part) for part in split.split("+"))
    for name in (part.strip() for part in joined.split("+")):
      if name not in self.splits() and _OTHER_NAME.get(name) in self.splits():
        name = _OTHER_NAME[name]
      if name not in self.splits():
        raise errors.unknown_name(f"split of '{self.name}'", name, [*self.splits(), *aliases])
      names.append(name)
    return tuple(names)

  def ids(self, split):
    """Returns the ids of a split, or of several joined by `+`, in stored order, each once.

    Raises:
      ValueError: there is no such split, or it is empty.
    """
    joined = tuple(dict.fromkeys(
        sample for name in self.parts_of(split) for sample in self._split_ids(name)))
    if not joined:
      raise errors.value_error(
          f"The split '{split}' of '{self.name}' is empty.", expected="at least one sample",
          received="none", fix="Check the id list, the manifest and the held-out share.")
    return joined

  def supervision(self, split, flags=~fields.Supervision.NONE, ids=None):
    """Returns int32 [N]: the flags of the labels that exist and are allowed, in the order of `ids`.

    Args:
      split: name of a split.
      flags: the kinds that are asked for; nothing about the others is looked up.
      ids: ids of the split, None = all.
    """
    wanted = fields.Supervision(flags)
    return np.asarray(self._available(self._chosen(split, ids), wanted), np.int32)

  def identities(self, split, ids):
    """Returns what tells images apart over all splits, one per id: ids themselves, or contents.

    Args:
      split: name of a split, or several joined by `+`.
      ids: ids of it.
    """
    del split
    return tuple(ids)

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, wanted=None, seed=None,
              start=0, window=EVERY, transform=None):
    """Returns samples as a `tf.data.Dataset` of dicts (see `keras_weakseg.fields`).

    A label that `grant` does not grant is not read: its file is not opened, its feature is not
    decoded.

    Args:
      split: name of a split.
      ids: ids of the split to use, None = all.
      grant: flags of the labels that may be read.
      wanted: names of the fields to deliver, None = all of the source.
      seed: None for one ordered pass; else the seed of an infinite shuffled stream, whose samples
        carry `sample_key`.
      start: first position of the stream.
      window: (period, first, last) of `order.positions`.
      transform: function of a sample, applied in the same parallel map.
    """
    raise NotImplementedError

  def fingerprint(self):
    """Returns 16 hex digits that name the ids, splits and settings of this source."""
    record = {"name": self.name, "classes": self.classes, "settings": self._settings(),
              "ids": {split: self._split_ids(split) for split in self.splits()}}
    text = json.dumps(record, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]

  def box_content(self):
    """Returns a text that changes with the images and boxes behind the ids, if that is known."""
    return ""

  def label_files(self, name):
    """Returns the paths of mask and depth of an id and the names of its tags, each where known."""
    del name
    return ()

  def _settings(self):
    return {}

  def encoded_images(self, split, ids):
    """Returns an iterator of the bytes of image files, None where there is no such file.

    Args:
      split: name of a split.
      ids: ids of it in stored order, which is that of what is returned.
    """
    del split
    return iter([None] * len(ids))

  def draws(self, split, ids, seed, positions, period=1):
    """Returns the ids at positions of the shuffled stream (list of str).

    Args:
      split: name of a split.
      ids: ids of the stream, None = all of the split.
      seed: seed of the stream.
      positions: list of ints.
      period: of the window that the stream is read with.
    """
    raise NotImplementedError

  def _chosen(self, split, ids):
    known = self.ids(split)
    if ids is None:
      return known
    ids = (ids,) if isinstance(ids, str) else ids
    ids = identity.texts(ids, f"id list for '{split}' of '{self.name}'")
    foreign = sorted(set(ids) - set(known))
    if foreign or not ids:
      raise errors.value_error(
          f"The split '{split}' of '{self.name}' does not hold the ids asked for.",
          expected=f"ids of the {len(known)} samples of the split",
          received=", ".join(foreign[:5]) + (" ..." if len(foreign) > 5 else "") or "no ids",
          fix="Correct the id list, or name the split that holds them (splits join: 'train+weak').")
    return tuple(ids)


def _class_names(name, classes):
  one = isinstance(classes, (str, bytes))
  if one or not all(isinstance(entry, str) for entry in classes):
    example = repr(classes) if one else "'dog', ..."
    raise errors.value_error(
        f"The class names of '{name}' " + ("are one text." if one else "cannot be used."),
        expected="a list of texts, the background first", received=repr(classes),
        fix=f"Pass classes=('background', {example}).")
  return tuple(classes)


class RandomAccess(Source):
  """A source that loads any sample by its number: order and resume are arithmetic.

  A subclass gives `_loader`.
  """

  def _drawn(self, seed, position, ids, period):
    """Returns the index into `ids` of positions of the shuffled stream, int64 [] or [K]."""
    del period
    return order.shuffled_index(seed, position, len(ids))

  def _loader(self, ids, grant, wanted):
    """Returns a function of an int64 index into `ids` to a sample."""
    raise NotImplementedError

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, wanted=None, seed=None,
              start=0, window=EVERY, transform=None):
    chosen = self._chosen(split, ids)
    load = self._loader(chosen, fields.Supervision(grant), wanted)
    finish = transform or (lambda sample: sample)
    count = len(chosen)

    def draw(position):
      sample = load(self._drawn(seed, position, chosen, window[0]))
      return finish({**sample, fields.SAMPLE_KEY: order.sample_key(seed, position)})

    if seed is None:
      data, function = tf.data.Dataset.range(count), lambda index: finish(load(index))
    else:
      data, function = order.positions(start, window), draw
    return mapped(data, function)

  def draws(self, split, ids, seed, positions, period=1):
    chosen = self._chosen(split, ids)
    indices = self._drawn(seed, tf.constant(positions, tf.int64), chosen, period)
    return [chosen[index] for index in indices.numpy()]


def files_of(paths):
  """Yields the bytes of files, None where there is no such file."""
  for path in paths:
    yield tf.io.read_file(str(path)).numpy() if os.path.isfile(path) else None


def mapped(data, function):
  """Returns a dataset of what a function makes of the elements, in parallel and in their order.

  Loaders have no `if` or `for` of Python that asks a tensor, so AutoGraph, which takes most of the
  time in which a pipeline is built, leaves them alone.
  """
  return data.map(tf.autograph.experimental.do_not_convert(function),
                  num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)


def readable(available, grant):
  """Returns int32 [N]: the labels that exist, are allowed and are granted.

  Args:
    available: int32 [N], flags of `Source.supervision`.
    grant: flags; a mask grants boxes and tags.
  """
  return np.asarray(available, np.int32) & int(fields.granted(grant))


def taught(flags):
  """Returns int32 [N]: what samples may teach, given the labels that are read.

  Example:
    >>> taught([4, 1, 0]).tolist()
    [7, 1, 0]
  """
  return np.array([int(fields.granted(int(flag))) for flag in flags], np.int32)
