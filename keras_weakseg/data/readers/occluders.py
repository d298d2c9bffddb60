"""What always hides the scene from a camera, such as the car's own bonnet."""
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import text as texts
from keras_weakseg.ops import resize

_GRID = 1024  # resolution at which polygons are drawn


def visible(occluders):
  """Returns a function of an image size, int32 [2], to what can be seen, bool [H, W]; or None.

  Args:
    occluders: None; the path of a PNG of the camera's picture at any size, not 0 where the scene is
      hidden; or a polygon, or a list of polygons: corners (x, y) as shares of width and height,
      such as `[(0, .9), (1, .9), (1, 1), (0, 1)]`.

  Raises:
    FileNotFoundError: the PNG is not there.
    ValueError: it is no image, or the corners are no shares.
  """
  if occluders is None or isinstance(occluders, (list, tuple)) and not occluders:
    return None
  hidden = (_read(occluders) if isinstance(occluders, (str, os.PathLike))
            else _draw(occluders))
  hidden = tf.constant(hidden.astype(np.uint8))
  return lambda size: resize.resize_labels(hidden, size) == 0


def _read(path):
  import cv2  # pylint: disable=g-import-not-at-top
  contents = texts.read_bytes(path, "mask of what hides the scene", fix="Correct occluders=.")
  image = contents and cv2.imdecode(np.frombuffer(contents, np.uint8), cv2.IMREAD_GRAYSCALE)
  if image is None or not contents:
    raise errors.value_error("The mask of what hides the scene cannot be read.",
                             expected="a PNG", received=str(path), fix="Save it again as PNG.")
  return image > 0


def _draw(polygons):
  import cv2  # pylint: disable=g-import-not-at-top
  polygons = [polygons] if np.ndim(polygons[0][0]) == 0 else polygons
  hidden = np.zeros((_GRID, _GRID), np.uint8)
  for polygon in polygons:
    corners = np.asarray(polygon, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3 or (
        corners.min() < 0 or corners.max() > 1):
      raise errors.value_error(
          "The polygon of what hides the scene cannot be drawn.",
          expected="three or more corners (x, y), shares of width and height, 0..1",
          received=np.asarray(polygon).tolist(), fix="Divide pixels by width and height.")
    cv2.fillPoly(hidden, [np.round(corners * _GRID - 0.5).astype(np.int32)], 1)
  return hidden > 0
