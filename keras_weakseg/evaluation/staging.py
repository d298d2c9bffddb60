"""Files that appear whole or not at all."""
import contextlib
import os
import pathlib
import shutil
import tempfile

from keras_weakseg import errors


def write_whole(path, contents):
  """Writes a file under a temporary name and renames it; its folder is made if needed.

  Args:
    path: where; a file that is there is replaced at once.
    contents: bytes.

  Raises:
    ValueError: it cannot be written; nothing is left of it.
  """
  path = pathlib.Path(path)
  temporary = None
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "wb") as file:
      file.write(contents)
    os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only their owner may read
    os.replace(temporary, path)
  except OSError as error:
    if temporary is not None and os.path.exists(temporary):
      os.remove(temporary)
    raise _unwritable(path, error) from error


@contextlib.contextmanager
def staged(folder):
  """Gives a temporary folder whose files move to `folder` when the block ends without an error.

  Args:
    folder: where the files shall be; made if needed. Files of the same name are replaced, others
      stay.

  Yields:
    `pathlib.Path` of the temporary folder, beside the final files so that moving is renaming.

  Raises:
    ValueError: something cannot be written. As after any other error of the block, `folder` is
      then as it was before.
  """
  folder = pathlib.Path(folder)
  missing = [each for each in (folder, *folder.parents) if not each.exists()]
  temporary = None
  try:
    folder.mkdir(parents=True, exist_ok=True)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder))
    yield temporary
    for file in sorted(temporary.iterdir()):
      os.replace(file, folder / file.name)
    missing = []
  except OSError as error:
    raise _unwritable(error.filename or folder, error) from error
  finally:
    if temporary is not None:
      shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
      for each in missing:
        each.rmdir()


def _unwritable(path, error):
  return errors.value_error(
      f"'{path}' cannot be written.", expected="a folder that may be written, with free space",
      received=error.strerror or error, fix="Choose another output folder, or free some space.")


def _umask():
  """Returns the mask of file modes; it can only be read by setting it."""
  mask = os.umask(0)
  os.umask(mask)
  return mask
