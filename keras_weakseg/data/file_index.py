"""Listings of folders: sample ids are paths without folder and suffix. Opens no file."""
import os
import pathlib

from keras_weakseg import errors

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
MASK_SUFFIXES = (".png",)


def list_ids(folder, suffixes):
  """Lists the files of a folder and its subfolders.

  Args:
    folder: path; a folder that does not exist holds nothing.
    suffixes: accepted suffixes in lower case.

  Returns:
    Dict of id (relative path with `/`, no suffix) to path, sorted by id.

  Raises:
    ValueError: two files have the same id.
  """
  folder = pathlib.Path(folder)
  found = {}
  for parent, _, names in os.walk(folder):
    for name in names:
      stem, suffix = os.path.splitext(name)
      if suffix.lower() not in suffixes or name.startswith("."):
        continue
      sample = (pathlib.Path(parent).relative_to(folder) / stem).as_posix()
      path = os.path.join(parent, name)
      if sample in found:
        raise errors.value_error(
            f"Two files in '{folder}' have the id '{sample}'.", expected="one file per id",
            received=f"{os.path.basename(found[sample])}, {name}", fix="Rename or remove one.")
      found[sample] = path
  return dict(sorted(found.items()))


def read_id_list(path):
  """Returns the ids of a text file, one per line, in order.

  Raises:
    FileNotFoundError: there is no such file.
  """
  try:
    with open(path, encoding="utf-8") as file:
      return tuple(line.strip() for line in file if line.strip())
  except FileNotFoundError:
    raise errors.missing("The id list does not exist.", expected=f"the file '{path}'",
                         received="no such file", fix="Check the path of the split.") from None
