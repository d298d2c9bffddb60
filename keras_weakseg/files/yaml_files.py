"""The reader of YAML: plain values, bounded, no key twice, and aliases that cannot explode."""
import re

import yaml

from keras_weakseg.files import text as texts

LIMIT = 1 << 22  # characters
DEPTH = 100      # levels
NODES = 100_000  # values, those behind an alias counted at every use


class _Loader(yaml.SafeLoader):
  """Safe YAML that reads 1e-3 as a number and refuses a key given twice."""

  def construct_mapping(self, node, deep=False):
    keys = [self.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
      if keys.count(key) > 1:
        raise yaml.constructor.ConstructorError(
            None, None, f"the key {key!r} is given twice", node.start_mark)
    return super().construct_mapping(node, deep)


# YAML 1.1 wants a dot in 1.0e-3; without this, 1e-3 is a string.
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+$"),
    list("-+0123456789"))


def read_yaml(path, noun="file"):
  """Returns the content of a YAML file; None for an empty one.

  Args:
    path: of the file.
    noun: what it is called in errors.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is no such file.
  """
  text = texts.read_text(path, noun, LIMIT)
  try:
    return parse_yaml(text)
  except ValueError as error:
    raise texts.unreadable(noun, path, "YAML of plain values", error,
                           "Correct the line that is named above.") from error


def parse_yaml(text):
  """Returns the content of a YAML text; None for an empty one.

  Args:
    text: str; only plain values, no Python objects.

  Raises:
    ValueError: with what is wrong, and the line; the caller says of which file.

  Example:
    >>> parse_yaml("rate: 1e-3")
    {'rate': 0.001}
  """
  if len(text) > LIMIT:
    raise ValueError(f"{len(text):,} characters, more than {LIMIT:,}")
  loader = None
  try:
    loader = _Loader(text)
    node = loader.get_single_node()
    if node is None:
      return None
    _weigh(node, {}, ())
    return loader.construct_document(node)
  except yaml.YAMLError as error:
    raise ValueError(" ".join(str(error).split())) from error
  except RecursionError:
    raise ValueError("values within each other without end") from None
  except TypeError as error:  # a list or mapping as a key
    raise ValueError(f"a key that is no plain value ({error})") from error
  finally:
    if loader is not None:
      loader.dispose()


def _weigh(node, known, above):
  """Returns how many values a node stands for; refuses those without end before they are made."""
  if id(node) in known:
    return known[id(node)]
  line = f"in line {node.start_mark.line + 1}"
  if id(node) in above:
    raise ValueError(f"a value that holds itself {line}")
  if len(above) > DEPTH:
    raise ValueError(f"more than {DEPTH} values within each other {line}")
  weight = 1
  if not isinstance(node, yaml.ScalarNode):
    inner = node.value
    if isinstance(node, yaml.MappingNode):
      inner = [part for pair in node.value for part in pair]
    weight += sum(_weigh(part, known, (*above, id(node))) for part in inner)
  if weight > NODES:
    raise ValueError(f"more than {NODES:,} values {line}")
  known[id(node)] = weight
  return weight
