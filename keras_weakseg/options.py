"""Options are written once: as annotated keywords of what uses them.

`background_bias: Annotated[float, Range(0)] = 3.0` in the signature of a method, a network or a
maker of derived data is all there is: sections of the configuration, their checks, YAML, overrides,
error texts and the reference of all options are made from it. A keyword without an annotation is
no option.
"""
import dataclasses
import functools
import inspect
import typing
from typing import Annotated, Any, Mapping, Optional, Tuple


@dataclasses.dataclass(frozen=True)
class Range:
  """Numbers from `low` to `high`, with the ends unless they are `open`; None = no end.

  Of a tuple, every element has to be in the range.

  Example:
    >>> Range(0, 1).problem(2.0), Range(0).problem(0)
    ('0 to 1', None)
  """
  low: Optional[float] = None
  high: Optional[float] = None
  open_low: bool = False
  open_high: bool = False
  unit: str = ""

  def problem(self, value) -> Optional[str]:
    """Returns what was expected if the value is out of range, else None."""
    values = value if isinstance(value, (tuple, list)) else (value,)
    return None if all(self._holds(entry) for entry in values) else str(self)

  def _holds(self, value):
    above = self.low is None or (value > self.low if self.open_low else value >= self.low)
    below = self.high is None or (value < self.high if self.open_high else value <= self.high)
    return above and below

  def __str__(self):
    unit = f" {self.unit}" if self.unit else ""
    if self.low is None:
      return (f"below {self.high:g}" if self.open_high else f"{self.high:g} or less") + unit
    if self.high is None:
      return (f"more than {self.low:g}" if self.open_low else f"{self.low:g} or more") + unit
    low = f"more than {self.low:g}" if self.open_low else f"{self.low:g}"
    return f"{low} to {'below ' if self.open_high else ''}{self.high:g}{unit}"


@dataclasses.dataclass(frozen=True)
class OneOf:
  """One of some values.

  Example:
    >>> OneOf(("soft", "hard")).problem("sotf")
    'one of soft, hard'
  """
  values: Tuple[Any, ...]

  def problem(self, value) -> Optional[str]:
    """Returns what was expected if the value is none of them, else None."""
    return None if value in self.values else str(self)

  def __str__(self):
    return "one of " + ", ".join(map(str, self.values))


@dataclasses.dataclass(frozen=True)
class Length:
  """A tuple with one of some lengths.

  Example:
    >>> Length(0, 2).problem((1, 2, 3))
    '0 or 2 entries'
  """
  lengths: Tuple[int, ...]

  def __init__(self, *lengths):
    object.__setattr__(self, "lengths", lengths)

  def problem(self, value) -> Optional[str]:
    """Returns what was expected if the tuple has another length, else None."""
    return None if len(value) in self.lengths else str(self)

  def __str__(self):
    return " or ".join(map(str, self.lengths)) + " entries"


@dataclasses.dataclass(frozen=True)
class Filled:
  """A tuple that is not empty, maybe of different entries out of some.

  Example:
    >>> Filled((0, 1, 2)).problem((0, 0)), Filled().problem((5,))
    ('one or more different entries out of 0, 1, 2', None)
  """
  values: Tuple[Any, ...] = ()

  def problem(self, value) -> Optional[str]:
    """Returns what was expected if the tuple is empty or has other or equal entries, else None."""
    fine = value and (not self.values or (
        set(value) <= set(self.values) and len(set(value)) == len(value)))
    return None if fine else str(self)

  def __str__(self):
    if not self.values:
      return "one or more entries"
    return "one or more different entries out of " + ", ".join(map(str, self.values))


Share = Annotated[float, Range(0, 1)]
Weight = Annotated[float, Range(0)]
Positive = Annotated[float, Range(0, open_low=True)]
Count = Annotated[int, Range(1)]
CountOrNone = Annotated[int, Range(0)]


