"""What a finished step left: its done marker, written last, after everything it names."""
import json
import os
import pathlib

from keras_weakseg import errors

DONE = "done.json"


def read(directory):
  """Returns the dict of a step's done marker; None while the step is not finished.

  Args:
    directory: of the step.

  Raises:
    ValueError: the marker is damaged.
  """
  path = pathlib.Path(directory) / DONE
  try:
    text = path.read_text(encoding="utf-8")
  except FileNotFoundError:
    return None
  try:
    values = json.loads(text)
  except ValueError:
    values = None
  if not isinstance(values, dict):
    raise errors.value_error(
        f"The marker '{path}' is damaged.", expected="the JSON that fit wrote",
        received=text[:40], fix="Delete it and run fit again: the step is finished anew.")
  return values


def write(directory, values):
  """Writes the done marker, whole or not at all.

  Args:
    directory: of the step.
    values: dict of plain JSON values.
  """
  path = os.path.join(directory, DONE)
  temporary = path + ".tmp"
  with open(temporary, "w", encoding="utf-8") as file:
    json.dump(values, file, indent=1, sort_keys=True)
  os.replace(temporary, path)
