"""Train a segmentation model from whatever labels you have: masks, boxes, image tags, depth.

`import keras_weakseg as kw` is quick: every public name is imported when it is first used.

Example:
  >>> import keras_weakseg as kw
  >>> kw.errors.describe.__name__
  'describe'
"""
import importlib

__version__ = "0.1.0"

_FUNCTIONS = {
    "fit": "keras_weakseg.api",
    "evaluate": "keras_weakseg.api",
    "evaluate_poses": "keras_weakseg.api_depth",
    "predict": "keras_weakseg.api",
    "tune_crf": "keras_weakseg.api",
    "export": "keras_weakseg.api",
    "experiments": "keras_weakseg.api",
    "recipe_names": "keras_weakseg.api",
    "check_data": "keras_weakseg.api",
    "make_disparity_maps": "keras_weakseg.api_depth",
    "make_records": "keras_weakseg.data.records_writer",
    "metric_factor": "keras_weakseg.api_depth",
    "select": "keras_weakseg.api_select",
    "prune": "keras_weakseg.api_prune",
}
# `benchmark` is a package that can be called: `kw.benchmark("em/scenes", model_dir=...)`.
_PACKAGES = ("benchmark", "configs", "data", "datasets", "errors", "evaluation", "fields",
             "framework", "methods", "networks", "ops", "recipes", "selection", "serving", "tasks",
             "training")

__all__ = ["__version__", *_FUNCTIONS, *_PACKAGES]


def __getattr__(name):
  """Imports a public name when it is first used (PEP 562)."""
  if name in _FUNCTIONS:
    return getattr(importlib.import_module(_FUNCTIONS[name]), name)
  if name in _PACKAGES:
    return importlib.import_module(f"keras_weakseg.{name}")
  raise AttributeError(f"module 'keras_weakseg' has no attribute '{name}'; it has "
                       + ", ".join(sorted(__all__)) + ".")


def __dir__():
  """Returns the public names, also those that are not imported yet."""
  return sorted(__all__)
