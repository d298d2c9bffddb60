"""One rule for every path that a user gives: `~` is the home folder, as in a shell."""
import os
import pathlib


def expand(path):
  """Returns the path with the home folder in place of a leading `~`; None and others as they are.

  A shell does this for `~/x`, but not for `--model_dir=~/x`, nor does Python: a folder named `~`
  would be made.

  Args:
    path: str, `pathlib.Path`, or anything else, which is returned.

  Example:
    >>> expand("~/x") == os.path.join(os.path.expanduser("~"), "x"), expand(None), expand("a/~")
    (True, None, 'a/~')
  """
  if isinstance(path, pathlib.PurePath):
    return type(path)(os.path.expanduser(path))
  return os.path.expanduser(path) if isinstance(path, (str, os.PathLike)) else path
