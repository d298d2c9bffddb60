"""The reader of JSON: bounded, no key twice, no number that is none, and a schema."""
import json
import re

from keras_weakseg.files import schema as schemas
from keras_weakseg.files import text as texts


class _Twice(ValueError):
  """A key is said twice."""


def read_json(path, noun="file", schema=schemas.anything, *, form="JSON", limit=texts.LIMIT,
              fix="Check the path.", nan=False):
  """Returns the content of a JSON file.

  Args:
    path: of the file.
    noun: what the file is called in errors.
    schema: of its content, see `files.schema`.
    form: what the file should hold, for errors.
    limit: most bytes.
    fix: what the user can do where there is no such file.
    nan: whether NaN and Infinity, which JSON does not know, are taken.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no such file; names what was expected, what was there, and where.
  """
  return parse_json(texts.read_text(path, noun, limit, fix), path, noun, schema, form=form, nan=nan)


def parse_json(text, place, noun="file", schema=schemas.anything, *, form="JSON", nan=False):
  """Returns the content of a JSON text.

  Args:
    text: str, or bytes in UTF-8.
    place: where it is from, for errors.
    noun, schema, form, nan: as `read_json`.

  Raises:
    ValueError: as `read_json`.

  Example:
    >>> parse_json('{"a": [1]}', "a.json", schema=schemas.map_of(schemas.list_of(schemas.whole)))
    {'a': [1]}
  """
  text = texts.decode(text, place, noun) if isinstance(text, bytes) else text
  try:
    content = json.loads(text, object_pairs_hook=_once, parse_float=_float(nan),
                         parse_constant=_constant(nan))
    schema(content)
  except _Twice as error:
    received = f"the key '{error}'" + _lines_of(text, str(error))
    raise texts.unreadable(noun, place, f"{form}, every key once in its object", received,
                           "Join the two entries, or remove one.") from error
  except schemas.Mismatch as error:
    where = f" at {error.place}" if error.place else ""
    raise texts.unreadable(noun, place, f"{form}: {error.expected}{where}",
                           f"{error.received}{where}",
                           "Correct the entry, or export the file again.") from error
  except RecursionError:
    raise texts.unreadable(noun, place, form, "objects or lists within each other without end",
                           "Export the file again.") from None
  except ValueError as error:
    raise texts.unreadable(noun, place, form, error, "Export the file again, or correct it.") from (
        error)
  return content


def _once(pairs):
  content = dict(pairs)
  if len(content) < len(pairs):
    keys = [key for key, _ in pairs]
    raise _Twice(next(key for key in keys if keys.count(key) > 1))
  return content


def _float(nan):
  def parse(text):
    value = float(text)
    if not nan and value in (float("inf"), float("-inf")):
      raise ValueError(f"the number {text[:20]}, which is too large")
    return value
  return parse


def _constant(nan):
  def parse(text):
    if not nan:
      raise ValueError(f"{text}, which is no number of JSON")
    return float(text)
  return parse


def _lines_of(text, key):
  pattern = re.compile(re.escape(json.dumps(key, ensure_ascii=False)) + r"\s*:")
  lines = [str(text.count("\n", 0, match.start()) + 1) for match in pattern.finditer(text)]
  return f" in the lines {', '.join(lines[:5])}" if lines else ""
