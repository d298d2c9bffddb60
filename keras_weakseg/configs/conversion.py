"""Writing plain values into a typed section: keys must exist, values must have their type."""
import copy
import difflib
import types
import typing

from official.modeling import hyperparams

from keras_weakseg import errors
from keras_weakseg.configs.sections import base

# Of own data, parts are made when it is opened.
_PARTS = (" A batch of masks: `data.parts=[{supervision: mask, batch_size: 2}]`; of video: "
          "`data.parts=[{supervision: none, batch_size: 2}]`.")


def apply(section, changes, where="the configuration", path="", root=None):
  """Writes a nested dict into a section, in place.

  A list of sections is merged element by element if the lengths agree, replaced whole if they
  differ, and a dict of int keys changes single elements.

  Args:
    section: a `hyperparams.Config`.
    changes: nested dict of plain values, as `text.parse` returns.
    where: file name or the like for error messages.
    path, root: the place of `section` inside the whole; for the recursion only.

  Raises:
    ValueError: an unknown key or a value of another type, with the full path of the key.
  """
  root = section if root is None else root
  for key, value in changes.items():
    full = f"{path}.{key}" if path else str(key)
    if key not in keys(section) and not isinstance(section, base.Named):
      raise _unknown_key(section, full, where, root)
    current = vars(section).get(key)
    annotation = base.annotation(section, key, current)
    value = _converted(annotation, current, value, full, where, root)
    if key == "type" and isinstance(section, hyperparams.OneOfConfig):
      _check_choice(section, value, full)
    # Not through `setattr`: it merges lists of sections by its own rules and warns on stderr.
    vars(section)[key] = value


def options(home, call, **values):
  """Returns options that a call passes on: of their types and in their ranges.

  Args:
    home: what has them, see `options.options_of`.
    call: its name, for errors.
    **values: the options by their names.

  Raises:
    ValueError: a value is of another type or out of range.

  Example:
    >>> def build(*, alpha: float = 1.0):
    ...   pass
    >>> options(build, "build", alpha=2)
    {'alpha': 2.0}
  """
  section = base.section_of(home, call)()
  apply(section, values, f"the arguments of `{call}`")
  base.check(section, call)
  return {name: getattr(section, name) for name in values}


def check_lists(section, path=""):
  """Refuses a text in the place of a list, which Python would take for a list of its letters.

  Args:
    section: a `hyperparams.Config`, as code may have made it.
    path: its place in the whole.

  Raises:
    ValueError: names the key.
  """
  for key in keys(section):
    full, value = f"{path}.{key}" if path else key, vars(section)[key]
    annotation, _ = _without_none(base.annotation(section, key, value))
    listed = typing.get_origin(annotation) in (list, tuple)
    if listed and isinstance(value, (str, bytes)):
      raise _wrong_type(full, f"a list, such as [{value!r}]", value, "the experiment")
    inner = [(full, value)] if not listed else [
        (f"{full}.{index}", entry) for index, entry in enumerate(value or ())]
    for place, entry in inner:
      if isinstance(entry, hyperparams.Config):
        check_lists(entry, place)


def keys(section):
  """Returns the keys of a section in the order of its definition."""
  return [key for key in vars(section) if key not in section.RESERVED_ATTR]


def _converted(annotation, current, value, path, where, root):
  """Returns `value` as the annotated type."""
  annotation, optional = _without_none(annotation)
  if value is None and optional:
    return None
  origin = typing.get_origin(annotation)
  if origin in (list, tuple):
    return origin(_converted_list(annotation, current, value, path, where, root))
  if isinstance(annotation, type) and issubclass(annotation, hyperparams.Config):
    if isinstance(value, hyperparams.Config):
      value = value.as_dict()
    if not isinstance(value, dict):
      raise _wrong_type(path, "a section with keys " + ", ".join(keys(annotation())), value, where)
    result = annotation() if current is None else copy.deepcopy(current)
    apply(result, value, where, path, root)
    return result
  return _converted_scalar(annotation, value, path, where)


