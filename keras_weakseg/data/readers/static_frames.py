"""How much frames differ from their neighbours: where a camera stands, nothing can be learned."""
import concurrent.futures

import numpy as np

from keras_weakseg.data.readers import frame_files

_WIDTH = 96  # pixels; noise of compression averages out, motion stays


def differences(pairs):
  """Returns how much the frames of pairs differ: mean absolute difference of grey, 0..255.

  Every frame is read once, at a small size. Of frames that cannot be read, or differ in shape, the
  difference is infinite: the pipeline names them when it reads them.

  Args:
    pairs: list of two paths each, see `archives.read_bytes`.

  Returns:
    Dict of pair to float.
  """
  pairs = list(dict.fromkeys(tuple(pair) for pair in pairs))
  paths = sorted({path for pair in pairs for path in pair})
  with concurrent.futures.ThreadPoolExecutor() as pool:
    small = dict(zip(paths, pool.map(_thumbnail, paths)))
  return {(one, other): _difference(small[one], small[other]) for one, other in pairs}


def _difference(one, other):
  if one is None or other is None or one.shape != other.shape:
    return float("inf")
  return float(np.abs(one.astype(np.int16) - other).mean())


def _thumbnail(path):
  """Returns the grey frame, uint8 [h, 96], or None: 5 kB, so that 100,000 of them fit in memory."""
  import cv2  # pylint: disable=g-import-not-at-top
  grey = frame_files.decoded(path, cv2.IMREAD_REDUCED_GRAYSCALE_4)
  if grey is None:
    return None
  height = max(1, round(grey.shape[0] * _WIDTH / grey.shape[1]))
  return cv2.resize(grey, (_WIDTH, height), interpolation=cv2.INTER_AREA)
