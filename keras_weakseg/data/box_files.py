"""Readers of box files: VOC XML, COCO JSON and YOLO texts become the boxes of the sample contract.

The conventions differ by half a dozen off-by-ones, so no other module may interpret them:

* VOC XML counts pixels from 1 and its corners are inclusive: the half-open interval of `v` pixels
  is `(min - 1) / side .. max / side`.
* COCO JSON holds `x, y, width, height` in pixels counted from 0: `x / side .. (x + width) / side`.
* A YOLO text holds `class cx cy width height` on every line: centre and sides as fractions of the
  image, and class numbers that leave out the background: `cx - width / 2 .. cx + width / 2`.
"""
import json
import os
import xml.etree.ElementTree as ElementTree

import numpy as np

from keras_weakseg import errors

SUFFIXES = (".xml", ".txt")  # of files that hold the boxes of one image


def read_boxes(path, class_names, *, unknown="error"):
  """Reads the box file of one image, VOC XML or YOLO text by its suffix.

  Args, returns and raises: as `read_voc_boxes` and `read_yolo_boxes`.
  """
  yolo = str(path).lower().endswith(".txt")
  return (read_yolo_boxes if yolo else read_voc_boxes)(path, class_names, unknown=unknown)


def read_voc_boxes(xml_path, class_names, *, unknown="error", skip_difficult=False, size=None):
  """Reads the objects of one VOC annotation file.

  Args:
    xml_path: path of a VOC XML file.
    class_names: sequence of names whose index is the class id; index 0 is the background.
    unknown: what to do with an object whose name is not among `class_names`: `"error"` or `"drop"`.
    skip_difficult: whether objects marked `difficult` are left out.
    size: (height, width) in pixels of the image that the boxes were drawn on; `None` takes the
      `<size>` element of the file, which some annotation tools leave at 0.

  Returns:
    boxes: float32 [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open, in the order of the file.
    classes: int32 [N], indices into `class_names`.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: the file is not VOC XML, names an unknown class, has no size, or a box lies outside
      of the image or is empty.

  Example:
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".xml") as file:
    ...   _ = file.write("<annotation><size><width>10</width><height>20</height></size><object>"
    ...                  "<name>dog</name><bndbox><xmin>1</xmin><ymin>6</ymin><xmax>10</xmax>"
    ...                  "<ymax>20</ymax></bndbox></object></annotation>")
    ...   file.flush()
    ...   boxes, classes = read_voc_boxes(file.name, ["background", "dog"])
    >>> boxes.tolist(), classes.tolist()
    ([[0.25, 0.0, 1.0, 1.0]], [1])
  """
  root = _parse_xml(xml_path)
  height, width = size or (_number(root, tag, xml_path) for tag in ("size/height", "size/width"))
  if min(height, width) <= 0:
    raise errors.value_error(
        f"The annotation '{xml_path}' does not say how large its image is.",
        expected="a <size> with a positive width and height", received=f"{width}x{height}",
        fix="Correct <size>, or pass size=(height, width) of the image.")
  ids = {name: index for index, name in enumerate(class_names)}
  boxes, classes = [], []
  for item in root.iter("object"):
    name = (item.findtext("name") or "").strip()
    if not _known(name, ids, unknown, xml_path):
      continue
    if skip_difficult and (item.findtext("difficult") or "0").strip() == "1":
      continue
    ymin, xmin, ymax, xmax = (_number(item, f"bndbox/{tag}", xml_path)
                              for tag in ("ymin", "xmin", "ymax", "xmax"))
    boxes.append(_normalise((ymin - 1, xmin - 1, ymax, xmax), height, width, name, xml_path))
    classes.append(ids[name])
  return _arrays(boxes, classes)


