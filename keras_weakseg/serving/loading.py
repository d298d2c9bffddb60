"""What comes back from a loaded artifact: a function of it, and values for its next document."""
import dataclasses

import tensorflow as tf


class LoadedFunction(tf.Module):
  """A function of a loaded artifact; it holds the variables, so it can be exported again.

  Args:
    loaded: what `tf.saved_model.load` returned.
    function: name of the function, such as "scores" or "disparity".
  """

  def __init__(self, loaded, function):
    super().__init__(name="loaded_artifact")
    self.loaded = loaded
    self.function = function

  def __call__(self, images):
    """Returns what the function answers to RGB 0..255 float32 [N, H, W, 3]."""
    return getattr(self.loaded, self.function)(images)


def with_values(record, **values):
  """Returns the record of a network as a dict with other values.

  Args:
    record: `NetworkRecord` or dict.
    **values: to replace or add.

  Example:
    >>> with_values({"name": "tiny", "multiple": 8}, multiple=1)
    {'name': 'tiny', 'multiple': 1}
  """
  return {**(dataclasses.asdict(record) if dataclasses.is_dataclass(record) else dict(record)),
          **values}
