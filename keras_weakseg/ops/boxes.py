"""Label maps from bounding boxes on the host: Bbox-Rect, and the probabilities behind Bbox-Seg.

Boxes are those of the sample contract: float [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open,
class -1 = padding. They are painted by descending area in pixels, so the smallest box is on top; of
equal areas the later one. Reference: Papandreou, Chen, Murphy, Yuille, Weakly- and Semi-Supervised
Learning of a DCNN for Semantic Image Segmentation, ICCV 2015, section 3.3; numbers that the paper
does not give are those of the authors' code.
"""
from typing import NamedTuple

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.ops import crf as crf_ops
from keras_weakseg.ops import crf_parameters

MODES = ("soft", "hard")
_FLOOR = 1e-12                  # probability of what is ruled out
_CORE, _RING = 0.75 - _FLOOR, 0.5
_OCCLUDER_BIAS = 0.1            # per box that lies below
_MARGIN = 0.05                  # the core may be this much larger than alpha
_SMALLEST_AREA, _SMALLEST_SIDE = 121, 10    # pixels; smaller boxes are all core


class PixelBox(NamedTuple):
  """A box in whole pixels, half-open, and its class."""
  top: int
  left: int
  bottom: int
  right: int
  label: int

  @property
  def area(self):
    """Pixels of the box."""
    return (self.bottom - self.top) * (self.right - self.left)

  @property
  def window(self):
    """The pixels of the box as a pair of slices."""
    return slice(self.top, self.bottom), slice(self.left, self.right)


def painting_order(boxes, classes, size):
  """Returns the boxes in pixels, largest first: the order in which they are painted.

  Args:
    boxes: float [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open.
    classes: int [N], >= 1; -1 = padding.
    size: (height, width) in pixels.

  Returns:
    List of `PixelBox`, rounded, at least one pixel high and wide; padding is left out.

  Raises:
    ValueError: shapes differ, a box leaves the image or is empty, or a class is 0.

  Example:
    >>> [box.label for box in painting_order([[0, 0, .2, 1], [0, 0, 1, 1]], [1, 2], (10, 10))]
    [2, 1]
  """
  boxes = np.asarray(boxes, np.float64).reshape([-1, 4])
  classes = np.asarray(classes, np.int64).reshape([-1])
  if len(boxes) != len(classes):
    raise errors.value_error(
        "Boxes and classes do not belong together.", expected="one class per box",
        received=f"{len(boxes)} boxes, {len(classes)} classes", fix="Pass both of one sample.")
  boxes, classes = boxes[classes != -1], classes[classes != -1]
  good = ((boxes >= 0) & (boxes <= 1)).all(1) & (boxes[:, :2] < boxes[:, 2:]).all(1)
  if not good.all() or (classes < 1).any():
    raise errors.value_error(
        "A box cannot be painted.",
        expected="0 <= ymin < ymax <= 1, 0 <= xmin < xmax <= 1 and a class of 1 or more",
        received=[(box.tolist(), int(label)) for box, label, fine in zip(boxes, classes, good)
                  if not fine or label < 1][:3],
        fix="Divide pixel coordinates by the height and width of the image; class 0 is the "
            "background.")
  scale = np.array([*size, *size])
  corners = np.floor(boxes * scale + 0.5).astype(np.int64)
  first = np.minimum(corners[:, :2], scale[:2] - 1)
  last = np.maximum(corners[:, 2:], first + 1)  # Less than half a pixel is still an object.
  found = [PixelBox(*map(int, (*top_left, *bottom_right, label)))
           for top_left, bottom_right, label in zip(first, last, classes)]
  return sorted(found, key=lambda box: -box.area)


def rasterize_boxes(boxes, classes, size):
  """Returns the label map of Bbox-Rect: every pixel belongs to the smallest box over it.

  Args:
    boxes: float [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open.
    classes: int [N], 1..254; -1 = padding.
    size: (height, width) in pixels.

  Returns:
    uint8 [H, W]; 0 outside of all boxes.

  Raises:
    ValueError: see `painting_order`.

  Example:
    >>> rasterize_boxes([[0, 0, 1, .75], [0, .5, 1, 1]], [1, 2], (1, 4)).tolist()
    [[1, 1, 2, 2]]
  """
  labels = np.zeros(size, np.uint8)
  for box in painting_order(boxes, classes, size):
    labels[box.window] = box.label
  return labels


