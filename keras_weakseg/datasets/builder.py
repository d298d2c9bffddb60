"""What the builders of this package have in common."""
import inspect

from etils import epath
import tensorflow_datasets as tfds


class LocalBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
  """A `GeneratorBasedBuilder` that knows its own file.

  tensorflow-datasets 4.9.10 looks it up with the package `importlib_resources`, which it does not
  require on Python >= 3.9; this is its own fallback for everything outside of zip files.
  """

  @tfds.core.utils.classproperty
  @classmethod
  @tfds.core.utils.memoize()
  def code_path(cls):
    """Path of the file of the builder's class; its README.md and citations lie beside it."""
    return epath.Path(inspect.getfile(cls))
