"""The reader of npz archives: what a member claims is looked at before it is read. And a writer."""
import io
import zipfile
import zlib

import numpy as np

from keras_weakseg import errors
from keras_weakseg.files import text as texts
from keras_weakseg.files import writing

LIMIT = 1 << 33    # bytes of all arrays together
MEMBERS = 100_000
_KINDS = "biuf"    # booleans, whole numbers, numbers


def read_npz(path, noun="archive", limit=LIMIT, fix="Check the path.", finite=False):
  """Returns the arrays of an npz file: a dict of name to array.

  Args:
    path: of the file.
    noun: what it is called in errors.
    limit: most bytes of all arrays together.
    fix: what the user can do where there is no such file.
    finite: whether NaN, infinity and what float32 cannot hold are refused.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no archive of numbers, damaged, or too large.
  """
  form = "an .npz archive of numbers, as numpy.savez writes it"
  texts.check_regular(path, noun, fix)
  arrays, room = {}, limit
  try:
    with zipfile.ZipFile(path) as archive:
      members = archive.infolist()
      if len(members) > MEMBERS:
        raise ValueError(f"{len(members):,} members")
      for member in members:
        name = member.filename.removesuffix(".npy")
        if name in arrays:
          raise ValueError(f"the array '{name}' twice")
        arrays[name] = _member(archive, member, name, room, finite)
        room -= arrays[name].nbytes
  except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError,
          RuntimeError) as error:
    raise errors.value_error(f"The {noun} '{path}' cannot be read.", expected=form, received=error,
                             fix="Download or write the file again.") from error
  return arrays


def write_npz(path, **arrays):
  """Writes arrays of numbers as an npz file, whole or not at all.

  Raises:
    UnwritableError: see `writing.write_whole`.
  """
  writing.write_whole(path, lambda file: np.savez(file, **arrays))


def parse_npy(contents, limit=LIMIT):
  """Returns the array of an npy file.

  Args:
    contents: bytes of the file.
    limit: most bytes of the array.

  Raises:
    ValueError: it is no array of numbers, cut off, or too large.
  """
  return _array(io.BytesIO(contents), "array", limit, False)


def _member(archive, member, name, room, finite):
  """Returns one array."""
  with archive.open(member) as file:
    return _array(file, name, room, finite)


def _array(file, name, room, finite):
  """Returns the array of a stream; the header is judged before memory is asked for."""
  version = np.lib.format.read_magic(file)
  read = {(1, 0): np.lib.format.read_array_header_1_0,
          (2, 0): np.lib.format.read_array_header_2_0}.get(version)
  if read is None:
    raise ValueError(f"'{name}' in the version {version} of the format")
  shape, fortran, kind = read(file)
  if kind.kind not in _KINDS:
    raise ValueError(f"'{name}' of {kind}, not of numbers")
  size = kind.itemsize
  for side in shape:
    size *= side
  if size > room or min(shape, default=1) < 0:
    raise ValueError(f"'{name}' of shape {shape}: {size:,} bytes, of at most {room:,} left")
  contents = file.read(size + 1)
  if len(contents) != size:
    raise ValueError(f"'{name}' with {len(contents):,} of {size:,} bytes")
  array = np.frombuffer(contents, kind).reshape(shape, order="F" if fortran else "C").copy()
  if finite and kind.kind == "f":
    with np.errstate(over="ignore"):
      fine = np.isfinite(array.astype(np.float32)).all()
    if not fine:
      raise ValueError(f"'{name}' with values that are no numbers, or too large for float32")
  return array
