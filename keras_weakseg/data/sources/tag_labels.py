"""A source with label maps that were made from tags."""
from keras_weakseg import fields
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import with_maps

KIND = map_folder.MapFolder(
    "tag label maps", "tag_labels.json", "tag_labels.png", maps="masks",
    fix="Make them by a step of a recipe, such as `diffused_maps`.")


class WithTagLabels(with_maps.WithLabelMaps):
  """Any source, whose samples carry `tag_labels` where they have tags and no mask.

  A label map is derived from the tags of its image, so tags grant it. It is opened by id, and only
  if no mask of this sample may be read and its tags are granted; the others are 255 everywhere.

  Args:
    inner: `source.Source` with tags.
    folder: of the label maps.
    identity: text that names what they were made from; it becomes part of the fingerprint.
  """
  field, kind = fields.TAG_LABELS, KIND
  grant = fields.Supervision.TAGS

  def __init__(self, inner, folder, identity):
    super().__init__(inner, folder)
    self._made_from = str(identity)

  def _owners(self, split, ids):
    return tagged_ids(self.inner, split, ids), "samples with tags and no mask"

  def _identity(self):
    return self._made_from


def tagged_ids(source, split, ids=None):
  """Returns the ids of a split that have tags and no mask that may be read, in stored order.

  Args:
    source: `source.Source`.
    split: of it.
    ids: ids of the split, None = all.
  """
  both = fields.Supervision.MASK | fields.Supervision.TAGS
  chosen = source.ids(split) if ids is None else tuple(ids)
  flags = source.supervision(split, both, chosen)
  return tuple(name for name, flag in zip(chosen, flags)
               if flag & both == fields.Supervision.TAGS)
