"""Files that appear whole or not at all."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import tempfile
import time

from keras_weakseg import errors

SUFFIX = ".tmp"
TEMPORARY = re.compile(r"\..+\.[a-z0-9_]{8}\.tmp")  # names of files that are being written
_OLD = 24 * 3600  # seconds after which nobody writes at a file any more


class UnwritableError(OSError, ValueError):
  """A file could not be written: the disk is full, or the folder is closed; `place` is its path."""
  place = ""


def write_whole(path, contents):
  """Writes a file under a temporary name and renames it; its folder is made if needed.

  Args:
    path: where; a file that is there is replaced at once.
    contents: bytes; a text, written as UTF-8; or a function of a file that is open for bytes.

  Raises:
    UnwritableError: it cannot be written; nothing is left of it.
  """
  with whole(path) as temporary, open(temporary, "wb") as file:
    if callable(contents):
      contents(file)
    else:
      file.write(contents.encode() if isinstance(contents, str) else contents)


@contextlib.contextmanager
def whole(path):
  """Gives the temporary name of a file, for writers that want a path; renames it at the end.

  Args:
    path: as for `write_whole`, as what is raised.

  Yields:
    Path of an empty file in the same folder, a str.
  """
  path = pathlib.Path(path)
  temporary = None
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(SUFFIX, f".{path.name}.", path.parent)
    os.close(handle)
    yield temporary
    os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only their owner may read
    os.replace(temporary, path)
  except OSError as error:
    raise unwritable(path, error) from error
  finally:
    if temporary is not None:
      with contextlib.suppress(OSError):  # It has its final name.
        os.remove(temporary)


def write_json(path, value, **options):
  """Writes a value as JSON that people can read; whole or not at all.

  Args:
    path: where.
    value: of plain JSON.
    **options: of `json.dumps`.

  Raises:
    UnwritableError: see `write_whole`.
  """
  write_whole(path, json.dumps(value, **{"indent": 1, **options}) + "\n")


def remove_abandoned(folder, pattern=TEMPORARY):
  """Removes what killed processes left in a folder that several may write to at the same time.

  Args:
    folder: path; what lies in its subfolders stays.
    pattern: of the names of unfinished files and folders; those of the last day stay.
  """
  with contextlib.suppress(OSError), os.scandir(folder) as entries:
    for entry in entries:
      if pattern.fullmatch(entry.name) and (
          entry.stat(follow_symlinks=False).st_mtime < time.time() - _OLD):
        (shutil.rmtree if entry.is_dir(follow_symlinks=False) else os.remove)(entry.path)


def unwritable(path, error):
  """Returns the error for a file that cannot be written; the caller raises it.

  Args:
    path: the file or folder.
    error: `OSError`, or that of TensorFlow.
  """
  if isinstance(error, UnwritableError):
    error = error.__cause__ or error
  elif "Expected: " in str(error):
    return error  # It tells what is wrong already.
  words = getattr(error, "strerror", None) or str(error).split("\n", maxsplit=1)[0]
  found = UnwritableError(errors.describe(
      f"'{path}' cannot be written.", expected="a folder that may be written, with free space",
      received=words, fix="Choose another output folder, or free some space."))
  found.place = os.fspath(path)
  return found


def _umask():
  """Returns the mask of file modes; it can only be read by setting it."""
  mask = os.umask(0)
  os.umask(mask)
  return mask
