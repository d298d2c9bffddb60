"""Folders whose files appear together or not at all."""
import contextlib
import os
import pathlib
import re
import shutil
import tempfile

from keras_weakseg.files import writing
from keras_weakseg.files.writing import write_whole  # whoever stages finds both here

_PREFIX = ".unfinished-"
_UNFINISHED = re.compile(re.escape(_PREFIX) + r"\w{8}")


@contextlib.contextmanager
def staged(folder, last=""):
  """Gives a temporary folder whose files move to `folder` when the block ends without an error.

  What processes that were killed left in `folder` goes, once it is a day old.

  Args:
    folder: where the files shall be; made if needed. Files of the same name are replaced, others
      stay.
    last: name of the file that says that the others are whole; it moves after them.

  Yields:
    `pathlib.Path` of the temporary folder, beside the final files so that moving is renaming.

  Raises:
    ValueError: something cannot be written. As after any other error of the block, `folder` is
      then as it was before.
  """
  folder, missing, temporary = pathlib.Path(folder), [], None
  try:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    writing.remove_abandoned(folder, _UNFINISHED)
    temporary = pathlib.Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))
    yield temporary
    for file in sorted(temporary.iterdir(), key=lambda path: (path.name == last, path.name)):
      os.replace(file, folder / file.name)
    missing = []
  except OSError as error:
    place = folder if temporary is None else error.filename or folder
    raise writing.unwritable(place, error) from error
  finally:
    if temporary is not None:
      shutil.rmtree(temporary, ignore_errors=True)
    with contextlib.suppress(OSError):
      for each in missing:
        each.rmdir()
