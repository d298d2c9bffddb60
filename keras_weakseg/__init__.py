"""Train a segmentation model from whatever labels you have: masks, boxes, image tags, depth.

`import keras_weakseg as kw` is quick: every public name is imported when it is first used.

Example:
  >>> import keras_weakseg as kw
  >>> kw.errors.describe.__name__
  'describe'
"""
import importlib

__version__ = "0.1.0"

# Every call with its module, or `module:function`; each of them is a command too.
CALLS = {
    "benchmark": "keras_weakseg.benchmark.running",
    "check_data": "keras_weakseg.api",
    "cluster_files": "keras_weakseg.training.cluster_files",
    "completion": "keras_weakseg.cli.completion",
    "evaluate": "keras_weakseg.api",
    "evaluate_poses": "keras_weakseg.api_depth",
    "experiments": "keras_weakseg.configs.registry",
    "export": "keras_weakseg.api",
    "fit": "keras_weakseg.api",
    "make_disparity_maps": "keras_weakseg.api_depth",
    "make_label_maps": "keras_weakseg.data.sources.label_maps",
    "make_records": "keras_weakseg.data.sources.records_writer",
    "measure_label_maps": "keras_weakseg.recipes.label_quality",
    "metric_factor": "keras_weakseg.api_depth",
    "predict": "keras_weakseg.api",
    "prune": "keras_weakseg.api_prune",
    "recipe_names": "keras_weakseg.configs.registry:recipes",
    "reference": "keras_weakseg.cli.reference",
    "select": "keras_weakseg.api_select",
    "show": "keras_weakseg.api",
    "suites": "keras_weakseg.benchmark.reading",
    "tags_of_sentences": "keras_weakseg.data.readers.sentences",
    "tune_crf": "keras_weakseg.api",
    "tune_label_maps": "keras_weakseg.recipes.label_quality",
}
# `benchmark` is a package that can be called: `kw.benchmark("em/scenes", model_dir=...)`.
_PACKAGES = ("benchmark", "configs", "data", "datasets", "errors", "evaluation", "fields",
             "framework", "methods", "networks", "ops", "recipes", "selection", "serving", "tasks",
             "training")

__all__ = ["__version__", *sorted({*CALLS, *_PACKAGES})]


def __getattr__(name):
  """Imports a public name when it is first used (PEP 562)."""
  if name in _PACKAGES:
    return importlib.import_module(f"keras_weakseg.{name}")
  if name in CALLS:
    module, _, function = CALLS[name].partition(":")
    return getattr(importlib.import_module(module), function or name)
  raise AttributeError(f"module 'keras_weakseg' has no attribute '{name}'; it has "
                       + ", ".join(sorted(__all__)) + ".")


def __dir__():
  """Returns the public names, also those that are not imported yet."""
  return sorted(__all__)
