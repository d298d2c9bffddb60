"""The reader of COCO JSON: which boxes and crowds every image has, by its whole file name.

A crowd outlines many objects of a class: it says that the class is there, but not where each object
is. Its box has the class 255: what lies in it is unknown.
"""
import dataclasses
import math

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import box_files
from keras_weakseg.data.readers import coco_masks
from keras_weakseg.files import json_files
from keras_weakseg.files import schema

_NOUN, _LIMIT = "COCO file", 1 << 31  # bytes; the instances of 2017 take 450 MB
_FORM = "a COCO JSON file with images, annotations and categories"

# What an annotation must hold where boxes are read, where masks are painted, and in panoptic files.
INSTANCE = schema.record(
    {"image_id": schema.identifier, "category_id": schema.identifier},
    {"bbox": schema.list_of(schema.number, 4), "iscrowd": schema.flag})
PAINTED = schema.record(
    {"image_id": schema.identifier, "category_id": schema.whole, "area": schema.number,
     "segmentation": schema.anything, "bbox": schema.list_of(schema.number, 4)},
    {"iscrowd": schema.flag})
PANOPTIC = schema.record({
    "image_id": schema.identifier, "file_name": schema.text,
    "segments_info": schema.list_of(schema.record(
        {"id": schema.whole, "category_id": schema.whole,
         "bbox": schema.list_of(schema.number, 4)}, {"iscrowd": schema.flag}))})


def read_coco_json(path, annotation=INSTANCE):
  """Returns the content of a COCO JSON file: a dict whose images and categories have unique ids.

  Args:
    path: of the file.
    annotation: schema of an annotation: `INSTANCE`, `PAINTED` or `PANOPTIC`.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: it is not JSON, an entry lacks what is needed, or an id is said twice.
  """
  content = json_files.read_json(path, _NOUN, schema.record({
      "images": schema.list_of(schema.record(
          {"id": schema.identifier, "file_name": schema.text},
          {"width": schema.number, "height": schema.number})),
      "categories": schema.list_of(schema.record(
          {"id": schema.identifier, "name": schema.text})),
      "annotations": schema.list_of(annotation)}), form=_FORM, limit=_LIMIT,
                                 fix="Check the path of the annotations.")
  for kind in ("images", "categories"):
    _refuse_twice(path, kind, [item["id"] for item in content[kind]])
  known = {item["id"] for item in content["images"]}
  for number, item in enumerate(content["annotations"]):
    if item["image_id"] not in known:
      raise errors.value_error(
          f"An annotation of '{path}' belongs to no image.",
          expected="an id listed in 'images'",
          received=f"{item['image_id']!r} at annotations[{number}].image_id",
          fix="Add the image, or remove its annotations.")
  return content


def _refuse_twice(path, kind, ids):
  if len(set(ids)) < len(ids):
    seen = set()
    twice = next(number for number in ids if number in seen or seen.add(number))
    raise errors.value_error(
        f"Two entries of '{path}' have the same id.", expected=f"every id of {kind} once",
        received=repr(twice), fix="Export the annotations again; merged files need new ids.")


