"""Camera matrices (host): of numbers or a field of view, for another size, and whether they fit."""
import math
import numbers

import numpy as np

from keras_weakseg import errors

# Focal lengths outside of these shares of the image's width are no camera, but another unit.
_FOCAL = (0.15, 20.0)
_OFF_CENTRE = 0.15  # share of a side; lenses are mounted better, but images may be cropped
_UNEQUAL = 1.5      # fx / fy; of data sets whose images were squeezed some 1.3


def camera_matrix(fx, fy, cx, cy):
  """Returns float64 [3, 3] of focal lengths and principal point in pixels."""
  return np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], np.float64)


def assumed(field_of_view, size):
  """Returns the matrix of a camera that sees an angle across its width, centred, square pixels.

  Args:
    field_of_view: horizontal angle in degrees, 5..170.
    size: (height, width) in pixels.

  Raises:
    ValueError: the angle is none of a camera.

  Example:
    >>> assumed(90, (3, 5)).round(3).tolist()
    [[2.5, 0.0, 2.0], [0.0, 2.5, 1.0], [0.0, 0.0, 1.0]]
  """
  if not isinstance(field_of_view, numbers.Real) or not 5 <= field_of_view <= 170:
    raise errors.value_error(
        "The assumed field of view is none of a camera.", expected="5..170 degrees",
        received=repr(field_of_view),
        fix="Pass the horizontal angle in degrees: about 65 for phones, 80 to 90 for dash cameras.")
  focal = size[1] / 2 / math.tan(math.radians(field_of_view) / 2)
  return camera_matrix(focal, focal, (size[1] - 1) / 2, (size[0] - 1) / 2)


def resized(matrix, size, target):
  """Returns the matrix of a resized image: a pixel x goes to (x + 1/2) target/size - 1/2.

  Args:
    matrix: float [3, 3], pixels of the image.
    size: (height, width) of the image.
    target: (height, width) it is resized to.

  Example:
    >>> resized(camera_matrix(4, 4, 1.5, 1.5), (4, 4), (2, 8))[:2].tolist()
    [[8.0, 0.0, 3.5], [0.0, 2.0, 0.5]]
  """
  down, right = target[0] / size[0], target[1] / size[1]
  move = np.array([[right, 0, right / 2 - 0.5], [0, down, down / 2 - 0.5], [0, 0, 1]])
  return move @ np.asarray(matrix, np.float64)


def turned(matrix, size, degrees):
  """Returns the matrix of an image that is turned clockwise.

  Args:
    matrix: float [3, 3], pixels of the image before.
    size: (height, width) of it, before.
    degrees: 0, 90, 180 or 270.

  Example:
    >>> turned(camera_matrix(4, 5, 1, 2), (10, 20), 90)[:2].tolist()
    [[5.0, 0.0, 7.0], [0.0, 4.0, 1.0]]
  """
  height, width = size
  fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
  return {0: camera_matrix(fx, fy, cx, cy),
          90: camera_matrix(fy, fx, height - 1 - cy, cx),
          180: camera_matrix(fx, fy, width - 1 - cx, height - 1 - cy),
          270: camera_matrix(fy, fx, cy, width - 1 - cx)}[degrees % 360]


def of_turned(matrix, size, degrees):
  """Returns the matrix of a film that is turned by its metadata, and a note on it.

  People give the numbers of the sensor, or measure them in frames as players show them: the
  principal point, which is near the centre, tells which.

  Args:
    matrix: float [3, 3], pixels of the film as stored, or as shown.
    size: (height, width) as shown.
    degrees: by which what is stored is turned clockwise; 0 returns the matrix.

  Returns:
    (float [3, 3], text or "").
  """
  if not degrees % 360:
    return matrix, ""
  stored = size if degrees % 180 == 0 else size[::-1]
  away = lambda each, of: max(abs(each[0, 2] / of[1] - 0.5), abs(each[1, 2] / of[0] - 0.5))
  if degrees % 180 and away(matrix, size) < away(matrix, stored):
    return matrix, (f"turned by {degrees} degrees by its metadata; the intrinsics are taken as "
                    "those of the turned frames, by their principal point")
  return turned(matrix, stored, degrees), (
      f"turned by {degrees} degrees by its metadata, and its intrinsics with it: they are taken as "
      "those of the film as stored")


def doubt(matrix, size):
  """Returns what is strange about a camera that `check` takes, "" if nothing is.

  Args:
    matrix: float [3, 3].
    size: (height, width) of the images in pixels.

  Example:
    >>> doubt(camera_matrix(600, 600, 640, 360), (720, 1280))
    ''
  """
  right, down = matrix[0, 2] / (size[1] - 1), matrix[1, 2] / (size[0] - 1)
  lines = []
  if abs(right - 0.5) > _OFF_CENTRE or abs(down - 0.5) > _OFF_CENTRE:
    lines.append(
        f"the principal point cx={matrix[0, 2]:g}, cy={matrix[1, 2]:g} is far from the centre of "
        f"images of {size[0]}x{size[1]} (height x width): are the numbers those of another "
        "resolution, or in another order than fx fy cx cy?")
  if not 1 / _UNEQUAL < matrix[0, 0] / matrix[1, 1] < _UNEQUAL:
    lines.append(f"fx={matrix[0, 0]:g} and fy={matrix[1, 1]:g} differ much: are the numbers in "
                 "another order than fx fy cx cy?")
  return "; ".join(lines)


def check(matrix, size, name):
  """Returns the matrix if it can be a camera of such images.

  Args:
    matrix: float [3, 3].
    size: (height, width) of the images in pixels.
    name: of the data, for the error.

  Raises:
    ValueError: it is in other units, of another image size, or no camera matrix.
  """
  height, width = size
  fx, fy, cx, cy = matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2]
  good = (np.isfinite(matrix).all() and np.allclose(matrix[2], [0, 0, 1])
          and matrix[1, 0] == 0 and abs(matrix[0, 1]) < 0.1 * abs(fx)
          and all(_FOCAL[0] * width <= focal <= _FOCAL[1] * width for focal in (fx, fy))
          and 0 <= cx <= width - 1 and 0 <= cy <= height - 1)
  if good:
    return matrix
  small = 0 < fx < 20 and 0 < fy < 20 and 0 <= cx <= 1 and 0 <= cy <= 1
  fix = ("They look like shares of width and height: multiply fx, cx by the width and fy, cy by "
         "the height." if small else
         "Give them for the images as stored (before any resizing), in pixels, not millimetres; "
         "for another image size, scale fx, cx by the ratio of widths and fy, cy by that of "
         "heights.")
  raise errors.value_error(
      f"The intrinsics of '{name}' do not fit its images.",
      expected=f"pixels of images of {height}x{width} (height x width): principal point inside, "
               f"focal lengths of {_FOCAL[0] * width:.0f} to {_FOCAL[1] * width:.0f}",
      received=f"fx={fx:g}, fy={fy:g}, cx={cx:g}, cy={cy:g}", fix=fix)
