"""The section that says which method trains; its choices and options are those of `methods`."""
from keras_weakseg.configs.sections import base
from keras_weakseg.methods import registry


class Method(base.Choice):
  """Which training procedure."""

  def __init__(self, type="supervised", **values):  # pylint: disable=redefined-builtin
    super().__init__(type, **values)

  @classmethod
  def homes(cls):
    return {name: base.section_of(method, name) for name, method in registry.METHODS.items()}


def method(name, **options):
  """Returns the section of a method with some options.

  Example:
    >>> method("em_fixed", background_bias=2.0).get().background_bias
    2.0
  """
  return Method(name, **{name: options})


def __getattr__(name):
  """Gives the section of a method by the name of its class."""
  for key, cls in registry.METHODS.items():
    if cls.__name__ == name:
      return base.section_of(cls, key)
  raise AttributeError(name)
