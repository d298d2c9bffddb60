"""Any source in another label space: classes joined, dropped or renamed."""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import flip_swaps
from keras_weakseg.data.readers import palette as palettes
from keras_weakseg.data.sources import wrapper
from keras_weakseg.datasets import groups as group_lib

BACKGROUND, IGNORE = "background", "ignore"
OTHERS = (BACKGROUND, IGNORE)
_MAPS = (fields.MASK, fields.BOX_LABELS, fields.TAG_LABELS)
_SHOWN = 8  # names in a line of the plan


class Regrouped(wrapper.Wrapper):
  """A source whose masks, tags and box classes are those of a coarser label space.

  What a sample may teach stays as it is, and nothing is read that the source would not read.

  ```
  Regrouped(scenes, groups={"vehicle": ("car", "bus"), "animal": ("dog", "horse")})
  Regrouped(coco, labels.VOC_ANIMALS.classes)      # by name
  ```

  Args:
    inner: `source.Source`.
    classes: names wanted, index 0 = background; None = the background of the source and the groups
      in their order.
    groups: dict of new class name to names of old classes; a class without an entry is the old
      class of the same name or of a synonym (`labels.VOC_COCO_SYNONYMS`). The group `"ignore"` is
      no class: its members become 255 in masks.
    other: old classes that no new one takes: `"background"`, or `"ignore"`: 255 in masks. Their
      tags and boxes are dropped in either case.
    palette: list of RGB tuples; None = the colour of the first old class of each.
    name: name in plans and records, None = that of the source.

  Raises:
    ValueError: a name is unknown, a class has no members, or two claim the same.
  """

  def __init__(self, inner, classes=None, groups=None, other=BACKGROUND, *, palette=None,
               name=None):
    errors.check_name("treatment of other classes", other, OTHERS)
    groups = {IGNORE: (), **(groups or {})}
    named = [name for name in groups if name not in (IGNORE, inner.classes[0])]
    classes = tuple(classes or (inner.classes[0], *named))
    *members, ignored = group_lib.class_groups(inner.classes, (*classes, IGNORE), groups)
    super().__init__(inner, name, classes, palette or _colours(inner.palette, members))
    self.other = other
    taken = {old: new for new, ids in enumerate(members) for old in ids}
    rest = 0 if other == BACKGROUND else fields.IGNORE_LABEL
    lost = {old: rest for old in range(inner.num_classes) if old not in taken}
    lost.update({old: fields.IGNORE_LABEL for old in ignored})
    self._label_of = [lost.get(old, taken.get(old)) for old in range(inner.num_classes)]
    self._class_of = [taken.get(old, 0) for old in range(inner.num_classes)]
    self.notes.append(self._describe(members, lost))

  @property
  def flip_swaps(self):
    """Pairs of ids that a mirror exchanges; refused here if groups do not follow them."""
    return flip_swaps.regrouped(self.inner.flip_swaps, {
        old: new for old, new in enumerate(self._label_of) if new != fields.IGNORE_LABEL})

  def _describe(self, members, lost):
    """Returns one line for plans: what the new classes are made of, and what becomes of others."""
    names = [" + ".join(self.inner.classes[old] for old in ids) for ids in members]
    changed = [f"{new} = {old or 'nothing'}" for new, old in zip(self.classes, names) if new != old]
    lines = [f"{self.num_classes} classes out of {self.inner.num_classes}"]
    lines += [", ".join(changed)] if changed else []
    for kind, label in ((BACKGROUND, 0), (IGNORE, fields.IGNORE_LABEL)):
      old = [self.inner.classes[index] for index in sorted(lost) if lost[index] == label]
      shown = ", ".join(old) if len(old) <= _SHOWN else f"{len(old)} classes"
      lines += [f"{kind}: {shown}"] if old else []
    return "; ".join(lines)

  def box_content(self):
    """Returns what names the boxes of the source, and the classes that they have here."""
    return f"{self.inner.box_content()} {self._class_of}"

  def _settings(self):
    return {"inner": self.inner.fingerprint(), "labels": self._label_of, "other": self.other}

  def samples(self, split, *, wanted=None, transform=None, **options):
    """Returns the samples of the source with the new classes, see `Source.samples`."""

    def finish(sample):
      sample = self._convert(sample)
      if wanted is not None and fields.BOX_CLASSES not in wanted:
        sample.pop(fields.BOX_CLASSES, None)
      return transform(sample) if transform else sample

    needed = wanted
    if wanted is not None and fields.BOXES in wanted:
      needed = {*wanted, fields.BOX_CLASSES}  # They say which boxes are dropped.
    return self.inner.samples(split, wanted=needed, transform=finish, **options)

  def _convert(self, sample):
    """Returns the sample with the new classes."""
    sample = dict(sample)
    table = np.full(256, fields.IGNORE_LABEL, np.uint8)
    table[:len(self._label_of)] = self._label_of
    for name in _MAPS:
      if name in sample:
        sample[name] = tf.gather(tf.constant(table), tf.cast(sample[name], tf.int32))
    for name in (fields.TAGS, fields.NOISY_TAGS):
      if name in sample:
        sample[name] = self._tags(sample[name])
    if fields.BOX_CLASSES in sample:
      # Padding (-1) takes the last place of the table, which is no class either. Crowds stay 255.
      crowd = sample[fields.BOX_CLASSES] == fields.IGNORE_LABEL
      classes = tf.gather(tf.constant([*self._class_of, 0]), tf.where(
          crowd, -1, sample[fields.BOX_CLASSES]) % (len(self._class_of) + 1))
      classes = tf.where(crowd, fields.IGNORE_LABEL, classes)
      sample[fields.BOX_CLASSES] = tf.boolean_mask(classes, classes > 0)
      if fields.BOXES in sample:
        sample[fields.BOXES] = tf.boolean_mask(sample[fields.BOXES], classes > 0)
    return sample

  def _tags(self, tags):
    """Returns float32 [C] of the new classes; no tags at all stay none."""
    joined = np.zeros([self.inner.num_classes, self.num_classes], np.float32)
    joined[np.arange(self.inner.num_classes), self._class_of] = 1
    joined[:, 0] = 1  # Whoever has tags has that of the background, whatever else is dropped.
    return tf.reduce_max(tags[:, None] * joined, 0)


def _colours(old, members):
  """Returns the colour of the first old class of each; a class without any takes a free one."""
  spare = [colour for colour in palettes.default_palette() if tuple(colour) not in map(tuple, old)]
  return [tuple(old[ids[0]]) if ids else spare.pop(0) for ids in members]
