"""The directory of a run: one writer, writable from the start, gone again if nothing came of it."""
import contextlib
import os
import shutil

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import writing
from keras_weakseg.training import guards
from keras_weakseg.training import leftovers


@contextlib.contextmanager
def claimed(model_dir, alone=True, steps=()):
  """Gives a directory to write a run into.

  After an error of the user, a directory that was made or empty before is removed again, unless it
  holds a checkpoint to continue from. After an interruption, or a loss that is not finite, all of
  it stays: the log tells what happened.

  Args:
    model_dir: path; made if needed, with its parents.
    alone: whether this process is the one that may write: the chief of its workers. The lock is
      the system's, on the open folder, so a killed process leaves none behind.
    steps: names of the steps of the run, out of which half-written files are removed.

  Raises:
    ValueError: another process is at it; nothing was changed.
    OSError: it cannot be made or written to, before the block or in it (a full disk).
  """
  made = _missing(model_dir)
  fresh = bool(made) or (os.path.isdir(model_dir) and not os.listdir(model_dir))
  try:
    _probe(model_dir)
  except OSError as error:
    _remove_folders(made)  # What is in them by now is of another process.
    raise _unwritable(model_dir, error) from error
  with _locked(model_dir) if alone else contextlib.nullcontext():
    with _cleared(model_dir, fresh, made):
      if alone:
        leftovers.remove(model_dir, steps)
      yield


@contextlib.contextmanager
def _locked(model_dir):
  """Holds the lock of a directory; where the system or the file system has none, does without."""
  try:
    import fcntl  # pylint: disable=g-import-not-at-top
  except ImportError:  # Windows
    yield
    return
  handle = os.open(model_dir, os.O_RDONLY)
  try:
    try:
      fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
      raise errors.value_error(
          f"The folder '{model_dir}' is in use by another training.", expected="one at a time",
          received="a second one while the first is running",
          fix="Wait until it is done, stop it, or choose another model_dir.") from error
    except OSError:
      pass  # NFS and others: folders cannot be locked there.
    yield
  finally:
    os.close(handle)


@contextlib.contextmanager
def _cleared(model_dir, fresh, made):
  """Removes after an error of the user what is there for nothing."""
  try:
    yield
  except guards.NonFiniteError:
    raise
  except Exception as error:
    if fresh and not _has_checkpoint(model_dir):
      _remove(model_dir, made)
    if isinstance(error, tf.errors.ResourceExhaustedError) and "file" not in str(error).lower():
      raise  # Memory, not the disk.
    if isinstance(error, writing.UnwritableError) and _holds(model_dir, error.place):
      raise _unwritable(model_dir, error.__cause__ or error) from error
    if isinstance(error, (OSError, tf.errors.PermissionDeniedError,
                          tf.errors.ResourceExhaustedError)) and "Expected: " not in str(error):
      raise _unwritable(model_dir, error) from error
    raise


def _holds(model_dir, place):
  return os.path.abspath(place).startswith(os.path.join(os.path.abspath(model_dir), ""))


def _probe(model_dir):
  os.makedirs(model_dir, exist_ok=True)
  probe = os.path.join(model_dir, f".probe_{os.getpid()}")
  try:
    with open(probe, "w", encoding="utf-8") as file:
      file.write("x")
  finally:
    with contextlib.suppress(OSError):
      os.remove(probe)


def _missing(path):
  """Returns the folders of a path that do not exist yet, the deepest first."""
  found, path = [], os.path.abspath(path)
  while not os.path.lexists(path):
    found.append(path)
    path = os.path.dirname(path)
  return found


def _has_checkpoint(model_dir):
  return any(name.endswith(".index") for _, _, names in os.walk(model_dir) for name in names)


def _remove(model_dir, made):
  """Empties or removes a directory, and the parents that were made for it."""
  for entry in os.listdir(model_dir) if os.path.isdir(model_dir) else ():
    path = os.path.join(model_dir, entry)
    if os.path.isdir(path):
      shutil.rmtree(path, ignore_errors=True)
    else:
      os.remove(path)
  _remove_folders(made)


def _remove_folders(made):
  """Removes folders that were made, as far as they are empty."""
  for folder in made:
    with contextlib.suppress(OSError):  # Somebody else's by now.
      os.rmdir(folder)


def _unwritable(model_dir, error):
  return OSError(errors.describe(
      f"The folder '{model_dir}' cannot be written to.",
      expected="a writable folder with free space",
      received=str(error).split("\n", maxsplit=1)[0],
      fix="Free some space, change its permissions or choose another model_dir, and run again."))