def read_coco_boxes(json_path, class_names, *, unknown="error", skip_crowd=True):
  """Reads a COCO instance file: the boxes of every image that it lists.

  Args:
    json_path: path of a COCO JSON file with `images`, `annotations` and `categories`.
    class_names: sequence of names whose index is the class id; index 0 is the background.
      Categories are matched by name, so the gaps in COCO's ids do not matter.
    unknown: what to do with an annotation whose category is not among `class_names`: `"error"` or
      `"drop"`.
    skip_crowd: whether annotations with `iscrowd` 1, which outline many objects, are left out.

  Returns:
    A dict from the image's file name without folder and suffix to `(boxes, classes)` as returned by
    `read_voc_boxes`; an image without annotations has empty arrays. Boxes without any width or
    height, of which the official files hold a few, are left out.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: the file is not COCO JSON, names an unknown class or image, two images share one
      name, or a box lies outside of its image or is empty.
  """
  content = read_coco_json(json_path)
  ids = {name: index for index, name in enumerate(class_names)}
  categories = {item["id"]: item["name"] for item in content["categories"]}
  images = {item["id"]: item for item in content["images"]}
  found = {image_id: ([], []) for image_id in images}
  for item in content["annotations"]:
    name = categories.get(item["category_id"], f"category {item['category_id']}")
    if not _known(name, ids, unknown, json_path):
      continue
    if skip_crowd and item.get("iscrowd", 0):
      continue
    if item["image_id"] not in images:
      raise errors.value_error(
          f"An annotation of '{json_path}' belongs to no image.",
          expected="an id listed in 'images'",
          received=item["image_id"], fix="Add the image, or remove its annotations.")
    image = images[item["image_id"]]
    box = coco_box(item["bbox"], (image["height"], image["width"]), name, json_path)
    if box is not None:
      boxes, classes = found[item["image_id"]]
      boxes.append(box)
      classes.append(ids[name])
  result = {}
  for image_id, (boxes, classes) in found.items():
    stem = os.path.splitext(os.path.basename(images[image_id]["file_name"]))[0]
    if stem in result:
      raise errors.value_error(
          f"Two images of '{json_path}' have the same name.", expected="unique file names",
          received=stem, fix="Rename one of the files, or list every image once.")
    result[stem] = _arrays(boxes, classes)
  return result


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
  return _normalise((y, x, y + height, x + width), *size, name, path)


def read_yolo_boxes(txt_path, class_names, *, unknown="error"):
  """Reads the objects of one YOLO text file; an empty file is an image without objects.

  Args:
    txt_path: path of a text file with `class cx cy width height` on every line.
    class_names: sequence of names whose index is the class id; index 0 is the background, which
      YOLO's numbers leave out: its class 0 is `class_names[1]`.
    unknown: what to do with a number of no class: `"error"` or `"drop"`.

  Returns:
    boxes: float32 [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open, in the order of the file.
    classes: int32 [N], indices into `class_names`.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: a line has another form, an unknown class, or a box outside of the image.

  Example:
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
    ...   _ = file.write("0 0.5 0.25 1.0 0.5")
    ...   file.flush()
    ...   boxes, classes = read_yolo_boxes(file.name, ["background", "dog"])
    >>> boxes.tolist(), classes.tolist()
    ([[0.0, 0.0, 0.5, 1.0]], [1])
  """
  try:
    with open(txt_path, encoding="utf-8") as file:
      lines = file.read().splitlines()
  except FileNotFoundError:
    raise _absent(txt_path) from None
  ids = {str(number): number + 1 for number in range(len(class_names) - 1)}
  boxes, classes = [], []
  for number, line in enumerate(lines, 1):
    words = line.split()
    if words and _known(_whole(words[0]), ids, unknown, txt_path):
      cx, cy, width, height = _fractions(words[1:], f"{txt_path}:{number}", line)
      corners = (cy - height / 2, cx - width / 2, cy + height / 2, cx + width / 2)
      label = ids[_whole(words[0])]
      # No size in pixels is known here: a hundredth of the image counts as rounding.
      boxes.append(_normalise(corners, 1, 1, class_names[label], txt_path, slack=.01))
      classes.append(label)
  return _arrays(boxes, classes)


