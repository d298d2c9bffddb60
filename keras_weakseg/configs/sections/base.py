"""Sections of the configuration that are made from signatures, and sections with a choice."""
import copy
import dataclasses
import difflib
import functools
import typing

from official.modeling import hyperparams

from keras_weakseg import errors
from keras_weakseg import options as option_lib

_SECTIONS = {}


@functools.lru_cache(maxsize=None)
def _hints(section):
  """Returns the types of the keys of a section's class."""
  return {key: kind for key, kind in typing.get_type_hints(section).items()
          if key not in hyperparams.Config.__annotations__}


@functools.lru_cache(maxsize=None)
def blank(section):
  """Returns a section of a class with its defaults; for copies, not to be changed."""
  return section()


class Section(hyperparams.Config):
  """A section of the configuration.

  Model Garden resolves the annotations of a class anew for every value that is written: most of the
  time in which an experiment is built. Here a class keeps them.
  """

  @classmethod
  def _get_annotations(cls):
    return _hints(cls)

  def __deepcopy__(self, memo):
    return _copied(self, memo)

  def __setattr__(self, key, value):
    known = {**_hints(type(self)), **vars(self)}
    if key not in known and key not in self.RESERVED_ATTR:
      raise errors.unknown_name(
          "configuration key", key, [name for name in known if name not in self.RESERVED_ATTR])
    super().__setattr__(key, value)


def _copied(value, memo):
  """Returns a copy; of sections of Model Garden too, whose own way takes many times as long."""
  if _unchanging(value):
    return value
  if not isinstance(value, hyperparams.Config) or id(value) in memo:
    return copy.deepcopy(value, memo)
  other = memo[id(value)] = object.__new__(type(value))
  vars(other).update({key: _copied(entry, memo) for key, entry in vars(value).items()})
  return other


def _unchanging(value):
  """Returns whether copies may share a value: most of a section is scalars, or tuples of them."""
  kind = type(value)
  return kind in hyperparams.Config.IMMUTABLE_TYPES or kind is tuple and all(
      type(entry) in hyperparams.Config.IMMUTABLE_TYPES for entry in value)


def section_of(home, name, hidden=()):
  """Returns the section of a function's or class's options: a `Section` class.

  Args:
    home: see `options.options_of`.
    name: of the choice, for errors.
    hidden: names of keywords that are no options.
  """
  key = (home, name, tuple(hidden))
  if key not in _SECTIONS:
    found = option_lib.options_of(home, hidden)
    section = dataclasses.make_dataclass(
        "".join(word.capitalize() for word in name.split("_")),
        [(option.name, option.type, _default(option.default)) for option in found.values()],
        bases=(Section,), namespace={"OPTIONS": found})
    section.__doc__ = (option_lib.documentation(home) or name).split("\n", maxsplit=1)[0]
    _SECTIONS[key] = section
  return _SECTIONS[key]


def _default(value):
  return dataclasses.field(default=value)


def check(section, path):
  """Checks the values of a section that was made from a signature.

  Args:
    section: of `section_of`.
    path: its key, for errors.

  Raises:
    ValueError: a value is out of range, or no name that is known.
  """
  for option in type(section).OPTIONS.values():
    value = getattr(section, option.name)
    for entry in option.checks:
      if isinstance(entry, option_lib.OneOf) and isinstance(value, str):
        errors.check_name(f"choice for '{path}.{option.name}'", value, entry.values)
      elif entry.problem(value) is not None:
        raise errors.value_error(
            f"'{path}.{option.name}' is out of range.", expected=entry.problem(value),
            received=list(value) if isinstance(value, tuple) else value,
            fix=f"Set `{path}.{option.name}` to such a value.")


class Choice(Section, hyperparams.OneOfConfig):
  """A section with a `type` and one sub-section for each thing that is registered.

  What is registered later, from a user's own module, is a choice too. A subclass has `homes`, and
  may have fields of its own beside the sub-sections (`own`, with defaults).
  """
  own = {}

  @classmethod
  def homes(cls):
    """Returns a dict of every choice to its section class."""
    raise NotImplementedError

  def __init__(self, type=None, **values):  # pylint: disable=redefined-builtin
    super().__init__()
    self.__dict__["type"] = type
    for name, default in self.own.items():
      self.__dict__[name] = values.pop(name, default)
    homes = self.homes()
    for name, section in homes.items():
      given = values.pop(name, None)
      self.__dict__[name] = (copy.deepcopy(blank(section)) if given is None else
                             section(**given) if isinstance(given, dict) else given)
    if values:
      name = next(iter(values))
      near = difflib.get_close_matches(name, [*homes, *self.own], n=1)
      raise errors.value_error(
          f"There is no '{name}' to choose.", expected="one of " + ", ".join([*homes, *self.own]),
          received=repr(name), fix=f"Did you mean '{near[0]}'?" if near else "Correct the name.")

  def as_dict(self):
    """Returns the chosen section and what stands beside it."""
    return {**super().as_dict(), **{name: getattr(self, name) for name in self.own}}

  def options(self):
    """Returns the options of the choice as a dict."""
    return self.get().as_dict()


class Named(Section):
  """A section whose keys are names that the user gives, all of one kind (`element`)."""
  element = None
  __setattr__ = hyperparams.Config.__setattr__

  def __init__(self, **values):
    super().__init__()
    for name, value in values.items():
      self.__dict__[name] = value

  def items(self):
    """Returns pairs of name and section."""
    return [(name, value) for name, value in vars(self).items() if name not in self.RESERVED_ATTR]

  def get(self, name, default=None):
    """Returns the section of a name."""
    return dict(self.items()).get(name, default)


def annotation(section, key, current):
  """Returns the type of a key of any section; of sub-sections that of what is there."""
  hints = _hints(type(section))
  if isinstance(section, Named):
    return type(section).element
  if key not in hints and isinstance(section, Choice) and key in section.own:
    return type(section.own[key])
  return hints.get(key, type(current) if isinstance(current, hyperparams.Config) else typing.Any)
