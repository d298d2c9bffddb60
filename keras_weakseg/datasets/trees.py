"""Finds extracted data sets and reads their files, naming everything that is missing at once."""
import io
import pathlib

import numpy as np

from keras_weakseg import errors
from keras_weakseg.files import text as texts


def find_tree(name, places, markers, fix):
  """Returns the first place that holds a data set.

  Args:
    name: of the data set, for the error.
    places: folders to look at, in order.
    markers: relative paths that a folder must have to be taken for the data set.
    fix: what the user can do where none is found.

  Raises:
    FileNotFoundError: no place is complete; lists what each of them lacks.
  """
  lacks = []
  for place in (pathlib.Path(place) for place in places):
    missing = [place / marker for marker in markers if not (place / marker).exists()]
    if not missing:
      return place
    lacks += missing
  raise errors.missing(
      f"The files of {name} were not found. Missing:\n" + "\n".join(f"  {path}" for path in lacks),
      expected="one folder with " + ", ".join(markers),
      received=f"{len(lacks)} missing paths in {len(places)} places", fix=fix)


def require_files(name, paths, fix):
  """Raises `FileNotFoundError` that lists every one of `paths` that does not exist."""
  missing = [path for path in paths if not path.exists()]
  if missing:
    raise errors.missing(
        f"{name} is not complete. Missing:\n" + "\n".join(f"  {path}" for path in missing),
        expected=f"{len(paths)} files", received=f"{len(missing)} of them missing", fix=fix)


def read_ids(path):
  """Returns the sample ids of a list file, a tuple of str.

  A line is an id, or starts with the path of the image, as in the lists of SegNet and DeepLab:
  then the file name without its suffix is the id.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no text in UTF-8, or two lines mean the same id.
  """
  ids = {}
  for number, line in texts.read_lines(path, "id list"):
    word = line.split()[0].replace("\\", "/")
    name = pathlib.PurePosixPath(word).stem if "/" in word else word
    if ids.setdefault(name, word) != word:
      raise errors.value_error(
          f"Two lines of the list '{path}' have the id '{name}'.", expected="every id once",
          received=f"{ids[name]}, {word} in line {number}", fix="Rename one of the images.")
  return tuple(ids)


def read_index_mask(path):
  """Returns the ids of an index or palette PNG, uint8 [H, W].

  Palette images are read by index: their colours are decoration.

  Raises:
    ValueError: the file is a colour or 16-bit image, or broken.
  """
  from PIL import Image  # pylint: disable=g-import-not-at-top
  try:
    with Image.open(io.BytesIO(texts.read_bytes(path, "mask"))) as image:
      mode, mask = image.mode, np.asarray(image)
  except (OSError, SyntaxError, Image.DecompressionBombError) as error:
    raise errors.value_error(
        f"The mask '{path}' cannot be read.", expected="an index or palette PNG", received=error,
        fix="Extract the data set again.") from error
  if mode not in ("P", "L"):
    raise errors.value_error(
        f"The mask '{path}' does not hold class ids.",
        expected="an 8-bit index or palette PNG", received=f"an image of mode {mode}",
        fix="Use the folder of class ids, not one of colours or instances.")
  return mask.astype(np.uint8)


def image_size(path):
  """Returns (height, width) of an image as stored, by its header.

  Raises:
    ValueError: it is no image.
  """
  from PIL import Image  # pylint: disable=g-import-not-at-top
  texts.check_regular(path, "image")
  try:
    with Image.open(path) as image:
      return image.size[::-1]
  except (OSError, SyntaxError, Image.DecompressionBombError) as error:
    raise errors.value_error(f"The image '{path}' cannot be read.", expected="a JPEG or PNG",
                             received=error, fix="Extract the data set again.") from error


def image_path(folder, sample_id, suffixes=(".jpg", ".png", ".jpeg")):
  """Returns the path of an image by id; with the first suffix where none exists."""
  for suffix in suffixes:
    path = folder / (sample_id + suffix)
    if path.exists():
      return path
  return folder / (sample_id + suffixes[0])
