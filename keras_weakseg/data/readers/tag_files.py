"""Readers of image tags: JSON `{id: [names]}` or CSV `id,tags` with `;` between names."""
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.files import csv_files
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts

_NOUN, _FIX = "tag file", "Check the argument tags=."
_FORM = 'JSON {"id": ["name", ...]} or CSV with the header id,tags and ; between names'
_LIMIT = 1 << 28  # bytes
# How spreadsheets call the two columns.
_ID = ("id", "image_id", "image", "file", "file_name", "filename", "path", "name")
_TAGS = ("tags", "tag", "labels", "label", "classes", "class")
# What `predict` writes behind the tags; never 0 and 1, which would be tags in columns of their own.
_PROBABILITY = re.compile(r"[01]\.\d{6}")


def read_tags(path):
  """Reads the tags of all images of a file.

  Args:
    path: a `.json` file `{id: [names]}`, or a `.csv` file with the header `id,tags`, or what
      spreadsheets say for it, such as `filename,labels`. The names of a row are all that stand
      between `;` or commas behind the id, and an id may have several rows: all names count. An
      image with an empty list shows nothing but background. The columns of probabilities that
      `predict` writes behind the tags are left out.

  Returns:
    Dict of id to list of class names, each once.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: the file has another form, a key of JSON twice, or a row without an id or tags.
  """
  if str(path).lower().endswith(".csv"):
    return _from_csv(path)
  tags = json_files.read_json(path, _NOUN, schema.map_of(schema.list_of(schema.text)), form=_FORM,
                              limit=_LIMIT, fix=_FIX)
  return {name: list(dict.fromkeys(names)) for name, names in tags.items()}


def _from_csv(path):
  (_, header), *rows = csv_files.read_rows(path, _NOUN, _FORM, _FIX) or [(1, [])]
  first, *others = [name.lower() for name in header] or [""]
  known = first in _ID and others[:1] and others[0] in _TAGS
  if known and all(_is_predicted(cells, header) for _, cells in rows):
    rows = [(line, cells[:2]) for line, cells in rows]
  elif not known or others[1:] not in ([], others[:1]):
    raise texts.unreadable(
        _NOUN, path, f"{_FORM}, and no other columns", f"the header {','.join(header) or 'none'}",
        "Write id,tags into the first line, a comma between the columns.")
  found = {}
  for line, (name, *cells) in rows:
    if not name or not cells:
      raise texts.unreadable(
          _NOUN, path, f"{_FORM}; 'id,' for an image of nothing but background",
          f"line {line}: {','.join([name, *cells])!r}", "Add what lacks, or remove the line.")
    names = [text.strip() for cell in cells for text in cell.split(";")]
    found.setdefault(name, {}).update(dict.fromkeys(text for text in names if text))
  return {name: list(names) for name, names in found.items()}


def _is_predicted(cells, header):
  return len(cells) == len(header) > 2 and all(map(_PROBABILITY.fullmatch, cells[2:]))


def multi_hot(names, classes, sample="", unknown="error"):
  """Returns tags as float32 [C]; the background is always present.

  Args:
    names: class names of one image.
    classes: class names, index 0 = background.
    sample: the image's id, for errors.
    unknown: `"error"` or `"drop"`, for names that are no class.

  Raises:
    ValueError: a name is no class and `unknown` is `"error"`.

  Example:
    >>> multi_hot(["dog"], ("background", "cat", "dog")).tolist()
    [1.0, 0.0, 1.0]
  """
  tags = np.zeros(len(classes), np.float32)
  tags[0] = 1.0
  for name in names:
    if name in classes:
      tags[classes.index(name)] = 1.0
    elif unknown == "error":
      raise errors.unknown_name(f"class (tags of '{sample}')", name, classes)
  return tags
