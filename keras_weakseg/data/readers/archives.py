"""Files of a data set, extracted or still inside the zip archives in which it is published."""
import functools
import os
import pathlib
import zipfile
import zlib

import tensorflow as tf

from keras_weakseg.data.readers import file_index
from keras_weakseg.files import text as texts

LIMIT = 1 << 30  # bytes of one file
MARK = ".zip!"  # `archive.zip!member` names a file inside an archive


def list_files(root, suffixes):
  """Lists the files below a folder, and those inside the zip archives that lie in it.

  Args:
    root: the folder, or one zip archive.
    suffixes: endings of the file names that count, in lower case.

  Returns:
    Dict of relative path (inside an archive: the member's path) to what `read_file` reads, sorted.
    An extracted file comes before one of the same path in an archive.
  """
  root, ends = pathlib.Path(root), tuple(suffixes)
  found = {}
  for archive in [root] if root.suffix.lower() == ".zip" else sorted(root.glob("*.zip")):
    names = [name for name in _open(str(archive)).namelist() if name.lower().endswith(ends)]
    outside = [name for name in names if name.startswith("/") or ".." in name.split("/")]
    if outside:
      raise texts.unreadable("archive", archive, "paths inside of the archive",
                             ", ".join(outside[:3]), "Download it from its official place.")
    found.update({name: f"{archive}!{name}" for name in names})
  for parent, _, names in file_index.walk(root):
    for name in names:
      if name.lower().endswith(ends):
        path = os.path.join(parent, name)
        found[pathlib.Path(path).relative_to(root).as_posix()] = path
  return dict(sorted(found.items()))


@functools.lru_cache(maxsize=32)
def _open(path):
  texts.check_regular(path, "archive")
  try:
    return zipfile.ZipFile(path)  # Threads may read from one at the same time.
  except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
    raise _damaged(path, error) from error


def _damaged(path, error):
  return texts.unreadable("archive", path, "a whole zip archive", error, "Download it again.")


def read_bytes(path):
  """Returns the bytes of a file, or of a member of an archive.

  Args:
    path: a path, or `archive.zip!member`.
  """
  archive, mark, member = str(path).partition(MARK)
  if mark:
    return _member(_open(archive + MARK[:-1]), member)
  return texts.read_bytes(path, limit=LIMIT)


def _member(archive, name):
  """Returns the bytes of a member; what it claims to hold is looked at before it is read."""
  try:
    size = archive.getinfo(name).file_size
    if size > LIMIT:
      raise ValueError(f"'{name}' of {size:,} bytes, of at most {LIMIT:,}")
    return archive.read(name)
  except (KeyError, zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError,
          ValueError) as error:
    raise _damaged(archive.filename, error) from error


def read_file(path):
  """Returns the bytes as a string tensor: `read_bytes` for pipelines.

  Args:
    path: string tensor [].
  """

  def member():
    read = lambda name: read_bytes(name.decode())
    return tf.ensure_shape(tf.numpy_function(read, [path], tf.string), [])

  inside = tf.strings.regex_full_match(path, r".*\.zip!.*")
  return tf.cond(inside, member, lambda: tf.io.read_file(path))
