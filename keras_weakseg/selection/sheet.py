"""A sheet of what was chosen: every sample with its number, its round, and why."""
import numpy as np

from keras_weakseg.evaluation.drawing import depth_pictures
from keras_weakseg.evaluation.drawing import sheets

_IMAGE, _ERROR = "image", "error"


def reason(number, choice):
  """Returns why a sample was chosen, as a line under its picture.

  Args:
    number: of the choice, from 0.
    choice: `rounds.Choice`.

  Example:
    >>> from keras_weakseg.selection import rounds
    >>> reason(3, rounds.Choice("street/7", 1, 12.3, 0.021))
    '4. street/7: round 2, distance 12.3, uncertainty 0.021'
  """
  parts = [f"round {choice.round + 1}"]
  parts += [f"{name} {value:.3g}" for name, value in (
      ("distance", choice.distance), ("uncertainty", choice.uncertainty)) if value]
  return f"{number + 1}. {choice.id}: {', '.join(parts)}"


def draw(path, choices, images, errors=None, *, tile=240, across=3, title=""):
  """Draws chosen samples in their order, and writes them as one PNG, whole or not at all.

  Args:
    path: of the PNG.
    choices: `rounds.Choice`s.
    images: dict of id to uint8 RGB [H,W,3].
    errors: dict of id to float [H,W], where the student of the round erred, drawn beside the image
      in one scale for all; samples without one have an empty place. None = no such column.
    tile: width in pixels of one picture.
    across: samples beside each other.
    title: line above everything.

  Returns:
    uint8 [H,W,3], the sheet.

  Raises:
    ValueError: nothing was chosen, or the file cannot be written.
  """
  values = [np.asarray(value).ravel() for value in (errors or {}).values()]
  limits = 0.0, max(float(np.percentile(np.concatenate(values), 99)), 1e-6) if values else 1.0
  rows = []
  for number, choice in enumerate(choices):
    row = {"name": reason(number, choice), _IMAGE: np.asarray(images[choice.id], np.uint8)}
    if errors and choice.id in errors:
      row[_ERROR] = depth_pictures.colorize_disparity(errors[choice.id], limits)
    rows.append(row)
  columns = (_IMAGE,) if errors is None else (_IMAGE, _ERROR)
  return sheets.contact_sheet(rows, path, columns, classes=(), palette=(), tile=tile,
                              across=across, title=title)
