"""From plain YAML values to the dataclasses of a suite, with an error that names the place."""
import dataclasses
import math
import typing

from keras_weakseg import errors

_WORDS = {str: "text", bool: "true or false", int: "an integer", float: "a number",
          dict: "`key: value` lines", list: "a list"}


def make(section, given, where, **known):
  """Returns a dataclass made from a mapping.

  Args:
    section: the class; its annotations are the types.
    given: mapping of YAML.
    where: the place in the file, for errors.
    **known: attributes that do not stand in the mapping.

  Raises:
    ValueError: it is no mapping, has an unknown key or a value of another type, or lacks one.
  """
  check(given, dict, where)
  hints = typing.get_type_hints(section)
  open_keys = [field for field in dataclasses.fields(section) if field.name not in known]
  for key, value in given.items():
    if key not in {field.name for field in open_keys}:
      raise errors.unknown_name(f"key of {where} called", key, [f.name for f in open_keys])
    _check_hint(value, hints[key], f"`{key}` of {where}")
  for field in open_keys:
    if field.name not in given and dataclasses.MISSING is field.default is field.default_factory:
      raise errors.value_error(
          f"{where} has no `{field.name}`.", expected=f"`{field.name}: ...`",
          received=", ".join(map(str, given)) or "nothing", fix=f"Add `{field.name}`.")
  return section(**known, **given)


def check(value, kind, where):
  """Raises `ValueError` unless a value of YAML is of a plain type.

  Args:
    value: of YAML.
    kind: `str`, `bool`, `int`, `float` (also for integers), `dict` or `list`.
    where: the place in the file.
  """
  if not _is(value, kind):
    raise _wrong(value, _WORDS[kind], where)


def _is(value, kind):
  if isinstance(value, bool):
    return kind is bool
  if kind is float and isinstance(value, float):
    return math.isfinite(value)
  return isinstance(value, (int, float) if kind is float else kind)


def _wrong(value, expected, where):
  return errors.value_error(
      f"{where} is of another type.", expected=expected, received=repr(value),
      fix=f"Write {expected} there.")


def _check_hint(value, hint, where):
  origin, inner = typing.get_origin(hint), typing.get_args(hint)
  if origin is typing.Union:
    kinds = [typing.get_origin(choice) or choice for choice in inner]
    if not any(_is(value, kind) for kind in kinds):
      raise _wrong(value, " or ".join(_WORDS[kind] for kind in kinds), where)
    return
  check(value, origin or hint, where)
  values = value.values() if origin is dict else value if origin is list else ()
  for item in values:
    if inner[-1] is not typing.Any:
      check(item, inner[-1], f"an entry of {where}")
