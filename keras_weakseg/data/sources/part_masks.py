"""Any source with the parts of bodies as its classes."""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import palette as palettes
from keras_weakseg.data.sources import wrapper
from keras_weakseg.datasets import labels

_KEPT = fields.Supervision.MASK | fields.Supervision.DEPTH
_SCENES = "weakseg_scenes"


class PartsAsMasks(wrapper.Wrapper):
  """A source whose masks are the `parts` of its samples: 0 is whatever is no body.

  Parts are granted as masks are. Tags are those of the parts in the mask; boxes and tags of the
  source are of other classes, and gone.

  ```
  PartsAsMasks(kw.data.Tfds("weakseg_scenes"))
  ```

  Args:
    inner: `source.Source` with `parts`.
    classes: names of the parts, index 0 = background; None = those that the source knows. Of
      others, only those of `weakseg_scenes` are known.
    palette: list of RGB tuples; None = that of the scenes for their names, else that of VOC.

  Raises:
    ValueError: nothing says what the parts are called.
  """

  def __init__(self, inner, classes=None, palette=None):
    space = labels.SCENE_PARTS
    classes = classes or inner.part_classes
    if not classes and inner.origin.name.split("/")[0] != _SCENES:
      raise errors.value_error(
          f"The names of the parts of '{inner.name}' are not known.",
          expected="a name for every part id, the background first", received="none",
          fix="Pass classes=('background', 'head', ...) to kw.data.PartsAsMasks, or part_classes= "
          "to kw.data.Dataset.")
    classes = tuple(classes or space.classes)
    super().__init__(inner, f"{inner.name} parts", classes, palette or (
        space.palette if classes == space.classes else palettes.default_palette(len(classes))))
    self.labelled = True

  flip_swaps = property(lambda self: self.inner.part_swaps)
  part_swaps = ()

  def _available(self, ids, flags):
    return super()._available(ids, flags & _KEPT)

  def _settings(self):
    return {"inner": self.inner.fingerprint(), "field": fields.PARTS}

  def box_content(self):
    """Returns an empty text: there are no boxes."""
    return ""

  def samples(self, split, *, grant=fields.Supervision.MASK, wanted=None, transform=None,
              **options):
    """Returns the samples of the source with parts as masks, see `Source.samples`."""
    inner = None
    if wanted is not None:
      gone = {fields.MASK, fields.TAGS, fields.NOISY_TAGS, fields.BOXES, fields.BOX_CLASSES}
      inner = {name for name in wanted if name not in gone}
      if {fields.MASK, fields.TAGS} & set(wanted):
        inner.add(fields.PARTS)
      inner = tuple(inner)

    def finish(sample):
      sample = self._convert(sample, wanted)
      return transform(sample) if transform else sample

    # Weaker labels of the source are of other classes: only masks and depth may be read.
    return self.inner.samples(split, grant=fields.Supervision(grant) & _KEPT, wanted=inner,
                              transform=finish, **options)

  def _convert(self, sample, wanted):
    """Returns the sample with parts in place of its mask."""
    others = {fields.PARTS, fields.MASK, fields.TAGS, fields.NOISY_TAGS, fields.BOXES,
              fields.BOX_CLASSES, fields.BOX_LABELS}
    kept = {name: value for name, value in sample.items() if name not in others}
    if fields.SUPERVISION in kept:
      flags = kept[fields.SUPERVISION]
      # A mask grants tags and boxes, as everywhere; nothing else does.
      masked = tf.bitwise.bitwise_and(flags, int(fields.Supervision.MASK)) > 0
      implied = int(fields.granted(fields.Supervision.MASK))
      flags = tf.bitwise.bitwise_and(flags, int(_KEPT))
      kept[fields.SUPERVISION] = tf.where(masked, tf.bitwise.bitwise_or(flags, implied), flags)
    if fields.PARTS not in sample:
      return kept
    parts = decode.check_labels(
        sample[fields.PARTS], self.num_classes, sample[fields.SAMPLE_ID])
    if wanted is None or fields.MASK in wanted:
      kept[fields.MASK] = parts
    if wanted is None or fields.TAGS in wanted:
      ids = np.arange(self.num_classes)
      here = tf.reduce_any(tf.cast(tf.reshape(parts, [-1, 1]), tf.int64) == ids, 0)
      kept[fields.TAGS] = tf.cast(here | (ids == 0), tf.float32)
    return kept
