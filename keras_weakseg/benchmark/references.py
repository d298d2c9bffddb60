"""References in the start of a row: `{row:depth}/train/depth.npz`, `{seed}`, `{data_dir}`."""
import re

from keras_weakseg import errors

_REFERENCE = re.compile(r"\{([^{}]*)\}")
_NAMES = ("row:KEY", "seed", "data_dir")


def rows_of(values, where="a row"):
  """Returns the keys of the rows that texts refer to, each once.

  Args:
    values: dict, list or text; whatever is in it.
    where: the place, for errors.

  Raises:
    ValueError: a reference of another form.

  Example:
    >>> rows_of({"network.pretrained": "{row:depth}/train/depth.npz"})
    ['depth']
  """
  found = []
  for name in _names_in(values):
    kind, colon, key = name.partition(":")
    if kind == "row" and key:
      found.append(key)
    elif colon or name not in _NAMES:
      raise errors.unknown_name(f"reference for {where}:", name, _NAMES)
  return list(dict.fromkeys(found))


def upstream(row):
  """Returns the keys of the rows that must be there before a row."""
  return list(dict.fromkeys([*([row.of] if row.of else []), *rows_of(row.start, row.key)]))


def expanded(values, folder, seed, data_dir):
  """Returns values with all references filled in.

  Args:
    values: dict, list or text.
    folder: function of a row's key that returns the folder of its run.
    seed: of the row that starts.
    data_dir: where data lies; None is refused where it is referred to.
  """
  if isinstance(values, dict):
    return {key: expanded(item, folder, seed, data_dir) for key, item in values.items()}
  if isinstance(values, list):
    return [expanded(item, folder, seed, data_dir) for item in values]
  if not isinstance(values, str):
    return values

  def fill(match):
    name = match.group(1)
    if name.startswith("row:"):
      return str(folder(name[4:]))
    if name == "data_dir" and not data_dir:
      raise errors.value_error(
          "The suite needs to know where data lies.", expected="data_dir", received="none",
          fix="Pass data_dir= (--data_dir).")
    return str({"seed": seed, "data_dir": data_dir}[name])

  return _REFERENCE.sub(fill, values)


def _names_in(values):
  if isinstance(values, dict):
    return [name for item in values.values() for name in _names_in(item)]
  if isinstance(values, list):
    return [name for item in values for name in _names_in(item)]
  return _REFERENCE.findall(values) if isinstance(values, str) else []
