"""The pixels of COCO's polygons and run lengths: pycocotools, behind checks that it does not make.

`pycocotools` fills what COCO evaluates, but takes run lengths that do not fill the image (the rest
of the mask is then whatever memory held) and two corners for x, y, width and height.
"""
import numpy as np

from keras_weakseg import errors

_FIRST_CHARACTER, _BITS, _MORE, _SIGN = 48, 5, 0x20, 0x10
_FAR = 1 << 20  # pixels; the outline of a polygon takes memory for all of its length


def object_mask(segmentation, size, place="annotation"):
  """Returns the pixels of one object.

  Args:
    segmentation: list of polygons, each of numbers x0, y0, x1, y1, ... (their union is the object);
      or a dict with `size` [H, W] and `counts`, run lengths down the columns as a list or as the
      short text of the COCO API.
    size: (height, width) of the image.
    place: of the annotation, for errors.

  Returns:
    bool [H, W].

  Raises:
    ValueError: another structure, run lengths of another size, or that do not fill it.

  Example:
    >>> object_mask([[1, 0, 3, 0, 3, 1, 1, 1]], (2, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
  """
  from pycocotools import mask as api  # pylint: disable=g-import-not-at-top
  height, width = (int(side) for side in size)
  if isinstance(segmentation, dict):
    runs = _runs(segmentation, (height, width), place)
  else:
    parts = _polygons(segmentation, place)
    if not parts:
      return np.zeros([height, width], bool)
    runs = parts
  try:
    runs = api.frPyObjects(runs, height, width) if _is_plain(runs) else runs
    return api.decode(api.merge(runs) if isinstance(runs, list) else runs).astype(bool)
  except (ValueError, TypeError, OverflowError) as error:
    raise _malformed(place, error) from error


def _is_plain(runs):
  return isinstance(runs, list) or isinstance(runs["counts"], list)


def _polygons(parts, place):
  """Returns the polygons with an area; points and lines have no pixels."""
  try:
    parts = [np.asarray(part, np.float64) for part in parts]
  except (TypeError, ValueError) as error:
    raise _malformed(place, repr(parts)) from error
  for part in parts:
    if part.ndim != 1 or part.size % 2 or not (np.abs(part) < _FAR).all():
      raise _malformed(place, repr(part.tolist()))
  return [part.tolist() for part in parts if part.size >= 6]


def _runs(segmentation, size, place):
  """Returns a dict for pycocotools whose runs fill the size."""
  stored, counts = segmentation.get("size"), segmentation.get("counts")
  if stored != list(size):
    raise errors.value_error(
        f"The mask of the {place} has another size than its image.",
        expected=f"{size[0]}x{size[1]} (height x width)",
        received="x".join(map(str, stored)) if isinstance(stored, list) else repr(stored),
        fix="Extract the annotations again.")
  counts = counts.encode("ascii", "replace") if isinstance(counts, str) else counts
  lengths = _parse(counts, place) if isinstance(counts, bytes) else counts
  good = isinstance(lengths, list) and all(
      isinstance(count, int) and not isinstance(count, bool) and count >= 0 for count in lengths)
  if not good or sum(lengths) != size[0] * size[1]:
    raise errors.value_error(
        f"The run lengths of the {place} do not fill its size.",
        expected=f"{size[0]} x {size[1]} = {size[0] * size[1]} pixels",
        received=sum(lengths) if good else repr(counts)[:80],
        fix="Extract the annotations again; `size` is [height, width].")
  return {"size": list(size), "counts": counts}


def _parse(text, place):
  """Returns the lengths in a short text: 5 bits a character, differences from the fourth on."""
  counts, value, shift = [], 0, 0
  for character in text:
    bits = character - _FIRST_CHARACTER
    if not 0 <= bits < 2 * _MORE or shift > 6 * _BITS:
      raise _malformed(place, repr(text)[:80])
    value |= (bits & (_MORE - 1)) << shift
    shift += _BITS
    if not bits & _MORE:
      value -= (1 << shift) if bits & _SIGN else 0
      counts.append(value + (counts[-2] if len(counts) > 2 else 0))
      value = shift = 0
  if shift:
    raise errors.value_error(
        f"The short mask of the {place} ends within a number.",
        expected="a text as the COCO API writes it", received=repr(text)[:80],
        fix="Extract the annotations again.")
  return counts


def _malformed(place, received):
  return errors.value_error(
      f"The mask of the {place} cannot be read.",
      expected="polygons [x0, y0, x1, y1, ...] in pixels, or run lengths {size, counts}",
      received=received, fix="Export the annotations again.")
