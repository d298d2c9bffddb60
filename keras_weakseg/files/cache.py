"""Where what is made once is kept: label maps, frames of films."""
import os
import pathlib

ENVIRONMENT = "KERAS_WEAKSEG_CACHE"
_DEFAULT = os.path.join("~", ".cache", "keras_weakseg")


def cache_root(cache_dir=None):
  """Returns the folder of everything that is cached.

  Args:
    cache_dir: the folder; None = that of `KERAS_WEAKSEG_CACHE`, else `~/.cache/keras_weakseg`.

  Example:
    >>> cache_root("elsewhere").name
    'elsewhere'
  """
  return pathlib.Path(cache_dir or os.environ.get(ENVIRONMENT) or _DEFAULT).expanduser()
