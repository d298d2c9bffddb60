"""Depth maps in files: PNG with a scale, numpy arrays and HDF5, as metres with 0 for no value."""
import struct

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.data.readers import archives
from keras_weakseg.files import npz_files

SUFFIXES = (".png", ".npy", ".h5", ".hdf5")
DATASET = "depth"          # name of the map in HDF5 files
_LIMIT = 1 << 26           # values of a map
_WHOLE = 100               # a map of metres that reaches so far holds fractions
_PNG = b"\x89PNG\r\n\x1a\n"


def read_depth(path, scale=None):
  """Returns the depth map of a file.

  Whole numbers are counts of a unit that no file tells, so they need a scale, also where they are
  stored as floats; numbers with a fraction are metres unless a scale says otherwise.

  Args:
    path: a grey PNG of 8 or 16 bits, a numpy array, or an HDF5 file with the dataset `depth` (or
      with one dataset alone). PNG may lie in an archive, see `archives.read_bytes`.
    scale: stored units per metre, such as 1000 for millimetres; None = not known.

  Returns:
    float32 [H, W], metres, 0 = no value. NaN and infinity are no value either.

  Raises:
    ValueError: it is no such file, the scale is not known, or a depth is negative.
  """
  values = stored(path)
  if scale is None and (values.dtype.kind != "f" or _are_counts(values)):
    raise unknown_scale(path, f"{values.dtype} values without fractions, 0.."
                        f"{values[np.isfinite(values)].max(initial=0):g}")
  depth = np.asarray(values, np.float64) / (1.0 if scale is None else scale)
  depth = np.where(np.isfinite(depth), depth, 0.0)
  if (depth < 0).any():
    raise errors.value_error(
        f"The depth map '{path}' holds negative values.", expected="metres, 0 where there is none",
        received=f"{depth.min():g}",
        fix="Set them to 0. Maps of the order of two regions (MegaDepth) are read by "
        "kw.data.MegaDepth.")
  return depth.astype(np.float32)


def _are_counts(values):
  """Returns whether floats are all whole, and too large to be metres by chance."""
  known = values[np.isfinite(values)]
  return known.max(initial=0) >= _WHOLE and bool((known == np.floor(known)).all())


def stored(path):
  """Returns the array [H, W] of a depth file as it is stored.

  Args:
    path: as of `read_depth`.

  Raises:
    ValueError: the file is broken, or holds no single map of numbers.
  """
  text = str(path)
  kind = text.rsplit(".", 1)[-1].lower()
  try:
    if kind == "png":
      values = _png(text)
    elif kind == "npy":
      values = npz_files.parse_npy(archives.read_bytes(text))
    else:
      values = _hdf5(text)
  except (OSError, ValueError, EOFError) as error:
    raise _broken(text, error) from error
  if values.ndim == 3 and 1 in (values.shape[0], values.shape[-1]):
    values = values[0] if values.shape[0] == 1 else values[..., 0]
  if values.ndim != 2 or values.dtype.kind not in "iuf" or not 0 < values.size <= _LIMIT:
    raise _broken(text, f"{values.dtype} {list(values.shape)}")
  return values


def _png(path):
  """Returns the values of a grey PNG."""
  import cv2  # pylint: disable=g-import-not-at-top
  contents = archives.read_bytes(path)
  if not contents.startswith(_PNG) or len(contents) < 33:
    raise ValueError("no PNG")
  bits, kind = contents[24], contents[25]
  if kind != 0 or bits not in (8, 16):
    raise ValueError(f"a PNG of {bits} bits" + (" in colours or with alpha" if kind else ""))
  width, height = struct.unpack(">2I", contents[16:24])
  if width * height > _LIMIT:
    raise ValueError(f"{height}x{width} pixels, more than {_LIMIT}")
  values = cv2.imdecode(np.frombuffer(contents, np.uint8), cv2.IMREAD_UNCHANGED)
  if values is None:
    raise ValueError("a damaged PNG")
  return values


def _hdf5(path):
  """Returns the values of the dataset `depth`, or of the only one."""
  import h5py  # pylint: disable=g-import-not-at-top
  with h5py.File(path, "r") as file:
    arrays = [name for name, entry in file.items() if isinstance(entry, h5py.Dataset)]
    name = DATASET if DATASET in arrays or len(arrays) != 1 else arrays[0]
    if name not in arrays:
      raise ValueError("the datasets " + (", ".join(sorted(arrays)) or "none"))
    if file[name].size > _LIMIT:
      raise ValueError(f"'{name}' of shape {file[name].shape}")
    return np.asarray(file[name])


def _broken(path, reason):
  return errors.value_error(
      f"The depth map '{path}' cannot be read.",
      expected="a grey PNG of 8 or 16 bits, a numpy array [H, W], or HDF5 with a dataset "
      f"'{DATASET}' [H, W]", received=reason, fix="Write the map again, or remove it.")


def unknown_scale(path, received):
  """Returns the error of a depth map whose unit nobody has told.

  Args:
    path: of the map, or of the folder.
    received: what it holds.
  """
  return errors.value_error(
      f"The unit of the depth in '{path}' is not known.",
      expected="depth_scale=, stored units per metre", received=received,
      fix="Pass depth_scale=1000 for millimetres, 256 for maps of KITTI, or depth=None if they are "
      "not to be used.")


def check_size(depth, size, name):
  """Returns a depth map [H, W] of the size of its image.

  Args:
    depth: array [H, W].
    size: (height, width) of the image.
    name: of the sample, for the error.

  Raises:
    ValueError: it has another size.
  """
  if tuple(depth.shape) != tuple(size):
    raise errors.value_error(
        f"The depth map of '{name}' has another size than its image.",
        expected=f"{size[0]}x{size[1]} (height x width)",
        received=f"{depth.shape[0]}x{depth.shape[1]}",
        fix="Write the map at the size of the image (nearest neighbour), or remove the pair.")
  return depth


def check_seen(depth, size, name):
  """Refuses depth that a network cannot take beside the colours: zeros alone would say `far`.

  Args:
    depth: array [H, W], metres, 0 = no value.
    size: (height, width) of the image.
    name: of the sample, text or bytes.

  Raises:
    ValueError: it has another size, no values, or some that are no depth.
  """
  good = np.isfinite(depth).all() and (depth >= 0).all() and depth.any()
  if tuple(depth.shape) != tuple(size) or not good:
    raise errors.value_error(
        f"The depth of '{name.decode() if isinstance(name, bytes) else name}' cannot be seen.",
        expected=f"metres of the size {tuple(map(int, size))}, 0 = no value, and some values",
        received=f"{depth.min():g} to {depth.max():g} of the size {depth.shape}",
        fix="Let the source deliver depth, not its logarithm, at the size of the image, and leave "
        "out samples that have none.")


def on_host(read, path, name, image, dtype=tf.float32):
  """Returns what a host function makes of a file, as a tensor [H, W] of the size of the image.

  Args:
    read: function of a path to an array [H, W].
    path: string tensor [].
    name: string tensor [], the sample.
    image: uint8 [H, W, 3].
    dtype: of the result.
  """

  @tf.autograph.experimental.do_not_convert
  def load(path, name, size):
    return np.asarray(check_size(read(path.decode()), size, name.decode()), dtype.as_numpy_dtype)

  values = tf.numpy_function(load, [path, name, tf.shape(image)[:2]], dtype)
  return tf.ensure_shape(values, image.shape[:2])
