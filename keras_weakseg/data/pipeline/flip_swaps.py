"""Classes that a mirror exchanges: the left arm of a person becomes the right one."""
import re

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields

_MAPS = (fields.MASK, fields.BOX_LABELS, fields.TAG_LABELS)
_TAGS = (fields.TAGS, fields.NOISY_TAGS)
_SIDE = re.compile(r"left|(?<![a-z])l(?![a-z])")


def pairs_of(swaps, classes, others=()):
  """Returns pairs of ids of pairs of names, and those of another list of names.

  Args:
    swaps: pairs of names, such as `("left arm", "right arm")` or `"left arm=right arm"`.
    classes: names by id.
    others: names by id of another label space (parts), which holds what `classes` does not.

  Returns:
    Two tuples of (id, id): of `classes` and of `others`.

  Raises:
    ValueError: an entry is no pair, a name is unknown, or stands in two pairs.

  Example:
    >>> pairs_of([("l", "r")], ("background", "r", "l"))
    (((2, 1),), ())
  """
  found, owners = ([], []), {}
  for entry in swaps:
    names = names_of(entry)
    if len(names) != 2 or names[0] == names[1]:
      raise errors.value_error(
          "A swap of classes cannot be read.", expected="two names: 'left arm=right arm'",
          received=repr(entry), fix="Correct `flip_swaps`.")
    for name in names:
      if name not in classes and name not in others:
        raise errors.unknown_name("class for `flip_swaps`", name, {*classes, *others})
      if name in owners:
        raise errors.value_error(
            f"The class '{name}' is in two swaps.", expected="every class in one pair at most",
            received=f"{list(owners[name])} and {list(names)}", fix="Remove one of `flip_swaps`.")
      owners[name] = names
    known = next((space for space in (classes, others) if set(names) <= set(space)), None)
    if known is None:
      raise errors.value_error(
          "A swap joins a class and a part.", expected="two classes, or two parts",
          received=repr(names), fix="Correct `flip_swaps`.")
    found[known is not classes].append(tuple(known.index(name) for name in names))
  return tuple(found[0]), tuple(found[1])


def names_of(entry):
  """Returns the names of an entry: a tuple, or a text such as `left arm=right arm`."""
  return tuple(name.strip() for name in (entry.split("=") if isinstance(entry, str) else entry))


def check_sides(name, classes, pairs):
  """Refuses classes that are told apart by left and right alone, where no swap exchanges them.

  Args:
    name: of the source.
    classes: names by id.
    pairs: tuple of (id, id) that a mirror exchanges.

  Raises:
    ValueError: mirrored pictures would call the left one right.

  Example:
    >>> check_sides("a", ("background", "cleft", "l_arm", "r_arm"), ((3, 2),))
  """
  ids = {text.lower(): number for number, text in enumerate(classes)}
  known = {frozenset(pair) for pair in pairs}
  turned = lambda text: _SIDE.sub(lambda found: "right" if len(found[0]) > 1 else "r", text)
  apart = [(classes[number], classes[ids[turned(text)]]) for text, number in ids.items()
           if turned(text) != text and turned(text) in ids
           and frozenset((number, ids[turned(text)])) not in known]
  if apart:
    left, right = apart[0]
    raise errors.value_error(
        f"Mirrored pictures of '{name}' would show '{left}' and be labelled '{right}', and the "
        "other way round.",
        expected="a swap of every pair of classes that a mirror exchanges",
        received="none of " + ", ".join(" and ".join(pair) for pair in apart[:5]),
        fix=f"Set `flip_swaps` of the source to ['{left}={right}', ...], pass "
        f"kw.data.WithFlipSwaps(source, [('{left}', '{right}'), ...]), or train without mirrored "
        "pictures: `data.augmentation.flip=false`.")


def regrouped(pairs, new_ids):
  """Returns the pairs of ids of a coarser label space; pairs within one class are gone.

  Args:
    pairs: tuple of (id, id).
    new_ids: dict of old id to new id; what it lacks is no class any more.

  Raises:
    ValueError: a class holds the left one of a pair and not the right one, so no swap is right.

  Example:
    >>> regrouped([(1, 2), (3, 4)], {0: 0, 1: 1, 2: 1, 3: 2, 4: 3})
    ((2, 3),)
  """
  partner = {one: other for pair in pairs for one, other in (pair, pair[::-1])}
  found = {}
  for old, new in new_ids.items():
    mirrored = new_ids.get(partner.get(old, old))
    if mirrored is None or found.setdefault(new, mirrored) != mirrored:
      raise errors.value_error(
          "The groups of classes are no groups in a mirror.",
          expected="both of every pair in one group, or in two that mirror each other",
          received=f"ids {old} and {partner.get(old, old)} of the finer classes",
          fix="Group them so, or train without mirrored pictures: "
          "`data.augmentation.flip=false`.")
  return tuple((new, other) for new, other in found.items() if new < other)


def exchange(sample, flip, classes=(), parts=()):
  """Returns a sample whose labels are those of the mirrored picture, where it was mirrored.

  Args:
    sample: dict of tensors, see `fields`; pixels and boxes have been moved already.
    flip: bool [].
    classes, parts: pairs of ids of masks, tags and boxes, and of `parts`.
  """
  sample = dict(sample)
  for pairs, maps, tags in ((classes, _MAPS, _TAGS), (parts, (fields.PARTS,), ())):
    if not pairs:
      continue
    table = np.arange(256)
    for one, other in pairs:
      table[[one, other]] = other, one
    swapped = lambda values, table=table: tf.where(flip, tf.cast(tf.gather(
        tf.constant(table), tf.cast(values, tf.int32)), values.dtype), values)
    for name in (name for name in maps if name in sample):
      sample[name] = swapped(sample[name])
    for name in (name for name in tags if name in sample):
      row = sample[name]
      moved = tf.gather(row, tf.constant(table[:row.shape[0]]))
      sample[name] = tf.where(flip, moved, row)
    if tags and fields.BOX_CLASSES in sample:
      classes_ = sample[fields.BOX_CLASSES]
      sample[fields.BOX_CLASSES] = tf.where(
          classes_ < 0, classes_, swapped(tf.maximum(classes_, 0)))
  return sample
