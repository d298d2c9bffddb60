"""The record of a selection: a JSON file with ids in order, why each was chosen, and of what."""
import dataclasses
import hashlib
import json
import pathlib

from keras_weakseg import errors
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import staging
from keras_weakseg.selection import rounds

_VERSION = 1
_FORM = schema.record({
    "version": schema.whole, "settings": schema.map_of(schema.anything),
    "fingerprint": schema.text, "candidates": schema.text, "ids": schema.list_of(schema.text),
    "choices": schema.list_of(schema.record(
        {"id": schema.text, "round": schema.whole},
        {"distance": schema.number, "uncertainty": schema.number}))})
_FIELDS = ("version", "settings", "fingerprint", "candidates", "ids", "choices")


@dataclasses.dataclass(frozen=True)
class Record:
  """A selection, whole or up to some round.

  Attributes:
    settings: `rounds.Settings`.
    fingerprint: names the images that were looked at; networks are part of the identity of a step.
    candidates: hash of the ids that could be chosen, in their order.
    choices: tuple of `rounds.Choice`.
  """
  settings: rounds.Settings
  fingerprint: str
  candidates: str
  choices: tuple

  @property
  def ids(self):
    """Ids in the order in which they were chosen: the first n are the selection of n."""
    return [choice.id for choice in self.choices]


def candidates_of(ids):
  """Returns a hash of ids in their order.

  Example:
    >>> candidates_of(["a", "b"]) == candidates_of(["b", "a"])
    False
  """
  return hashlib.sha256(json.dumps([str(name) for name in ids]).encode()).hexdigest()[:16]


def write(path, ids, settings, fingerprint, choices):
  """Writes a record, whole or not at all.

  Args:
    path: of the JSON file.
    ids: all that could be chosen, in their order.
    settings: `rounds.Settings`.
    fingerprint: text that names the images that were looked at.
    choices: `rounds.Choice`s, of whole rounds.

  Returns:
    The `Record`.

  Raises:
    ValueError: the file cannot be written.
  """
  record = Record(settings, str(fingerprint), candidates_of(ids), tuple(choices))
  contents = {
      "version": _VERSION, "settings": dataclasses.asdict(settings),
      "fingerprint": record.fingerprint, "candidates": record.candidates, "ids": record.ids,
      "choices": [dataclasses.asdict(choice) for choice in record.choices]}
  staging.write_whole(path, (json.dumps(contents, indent=1) + "\n").encode())
  return record


def read(path, ids=None, settings=None, fingerprint=None):
  """Reads a record and checks it.

  Args:
    path: of the JSON file.
    ids: all that can be chosen now, in their order; None = whatever they were.
    settings: what is asked for now; None = whatever it was.
    fingerprint: of what a selection would be made from now; None = whatever it was.

  Returns:
    `Record`.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no record, contradicts itself, or was made from something else.
  """
  path = pathlib.Path(path)
  if not path.is_file():
    raise errors.missing(f"There is no selection '{path}'.", expected="a JSON file",
                         received="nothing there", fix="Select first, or correct the path.")
  record = _parse(path)
  for what, then, now in (("images", record.candidates, ids and candidates_of(ids)),
                          ("settings", record.settings, settings),
                          ("data or weights", record.fingerprint, fingerprint)):
    if now is not None and then != now:
      raise errors.value_error(
          f"The selection '{path}' was made from other {what}.", expected=now, received=then,
          fix="Delete it to select anew, or go back to what it was made from.")
  return record


def _parse(path):
  """Returns the record of a file that agrees with itself."""
  try:
    contents = json_files.read_json(path, "record of a selection", _FORM)
    if set(contents) != set(_FIELDS) or contents["version"] != _VERSION:
      raise KeyError(f"version {_VERSION} with {', '.join(_FIELDS)}")
    settings = rounds.Settings(**contents["settings"])
    choices = tuple(rounds.Choice(**choice) for choice in contents["choices"])
    record = Record(settings, contents["fingerprint"], contents["candidates"], choices)
    rounds.check_whole(choices, settings)
    if record.ids != contents["ids"]:
      raise ValueError("ids and choices differ")
  except (ValueError, KeyError, TypeError) as error:
    raise errors.value_error(
        f"'{path}' is no record of a selection.",
        expected=f"JSON of version {_VERSION}: {', '.join(_FIELDS)}, of whole rounds",
        received=error, fix="Select anew, or restore the file.") from error
  return record
