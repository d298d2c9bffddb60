"""Readers of box files: VOC XML and YOLO texts become the boxes of the sample contract.

The conventions differ by half a dozen off-by-ones, so no module but this and `coco_files` may
interpret them:

* VOC XML counts pixels from 1 and its corners are inclusive: the half-open interval of `v` pixels
  is `(min - 1) / side .. max / side`.
* COCO JSON holds `x, y, width, height` in pixels counted from 0: `x / side .. (x + width) / side`.
* A YOLO text holds `class cx cy width height` on every line: centre and sides as fractions of the
  image, and class numbers that leave out the background: `cx - width / 2 .. cx + width / 2`.
"""
import math

import numpy as np

from keras_weakseg import errors
from keras_weakseg.files import text as texts
from keras_weakseg.files import xml_files
from keras_weakseg.files import yaml_files

SUFFIXES = (".xml", ".txt")  # of files that hold the boxes of one image


def read_boxes(path, class_names, *, unknown="error", size_of=None, legend=None):
  """Reads the box file of one image, VOC XML or YOLO text by its suffix.

  Args:
    size_of: function that returns the size of the image; called only where it is needed.
    path, class_names, unknown, legend: as `read_voc_boxes` and `read_yolo_boxes`, as what is
      returned and raised.
  """
  if is_yolo(path):
    return read_yolo_boxes(path, class_names, unknown=unknown, legend=legend)
  return read_voc_boxes(path, class_names, unknown=unknown, size=size_of and size_of())


def is_yolo(path):
  """Returns whether a box file has the suffix of YOLO texts."""
  return str(path).lower().endswith(".txt")


def read_voc_boxes(xml_path, class_names, *, unknown="error", size=None):
  """Reads the objects of one VOC annotation file.

  Args:
    xml_path: path of a VOC XML file.
    class_names: sequence of names whose index is the class id; index 0 is the background.
    unknown: what to do with an object whose name is not among `class_names`: `"error"` or `"drop"`.
    size: (height, width) in pixels of the image, which the `<size>` of the file must agree with; it
      serves alone where that lacks or is 0, as some tools leave it. `None` trusts the file.

  Returns:
    boxes: float32 [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open, in the order of the file.
    classes: int32 [N], indices into `class_names`.

  Raises:
    FileNotFoundError: the file does not exist.
    ValueError: the file is not VOC XML, names an unknown class, the size is another or not known,
      or a box lies outside of the image or is empty.

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
  root = xml_files.read_xml(xml_path, "annotation", "a VOC XML file",
                            "Check the path of the annotations.")
  claim = [_number(_only(root, "size", xml_path), side, xml_path, "size/")
           for side in ("height", "width")]
  ids = ids_of(class_names)
  boxes, classes = [], []
  for item in root.iter("object"):
    name = _only(item, "name", xml_path)
    name = ("" if name is None else name.text or "").strip()
    if not known(name, ids, unknown, xml_path):
      continue
    corners = _only(item, "bndbox", xml_path)
    ymin, xmin, ymax, xmax = (_number(corners, tag, xml_path, "bndbox/", needed=True)
                              for tag in ("ymin", "xmin", "ymax", "xmax"))
    boxes.append(((ymin - 1, xmin - 1, ymax, xmax), name))
    classes.append(ids[name])
  if not boxes and size is None and None in claim:
    return arrays([], [])  # Nothing is measured in it.
  height, width = checked_size(claim, size, xml_path)
  return arrays([normalise(corners, height, width, name, xml_path) for corners, name in boxes],
                classes)


def checked_size(claim, size, path):
  """Returns (height, width) of an image: its own, with which its annotation must agree.

  Args:
    claim: (height, width) as an annotation says; a side may be None or 0: not known.
    size: (height, width) of the image itself, None = not known.
    path: of the annotation, for errors.

  Raises:
    ValueError: both are known and differ, or neither is.

  Example:
    >>> checked_size((0, None), (96, 128), "a.xml")
    (96, 128)
  """
  claim = tuple(side or None for side in claim)
  if size is None:
    if None in claim or min(claim) < 0:
      raise errors.value_error(
          f"The annotation '{path}' does not say how large its image is.",
          expected="a positive width and height", received=_sides(claim),
          fix="Correct the size in the annotation, or pass size=(height, width) of the image.")
    return claim
  if any(said not in (None, side) for said, side in zip(claim, size)):
    turned = claim == tuple(size)[::-1]
    fix = ("The boxes were drawn on the turned photograph: rotate the pixels and drop the EXIF tag "
           "of the image, or turn the annotation." if turned else
           "Use the image that was annotated, or scale the boxes and correct the size in the "
           "annotation.")
    raise errors.value_error(
        f"The annotation '{path}' is of an image of another size"
        f"{' (height and width are exchanged)' if turned else ''}.",
        expected=f"{_sides(size)} (width x height), as the image has", received=_sides(claim),
        fix=fix)
  return tuple(size)


def _sides(size):
  return "x".join("unknown" if side is None else f"{side:g}" for side in tuple(size)[::-1])


def read_yolo_boxes(txt_path, class_names, *, unknown="error", legend=None):
  """Reads the objects of one YOLO text file; an empty file is an image without objects.

  Args:
    txt_path: path of a text file with `class cx cy width height` on every line.
    class_names: sequence of names whose index is the class id; index 0 is the background, which
      YOLO's numbers leave out: its class 0 is `class_names[1]`.
    unknown: what to do with a number or name of no class: `"error"` or `"drop"`.
    legend: names whose index is the number in the file, as the tool that wrote it left them (see
      `read_legend`); None: the numbers are those of `class_names` without the background.

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
  lines = texts.read_lines(txt_path, "box file", fix="Check the path of the annotations.")
  names = dict(enumerate(class_names[1:] if legend is None else legend))
  names = {str(number): name for number, name in names.items()}
  ids = ids_of(class_names)
  boxes, classes = [], []
  for number, line in lines:
    place = f"{txt_path}:{number}"
    words = line.split()
    label = _whole(words[0])
    if known(label, names, unknown, place) and known(names[label], ids, unknown, place):
      cx, cy, width, height = _fractions(words[1:], place, line)
      corners = (cy - height / 2, cx - width / 2, cy + height / 2, cx + width / 2)
      # No size in pixels is known here: a hundredth of the image counts as rounding.
      boxes.append(normalise(corners, 1, 1, names[label], txt_path, slack=.01))
      classes.append(ids[names[label]])
  return arrays(boxes, classes)


