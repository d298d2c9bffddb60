"""Hides Keras and this package from a process, as if they were not installed there."""
import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
HIDDEN = ("tf_keras", "keras", "keras_weakseg", "official")


class Filter:
  """An import finder that does not see the hidden packages.

  TensorFlow asks `find_spec("keras")` when it is imported, so a hook that raises would break it
  where a missing package does not.
  """

  def __init__(self, finder):
    self.finder = finder

  def find_spec(self, name, path=None, target=None):
    if name.partition(".")[0] in HIDDEN:
      return None
    return self.finder.find_spec(name, path, target)


def hide():
  """Hides the packages; checks that an import of each fails."""
  sys.meta_path[:] = [Filter(finder) for finder in sys.meta_path]
  for name in HIDDEN:
    try:
      __import__(name)
    except ModuleNotFoundError:
      continue
    raise SystemExit(f"{name} can still be imported")
