"""Semantic masks from what COCO publishes: objects of the instances JSON, or panoptic PNGs."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import coco_masks

_BYTE = 256


def semantic_mask(annotations, size, table, name=""):
  """Returns the class ids of an image from its objects.

  Larger objects are painted first, so that of two that overlap the smaller one is seen (of equal
  areas: the later one). Crowds lie under everything, as 255. The rest is background.

  Args:
    annotations: dicts with `category_id`, `segmentation`, `area` and `iscrowd`.
    size: (height, width) of the image.
    table: uint8 [256], class id of every category id.
    name: of the image, for errors.

  Returns:
    uint8 [H, W], 255 = ignore.

  Raises:
    ValueError: an object has no such mask, see `coco_masks.object_mask`.
  """
  mask = np.zeros(size, np.uint8, order="F")  # COCO's masks run down the columns.
  for item in sorted(annotations, key=lambda item: (not item.get("iscrowd", 0), -item["area"])):
    label = fields.IGNORE_LABEL if item.get("iscrowd", 0) else table[item["category_id"]]
    np.copyto(mask, label, where=coco_masks.object_mask(
        item["segmentation"], size, f"annotation {item.get('id', '')} of '{name}'"))
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
  labels = {}
  for item in segments:
    crowd = item.get("iscrowd", 0)
    label = fields.IGNORE_LABEL if crowd else int(table[item["category_id"]])
    if labels.setdefault(item["id"], label) != label:
      raise errors.value_error(
          f"The segment {item['id']} of '{name}' has two classes.", expected="every id once",
          received=f"the classes {labels[item['id']]} and {label}", fix="Extract the JSON again.")
  labels[0] = fields.IGNORE_LABEL
  unknown = [int(number) for number in present if number not in labels]
  if unknown:
    raise errors.value_error(
        f"The panoptic mask of '{name}' holds segments that its JSON does not list.",
        expected="ids of segments_info, as R + 256 G + 65536 B", received=unknown[:8],
        fix="Use the PNGs and the JSON of one release; the PNGs are not to be converted.")
  return np.array([labels[number] for number in present], np.uint8)[inverse].reshape(ids.shape)