def read_legend(path):
  """Returns the class names of YOLO's numbers, a tuple of str.

  Args:
    path: of a `classes.txt` or `obj.names` with a name on every line, or of a `data.yaml` with
      `names`, a list or a mapping of number to name.

  Raises:
    ValueError: the file has another form.
  """
  if not str(path).lower().endswith((".yaml", ".yml")):
    return tuple(line for _, line in texts.read_lines(path, "list of classes"))
  content = yaml_files.read_yaml(path, "list of classes")
  names = content.get("names") if isinstance(content, dict) else None
  if isinstance(names, dict) and set(names) == set(range(len(names))):
    names = [names[number] for number in range(len(names))]
  if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
    raise texts.unreadable("list of classes", path, "names: [name, ...] or {0: name, ...}",
                           repr(names), "Correct it, or move the file away from the boxes.")
  return tuple(names)


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


def _only(node, tag, path):
  """Returns the child element of this name, None if there is none; refuses two."""
  found = node.findall(tag)
  if len(found) > 1:
    raise errors.value_error(
        f"The annotation '{path}' has several <{tag}> where one belongs.",
        expected=f"one <{tag}> in <{node.tag}>", received=len(found),
        fix="Remove all but the right one.")
  return found[0] if found else None


def _number(node, tag, path, within, needed=False):
  """Returns the number in an element; None where there is none and none is needed."""
  found = None if node is None else _only(node, tag, path)
  text = None if found is None else (found.text or "").strip()
  if not text and not needed:
    return None
  try:
    value = float(text)
    if math.isfinite(value):
      return value
  except (TypeError, ValueError):
    pass
  raise errors.value_error(
      f"The annotation '{path}' has no number in <{within}{tag}>.",
      expected="a number of pixels", received=repr(text),
      fix="Correct the element, or remove its object.")


def ids_of(class_names):
  """Returns a dict of class name to class id, without the background, which has no boxes."""
  return {name: index for index, name in enumerate(class_names) if index}


def known(name, ids, unknown, path):
  """Returns whether a name is that of a class.

  Args:
    name: of an object.
    ids: dict with the names of classes.
    unknown: `"error"` or `"drop"`.
    path: of the file, for errors.

  Raises:
    ValueError: it is not, and `unknown` is `"error"`.
  """
  errors.check_name("treatment of unknown classes", unknown, ("error", "drop"))
  if name in ids:
    return True
  if unknown == "error":
    raise errors.value_error(
        f"'{path}' holds an object of a class that is not in the class list.",
        expected="one of " + ", ".join(ids), received=repr(name),
        fix="Add the class to the class list, or read the boxes with unknown='drop'.")
  return False


def normalise(corners, height, width, name, path, slack=1):
  """Returns half-open corners as fractions, float64 [4]; `slack` pixels outside are clipped.

  Args:
    corners: ymin, xmin, ymax, xmax in pixels.
    height, width: of the image in pixels.
    name: of the class, for errors.
    path: of the file, for errors.
    slack: how far outside of the image is still rounding; less than 1 where these are no pixels.

  Raises:
    ValueError: the box lies outside of the image or is empty, or holds shares instead of pixels.
  """
  ymin, xmin, ymax, xmax = corners
  if slack >= 1 and max(ymax, xmax) <= 1 < min(height, width) and any(
      value % 1 for value in corners):
    raise errors.value_error(
        f"A box of class '{name}' in '{path}' lies within the first pixel of its image.",
        expected=f"pixels of an image of {width:g}x{height:g} (width x height)",
        received="fractions up to 1, as shares of the sides are",
        fix="Multiply x by the width and y by the height, or write YOLO texts.")
  outside = not min(ymin, xmin) >= -slack or ymax > height + slack or xmax > width + slack
  if outside or ymin >= ymax or xmin >= xmax:
    raise errors.value_error(
        f"A box of class '{name}' in '{path}' lies outside of its image or is empty.",
        expected=f"0 <= ymin < ymax <= {height:g} and 0 <= xmin < xmax <= {width:g} (half-open)",
        received=f"(ymin, xmin, ymax, xmax) = ({ymin:g}, {xmin:g}, {ymax:g}, {xmax:g})",
        fix="Correct the box, or the size of the image in the annotation.")
  box = np.array([ymin / height, xmin / width, ymax / height, xmax / width])
  return np.clip(box, 0.0, 1.0)


def arrays(boxes, classes):
  """Returns boxes float32 [N, 4] and classes int32 [N] of lists."""
  return (np.asarray(boxes, np.float32).reshape([-1, 4]), np.asarray(classes, np.int32))
