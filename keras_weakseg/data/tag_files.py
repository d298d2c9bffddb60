"""Readers of image tags: JSON `{id: [names]}` or CSV `id,tags` with `;` between names."""
import csv
import json

import numpy as np

from keras_weakseg import errors


def read_tags(path):
  """Reads the tags of all images of a file.

  Args:
    path: a `.json` file `{id: [names]}`, or a `.csv` file with the header `id,tags` and `;` between
      the names. An image with an empty list shows nothing but background.

  Returns:
    Dict of id to list of class names.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: the file has another form.
  """
  try:
    with open(path, encoding="utf-8", newline="") as file:
      return _from_csv(file) if str(path).lower().endswith(".csv") else _from_json(file)
  except FileNotFoundError:
    raise errors.missing("The tag file does not exist.", expected=f"the file '{path}'",
                         received="no such file", fix="Check the argument tags=.") from None
  except (ValueError, KeyError, csv.Error) as error:
    raise errors.value_error(
        f"The tag file '{path}' cannot be read.",
        expected='JSON {"id": ["name", ...]} or CSV with the header id,tags and ; between names',
        received=error, fix="Write the file in one of the two forms.") from error


def _from_json(file):
  content = json.load(file)
  good = isinstance(content, dict) and all(
      isinstance(names, list) and all(isinstance(name, str) for name in names)
      for names in content.values())
  if not good:
    raise ValueError("another structure of JSON")
  return content


def _from_csv(file):
  rows = csv.DictReader(file)
  if not rows.fieldnames or not {"id", "tags"} <= set(rows.fieldnames):
    raise ValueError(f"the header {rows.fieldnames}")
  names = lambda text: [name.strip() for name in (text or "").split(";") if name.strip()]
  return {row["id"].strip(): names(row["tags"]) for row in rows if row["id"].strip()}


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
