"""A source with label maps made from its boxes."""
from keras_weakseg import fields
from keras_weakseg.data.sources import label_maps
from keras_weakseg.data.sources import with_maps


class WithBoxLabels(with_maps.WithLabelMaps):
  """Any source, whose samples carry `box_labels` where their boxes are granted.

  A label map is opened by id, and only if boxes of this sample exist and are granted; the others
  are 255 everywhere.

  Args:
    inner: `source.Source` with boxes.
    folder: of the label maps, as `make_label_maps` returned it. Its name is the hash of what they
      were made from, and becomes part of the fingerprint. It need not exist yet.
  """

  field, kind = fields.BOX_LABELS, label_maps.KIND
  grant = fields.Supervision.BOXES

  def _owners(self, split, ids):
    return label_maps.boxed_ids(self.inner, split, ids), "boxed samples"

  def _identity(self):
    return self.folder.name
