"""What all protocols are: frozen values that become a dict, come back from it, and have a hash."""
import dataclasses
import hashlib
import json

from keras_weakseg import errors


class HashedValues:
  """Base of frozen dataclasses whose fields are plain values or tuples of them.

  Attributes:
    VERSION: part of the hash; raised when the same values would give other numbers than before.

  Example:
    >>> @dataclasses.dataclass(frozen=True)
    ... class Crop(HashedValues):
    ...   size: tuple = ()
    >>> Crop((3, 4)).as_dict()
    {'size': [3, 4]}
    >>> Crop.from_dict({"size": (3, 4)}).hash() == Crop((3, 4)).hash()
    True
  """
  VERSION = 1

  def as_dict(self):
    """Returns the fields as a dict of plain JSON values."""
    return {key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()}

  @classmethod
  def from_dict(cls, values):
    """Returns the protocol of a dict; missing fields have their defaults.

    Args:
      values: dict or protocol of this class; lists stand for tuples.

    Raises:
      ValueError: a field is unknown.
    """
    if isinstance(values, cls):
      return values
    known = [field.name for field in dataclasses.fields(cls)]
    for name in values:
      errors.check_name("field of a protocol", name, known)
    return cls(**values)

  def hash(self):
    """Returns 12 hexadecimal digits that are the same for, and only for, equal protocols."""
    text = json.dumps({"version": self.VERSION, **self.as_dict()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def by(pair):
  """Returns a size for people.

  Example:
    >>> by((192, 640))
    '192x640'
  """
  return "x".join(str(side) for side in pair)


def numbers(name, values):
  """Returns a tuple of floats (whole ones stay equal to their ints); a number alone is refused.

  Args:
    name: of the field, for the error.
    values: list or tuple of numbers.

  Raises:
    ValueError: it is something else.
  """
  try:
    return tuple(float(value) for value in values)
  except (TypeError, ValueError):
    raise errors.value_error(
        f"The protocol's {name} cannot be used.", expected="a list of numbers", received=values,
        fix=f"Write it as {name}=(...).") from None
