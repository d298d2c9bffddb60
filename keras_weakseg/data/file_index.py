"""Listings of folders: sample ids are paths without folder and suffix. Opens no file."""
import os
import pathlib

from keras_weakseg import errors
from keras_weakseg.files import text as texts

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
MASK_SUFFIXES = (".png",)
_LIST_LIMIT = 1 << 28  # bytes


def places(root, names):
  """Returns the folders that a text names: one, or several joined by `+`.

  Args:
    root: the folder that they are in.
    names: name of a subfolder; several only where no folder has the whole text as its name.

  Returns:
    List of `pathlib.Path`.

  Example:
    >>> [path.name for path in places("coco", "train2017+val2017")]
    ['train2017', 'val2017']
  """
  whole = pathlib.Path(root) / names
  if whole.exists() or "+" not in str(names):
    return [whole]
  return [pathlib.Path(root) / name.strip() for name in str(names).split("+")]


def folders_with(root, names):
  """Returns the paths of the subfolders that hold a file of one of these names, sorted.

  Args:
    root: the folder; it does not count itself, nor does what lies in a folder that is found.
    names: file names.
  """
  found = []
  for parent, folders, files in os.walk(root):
    if parent != str(root) and not set(names).isdisjoint(files):
      found.append(parent)
      folders.clear()
  return sorted(found)


def list_ids(folders, suffixes, without=()):
  """Lists the files of folders and their subfolders.

  Args:
    folders: a path, or a list of paths; a folder that does not exist holds nothing.
    suffixes: accepted suffixes in lower case.
    without: paths of subfolders that are left out, see `folders_with`.

  Returns:
    Dict of id (relative path with `/`, no suffix) to path, sorted by id.

  Raises:
    ValueError: two files have the same id.
  """
  found = {}
  for folder in [folders] if isinstance(folders, (str, os.PathLike)) else folders:
    for sample, path in _walk(pathlib.Path(folder), suffixes, without):
      if sample in found:
        raise errors.value_error(
            f"Two files in '{folder}' have the id '{sample}'.", expected="one file per id",
            received=f"{_short(found[sample])}, {_short(path)}", fix="Rename or remove one.")
      found[sample] = path
  return dict(sorted(found.items()))


def _walk(folder, suffixes, without):
  """Yields (id, path) of the files of a folder."""
  for parent, inner, names in os.walk(folder):
    inner[:] = [name for name in inner if os.path.join(parent, name) not in without]
    for name in names:
      stem, suffix = os.path.splitext(name)
      if suffix.lower() in suffixes and not name.startswith("."):
        yield ((pathlib.Path(parent).relative_to(folder) / stem).as_posix(),
               os.path.join(parent, name))


def _short(path):
  return os.path.join(os.path.basename(os.path.dirname(path)), os.path.basename(path))


def read_id_list(path):
  """Returns the ids of a text file, one per line, in order.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no text in UTF-8.
  """
  return tuple(line for _, line in texts.read_lines(
      path, "id list", _LIST_LIMIT, "Check the path of the split."))