def core_of(box, size, alpha=0.2):
  """Returns the core of a box: what is left after eroding it by 3x3 squares, at least once.

  Erosion ends when less than `alpha` + .05 of the box is left, or before nothing is. A box of less
  than 121 pixels, or less than 10 high or wide, is all core. Pixels at the border of the image are
  never core of a box that is eroded.

  Args:
    box: `PixelBox`.
    size: (height, width) of the image in pixels.
    alpha: share of the box that is wanted as core, 0..1.

  Returns:
    `PixelBox`.
  """
  height, width = box.bottom - box.top, box.right - box.left
  if box.area < _SMALLEST_AREA or min(height, width) < _SMALLEST_SIDE:
    return box
  top, left = max(box.top, 1), max(box.left, 1)
  bottom, right = min(box.bottom, size[0] - 1), min(box.right, size[1] - 1)
  whole = (bottom - top) * (right - left)
  while min(bottom - top, right - left) > 2:
    top, left, bottom, right = top + 1, left + 1, bottom - 1, right - 1
    if (bottom - top) * (right - left) < (alpha + _MARGIN) * whole:
      break
  return PixelBox(top, left, bottom, right, box.label)


def soft_box_probabilities(boxes, classes, size, num_classes, alpha=0.2, mode="soft"):
  """Returns the class probabilities that boxes imply, from which a CRF infers the objects.

  `soft` is the authors' code: a box votes for its class with .75 in its core and .5 around it,
  against the background; the k-th largest adds a bias of .1 k in its core, so that what is in front
  wins; votes for one class are averaged. `hard` is the paper's text: cores are objects, pixels
  outside of all boxes are background, and around the cores the classes of the boxes over a pixel
  are equally likely, with the background or the core below.

  Args:
    boxes: float [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open.
    classes: int [N], 1..C-1; -1 = padding.
    size: (height, width) in pixels.
    num_classes: C.
    alpha: share of a box that is its core, 0..1 (the paper tried .2 to .8).
    mode: `soft` or `hard`.

  Returns:
    float32 [H, W, C], sums to 1; about 1e-12 where a class is ruled out.

  Raises:
    ValueError: a class is not below C, alpha or the mode is unknown; see also `painting_order`.

  Example:
    >>> found = soft_box_probabilities([[0, 0, 1, .5]], [1], (1, 2), 2)
    >>> found[0].astype(float).round(2).tolist()
    [[0.23, 0.77], [1.0, 0.0]]
  """
  found = painting_order(boxes, classes, size)
  errors.check_name("mode of box probabilities", mode, MODES)
  if not 0 < alpha < 1:
    raise errors.value_error("The share of the core is out of range.", expected="0 < alpha < 1",
                             received=alpha, fix="Pass alpha=0.2, as in the paper.")
  if any(box.label >= num_classes for box in found):
    raise errors.value_error(
        f"A box has a class beyond the {num_classes} classes.", expected=f"1..{num_classes - 1}",
        received=sorted({box.label for box in found}), fix="Pass the right num_classes.")
  paint = _soft if mode == "soft" else _hard
  values = paint([(box, core_of(box, size, alpha)) for box in found], size, num_classes)
  return (values / values.sum(-1, keepdims=True)).astype(np.float32)


def _soft(pairs, size, num_classes):
  votes = np.full([*size, num_classes], _FLOOR)
  counts = np.zeros([*size, num_classes])
  covered = np.zeros(size, bool)
  for rank, (box, core) in enumerate(pairs, 1):
    vote = np.full(size, _RING)[box.window]
    vote[_inside(core, box)] = _CORE
    votes[box.window][..., box.label] += vote
    votes[box.window][..., 0] += 1 - vote
    for channel in (0, box.label):
      counts[box.window][..., channel] += 1
    votes[core.window][..., box.label] += _OCCLUDER_BIAS * rank
    covered[box.window] = True
  votes[~covered, 0] += 1 - _FLOOR
  return votes / np.maximum(counts, 1)


def _hard(pairs, size, num_classes):
  possible = np.zeros([*size, num_classes], bool)
  possible[..., 0] = True
  for box, core in pairs:
    possible[box.window][..., box.label] = True
    possible[core.window] = np.arange(num_classes) == box.label
  return np.where(possible, 1.0, _FLOOR)


