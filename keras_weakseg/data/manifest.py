"""Manifests: which sample may use which supervision, whatever label files lie in the folder."""
import json

from keras_weakseg import errors
from keras_weakseg import fields


def read_manifest(path):
  """Reads a manifest.

  Args:
    path: JSON `{"mask": [ids], "tags": [ids], "boxes": [ids], "none": [ids]}` (kinds may be joined:
      `"tags+boxes"`), or a text file with `id kind` on every line.

  Returns:
    Dict of id to `fields.Supervision`; ids that the file does not name are absent.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: the file has another form, an unknown kind, or names an id twice.
  """
  try:
    with open(path, encoding="utf-8") as file:
      text = file.read()
  except FileNotFoundError:
    raise errors.missing("The manifest does not exist.", expected=f"the file '{path}'",
                         received="no such file", fix="Check the argument manifest=.") from None
  pairs = _from_json(path, text) if text.lstrip().startswith("{") else _from_lines(path, text)
  found = {}
  for sample, kind in pairs:
    if sample in found:
      raise errors.value_error(
          f"The manifest '{path}' names a sample twice.", expected="every id once",
          received=repr(sample), fix="Join its kinds with '+', for example tags+boxes.")
    found[sample] = fields.parse_supervision(kind)
  return found


def _from_json(path, text):
  try:
    content = json.loads(text)
    return [(sample, kind) for kind, samples in content.items() for sample in list(samples)]
  except (ValueError, TypeError) as error:
    raise _malformed(path, error) from error


def _from_lines(path, text):
  pairs = []
  for number, line in enumerate(text.splitlines(), 1):
    words = line.strip().rsplit(None, 1)
    if words and len(words) != 2:
      raise _malformed(path, f"line {number}: {line!r}")
    if words:
      pairs.append(tuple(words))
  return pairs


def _malformed(path, received):
  return errors.value_error(
      f"The manifest '{path}' cannot be read.",
      expected='JSON {"mask": [ids], "tags": [ids], ...} or lines of "id kind"', received=received,
      fix="Correct the file; kinds are mask, boxes, tags, depth, none, joined by '+'.")
