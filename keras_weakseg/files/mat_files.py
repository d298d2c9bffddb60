"""The reader of MATLAB files up to version 7: single variables, by name."""
import zlib

import numpy as np

from keras_weakseg import errors
from keras_weakseg.files import text as texts

_LIMIT = 1 << 28  # bytes


def read_mat(path, name, noun="annotation", fix="Download the file again."):
  """Returns one variable of a .mat file.

  Args:
    path: of the file.
    name: of the variable.
    noun: what the file is called in errors.
    fix: what the user can do where it cannot be read.

  Returns:
    A numpy array without axes of length 1; structs are objects with their fields as attributes.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no such file, damaged, or has no such variable.
  """
  import scipy.io  # pylint: disable=g-import-not-at-top
  if texts.check_regular(path, noun, fix) > _LIMIT:
    raise texts.unreadable(noun, path, f"at most {_LIMIT:,} bytes", "a larger file", fix)
  try:
    found = scipy.io.loadmat(path, variable_names=[name], struct_as_record=False, squeeze_me=True)
  except NotImplementedError as error:
    raise texts.unreadable(noun, path, "a MATLAB file up to version 7", "one of version 7.3 (HDF5)",
                           "Save it with `-v7`.") from error
  except (ValueError, TypeError, OSError, EOFError, KeyError, IndexError, zlib.error,
          scipy.io.matlab.MatReadError) as error:
    raise texts.unreadable(noun, path, "a MATLAB file", str(error) or type(error).__name__,
                           fix) from error
  if name not in found:
    others = ", ".join(entry[0] for entry in scipy.io.whosmat(path)) or "nothing"
    raise texts.unreadable(noun, path, f"the variable '{name}'", others, fix)
  return found[name]


def label_map(values, path, fix="Download the file again."):
  """Returns uint8 [H, W] of a variable that holds class ids.

  Args:
    values: array of `read_mat`.
    path, fix: for the error.

  Raises:
    ValueError: it is no map of whole numbers 0..255.
  """
  values = np.asarray(values)
  good = values.ndim == 2 and values.size and values.dtype.kind in "iufb"
  with np.errstate(invalid="ignore"):  # NaN is no id, and fails the comparison.
    good = good and np.array_equal(values, values.astype(np.uint8))
  if not good:
    shown = f"{values.dtype} {list(values.shape)}"
    if values.size and values.dtype.kind in "iuf":
      shown += f", {np.nanmin(values):g}..{np.nanmax(values):g}"
    raise texts.unreadable("annotation", path, "a map [H, W] of ids 0..255", shown, fix)
  return values.astype(np.uint8)


def errors_of(path, what, expected, received):
  """Returns the error of a .mat file whose contents are not those of its data set."""
  return errors.value_error(f"{what} ('{path}').", expected=expected, received=received,
                            fix="Use the official file.")
