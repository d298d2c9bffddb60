"""A source some of whose categories have no masks: their images are known by tag alone."""
import collections

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.sources import wrapper

# What an image of a weak category may not teach, whatever there is of it.
_CLOSED = fields.Supervision.MASK | fields.Supervision.BOXES
_BOTH = fields.Supervision.MASK | fields.Supervision.TAGS
# What says which categories an image shows without a look at its mask.
_TAGGED = fields.Supervision.TAGS | fields.Supervision.BOXES
_SHOWN = 5
# Samples whose tags are read at once.
_READ = 256


class WeakCategories(wrapper.Wrapper):
  """A source with strong categories, which have masks, and weak ones, which have tags.

  An image is strong if its tags (or boxes) name no weak category, else weak (Xiao et al., 2018).
  Of a weak image nothing but image and tags is read: its mask and boxes are never opened, also
  where they are there. An image that has a mask but neither is strong; where its mask shows a weak
  category, it becomes 255.

  Evaluation needs the masks of all categories: `whole` gives the source without this wrapper.

  Args:
    inner: `source.Source` with tags.
    weak: names of the categories without masks.
    strong: names of those with masks; empty = all others but the background.

  Raises:
    ValueError: a name is unknown, in both lists or in none, or no category is left with masks.
  """

  def __init__(self, inner, weak, strong=()):
    super().__init__(inner)
    self.weak = _checked(inner, weak, strong)
    self._ids = np.array([inner.classes.index(name) for name in self.weak])
    self._weak_of = {}  # sample id: whether its tags name a weak category
    self._nothing = collections.OrderedDict()

  @property
  def notes(self):
    """Lines for the plan: what is weak, and which images say nothing."""
    lines = [*self._notes, "weak categories, known by tag alone: " + ", ".join(self.weak)]
    if self._nothing:
      shown = ", ".join(list(self._nothing)[:_SHOWN]) + (
          " ..." if len(self._nothing) > _SHOWN else "")
      lines.append(f"{len(self._nothing)} images have neither a mask nor tags that may be read and "
                   f"are not used: {shown}")
    return lines

  @notes.setter
  def notes(self, lines):
    self._notes = list(lines)

  def _settings(self):
    return {"inner": self.inner.fingerprint(), "weak": self.weak}

  def _available(self, ids, flags):
    known = np.asarray(super()._available(ids, flags | _CLOSED | _BOTH), np.int32)
    for index in np.flatnonzero(known & int(_BOTH) == 0):
      self._nothing[ids[index]] = None
    weak = self._are_weak(ids, known)
    return np.where(weak, known & ~int(_CLOSED), known) & int(flags)

  def _are_weak(self, ids, known):
    """Returns bool [N]: whose tags name a weak category; reads the tags that are not known yet."""
    asked = {ids[index] for index in np.flatnonzero(np.asarray(known) & int(_TAGGED))
             if ids[index] not in self._weak_of}
    for split in self.splits() if asked else ():
      mine = tuple(name for name in self._split_ids(split) if name in asked)
      if not mine:
        continue
      asked -= set(mine)
      # Nothing else of the sample leaves the pipeline.
      tags = self.inner.samples(
          split, ids=mine, grant=_TAGGED,
          wanted=(fields.IMAGE, fields.SAMPLE_ID, fields.TAGS),
          transform=lambda sample: {name: sample[name] for name in (
              fields.SAMPLE_ID, fields.TAGS)})
      for batch in tags.batch(_READ).as_numpy_iterator():
        weak = (batch[fields.TAGS][:, self._ids] > 0).any(1)
        self._weak_of.update(zip((name.decode() for name in batch[fields.SAMPLE_ID]),
                                 weak.tolist()))
    return np.array([self._weak_of.get(name, False) for name in ids], bool)

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, transform=None, **options):
    """Returns samples as `Source.samples` does.

    Raises:
      ValueError: masks or boxes are granted, and strong and weak images are asked for at once.
    """
    grant = fields.Supervision(grant)
    chosen = self._chosen(split, ids)
    if fields.granted(grant) & _CLOSED:
      weak = self._are_weak(chosen, super()._available(chosen, _TAGGED))
      if weak.any() and not weak.all():
        raise errors.value_error(
            f"Masks of weak categories of '{self.name}' are not read.",
            expected="samples without a weak category, or those of weak categories alone",
            received=f"{int(weak.sum())} weak of {len(chosen)} samples of '{split}'",
            fix="Ask for the ids that have a mask (`supervision`), or for tags only.")
      if weak.any():
        grant = (fields.granted(grant) & ~_CLOSED)

    def finish(sample):
      if fields.MASK in sample:
        sample = {**sample, fields.MASK: self._blanked(sample[fields.MASK])}
      return transform(sample) if transform else sample

    return self.inner.samples(split, ids=ids, grant=grant, transform=finish, **options)

  def _blanked(self, mask):
    """Returns the mask with 255 in the place of weak categories, which have no masks."""
    table = np.arange(256, dtype=np.uint8)
    table[self._ids] = fields.IGNORE_LABEL
    return tf.gather(tf.constant(table), tf.cast(mask, tf.int32))


def as_trained(source, weak, strong=()):
  """Returns the source without the masks of weak categories; itself where there are none."""
  return WeakCategories(source, weak, strong) if weak else source


def whole(source):
  """Returns the source with the masks of all categories, for evaluation.

  Args:
    source: `source.Source`; one without weak categories is returned as it is.
  """
  return source.inner if isinstance(source, WeakCategories) else source


def _checked(inner, weak, strong):
  """Returns the weak names in the order of the classes."""
  weak, strong = tuple(weak), tuple(strong)
  known = inner.classes[1:]
  for name in (*weak, *strong):
    errors.check_name(f"category of '{inner.name}'", name, known)
  both = sorted(set(weak) & set(strong))
  neither = [name for name in known if strong and name not in (*weak, *strong)]
  if both or neither or not weak or set(weak) == set(known):
    raise errors.value_error(
        f"The categories of '{inner.name}' are not shared out between masks and tags.",
        expected="every category in one of both lists, and at least one in each",
        received=("in both: " + ", ".join(both) if both else
                  "in neither: " + ", ".join(neither) if neither else
                  f"{len(weak)} weak of {len(known)}"),
        fix="Name the weak categories; all others are strong.")
  return tuple(name for name in known if name in weak)
