"""The data that a row names, and the data and split of the run that it looks at."""
import os

from keras_weakseg import errors
from keras_weakseg import targets
from keras_weakseg.configs import overrides
from keras_weakseg.training import restore

# Functions of `keras_weakseg.data` that take `data_dir`.
SOURCES = ("Ccp", "Folder", "Lip", "MegaDepth", "PersonPart", "Records", "Tfds", "camvid",
           "coco_sample", "kitti_clips", "kitti_odometry", "kitti_stereo", "nyuv2", "seven_scenes",
           "voc_animals")


def source_of(given, data_dir=None):
  """Returns the data source that a row names, None if it names none.

  Args:
    given: name of an experiment, whose evaluation data it is, or a mapping: `source` is the name of
      a function of `keras_weakseg.data`, everything else its arguments.
    data_dir: where data lies.

  Raises:
    ValueError: an unknown experiment, function or argument.
    FileNotFoundError: the data is not there.
  """
  if not given:
    return None
  if isinstance(given, str):
    return targets.data_of(None, resolved(given, data_dir))
  from keras_weakseg import data  # pylint: disable=g-import-not-at-top
  options = {key: tuple(value) if isinstance(value, list) else value
             for key, value in given.items()}
  name = options.pop("source", None)
  errors.check_name("source", name, SOURCES)
  try:
    return getattr(data, name)(data_dir=data_dir, **options)
  except TypeError as error:
    raise errors.value_error(
        f"The data '{name}' of a row cannot be opened.", expected=f"arguments of kw.data.{name}",
        received=error, fix="Correct `data` of the row.") from error


def of_run(folder):
  """Returns the evaluation source of a run, and its split.

  Args:
    folder: `pathlib.Path` of the run.
  """
  config = overrides.resolve(os.path.join(folder, restore.EXPERIMENT))
  return targets.data_of(None, config), targets.evaluation_split(config)


def resolved(name, data_dir=None):
  """Returns the experiment of a name with the place of its data."""
  return overrides.resolve(name, overrides={"data.data_dir": str(data_dir)} if data_dir else None)
