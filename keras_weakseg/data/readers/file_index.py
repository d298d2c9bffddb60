"""Listings of folders: sample ids are paths without folder and suffix. Opens no file."""
import os
import pathlib

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.files import text as texts
from keras_weakseg.ops import image_formats

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
MASK_SUFFIXES = (".png",)
_ARRAYS = (".npy", ".npz", ".mat")
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
  whole = pathlib.Path(root) / paths.expand(names)
  if whole.exists() or "+" not in str(names):
    return [whole]
  return [pathlib.Path(root) / paths.expand(name.strip()) for name in str(names).split("+")]


def walk(root):
  """Yields (folder, names of folders in it, names of files in it) like `os.walk`, links followed.

  Every folder comes once, however many links lead to it or back to where they are; under its own
  name rather than that of a link. Removing names of folders leaves these out.

  Args:
    root: path of the folder; if it does not exist, nothing is yielded.
  """
  seen, places = set(), [os.fspath(root)]
  while places:
    links = []
    for place in places:
      for parent, folders, files in os.walk(place):
        stat = os.stat(parent)
        if (stat.st_dev, stat.st_ino) in seen:
          folders.clear()
          continue
        seen.add((stat.st_dev, stat.st_ino))
        yield parent, folders, files
        links += [path for path in (os.path.join(parent, name) for name in folders)
                  if os.path.islink(path)]
    places = sorted(links)


def folders_with(root, names):
  """Returns the paths of the subfolders that hold a file of one of these names, sorted.

  Args:
    root: the folder; it does not count itself, nor does what lies in a folder that is found.
    names: file names.
  """
  found = []
  for parent, folders, files in walk(root):
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
  for parent, inner, names in walk(folder):
    inner[:] = [name for name in inner if os.path.join(parent, name) not in without]
    place = pathlib.Path(parent).relative_to(folder).as_posix()
    place = "" if place == "." else place + "/"
    odd = _odd_files(parent)
    for name in names:
      stem, suffix = os.path.splitext(name)
      if suffix.lower() in suffixes and not name.startswith("."):
        _check_name(parent, name, odd)
        yield place + stem, os.path.join(parent, name)


def _odd_files(folder):
  """Returns the names in a folder that are pipes or devices, or links to such; opens nothing."""
  with os.scandir(folder) as entries:
    return {entry.name for entry in entries if not (
        entry.is_file(follow_symlinks=False) or entry.is_dir() or entry.is_file())
            and os.path.exists(entry.path)}


def _check_name(parent, name, odd):
  """Refuses what cannot be read as a file of a data set, before anything is opened."""
  try:
    name.encode()
  except UnicodeEncodeError:
    raise texts.unreadable(
        "folder", parent, "names of files in UTF-8", ascii(name), "Rename the file.") from None
  if name in odd:
    raise texts.unreadable("file", os.path.join(parent, name), "a regular file",
                           "a pipe, a socket or a device", "Remove it.")


def list_paths(folder, suffixes, without=()):
  """Returns the sorted relative paths of the files in a folder with one of the suffixes.

  Args:
    folder: path.
    suffixes, without: as of `list_ids`.
  """
  return sorted(sample + os.path.splitext(path)[1]
                for sample, path in _walk(pathlib.Path(folder), suffixes, without))


def unread(folders, suffixes, without=()):
  """Returns the pictures and arrays in folders that `list_ids` leaves out because of their suffix.

  Args:
    folders, suffixes, without: as of `list_ids`.

  Returns:
    Sorted list of relative paths with `/` and suffix.
  """
  others = set(image_formats.SUFFIXES + IMAGE_SUFFIXES + _ARRAYS) - set(suffixes)
  folders = [folders] if isinstance(folders, (str, os.PathLike)) else folders
  return sorted({name for folder in folders for name in list_paths(folder, others, without)})


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
