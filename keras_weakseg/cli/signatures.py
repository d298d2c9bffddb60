"""The signatures of the public calls, read from their source without importing it.

Importing a call imports TensorFlow, which takes seconds: help and completion must not.
"""
import ast
import dataclasses
import functools
import importlib
import pathlib
import re
from typing import Any, Tuple

import keras_weakseg
from keras_weakseg import options as option_lib

REQUIRED = object()
_ROOT = pathlib.Path(keras_weakseg.__file__).resolve().parents[1]
_SEQUENCES = {"Paths": "Path", "Texts": "str", "Ints": "int", "Floats": "float", "Crfs": "Crf",
              "tuple": "float"}


@dataclasses.dataclass(frozen=True)
class Argument:
  """One argument of a call, or one field of an argument with structure.

  Attributes:
    name: of the keyword.
    type: name of what it takes: a type of Python, or one of `keras_weakseg.arguments`.
    many: whether it is a sequence of these.
    default: its value where nobody says otherwise, None if that is no literal, or `REQUIRED`.
    by_place: whether it may be given without its name.
    further: whether it stands for further keywords.
    text: what the docstring says of it.
    group: of fields, what they are fields of.
  """
  name: str
  type: str
  many: bool = False
  default: Any = None
  by_place: bool = False
  further: bool = False
  text: str = ""
  group: str = ""

  @property
  def off(self):
    """Whether it is true by default, so that its flag switches it off."""
    return self.type == "bool" and self.default is True


@dataclasses.dataclass(frozen=True)
class Call:
  """What can be called: its name, arguments and docstring."""
  name: str
  arguments: Tuple[Argument, ...]
  docstring: str

  @property
  def text(self):
    """What stands in the docstring above the arguments."""
    return re.split(r"\n(?:Args|Attributes|Returns|Raises|Example):\n", self.docstring)[0].strip()

  @property
  def summary(self):
    """What a command does: the first line of the docstring, of what it prints."""
    return re.sub("^Returns ", "Prints ", self.text.split("\n", maxsplit=1)[0])


def names():
  """Returns the names of all public calls, sorted."""
  return sorted(keras_weakseg.CALLS)


def function(name):
  """Returns the public call of a name itself."""
  module, attribute = _place(name)
  return getattr(importlib.import_module(module), attribute)


@functools.lru_cache(maxsize=None)
def call(name):
  """Returns the `Call` of a public call.

  Example:
    >>> [argument.name for argument in call("export").arguments]
    ['target', 'base_dir', 'options']
  """
  return dataclasses.replace(read(*_place(name)), name=name)


def _place(name):
  module, _, attribute = keras_weakseg.CALLS[name].partition(":")
  return module, attribute or name


def read(module, name, method=None) -> Call:
  """Returns the `Call` of a function, a class, a dataclass, or a method of a class.

  Args:
    module: dotted name of a module of this package.
    name: of the function or class.
    method: of the class; None = how it is made.
  """
  node = _find(_tree(module), name)
  docstring = ast.get_docstring(node) or ""
  if isinstance(node, ast.ClassDef):
    inner = _find(node, method or "__init__")
    if inner is None:
      parameters = [(entry.target.id, entry.annotation, entry.value or REQUIRED, {})
                    for entry in node.body if isinstance(entry, ast.AnnAssign)]
    else:
      docstring = (ast.get_docstring(inner) or "") if method else docstring
      node = inner
  if isinstance(node, ast.FunctionDef):
    parameters = _parameters(node.args)
  texts = option_lib.described(docstring)
  return Call(name, tuple(_argument(*parameter, texts) for parameter in parameters), docstring)


@functools.lru_cache(maxsize=None)
def _tree(module):
  return ast.parse(_ROOT.joinpath(*module.split(".")).with_suffix(".py").read_bytes())


def _find(tree, name):
  return next((node for node in tree.body if getattr(node, "name", None) == name), None)


def _parameters(arguments):
  """Yields (name, annotation, default, fields of `Argument`) of a function, without `self`."""
  by_place = [entry for entry in arguments.args if entry.arg != "self"]
  defaults = [REQUIRED] * (len(by_place) - len(arguments.defaults)) + arguments.defaults
  for entry, default in zip(by_place, defaults):
    yield entry.arg, entry.annotation, default, {"by_place": True}
  for entry, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
    yield entry.arg, entry.annotation, default or REQUIRED, {}
  if arguments.kwarg:
    yield arguments.kwarg.arg, arguments.kwarg.annotation, None, {"further": True}


def _argument(name, annotation, default, fields, texts):
  word = ast.unparse(annotation) if annotation else ""
  word = re.sub(r"^arguments\.| \| None$", "", word)
  try:
    default = default if default in (None, REQUIRED) else ast.literal_eval(default)
  except ValueError:
    default = None
  return Argument(name, _SEQUENCES.get(word, word), word in _SEQUENCES, default,
                  text=texts.get("**" * bool(fields.get("further")) + name, ""), **fields)
