"""Manifests: which sample may use which supervision, whatever label files lie in the folder."""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts

_NOUN, _LIMIT = "manifest", 1 << 28  # bytes
_FORM = 'JSON {"mask": [ids], "tags": [ids], ...} or lines of "id kind"'


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
  text = texts.read_text(path, _NOUN, _LIMIT, "Check the argument manifest=.")
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
  content = json_files.parse_json(
      text, path, _NOUN, schema.map_of(schema.list_of(schema.text)), form=_FORM)
  return [(sample, kind) for kind, samples in content.items() for sample in samples]


def _from_lines(path, text):
  pairs = []
  for number, line in enumerate(text.split("\n"), 1):
    words = line.strip().rsplit(None, 1)
    if words and len(words) != 2:
      raise texts.unreadable(
          _NOUN, path, _FORM, f"line {number}: {line!r}",
          "Correct the file; kinds are mask, boxes, tags, depth, none, joined by '+'.")
    if words:
      pairs.append(tuple(words))
  return pairs
