"""What a finished step left: its done marker, written last, after everything it names."""
import os
import pathlib

from keras_weakseg import errors
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import writing

DONE = "done.json"
_MARKER = schema.record({}, {
    "identity": schema.text, "ids": schema.list_of(schema.text), "content": schema.text,
    "folders": schema.list_of(schema.text), "steps": schema.whole})
NETWORKS = "networks.json"  # what is known of the networks that a step left


def read(directory):
  """Returns the dict of a step's done marker; None while the step is not finished.

  Args:
    directory: of the step.

  Raises:
    ValueError: the marker is damaged.
  """
  path = pathlib.Path(directory) / DONE
  if not path.exists():
    return None
  try:
    return json_files.read_json(path, "marker", _MARKER, nan=True)
  except ValueError as error:
    raise errors.value_error(
        f"The marker '{path}' is damaged.", expected="the JSON that fit wrote",
        received=error, fix="Delete it and run fit again: the step is finished anew.") from error


def write(directory, values):
  """Writes the done marker, whole or not at all.

  Args:
    directory: of the step.
    values: dict of plain JSON values.
  """
  writing.write_json(os.path.join(directory, DONE), values, sort_keys=True)
