"""What a parsed file must look like: checks that name the place, expected and received.

A schema is a function of a value that raises `Mismatch`; those of lists and objects are made of
those of their entries. Nothing is converted: what passes has the types that it says.

```
BOX = record({"bbox": optional(list_of(number, 4)), "image_id": identifier})
```
"""
import math
import re

_SHOWN = 60  # characters of a value
_LARGEST = 1 << 63


class Mismatch(ValueError):
  """A value is not what a schema says.

  Args:
    expected: in words.
    value: what was there.
  """

  def __init__(self, expected, value):
    super().__init__(expected)
    self.expected, self.place = expected, ""
    self.received = value if isinstance(value, Missing) else _shown(value)

  def within(self, step):
    """Returns this error with one more step in front of its place."""
    joint = "" if not self.place or self.place.startswith("[") else "."
    self.place = f"{step}{joint}{self.place}"
    return self


class Missing:
  """Stands for a key that is not there."""

  def __str__(self):
    return "no such key"


def anything(value):
  """Takes every value."""
  del value


def text(value):
  """Takes a text."""
  if not isinstance(value, str):
    raise Mismatch("a text", value)


def number(value):
  """Takes a finite number."""
  if (isinstance(value, bool) or not isinstance(value, (int, float))
      or not (math.isfinite(value) if isinstance(value, float) else abs(value) < _LARGEST)):
    raise Mismatch("a finite number", value)


def whole(value):
  """Takes a whole number."""
  if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= _LARGEST:
    raise Mismatch("a whole number", value)


def identifier(value):
  """Takes what JSON files number things with: a whole number or a text."""
  if isinstance(value, bool) or not isinstance(value, (int, str)):
    raise Mismatch("a whole number or a text", value)


def flag(value):
  """Takes 0, 1, true or false."""
  if not isinstance(value, (bool, int)) or value not in (0, 1):
    raise Mismatch("0 or 1", value)


def between(low, high, entry=number):
  """Returns the schema of a number (or `whole` number) from `low` to `high`, with both ends."""

  def check(value):
    entry(value)
    if not low <= value <= high:
      raise Mismatch(f"{low} to {high}", value)

  return check


def part(value):
  """Takes a text that names one file or folder, and none above or below it."""
  text(value)
  if not value or value in (".", "..") or re.search(r"[/\\\0]", value):
    raise Mismatch("the name of one file, without a path", value)


def list_of(entry, length=None):
  """Returns the schema of a list whose entries follow `entry`, of a given length or any."""

  def check(value):
    if not isinstance(value, list) or length is not None and len(value) != length:
      raise Mismatch("a list" if length is None else f"a list of {length}", value)
    for index, item in enumerate(value):
      try:
        entry(item)
      except Mismatch as error:
        raise error.within(f"[{index}]")

  return check


def map_of(entry, key_is=anything, filled=False):
  """Returns the schema of an object with any keys, whose values follow `entry`.

  Args:
    entry: schema of the values.
    key_is: schema of the keys.
    filled: whether there must be a key.
  """

  def check(value):
    if not isinstance(value, dict) or filled and not value:
      raise Mismatch("an object with an entry" if filled else "an object", value)
    for key, item in value.items():
      try:
        key_is(key)
        entry(item)
      except Mismatch as error:
        raise error.within(str(key)[:_SHOWN])

  return check


def record(needed, allowed=None):
  """Returns the schema of an object.

  Args:
    needed: dict of key to the schema of its value; every key must be there.
    allowed: the same of keys that may be absent or null. Further keys hold anything.
  """

  def check(value):
    if not isinstance(value, dict):
      raise Mismatch("an object with " + ", ".join(needed or allowed or ()), value)
    for key, entry in needed.items():
      _check(key, entry, value[key] if key in value else Missing())
    for key, entry in (allowed or {}).items():
      if value.get(key) is not None:
        _check(key, entry, value[key])

  return check


def _check(key, entry, value):
  try:
    if isinstance(value, Missing):
      raise Mismatch("a value", value)
    entry(value)
  except Mismatch as error:
    raise error.within(key)


def optional(entry):
  """Returns the schema of a value that may be null."""
  return lambda value: None if value is None else entry(value)


def _shown(value):
  shown = "null" if value is None else repr(value)
  return shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "..."