def _converted_list(annotation, current, value, path, where, root):
  """Returns the elements of a list or tuple field."""
  element = typing.get_args(annotation)[0]
  current = list(current or ())
  value = _by_name(current, value, path, where)
  if isinstance(value, dict) and value and all(isinstance(index, int) for index in value):
    unknown = [index for index in value if index >= len(current)]
    if unknown:
      raise errors.value_error(
          f"'{path}' has no element {unknown[0]} ({where}).",
          expected=f"an index below {len(current)}" if current else "a whole list, it is empty",
          received=unknown[0], fix=f"Give the whole list: `{path}: [...]`." + (
              _PARTS if path == "data.parts" and not current else ""))
    changed = [value.get(index, _Same) for index in range(len(current))]
  elif isinstance(value, (list, tuple)):
    changed = list(value)
    current = current if len(current) == len(changed) else [None] * len(changed)
  else:
    raise _wrong_type(path, "a list", value, where)
  return [old if new is _Same else _converted(element, old, new, f"{path}.{index}", where, root)
          for index, (old, new) in enumerate(zip(current, changed))]


def _by_name(current, value, path, where):
  """Returns changes of elements by their index, where they were named: `steps.depth.training`."""
  if not isinstance(value, dict) or not any(isinstance(key, str) for key in value):
    return value
  names = [getattr(element, "name", None) for element in current]
  if not any(names):
    return value
  for key in value:
    if isinstance(key, str) and key not in names:
      known = [name for name in names if name]
      near = difflib.get_close_matches(key, known, n=1)
      raise errors.value_error(
          f"'{path}' has no element '{key}' ({where}).",
          expected="one of " + ", ".join(known) if known else "a whole list",
          received=repr(key),
          fix=f"Did you mean '{path}.{near[0]}'?" if near else
          f"Name one of these, or give the whole list: `{path}: [...]`.")
  return {key if isinstance(key, int) else names.index(key): entry
          for key, entry in value.items()}


class _Same:
  """Marks an element that stays as it is."""


def _converted_scalar(annotation, value, path, where):
  """Returns a plain value of the annotated type; an int is a valid float, nothing else is cast."""
  if annotation is float and isinstance(value, int) and not isinstance(value, bool):
    return float(value)
  if annotation in (int, float, str, bool):
    if not isinstance(value, annotation) or (isinstance(value, bool) and annotation is not bool):
      raise _wrong_type(path, {int: "an int", float: "a float", str: "a string",
                               bool: "true or false"}[annotation], value, where)
  return value


def _without_none(annotation):
  """Returns the annotation without Optional, and whether it had it."""
  arguments = typing.get_args(annotation)
  union = typing.get_origin(annotation) in (typing.Union, getattr(types, "UnionType", typing.Union))
  if union and type(None) in arguments and len(arguments) == 2:
    return next(item for item in arguments if item is not type(None)), True
  return annotation, False


def _wrong_type(path, expected, value, where):
  shown = f"{value!r} ({type(value).__name__})"
  fix = f"Correct '{path}' in {where}."
  if expected == "a string":
    fix += " Quote a string that looks like a number."
  return errors.value_error(f"'{path}' has the wrong type.", expected=expected, received=shown,
                            fix=fix)


def _check_choice(section, value, path):
  choices = [key for key in keys(section) if isinstance(vars(section)[key], hyperparams.Config)]
  if value is not None and value not in choices:
    raise errors.unknown_name(f"choice for '{path}'", value, choices)


def _unknown_key(section, full, where, root):
  """Returns the error for a key that does not exist, with the nearest valid full path."""
  prefix, _, leaf = full.rpartition(".")
  siblings = {key: f"{prefix}.{key}" if prefix else key for key in keys(section)}
  near = difflib.get_close_matches(leaf, siblings, n=1, cutoff=0.7)
  nearest = (_same_leaf(root, leaf) or (siblings[near[0]] if near else None)
             or _same_leaf(root, leaf, chosen_only=False))
  return errors.value_error(
      f"There is no configuration key '{full}' ({where}).",
      expected="one of " + ", ".join(siblings.values()), received=f"'{full}'",
      fix=f"Did you mean '{nearest}'?" if nearest else "Choose one of the keys above.")


def _same_leaf(section, leaf, path="", chosen_only=True):
  """Returns the first full path below `section` whose last key is `leaf`, or None."""
  for key in keys(section):
    full = f"{path}.{key}" if path else key
    if key == leaf:
      return full
    value = vars(section)[key]
    if chosen_only and isinstance(section, hyperparams.OneOfConfig) and key != section.type:
      continue
    if isinstance(value, hyperparams.Config):
      found = _same_leaf(value, leaf, full, chosen_only)
      if found:
        return found
  return None
