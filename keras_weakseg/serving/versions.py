"""Version folders `<base>/<integer>/`, as TensorFlow Serving polls them: whole or not there."""
import contextlib
import os
import pathlib
import shutil
import uuid

from keras_weakseg import errors

_ATTEMPTS = 100


def highest(base_dir):
  """Returns the highest version in a base folder, 0 if there is none.

  Args:
    base_dir: path of `<base>`; it need not exist.

  Example:
    >>> highest("no/such/folder")
    0
  """
  base = pathlib.Path(base_dir)
  if not base.is_dir():
    return 0
  # Anything with an integer name counts: a number is never used twice, whatever holds it.
  return max((int(entry.name) for entry in base.iterdir() if entry.name.isdecimal()), default=0)


@contextlib.contextmanager
def new_version(base_dir):
  """Gives a temporary folder that becomes `<base>/<version>/` when the block ends well.

  The folder is a hidden sibling on the same file system (a server that polls `<base>` ignores
  names that are no integers), renamed in one step. If the block fails, or is interrupted, the
  folder and every parent that was made for it are removed. Two writers at once get two versions.

  Args:
    base_dir: path of `<base>`, made if needed.

  Yields:
    `Pending`: `folder` to write into; after the block, `path` of the version.

  Raises:
    ValueError: `base_dir` is a file, or cannot be written.
  """
  base, made = pathlib.Path(base_dir), []
  pending = Pending(base / f".writing-{uuid.uuid4().hex}")
  try:
    try:
      made = _missing_parents(base)
      # Not tempfile: its folders are private to this user, and a server is often another one.
      pending.folder.mkdir(parents=True)
    except OSError as error:
      raise write_error(base, error) from error
    yield pending
    pending.path = _publish(pending.folder, base)
  except BaseException:
    shutil.rmtree(pending.folder, ignore_errors=True)
    for parent in made:
      with contextlib.suppress(OSError):
        parent.rmdir()
    raise


class Pending:
  """A version that is being written.

  Attributes:
    folder: where to write.
    path: the version's folder once it is published, else None.
  """

  def __init__(self, folder):
    self.folder = folder
    self.path = None


def write_error(base, error):
  """Returns the error of the house for an `OSError` while writing below `base`."""
  return errors.value_error(
      f"The artifact cannot be written to {base}.",
      expected="a folder that this user may write, with enough free space",
      received=f"{type(error).__name__}: {error}",
      fix="Choose another folder, or free space there; nothing was left behind.")


def _missing_parents(base):
  """Returns the folders that do not exist yet, from `base` upwards."""
  missing = []
  while not base.exists() and base != base.parent:
    missing.append(base)
    base = base.parent
  return missing


def _publish(folder, base):
  """Renames a folder to the next free version; returns its path."""
  for _ in range(_ATTEMPTS):
    target = base / str(highest(base) + 1)
    try:
      os.rename(folder, target)
      return target
    except OSError as error:
      # Another writer took the number between the look and the rename: look again.
      if not target.exists():
        raise write_error(base, error) from error
  raise errors.value_error(
      f"No free version was found in {base}.", expected="a number that no other writer takes",
      received=f"{_ATTEMPTS} attempts", fix="Export again when fewer exports run at once.")
