"""Where data sets are looked for, and the error that lists every place."""
import os
import pathlib

from keras_weakseg import errors

ENVIRONMENT = "KERAS_WEAKSEG_DATA"
_DEFAULTS = ("data", os.path.join("..", "shared", "data"))


def places(name, data_dir=None):
  """Returns the folders that may hold `name`, in the order in which they are tried.

  An absolute path or `data_dir` is the only place; otherwise the path itself, the folder of the
  environment variable `KERAS_WEAKSEG_DATA`, `./data` and `../shared/data`.

  Args:
    name: name or path of a data set.
    data_dir: folder of data sets, or the data set itself.

  Returns:
    List of `pathlib.Path`.
  """
  path = pathlib.Path(name).expanduser()
  if path.is_absolute():
    return [path]
  if data_dir:
    given = pathlib.Path(data_dir).expanduser()
    return [given / path] + ([given] if given.name == path.name else [])
  roots = [os.environ[ENVIRONMENT]] if os.environ.get(ENVIRONMENT) else []
  return [path] + [pathlib.Path(root).expanduser() / path for root in (*roots, *_DEFAULTS)]


def find(name, data_dir=None, advice=""):
  """Returns the folder of a data set.

  Args:
    name: name or path of a data set, such as `voc_animals`.
    data_dir: folder of data sets; replaces all other places.
    advice: where to get it, a sentence for the error.

  Returns:
    `pathlib.Path` of an existing folder.

  Raises:
    FileNotFoundError: it is in none of the places; the error lists them.
  """
  tried = places(name, data_dir)
  for path in tried:
    if path.is_dir():
      return path
  file = next((path for path in tried if path.is_file()), None)
  if file:
    raise errors.missing(
        f"The data folder '{name}' is a file.", expected="a folder, or a film where video is read",
        received=f"the file '{file.absolute()}'", fix="Pass the folder that it is in.")
  fix = ("Correct the path; an absolute one is the only place that is looked at."
         if pathlib.Path(name).expanduser().is_absolute() else
         f"Pass data_dir= (--data_dir), or set {ENVIRONMENT} to the folder that holds '{name}'.")
  raise errors.missing(
      f"The data folder '{name}' was not found.",
      expected="a folder at one of: " + ", ".join(str(path.absolute()) for path in tried),
      received="no such folder", fix=f"{fix} {advice}".rstrip())
