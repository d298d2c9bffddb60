"""Reading configuration text: safe YAML, and assignments such as `training.steps=100`."""
import re

from keras_weakseg import errors
from keras_weakseg.files import yaml_files

_ASSIGNMENT = re.compile(r"^\s*[A-Za-z_][\w.\[\]]*\s*=")
_FORMS = "`a.b=1,c.d=[2, 3]`, YAML text or a dict"


def load_yaml(text, where):
  """Returns the mapping of a YAML text; an empty text is an empty mapping.

  Args:
    text: YAML; only plain values, no Python objects.
    where: file name or the like for error messages.

  Raises:
    ValueError: it is no YAML, holds a key twice, or is not a mapping.
  """
  try:
    loaded = yaml_files.parse_yaml(text)
  except ValueError as error:
    raise errors.value_error(
        f"{where} is not valid YAML.", expected="nested `key: value` lines of plain values",
        received=error,
        fix=f"Correct the line that is named above in {where}."
    ) from error
  if loaded is None:
    return {}
  if not isinstance(loaded, dict):
    raise errors.value_error(f"{where} holds no configuration.", expected=_FORMS,
                             received=repr(loaded), fix="Write `key: value` or `key=value`.")
  return loaded


def parse(overrides, where="params_override"):
  """Returns overrides of any form as a nested dict.

  Args:
    overrides: None, a dict (keys may be dotted), text, or a list of these; later ones win.
    where: what to call them in error messages.

  Returns:
    A nested dict. Indices into lists are int keys.

  Raises:
    ValueError: the text is neither assignments nor a YAML mapping.

  Example:
    >>> parse("training.steps=100, data.parts[0].count=50")
    {'training': {'steps': 100}, 'data': {'parts': {0: {'count': 50}}}}
    >>> parse({"training.steps": 100})
    {'training': {'steps': 100}}
  """
  if overrides is None or overrides == "":
    return {}
  if isinstance(overrides, (list, tuple)):
    merged = {}
    for item in overrides:
      _merge(merged, parse(item, where))
    return merged
  if isinstance(overrides, dict):
    return _expanded(overrides)
  if not isinstance(overrides, str):
    raise errors.value_error(f"{where} cannot be read.", expected=_FORMS,
                             received=type(overrides).__name__, fix="Pass a dict or text.")
  if not _ASSIGNMENT.match(overrides):
    return _expanded(load_yaml(overrides, where))
  merged = {}
  for piece in _pieces(overrides):
    key, equals, value = piece.partition("=")
    if not equals or not key.strip():
      raise errors.value_error(
          f"{where} has a part without `=`.", expected="`key=value` parts between commas",
          received=repr(piece.strip()),
          fix="Put lists in brackets: `data.augmentation.crop=[97, 193]`.")
    value = load_yaml(f"value: {value.strip()}", f"the value of '{key.strip()}'")["value"]
    _merge(merged, _expanded({key.strip(): value}))
  return merged


def _pieces(text):
  """Splits at commas and line ends outside of brackets and quotes."""
  pieces, current, depth, quote = [], "", 0, ""
  for character in text:
    if quote:
      quote = "" if character == quote else quote
    elif character in "'\"":
      quote = character
    else:
      depth += (character in "[{") - (character in "]}")
    if character in ",\n" and not depth and not quote:
      pieces.append(current)
      current = ""
    else:
      current += character
  return [piece for piece in pieces + [current] if piece.strip()]


def _expanded(mapping):
  """Returns a nested dict in which dotted keys and `[0]` have become levels."""
  result = {}
  for key, value in mapping.items():
    levels = str(key).replace("[", ".").replace("]", "").split(".")
    value = _expanded(value) if isinstance(value, dict) else value
    for level in reversed(levels):
      value = {int(level) if level.isdigit() else level: value}
    _merge(result, value)
  return result


def _merge(target, source):
  """Writes `source` over `target`, level by level."""
  for key, value in source.items():
    if isinstance(value, dict) and isinstance(target.get(key), dict):
      _merge(target[key], value)
    else:
      target[key] = value
