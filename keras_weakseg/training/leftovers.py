"""What a killed process leaves half-written in the folders of a run, removed before going on."""
import contextlib
import os
import re
import shutil

from keras_weakseg.files import writing
from keras_weakseg.training import checkpoints

# Of `files.writing`, of `files.staging`, of TensorFlow's checkpoints, of workers.
_FILES = re.compile(r"\.probe_\d+|" + writing.TEMPORARY.pattern)
_FOLDERS = re.compile(r"\.unfinished-\w{8}|ckpt-\d+_temp.*|temporary_\d+")
_CHECKPOINT = re.compile(r"(ckpt-(\d+))\.(?:index|data-\d+-of-\d+)")


def remove(model_dir, steps):
  """Removes half-written files of a run; nobody else may be at it.

  Folders of other runs below are left alone. Of checkpoints, those go that the index no longer
  names because they are older.

  Args:
    model_dir: of the run.
    steps: names of its steps.
  """
  for name in os.listdir(model_dir):
    if _FILES.fullmatch(name):
      _drop(os.path.join(model_dir, name))
  for step in steps:
    for parent, folders, files in os.walk(os.path.join(model_dir, step)):
      for name in [name for name in folders if _FOLDERS.fullmatch(name)]:
        shutil.rmtree(os.path.join(parent, name), ignore_errors=True)
        folders.remove(name)
      for name in files:
        if _FILES.fullmatch(name):
          _drop(os.path.join(parent, name))
      if checkpoints.INDEX in files:
        _remove_old(parent, files)


def _remove_old(folder, files):
  """Removes checkpoints that were to be removed when newer ones had been written."""
  try:
    newest = checkpoints.latest(folder)
    named = checkpoints.named(folder)
  except (OSError, ValueError):
    return  # Whoever reads it will tell.
  if newest is None:
    return
  last = int(newest.rsplit("-", 1)[-1])
  for name in files:
    match = _CHECKPOINT.fullmatch(name)
    if match and match[1] not in named and int(match[2]) < last:
      _drop(os.path.join(folder, name))


def _drop(path):
  with contextlib.suppress(OSError):
    os.remove(path)