def _whole(text):
  """Returns a class number without the `.0` that some tools write."""
  return text.removesuffix(".0")


def _fractions(words, place, line):
  try:
    values = [float(word) for word in words]
  except ValueError:
    values = []
  if len(values) != 4:
    raise errors.value_error(
        f"The line '{place}' is no box.", expected="class cx cy width height", received=repr(line),
        fix="Export boxes in the YOLO format for detection, not outlines or predictions.")
  return values


def _parse_xml(path):
  try:
    return ElementTree.parse(path).getroot()
  except FileNotFoundError:
    raise _absent(path) from None
  except ElementTree.ParseError as error:
    raise errors.value_error(
        f"The annotation '{path}' cannot be read.", expected="a VOC XML file", received=error,
        fix="Export the annotation again, or remove the file.") from error


def read_coco_json(path):
  """Returns the content of a COCO JSON file, of instances or panoptic: a dict.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: it is not JSON, or has no `images`, `annotations` and `categories`.
  """
  try:
    with open(path, encoding="utf-8") as file:
      content = json.load(file)
  except FileNotFoundError:
    raise _absent(path) from None
  except ValueError as error:
    raise errors.value_error(
        f"The annotation '{path}' cannot be read.", expected="a COCO JSON file", received=error,
        fix="Export the annotations again.") from error
  wanted = ("images", "annotations", "categories")
  received = sorted(content) if isinstance(content, dict) else type(content).__name__
  if not isinstance(content, dict) or not all(key in content for key in wanted):
    raise errors.value_error(
        f"'{path}' is not a COCO instance file.", expected="the keys " + ", ".join(wanted),
        received=received, fix="Pass the instances_*.json file of the data set.")
  return content


def _absent(path):
  return errors.missing("A box file does not exist.", expected=f"the file '{path}'",
                        received="no such file", fix="Check the path of the annotations.")


def _number(node, tag, path):
  text = node.findtext(tag)
  try:
    return float(text)
  except (TypeError, ValueError):
    raise errors.value_error(
        f"The annotation '{path}' has no number in <{tag}>.", expected="a number of pixels",
        received=repr(text), fix="Correct the element, or remove its object.") from None


def _known(name, ids, unknown, path):
  if unknown not in ("error", "drop"):
    raise errors.unknown_name("treatment of unknown classes", unknown, ("error", "drop"))
  if name in ids:
    return True
  if unknown == "error":
    raise errors.value_error(
        f"'{path}' holds an object of a class that is not in the class list.",
        expected="one of " + ", ".join(ids), received=repr(name),
        fix="Add the class to the class list, or read the boxes with unknown='drop'.")
  return False


def _normalise(corners, height, width, name, path, slack=1):
  """Returns half-open corners as fractions; up to `slack` pixels outside is rounding, clipped."""
  ymin, xmin, ymax, xmax = corners
  outside = min(ymin, xmin) < -slack or ymax > height + slack or xmax > width + slack
  if outside or ymin >= ymax or xmin >= xmax:
    raise errors.value_error(
        f"A box of class '{name}' in '{path}' lies outside of its image or is empty.",
        expected=f"0 <= ymin < ymax <= {height:g} and 0 <= xmin < xmax <= {width:g} (half-open)",
        received=f"(ymin, xmin, ymax, xmax) = ({ymin:g}, {xmin:g}, {ymax:g}, {xmax:g})",
        fix="Correct the box, or the size of the image in the annotation.")
  box = np.array([ymin / height, xmin / width, ymax / height, xmax / width])
  return np.clip(box, 0.0, 1.0)


def _arrays(boxes, classes):
  return (np.asarray(boxes, np.float32).reshape([-1, 4]), np.asarray(classes, np.int32))
