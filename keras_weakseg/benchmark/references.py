"""References in the start of a row: `{row:depth}`, `{row:depth}/x.npz`, `{seed}`, `{data_dir}`."""
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
    >>> rows_of({"network.pretrained": "{row:depth}"})
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


def row_of(text):
  """Returns the key of the row that a text is a reference to and nothing else, or an empty text.

  Example:
    >>> row_of("{row:depth}"), row_of("{row:depth}/train/depth.npz")
    ('depth', '')
  """
  match = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
  return match.group(1)[4:] if match and match.group(1).startswith("row:") else ""


def decisive(row):
  """Returns the keys of the rows that decide the numbers of a row."""
  return list(dict.fromkeys([*([row.of] if row.of else []), *rows_of(row.start, row.key)]))


def upstream(row):
  """Returns the keys of the rows that must be there before a row."""
  return list(dict.fromkeys([*decisive(row), *rows_of(row.from_run, row.key)]))


def weights_of(values, place=""):
  """Returns (key of a row, name of a network) of every `pretrained` that names a row alone.

  Args:
    values: dict, list or text of `start`.
    place: keys that lead to it, joined by dots.

  Example:
    >>> weights_of({"network.pretrained": "{row:a}", "networks.pose.pretrained": "{row:a}"})
    [('a', ''), ('a', 'pose')]
  """
  if isinstance(values, dict):
    return [found for key, item in values.items() for found in weights_of(item, f"{place}.{key}")]
  if isinstance(values, list):
    return [found for item in values for found in weights_of(item, place)]
  return [(row_of(values), _network(place))] if _wants_weights(values, place) else []


def expanded(values, folder, weights, seed, data_dir, place=""):
  """Returns values with all references filled in.

  Args:
    values: dict, list or text.
    folder: function of a row's key that returns the folder of its run.
    weights: function of a row's key and of the name of a network, empty = the one that is
      evaluated, that returns the file of what the row's own training has left.
    seed: of the row that starts.
    data_dir: where data lies; None is refused where it is referred to.
    place: keys that lead to the values, joined by dots.
  """
  if isinstance(values, dict):
    return {key: expanded(item, folder, weights, seed, data_dir, f"{place}.{key}")
            for key, item in values.items()}
  if isinstance(values, list):
    return [expanded(item, folder, weights, seed, data_dir, place) for item in values]
  if not isinstance(values, str):
    return values
  if _wants_weights(values, place):
    return str(weights(row_of(values), _network(place)))

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


def _wants_weights(text, place):
  return place.endswith(".pretrained") and bool(row_of(text))


def _network(place):
  """Returns the network of `network.pretrained` (empty) or `networks.NAME.pretrained`."""
  keys = place.split(".")
  return keys[-2] if keys[-3:-2] == ["networks"] else ""


def _names_in(values):
  if isinstance(values, dict):
    return [name for item in values.values() for name in _names_in(item)]
  if isinstance(values, list):
    return [name for item in values for name in _names_in(item)]
  return _REFERENCE.findall(values) if isinstance(values, str) else []
