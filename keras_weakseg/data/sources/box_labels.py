"""A source with label maps made from its boxes."""
from keras_weakseg import fields
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import with_maps

KIND = map_folder.MapFolder(
    "label maps", "label_maps.json", "sheet.png", maps="masks",
    fix="Make them: keras-weakseg make-label-maps, or kw.make_label_maps(...).")


class WithBoxLabels(with_maps.WithLabelMaps):
  """Any source, whose samples carry `box_labels` where their boxes are granted.

  A label map is opened by id, and only if boxes of this sample exist and are granted; the others
  are 255 everywhere.

  Args:
    inner: `source.Source` with boxes.
    folder: of the label maps, as `make_label_maps` returned it. Its name is the hash of what they
      were made from, and becomes part of the fingerprint. It need not exist yet.
  """

  field, kind = fields.BOX_LABELS, KIND
  grant = fields.Supervision.BOXES

  def _owners(self, split, ids):
    return boxed_ids(self.inner, split, ids), "boxed samples"

  def _identity(self):
    return self.folder.name


def boxed_ids(source, split, ids=None):
  """Returns the ids of a split whose boxes exist and may be read, in stored order."""
  chosen = source.ids(split) if ids is None else tuple(ids)
  boxes = source.supervision(split, fields.Supervision.BOXES, chosen) & int(
      fields.Supervision.BOXES)
  return tuple(name for name, flag in zip(chosen, boxes) if flag)
