"""Files of frames: their order in time and their size."""
import collections
import os
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.data.readers import archives
from keras_weakseg.data.readers import headers


def natural_key(text):
  """Returns the key that sorts names by the numbers in them: frame 2 before frame 10.

  Example:
    >>> sorted(["f10", "f9", "f1"], key=natural_key)
    ['f1', 'f9', 'f10']
  """
  return [(0, int(part), "") if part.isdigit() else (1, 0, part)
          for part in re.split(r"(\d+)", str(text))]


def decoded(path, flags):
  """Returns the array that OpenCV decodes of a file, or None where it is no image.

  Args:
    path: see `archives.read_bytes`.
    flags: `cv2.IMREAD_*`.
  """
  import cv2  # pylint: disable=g-import-not-at-top
  content = np.frombuffer(archives.read_bytes(path), np.uint8)
  return cv2.imdecode(content, flags) if content.size else None


def frame_size(path):
  """Returns (height, width) of an image file, also inside an archive.

  Args:
    path: see `archives.read_bytes`.

  Raises:
    ValueError: it is no image.
  """
  size = _header_size(path)
  if size is None:
    import cv2  # pylint: disable=g-import-not-at-top
    image = decoded(path, cv2.IMREAD_UNCHANGED)
    size = None if image is None else image.shape[:2]
  if size is None:
    raise errors.value_error(f"The frame '{path}' cannot be read.", expected="an image",
                             received="another, an empty or a broken file",
                             fix="Remove or replace it.")
  return tuple(int(side) for side in size)


def common_size(paths, name):
  """Returns the size of the frames of a clip.

  Frames that lie in archives, or are not PNG or JPEG, would have to be decoded for it: of these
  only the first and the last one are looked at.

  Args:
    paths: of all frames, see `archives.read_bytes`.
    name: of the clip, for the error.

  Returns:
    (height, width) in pixels.

  Raises:
    ValueError: they differ, or the first or last one is no image.
  """
  sizes = {path: frame_size(path) for path in (paths[0], paths[-1])}
  for path in paths[1:-1]:
    size = _header_size(path)
    if size is not None:
      sizes[path] = size
  (usual, _), *others = collections.Counter(sizes.values()).most_common()
  if others:
    odd = [path for path, size in sizes.items() if size != usual]
    more = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
    raise errors.value_error(
        f"The frames of the clip '{name}' have different sizes.", expected="one camera, one size",
        received=f"'{odd[0]}' {as_text(sizes[odd[0]])}{more}, the others {as_text(usual)} "
                 "(height x width)",
        fix="Remove them, or put the frames of every camera into a subfolder of their own, with "
        "its intrinsics.txt.")
  return usual


def as_text(size):
  """Returns a size as people read it: '375x1242' of (375, 1242)."""
  return "x".join(map(str, size))


def _header_size(path):
  """Returns (height, width) that the header of a file claims, or None."""
  return headers.read_header(path).size if os.path.isfile(path) else None
