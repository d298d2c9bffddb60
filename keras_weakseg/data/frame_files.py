"""Files of frames: their order in time and their size."""
import os
import re

from keras_weakseg import errors
from keras_weakseg.data import archives
from keras_weakseg.data import headers


def natural_key(text):
  """Returns the key that sorts names by the numbers in them: frame 2 before frame 10.

  Example:
    >>> sorted(["f10", "f9", "f1"], key=natural_key)
    ['f1', 'f9', 'f10']
  """
  return [(0, int(part), "") if part.isdigit() else (1, 0, part)
          for part in re.split(r"(\d+)", str(text))]


def frame_size(path):
  """Returns (height, width) of an image file, also inside an archive.

  Args:
    path: see `archives.read_bytes`.

  Raises:
    ValueError: it is no image.
  """
  size = headers.read_header(path).size if os.path.isfile(path) else None
  if size is None:
    import cv2  # pylint: disable=g-import-not-at-top
    import numpy as np  # pylint: disable=g-import-not-at-top
    image = cv2.imdecode(np.frombuffer(archives.read_bytes(path), np.uint8), cv2.IMREAD_UNCHANGED)
    size = None if image is None else image.shape[:2]
  if size is None:
    raise errors.value_error(f"The frame '{path}' cannot be read.", expected="an image",
                             received="another or a broken file", fix="Remove or replace it.")
  return tuple(int(side) for side in size)


def common_size(paths, name):
  """Returns the size of the frames of a clip by its first and last one.

  Raises:
    ValueError: they differ.
  """
  first, last = frame_size(paths[0]), frame_size(paths[-1])
  if first != last:
    raise errors.value_error(
        f"The frames of the clip '{name}' have different sizes.", expected="one camera, one size",
        received=f"{first} and {last} (height, width)",
        fix="Put the frames of every camera into a subfolder of their own.")
  return first
