"""Fills polygons exactly as the COCO API does, so that masks are those that COCO evaluates."""
import numpy as np

_SCALE = 5  # the outline is drawn on a grid this much finer


def fill_polygon(corners, size):
  """Returns the pixels of one polygon.

  Coordinates are continuous: pixel (row 0, column 0) covers 0..1 in both. The outline is drawn on a
  grid of 1/5 pixel; in every column, each crossing of the column's centre by the outline begins or
  ends a run (`rleFrPoly` of github.com/cocodataset/cocoapi, `common/maskApi.c`). Drawing functions
  of image libraries differ: OpenCV's also paints every pixel that the outline touches.

  Args:
    corners: numbers x0, y0, x1, y1, ... of at least one corner, in pixels.
    size: (height, width) of the mask.

  Returns:
    bool [H, W].

  Example:
    >>> fill_polygon([1, 0, 3, 0, 3, 1, 1, 1], (2, 4)).astype(int).tolist()
    [[0, 1, 1, 0], [0, 0, 0, 0]]
  """
  height, width = size
  fine = _truncate(_SCALE * np.asarray(corners, np.float64).reshape(-1, 2) + .5)
  pieces = [_line(start, end) for start, end in zip(fine, np.roll(fine, -1, 0))]
  x, y = np.concatenate(pieces).T
  before_x, before_y, x, y = x[:-1], y[:-1], x[1:], y[1:]
  column = (np.where(x < before_x, x, x - 1) + .5) / _SCALE - .5
  row = np.ceil(np.clip((np.minimum(y, before_y) + .5) / _SCALE - .5, 0, height))
  crossing = (x != before_x) & (column == np.floor(column)) & (column >= 0) & (column < width)
  places = (column[crossing] * height + row[crossing]).astype(np.int64)
  return _between(places, height * width).reshape(width, height).T


def _between(places, count):
  """Returns bool [count]: an odd number of places are at or before this one."""
  inside = np.zeros(count, bool)
  if places.size:
    # Only where there is something to count: objects are small, images are large.
    first, last = places.min(), places.max()
    toggles = np.bincount(places - first).astype(np.uint8) & 1
    toggles = np.bitwise_xor.accumulate(toggles).astype(bool)
    inside[first:last + 1] = toggles[:count - first]
    inside[last + 1:] = toggles[-1]
  return inside


def _truncate(values):
  """Returns integers as C casts them: towards zero."""
  return np.trunc(values).astype(np.int64)


def _line(start, end):
  """Returns the grid points of a line, int64 [N, 2], one for every step of its longer side."""
  long = int(abs(end[1] - start[1]) > abs(end[0] - start[0]))  # the axis: 0 = x, 1 = y
  # Lines are computed from their lower end, so that both directions give the same points.
  flipped = start[long] > end[long]
  low, high = (end, start) if flipped else (start, end)
  steps = np.arange(high[long] - low[long] + 1)
  slope = (high[1 - long] - low[1 - long]) / max(len(steps) - 1, 1)
  points = np.empty([len(steps), 2], np.int64)
  points[:, long] = low[long] + steps
  points[:, 1 - long] = _truncate(low[1 - long] + slope * steps + .5)
  return points[::-1] if flipped else points
