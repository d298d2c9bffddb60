"""Camera matrices from files or numbers, and what can be done with them."""
import json
import os
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.files import text as texts
# Readers of clips find all that they need of cameras here.
from keras_weakseg.ops.cameras import (
    assumed, camera_matrix, check, doubt, of_turned, resized)

_LIMIT = 1 << 20  # bytes
_SHOWN = 60  # characters of what cannot be read
_NAMES = (("fx",), ("fy",), ("cx", "u0"), ("cy", "v0"))


def read_intrinsics(value):
  """Returns a camera matrix float64 [3, 3] of what a user has.

  Args:
    value: `[fx, fy, cx, cy]` or a 3x3 (or larger) matrix as lists or array; a text of these
      numbers; or the path of a JSON file (such numbers, or an object with `fx, fy, cx, cy` or
      `u0, v0`, `intrinsic` or `K`) or text file (4 numbers or rows of 3). Pixels; the centre of
      the upper left pixel is (0, 0).

  Raises:
    FileNotFoundError: the path is not there.
    ValueError: there are no such numbers.

  Example:
    >>> read_intrinsics("100 90 31.5 23.5").tolist()
    [[100.0, 0.0, 31.5], [0.0, 90.0, 23.5], [0.0, 0.0, 1.0]]
  """
  is_text = isinstance(value, (str, os.PathLike))
  text, place = _text(value) if is_text else (str(value), "")
  content = _content(text) if is_text else value
  while isinstance(content, dict):
    found = [next((content[name] for name in names if name in content), None) for names in _NAMES]
    if None not in found:
      content = found
      break
    content = next((content[name] for name in ("intrinsic", "intrinsics", "K", "camera_matrix")
                    if name in content), None)
  try:
    numbers = np.asarray(content, np.float64)
  except (TypeError, ValueError):
    numbers = np.zeros(0)
  if not np.isfinite(numbers).all():
    numbers = np.zeros(0)
  if numbers.size == 9:
    numbers = numbers.reshape(3, 3)
  if numbers.ndim == 2 and min(numbers.shape) >= 3:
    return numbers[:3, :3].copy()
  if numbers.shape != (4,):
    raise errors.value_error(
        "The intrinsics cannot be read.", expected="fx fy cx cy, or a 3x3 matrix, in pixels",
        received=repr(" ".join(text.split())[:_SHOWN]) + place,
        fix="Write the four numbers alone into a text file (UTF-8), separated by spaces.")
  return camera_matrix(*numbers)


def _text(value):
  """Returns (text with the numbers, where it is from) of such a text or of the path of a file."""
  if _numbers(str(value)) is not None:
    return str(value), ""
  content = texts.read_bytes(
      paths.expand(value), "intrinsics file", _LIMIT,
      "Correct intrinsics= (a path, or fx fy cx cy), or pass an assumed field_of_view= in degrees.")
  # Windows writes a mark before the text; other encodings give no numbers, and are shown.
  return content.decode("utf-8-sig", errors="replace"), f" in '{value}'"


def _content(text):
  """Returns the numbers or the JSON object of a text."""
  try:
    return json.loads(text)
  except (ValueError, RecursionError):
    return _numbers(text)


def _numbers(text):
  try:
    return [float(part) for part in re.split(r"[\s,;\[\]()]+", text) if part] or None
  except ValueError:
    return None
