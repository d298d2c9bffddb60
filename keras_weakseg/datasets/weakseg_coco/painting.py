"""Semantic masks from what COCO publishes: objects of the instances JSON, or panoptic PNGs."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.datasets.weakseg_coco import polygons
from keras_weakseg.datasets.weakseg_coco import run_lengths

_BYTE = 256


def object_mask(segmentation, size):
  """Returns the pixels of one object.

  Args:
    segmentation: list of polygons (their union is the object), or a dict of run lengths.
    size: (height, width) of the image.

  Returns:
    bool [H, W].

  Raises:
    ValueError: run lengths of another size.
  """
  if isinstance(segmentation, dict):
    mask = run_lengths.decode_runs(segmentation)
    if mask.shape != tuple(size):
      raise errors.value_error(
          "The mask of an object has another size than its image.",
          expected=f"{size[0]}x{size[1]} (height x width)",
          received=f"{mask.shape[0]}x{mask.shape[1]}", fix="Extract the annotations again.")
    return mask
  whole = np.zeros(size, bool, order="F")
  for corners in segmentation:
    whole |= polygons.fill_polygon(corners, size)
  return whole


def semantic_mask(annotations, size, table):
  """Returns the class ids of an image from its objects.

  Larger objects are painted first, so that of two that overlap the smaller one is seen (of equal
  areas: the later one). Crowds lie under everything, as 255. The rest is background.

  Args:
    annotations: dicts with `category_id`, `segmentation`, `area` and `iscrowd`.
    size: (height, width) of the image.
    table: uint8 [256], class id of every category id.

  Returns:
    uint8 [H, W], 255 = ignore.
  """
  mask = np.zeros(size, np.uint8, order="F")  # COCO's masks run down the columns.
  for item in sorted(annotations, key=lambda item: (not item.get("iscrowd", 0), -item["area"])):
    label = fields.IGNORE_LABEL if item.get("iscrowd", 0) else table[item["category_id"]]
    np.copyto(mask, label, where=object_mask(item["segmentation"], size))
  return np.ascontiguousarray(mask)


def panoptic_mask(colours, segments, table, name=""):
  """Returns the class ids of an image from its panoptic PNG.

  Args:
    colours: uint8 [H, W, 3], RGB; a segment's id is R + 256 G + 65536 B, 0 = unlabelled.
    segments: dicts with `id`, `category_id` and `iscrowd`.
    table: uint8 [256], class id of every category id.
    name: of the image, for errors.

  Returns:
    uint8 [H, W]; unlabelled pixels and crowds are 255.

  Raises:
    ValueError: the PNG holds an id that is no segment.
  """
  ids = np.asarray(colours, np.int64) @ np.array([1, _BYTE, _BYTE ** 2])
  present, inverse = np.unique(ids, return_inverse=True)
  labels = {item["id"]: fields.IGNORE_LABEL if item.get("iscrowd", 0)
            else table[item["category_id"]] for item in segments}
  labels[0] = fields.IGNORE_LABEL
  unknown = [int(number) for number in present if number not in labels]
  if unknown:
    raise errors.value_error(
        f"The panoptic mask of '{name}' holds segments that its JSON does not list.",
        expected="ids of segments_info, as R + 256 G + 65536 B", received=unknown[:8],
        fix="Use the PNGs and the JSON of one release; the PNGs are not to be converted.")
  return np.array([labels[number] for number in present], np.uint8)[inverse].reshape(ids.shape)