@dataclasses.dataclass(frozen=True)
class Option:
  """One option.

  Attributes:
    name: of the keyword.
    type: without its checks.
    default: its value where nobody says otherwise.
    checks: objects with `problem(value)`.
    text: what the docstring says of it.
  """
  name: str
  type: Any
  default: Any
  checks: Tuple[Any, ...] = ()
  text: str = ""


def options_of(home, hidden=()) -> Mapping[str, Option]:
  """Returns the options of a function or class, in the order of its signature.

  Where a constructor passes `**options` on, those of its `option_homes` and of its parent classes
  follow.

  Args:
    home: a function, or a class with a constructor.
    hidden: names that are no options here.

  Example:
    >>> def build(shape, *, alpha: Positive = 1.0, compiled=True):
    ...   '''Builds.
    ...
    ...   Args:
    ...     shape: of the image.
    ...     alpha: width.
    ...   '''
    >>> option = options_of(build)["alpha"]
    >>> option.default, option.text, list(options_of(build))
    (1.0, 'width.', ['alpha'])
  """
  found = {}
  for function, text in _homes(home):
    hints = typing.get_type_hints(_bare(function), include_extras=True)
    texts = described(text)
    for parameter in inspect.signature(function).parameters.values():
      name = parameter.name
      if (parameter.kind is not inspect.Parameter.KEYWORD_ONLY or name not in hints
          or name in hidden or name in found):
        continue
      plain, *checks = (typing.get_args(hints[name])
                        if typing.get_origin(hints[name]) is Annotated else (hints[name],))
      found[name] = Option(name, plain, parameter.default, tuple(checks), texts.get(name, ""))
  return found


def variant(function, sentence, **defaults):
  """Returns a function with other defaults, and with its own first sentence of documentation.

  Example:
    >>> def build(shape, *, alpha: Positive = 1.0):
    ...   '''Builds a network.'''
    >>> thin = variant(build, "Builds a thin network.", alpha=0.25)
    >>> documentation(thin), options_of(thin)["alpha"].default
    ('Builds a thin network.', 0.25)
  """
  result = functools.partial(function, **defaults)
  _, *rest = documentation(function).splitlines() or [""]
  result.__doc__ = "\n".join([sentence, *rest])
  return result


def documentation(home):
  """Returns the docstring of a function or class, dedented; that of a variant is its own."""
  if isinstance(home, functools.partial) and "__doc__" not in vars(home):
    return documentation(home.func)
  return inspect.getdoc(home) or ""


def _bare(function):
  """Returns the function inside of wrappers and partial functions, which has the hints."""
  while isinstance(function, functools.partial) or hasattr(function, "__wrapped__"):
    function = function.func if isinstance(function, functools.partial) else function.__wrapped__
  return function


def _homes(home):
  """Returns pairs of a function and the docstring of its arguments."""
  if not inspect.isclass(home):
    return [(home, documentation(home))]
  homes = []
  for cls in home.__mro__:
    if "__init__" not in vars(cls) or not inspect.isfunction(cls.__init__):
      continue
    homes.append((cls.__init__, inspect.getdoc(cls) or ""))
    for other in vars(cls).get("option_homes", ()):
      homes += _homes(other)
    kinds = [p.kind for p in inspect.signature(cls.__init__).parameters.values()]
    if inspect.Parameter.VAR_KEYWORD not in kinds:
      break
  return homes


def described(docstring) -> Mapping[str, str]:
  """Returns what a docstring says of every argument.

  Args:
    docstring: with a section `Args:` or `Attributes:`, dedented.
  """
  texts, entry, inside = {}, "", False
  for line in [*docstring.splitlines(), "End."]:
    starts = inside and line.startswith("  ") and not line.startswith("    ")
    ends = inside and line and not line.startswith(" ")
    if starts or ends:
      head, _, rest = entry.partition(":")  # Names may fill several lines.
      texts.update({name.strip(): rest.strip() for name in head.split(",") if name.strip()})
      entry = ""
    inside = (inside and not ends) or line.rstrip() in ("Args:", "Attributes:")
    if inside and line.startswith(" "):
      entry = f"{entry} {line.strip()}".strip()
  return texts
