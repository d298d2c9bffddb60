"""Label maps made from boxes, kept on disk as a data set: made once, continued where it stopped."""
import dataclasses
import hashlib
import json
from typing import Any

import numpy as np
import tensorflow as tf

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import box_labels
from keras_weakseg.data.sources import label_sheet
from keras_weakseg.files import cache
from keras_weakseg.ops import boxes as box_ops
from keras_weakseg.ops import crf_parameters
from keras_weakseg.ops import images

RECT, SEG = "rect", "seg"
# Raised when the same settings would give other label maps than before.
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class BoxMaps:
  """How boxes become label maps.

  Attributes:
    kind: `rect`: the smallest box over a pixel (Bbox-Rect); `seg`: one dense CRF per image infers
      the objects inside of the boxes (Bbox-Seg).
    alpha: share of a box that is its core, for `seg`.
    mode: `soft` or `hard`, for `seg`; see `ops.boxes.soft_box_probabilities`.
    crf: `ops.crf_parameters.CrfParameters`, or its name or text, for `seg`.

  Raises:
    ValueError: a name is unknown.
  """
  kind: str = SEG
  alpha: float = 0.2
  mode: str = "soft"
  crf: Any = "bbox_seg"

  def __post_init__(self):
    errors.check_name("kind of label maps", self.kind, (RECT, SEG))
    errors.check_name("mode of box probabilities", self.mode, box_ops.MODES)
    if isinstance(self.crf, str):
      object.__setattr__(self, "crf", crf_parameters.CrfParameters.parse(self.crf))

  def as_dict(self):
    """Returns what decides the label maps, as plain JSON values."""
    values = {"kind": self.kind}
    if self.kind == SEG:
      values.update(alpha=self.alpha, mode=self.mode, crf=self.crf.as_dict())
    return values

  def draw(self, image, boxes, classes, num_classes):
    """Returns the label map of one image, uint8 [H, W].

    Args:
      image: uint8 RGB [H, W, 3].
      boxes: float [N, 4]; see `ops.boxes`.
      classes: int [N]; 255 = a crowd, under all objects: what they leave of its box is unknown.
      num_classes: C.
    """
    boxes, classes = np.reshape(boxes, [-1, 4]), np.reshape(classes, [-1])
    crowd = classes == fields.IGNORE_LABEL
    size, single = image.shape[:2], (boxes[~crowd], classes[~crowd])
    labels = box_ops.rasterize_boxes(*single, size) if self.kind == RECT else (
        box_ops.segment_boxes(image, *single, num_classes, alpha=self.alpha, mode=self.mode,
                              crf=self.crf))
    for box in box_ops.painting_order(boxes[crowd], classes[crowd], size):
      inside = labels[box.window]
      inside[inside == 0] = fields.IGNORE_LABEL
    return labels


def folder_of(source, settings, cache_dir=None):
  """Returns where the label maps of a source are kept: a folder named by a hash of all they need.

  Args:
    source: `source.Source`.
    settings: `BoxMaps`.
    cache_dir: see `cache.cache_root`.
  """
  text = json.dumps(_record(source, settings), sort_keys=True)
  return cache.cache_root(cache_dir) / hashlib.sha256(text.encode()).hexdigest()[:16]


def make_label_maps(data: arguments.Source, split: str = "train", kind: str = "seg", *,
                    ids: arguments.Texts | None = None, alpha: float = 0.2, mode: str = "soft",
                    crf: arguments.Crf = "bbox_seg", cache_dir: arguments.Path | None = None,
                    sheet_masks: arguments.Texts = (), workers: int | None = None,
                    progress: bool = True):
  """Makes the label maps of all boxed samples that have none yet.

  The result is a folder of palette PNGs, `masks/<id>.png`, which `kw.data.Folder(..., masks=...)`
  reads like any other, with `label_maps.json` (what they are) and `sheet.png` (how they look).
  Files appear whole or not at all: an interrupted call is continued by the same call, and several
  processes may work on one folder.

  Args:
    data: a data source whose samples have boxes. Nothing but images and boxes is read.
    split: of it, or several joined by `+`.
    kind: `rect`: filled boxes; `seg`: one dense CRF per image finds the objects inside of them.
    ids: ids of the split, None = all with boxes.
    alpha: share of a box that is its core, for `seg`.
    mode: `soft` or `hard`, for `seg`; see `ops.boxes.soft_box_probabilities`.
    crf: name, text or `ops.crf_parameters.CrfParameters`, for `seg`.
    cache_dir: where they are kept; default: `KERAS_WEAKSEG_CACHE`, else in the home folder.
    sheet_masks: ids whose masks may be read, to be shown beside their label maps.
    workers: threads, None = one per core.
    progress: whether to draw a progress bar.

  Returns:
    `pathlib.Path` of the folder.

  Raises:
    ValueError: no sample has boxes, a sample cannot be read, or the folder cannot be written.
  """
  settings = BoxMaps(kind, alpha, mode, crf)
  folder = folder_of(data, settings, cache_dir)
  boxed = box_labels.boxed_ids(data, split, ids)
  box_labels.KIND.check_ids(data, split, boxed, "no sample whose boxes exist and may be read")
  box_labels.KIND.claim(folder, _record(data, settings))
  missing = box_labels.KIND.absent(folder, boxed)
  if missing:
    _make(data, split, missing, settings, folder, workers, progress)
  if missing or not (folder / box_labels.KIND.sheet).exists():
    label_sheet.write_sheet(data, split, boxed, folder, set(sheet_masks))
  return folder


def _record(source, settings):
  return {"version": _VERSION, **settings.as_dict(), "source": source.name,
          "fingerprint": source.fingerprint(), "content": source.box_content(),
          "classes": list(source.classes)}


def _make(source, split, ids, settings, folder, workers, progress):
  """Makes and writes label maps, as many at a time as there are workers."""
  def work(sample):
    labels = settings.draw(sample[fields.IMAGE], sample[fields.BOXES], sample[fields.BOX_CLASSES],
                           source.num_classes)
    box_labels.KIND.write(
        folder, sample[fields.SAMPLE_ID].decode(),
        images.encode_mask_png(tf.constant(labels, tf.uint8), source.palette).numpy(),
        sample[fields.IMAGE])

  samples = broken.read_samples(
      source, split, ids, grant=fields.Supervision.BOXES,
      wanted=(fields.IMAGE, fields.SAMPLE_ID, fields.BOXES, fields.BOX_CLASSES))
  map_folder.make(work, samples, len(ids), box_labels.KIND.noun, workers, progress)