@dataclasses.dataclass(frozen=True)
class CocoImage:
  """What a COCO file says of one image.

  Attributes:
    path: of the JSON file, for errors.
    file_name: of the image.
    claim: (height, width) as the file says; None or 0 where it does not.
    items: (place, annotation) of every object, in the order of the file.
    categories: dict of category id to name.
  """
  path: str
  file_name: str
  claim: tuple
  items: tuple
  categories: dict

  def boxes(self, class_names, *, size=None, unknown="error"):
    """Returns the boxes of the image.

    Args:
      class_names: names whose index is the class id; index 0 is the background.
      size: (height, width) of the image in pixels, None if only the file knows.
      unknown: `"error"` or `"drop"`: annotations whose category is not among `class_names`.

    Returns:
      boxes: float32 [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open. Those without any width or
        height, of which the official files hold a few, are left out.
      classes: int32 [N], indices into `class_names`; 255 of crowds.

    Raises:
      ValueError: a class is unknown, a box lies outside, or the size is another or not known.
    """
    found = self._known(class_names, unknown)
    if not found:
      return box_files.arrays([], [])
    size = box_files.checked_size(self.claim, size, f"{self.path}' of '{self.file_name}")
    boxes, classes = [], []
    for place, item, label in found:
      box = coco_box(self._bbox(place, item, size), size, class_names[label],
                     f"{self.path}' at '{place}")
      if box is not None:
        boxes.append(box)
        classes.append(fields.IGNORE_LABEL if item.get("iscrowd") else label)
    return box_files.arrays(boxes, classes)

  def labels(self, class_names, *, unknown="error", crowds_only=False):
    """Returns the class ids of all objects and crowds, sorted: the tags that the file proves."""
    return sorted({label for _, item, label in self._known(class_names, unknown)
                   if item.get("iscrowd") or not crowds_only and _has_area(item)})

  @property
  def crowded(self):
    """Whether one of the annotations is a crowd."""
    return any(item.get("iscrowd") for _, item in self.items)

  def _known(self, class_names, unknown):
    ids = box_files.ids_of(class_names)
    found = []
    for place, item in self.items:
      number = item["category_id"]
      name = self.categories.get(number, f"category {number}")
      if box_files.known(name, ids, unknown, f"{self.path}' at '{place}"):
        found.append((place, item, ids[name]))
    return found

  def _bbox(self, place, item, size):
    bbox = item.get("bbox")
    bbox = _outline(item.get("segmentation"), size) if bbox is None else bbox
    if bbox is None:
      raise errors.value_error(
          f"An annotation of '{self.path}' has no box.",
          expected=f"x, y, width, height at {place}.bbox, or polygons at {place}.segmentation",
          received="neither", fix="Export the annotations with boxes, or remove this one.")
    return bbox


def _has_area(item):
  return item.get("bbox") is None or min(item["bbox"][2:]) != 0


def _outline(segmentation, size):
  """Returns x, y, width, height around polygons or run lengths, or None."""
  try:
    if isinstance(segmentation, dict):
      rows, columns = np.nonzero(coco_masks.object_mask(segmentation, size))
      low, high = (columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)
    else:
      points = np.concatenate([np.asarray(part, np.float64) for part in segmentation])
      points = points.reshape(-1, 2)
      low, high = points.min(0), points.max(0)
  except (TypeError, ValueError):
    return None
  box = [float(value) for value in (*low, high[0] - low[0], high[1] - low[1])]
  return box if all(map(math.isfinite, box)) else None


def read_coco(path):
  """Reads a COCO instance file.

  Args:
    path: of a JSON file with `images`, `annotations` and `categories`.

  Returns:
    Dict of file name, as the file has it, to `CocoImage`, in the order of the file.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: see `read_coco_json`; or two images have the same name.
  """
  path = str(path)
  content = read_coco_json(path)
  categories = {item["id"]: item["name"] for item in content["categories"]}
  objects = {item["id"]: [] for item in content["images"]}
  for number, item in enumerate(content["annotations"]):
    objects[item["image_id"]].append((f"annotations[{number}]", item))
  found = {}
  for item in content["images"]:
    if item["file_name"] in found:
      raise same_name(path, item["file_name"])
    found[item["file_name"]] = CocoImage(
        path, item["file_name"], (item.get("height"), item.get("width")),
        tuple(objects[item["id"]]), categories)
  return found


def same_name(path, name):
  """Returns the error for two images of a file that mean the same one; the caller raises it."""
  return errors.value_error(
      f"Two images of '{path}' have the same name.", expected="unique file names",
      received=name, fix="Rename one of the files, or list every image once.")


def coco_box(bbox, size, name, path):
  """Returns one box of COCO as fractions, or None where it has no area.

  Args:
    bbox: x, y, width, height in pixels counted from 0.
    size: (height, width) of the image in pixels.
    name: of the class, for errors.
    path: of the file, for errors.

  Returns:
    float64 [4], (ymin, xmin, ymax, xmax) in 0..1, half-open, or None.

  Raises:
    ValueError: the box lies outside of the image or has a negative side.

  Example:
    >>> coco_box([2, 5, 4, 10], (20, 8), "dog", "").tolist()
    [0.25, 0.25, 0.75, 0.75]
  """
  x, y, width, height = bbox
  if min(width, height) == 0:
    return None
  return box_files.normalise((y, x, y + height, x + width), *size, name, path)
