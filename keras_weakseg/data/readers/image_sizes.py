"""How large images are, by their headers, read only where somebody asks and kept."""
import tensorflow as tf

from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import headers


class ImageSizes:
  """Sizes of images as stored.

  Args:
    paths: dict of id to path.
  """

  def __init__(self, paths):
    self._paths, self._known = paths, {}

  def remember(self, name, size):
    """Notes (height, width) of an image that somebody has just read; None is not noted."""
    if size is not None:
      self._known[name] = tuple(int(side) for side in size)

  def of(self, name):
    """Returns (height, width) of an id, None if the image is broken."""
    if name not in self._known:
      try:
        size = headers.read_header(self._paths[name]).size
        if size is None:  # Not every format has a header that is understood there.
          size = decode.decode_image(tf.io.read_file(self._paths[name])).shape[:2]
        self.remember(name, size)
      except (OSError, tf.errors.OpError):
        return None
    return self._known[name]
