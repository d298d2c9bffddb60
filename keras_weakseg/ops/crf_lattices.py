"""The two lattices of an image's dense CRF, kept for the next call with the same image or size."""
import collections
import hashlib
import threading

import numpy as np

from keras_weakseg.ops import permutohedral

# The lattices of about twenty images of 375x500, or one of eight megapixels.
CACHE_BYTES = 400_000_000


class LatticeCache:
  """The lattices that were used last, up to a number of bytes; threads may share it.

  Args:
    limit: number of bytes; a lattice that is larger is not kept.

  Example:
    >>> cache = LatticeCache(10_000)
    >>> lattice = cache.spatial((4, 5), 3.0)
    >>> lattice is cache.spatial((4, 5), 3.0), len(cache)
    (True, 1)
  """

  def __init__(self, limit=CACHE_BYTES):
    self._limit = limit
    self._kept = collections.OrderedDict()
    self._lock = threading.Lock()

  def __len__(self):
    return len(self._kept)

  @property
  def nbytes(self):
    """Bytes of all lattices that are kept."""
    return sum(lattice.nbytes for lattice in self._kept.values())

  def clear(self):
    """Forgets all lattices."""
    with self._lock:
      self._kept.clear()

  def spatial(self, size, xy):
    """Returns the lattice of pixel positions.

    Args:
      size: (height, width).
      xy: standard deviation in pixels.
    """
    return self._of(("spatial", *size, xy), lambda: _features(size, xy))

  def bilateral(self, image, xy, rgb):
    """Returns the lattice of pixel positions and colours.

    Args:
      image: uint8 [H, W, 3].
      xy: standard deviation in pixels.
      rgb: standard deviation in grey levels.
    """
    size = image.shape[:2]
    digest = hashlib.blake2b(np.ascontiguousarray(image), digest_size=16).digest()
    return self._of(("bilateral", *size, xy, rgb, digest),
                    lambda: _features(size, xy, image, rgb))

  def _of(self, key, make_features):
    """Returns the kept lattice of a key, or makes it."""
    with self._lock:
      if key in self._kept:
        self._kept.move_to_end(key)
        return self._kept[key]
    # Outside the lock: two threads may make the same one, but none waits for another's.
    lattice = permutohedral.PermutohedralLattice(make_features())
    if lattice.nbytes <= self._limit:
      with self._lock:
        self._kept[key] = lattice
        while self.nbytes > self._limit:
          self._kept.popitem(last=False)
    return lattice


def _features(size, xy, image=None, rgb=None):
  """Returns float32 [H * W, 2 or 5]: column, row and colours over their standard deviations."""
  height, width = size
  features = np.empty([height, width, 2 if image is None else 5], np.float32)
  features[..., 0] = np.arange(width, dtype=np.float32) / np.float32(xy)
  features[..., 1] = (np.arange(height, dtype=np.float32) / np.float32(xy))[:, None]
  if image is not None:
    np.divide(image, np.float32(rgb), out=features[..., 2:])
  return features.reshape(height * width, -1)
