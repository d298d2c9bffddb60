"""The checks that validation is made of."""
from keras_weakseg import errors


def require(good, key, *, expected, received, fix=None):
  """Raises the house error for the value of `key` unless `good`.

  Raises:
    ValueError: `good` is false.

  Example:
    >>> require(True, "training.steps", expected="1 or more", received=5)
  """
  if not good:
    raise errors.value_error(f"'{key}' is out of range.", expected=expected, received=received,
                             fix=fix or f"Set `{key}` to such a value.")


def one_of(key, value, choices):
  """Raises the house error with the nearest name unless `value` is one of `choices`.

  Raises:
    ValueError: it is not.

  Example:
    >>> one_of("runtime.strategy", "auto", ("auto", "mirrored"))
  """
  errors.check_name(f"choice for '{key}'", value, choices)


def choices(section):
  """Returns the names of the choices of a section with a `type`.

  Example:
    >>> from keras_weakseg.configs.sections import schema_networks
    >>> choices(schema_networks.OtherNetwork())[-1]
    'shared'
  """
  return [key for key, value in vars(section).items() if hasattr(value, "as_dict")]
