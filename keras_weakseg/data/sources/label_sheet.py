"""The contact sheet of label maps: image, boxes, label map, and the mask where it may be seen."""
import numpy as np

from keras_weakseg import fields
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import box_labels
from keras_weakseg.evaluation.drawing import sheets
from keras_weakseg.ops import boxes as box_ops

COUNT = 12
_TILE, _ACROSS = 200, 2
_CROWD = (224, 224, 192)  # the colour of "unknown" in VOC


def write_sheet(source, split, ids, folder, with_mask=frozenset()):
  """Draws some of the label maps of a folder and writes `sheet.png` beside them.

  Args:
    source: `source.Source`.
    split: of it.
    ids: ids with label maps; some of them, spread evenly, are drawn.
    folder: `pathlib.Path` of the label maps.
    with_mask: ids whose masks may be read.
  """
  shown = map_folder.spread(ids, COUNT)
  wrapped = box_labels.WithBoxLabels(source, folder)
  rows = {}
  for masked in (False, True):
    own = tuple(name for name in shown if (name in with_mask) == masked)
    if own:
      grant = fields.Supervision.MASK if masked else fields.Supervision.BOXES
      for sample in wrapped.samples(split, ids=own, grant=grant).as_numpy_iterator():
        rows[sample[fields.SAMPLE_ID].decode()] = _row(sample, source.palette, masked)
  columns = ("image", "boxes", "label map") + (("mask",) if with_mask & set(shown) else ())
  sheets.contact_sheet(
      [rows[name] for name in shown], folder / box_labels.KIND.sheet, columns,
      classes=source.classes, palette=source.palette, tile=_TILE, across=_ACROSS,
      title=f"{box_labels.KIND.read_record(folder)['kind']} label maps of {source.name}")


def draw_boxes(image, boxes, classes, palette, width=2):
  """Returns the image with the outlines of its boxes in the colours of their classes.

  Args:
    image: uint8 RGB [H, W, 3].
    boxes: float [N, 4]; see `ops.boxes`.
    classes: int [N], -1 = padding.
    palette: (red, green, blue) 0..255 per class.
    width: of the lines in pixels.

  Returns:
    uint8 [H, W, 3].
  """
  drawn = np.array(image, np.uint8)
  for box in box_ops.painting_order(boxes, classes, drawn.shape[:2]):
    inside = drawn[box.window]
    kept = inside[width:-width, width:-width].copy()
    inside[:] = palette[box.label] if box.label != fields.IGNORE_LABEL else _CROWD
    inside[width:-width, width:-width] = kept
  return drawn


def _row(sample, palette, masked):
  image = sample[fields.IMAGE]
  return {"image": image, "label map": sample[fields.BOX_LABELS],
          "mask": sample.get(fields.MASK) if masked else None,
          "boxes": draw_boxes(image, sample[fields.BOXES], sample[fields.BOX_CLASSES], palette),
          "name": sample[fields.SAMPLE_ID].decode()}