def _inside(core, box):
  """Returns the pixels of a core as slices of its box."""
  return (slice(core.top - box.top, core.bottom - box.top),
          slice(core.left - box.left, core.right - box.left))


def segment_boxes(image, boxes, classes, num_classes, alpha=0.2, mode="soft", crf="bbox_seg"):
  """Returns the label map of Bbox-Seg: one dense CRF per image infers the objects in the boxes.

  The energies are -log of `soft_box_probabilities`. Classes without a box are left out of the CRF:
  at a probability of 1e-12 they win no pixel, and it is as much faster as they are many.

  Args:
    image: uint8 [H, W, 3], RGB 0..255.
    boxes: float [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open.
    classes: int [N], 1..C-1; -1 = padding.
    num_classes: C.
    alpha, mode: see `soft_box_probabilities`.
    crf: `ops.crf_parameters.CrfParameters`, or a text for its `parse`: by default the authors' set.

  Returns:
    uint8 [H, W], 0..C-1.

  Raises:
    ValueError: see `soft_box_probabilities`, `ops.crf.dense_crf` and `CrfParameters.parse`.

  Example:
    >>> image = np.zeros([48, 48, 3], np.uint8)
    >>> image[12:36, 12:36] = 255
    >>> found = segment_boxes(image, [[.2, .2, .8, .8]], [2], 3)  # a loose box
    >>> int((found == 2).sum()), int(found[11, 11])
    (576, 0)
  """
  image = np.asarray(image)
  if isinstance(crf, str):
    crf = crf_parameters.CrfParameters.parse(crf)
  probabilities = soft_box_probabilities(
      boxes, classes, image.shape[:2], num_classes, alpha, mode)
  present = np.unique([0, *(label for label in np.ravel(classes) if label != -1)]).astype(int)
  if len(present) == 1:
    return np.zeros(image.shape[:2], np.uint8)
  unary = crf_ops.unary_from_probabilities(probabilities[..., present], _FLOOR)
  found = crf_ops.dense_crf(unary, image, **crf.as_dict())
  return present.astype(np.uint8)[found.argmax(-1)]


def boxes_from_instances(instances, classes, ignore=(0, fields.IGNORE_LABEL)):
  """Returns the tight boxes of instances.

  Args:
    instances: int [H, W], the id of the instance of every pixel.
    classes: dict of instance id to class id, or the class mask int [H, W], whose most frequent
      class on the instance (but for background and 255) is taken.
    ignore: ids that are no instance: nothing, and the unknown border.

  Returns:
    boxes: float32 [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open, by ascending instance id.
    classes: int32 [N]. Instances without a class are left out.

  Raises:
    ValueError: the maps have another shape, or a dict does not name an instance.

  Example:
    >>> boxes, classes = boxes_from_instances([[0, 7], [0, 7]], {7: 3})
    >>> boxes.tolist(), classes.tolist()
    ([[0.0, 0.5, 1.0, 1.0]], [3])
  """
  instances = np.asarray(instances)
  mask = None if isinstance(classes, dict) else np.asarray(classes)
  if instances.ndim != 2 or (mask is not None and mask.shape != instances.shape):
    raise errors.value_error(
        "The instances have no boxes.", expected="ids [H, W] and a dict, or a class mask [H, W]",
        received=f"{instances.shape}" + ("" if mask is None else f" and {mask.shape}"),
        fix="Pass the instance map and the classes of one image.")
  scale = np.array([*instances.shape, *instances.shape], np.float64)
  boxes, labels = [], []
  for number in np.unique(instances[~np.isin(instances, ignore)]).tolist():
    own = instances == number
    label = _class_of(number, own, classes, mask)
    if label is not None:
      rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
      boxes.append(np.array([rows[0], columns[0], rows[-1] + 1, columns[-1] + 1]) / scale)
      labels.append(label)
  return np.asarray(boxes, np.float32).reshape([-1, 4]), np.asarray(labels, np.int32)


def _class_of(number, own, classes, mask):
  if mask is None:
    if number not in classes:
      raise errors.value_error(
          f"The class of instance {number} is not known.", expected="an entry for every instance",
          received=sorted(classes), fix="Add it, or list the id in ignore=.")
    return int(classes[number])
  values = mask[own]
  values = values[(values != 0) & (values != fields.IGNORE_LABEL)]
  return int(np.bincount(values).argmax()) if values.size else None
