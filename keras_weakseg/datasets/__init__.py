"""TFDS builders of this package, their label spaces, and the renderer of the embedded scenes.

Importing this package imports no tensorflow_datasets; `register()` does, and from then on
`tfds.load("weakseg_scenes")`, `weakseg_voc2012`, `weakseg_camvid` and `weakseg_coco` work.
"""
import importlib

from keras_weakseg import errors

BUILDERS = ("weakseg_scenes", "weakseg_voc2012", "weakseg_camvid", "weakseg_coco")


def register():
  """Makes the builders known to tensorflow_datasets; repeated calls do nothing.

  Returns:
    A dict from data set name to builder class.

  Raises:
    ImportError: tensorflow_datasets is not installed.
  """
  try:
    importlib.import_module("tensorflow_datasets")
  except ImportError as error:
    raise ImportError(errors.describe(
        "The data sets of this package need tensorflow_datasets.", expected="an installed package",
        received=error, fix="Run: pip install tensorflow-datasets")) from error
  return {name: importlib.import_module(f"{__name__}.{name}.{name}_dataset_builder").Builder
          for name in BUILDERS}
