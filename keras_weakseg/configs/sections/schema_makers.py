"""The section that says what a step makes; its choices and options are those of `derived`."""
from keras_weakseg.configs.sections import base
from keras_weakseg.derived import registry


class Make(base.Choice):
  """What a step makes on the host; None = the step trains."""

  def __init__(self, type=None, **values):  # pylint: disable=redefined-builtin
    super().__init__(type, **values)

  @classmethod
  def homes(cls):
    return {name: base.section_of(maker, name) for name, maker in registry.MAKERS.items()}


def make(name, **options):
  """Returns the section of something to be made with some options."""
  return Make(name, **{name: options})
