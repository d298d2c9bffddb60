"""What the functions of `api` take: a trained model in any of its forms, and data."""
import os
import pathlib

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg import runs
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import source as source_lib
from keras_weakseg.framework import keras
from keras_weakseg.recipes import sources
from keras_weakseg.tasks import artifact
from keras_weakseg.tasks import registry as tasks

_TFDS = "tfds:"


def loaded(target):
  """Returns the model of a target, its experiment and its source, as far as known."""
  found = opened(target)
  if isinstance(found, runs.Result):
    return found.model, found.experiment, found.source
  return found, None, None


def opened(target):
  """Returns the `Result` of a result or a `model_dir`, the model of an artifact."""
  if isinstance(target, runs.Result):
    return target
  if isinstance(target, runs.SeedsResult):
    raise errors.value_error(
        "A result of several seeds holds several models.", expected="one of result.runs",
        received=f"{len(target.runs)} runs", fix="Pass result.runs[0].")
  if not isinstance(target, (str, os.PathLike)):
    raise errors.value_error(
        "This is no trained model.", expected="a Result, a model_dir or an exported artifact",
        received=type(target).__name__, fix="Pass what fit returned, or the path of a run.")
  path = os.fspath(paths.expand(target))
  if os.path.exists(os.path.join(path, runs.RECORD)):
    return runs.load(path)
  if os.path.exists(os.path.join(path, runs.SEEDS)):
    raise errors.value_error(
        f"The folder '{path}' holds the runs of several seeds.", expected="the folder of one run",
        received=", ".join(sorted(os.listdir(path))[:8]), fix="Pass one of them, such as seed_1.")
  try:
    artifact.find_version(path)
  except FileNotFoundError as error:
    listing = ", ".join(sorted(os.listdir(path))[:8]) if os.path.isdir(path) else "no such folder"
    raise errors.missing(
        f"There is neither a run nor an artifact in '{path}'.",
        expected=f"a model_dir with '{runs.RECORD}', or the folder of an export",
        received=listing or "an empty folder",
        fix="Pass the model_dir that was given to fit, or what export returned.") from error
  return artifact.load_artifact(path)


def protocol_of(given, model):
  """Returns the protocol of the model's task: what was given, or the model's own."""
  wanted = tasks.of_model(model).protocol_type
  if given is not None and not isinstance(given, (dict, wanted)):
    raise errors.value_error(
        "The protocol is not one for this model.", expected=f"a {wanted.__name__}, or a dict",
        received=type(given).__name__, fix="Pass a dict of the fields that shall change.")
  return wanted.from_dict(model.metadata["protocol"] if given is None else given)


def check_types(data, optimizer=None, kind="Folder"):
  """Raises `ValueError` unless `data` is None, a source or a dict of them, `optimizer` of Keras.

  Args:
    data: to check.
    optimizer: to check.
    kind: the source that the fix names, a class of `keras_weakseg.data`.
  """
  if isinstance(data, dict):
    for source in data.values():
      check_types(source, kind=kind)
  elif data is not None and not isinstance(data, source_lib.Source):
    shown = repr(os.fspath(data)) if isinstance(data, (str, os.PathLike)) else "..."
    raise errors.value_error(
        "This is no data source.", expected="Folder, Tfds or Dataset of keras_weakseg.data",
        received=type(data).__name__, fix=f"Pass data=kw.data.{kind}({shown}).")
  if optimizer is not None and hasattr(optimizer, "apply_gradients"):
    _check_optimizer(optimizer)
  elif optimizer is not None:
    raise errors.value_error(
        "This is no optimizer.", expected="a Keras optimizer", received=type(optimizer).__name__,
        fix="Pass keras_weakseg.framework.keras.optimizers.Adam(1e-3) or the like; one by name is "
        "set with params_override='training.optimization.optimizer.type=adam'.")


def _check_optimizer(optimizer):
  """Refuses an optimizer of another Keras than that of the methods, and averages without a use."""
  if hasattr(optimizer, "assign_average_vars"):
    raise errors.value_error(
        "The optimizer averages weights, and nothing would put the averages into the model.",
        expected="an optimizer of the weights themselves", received=type(optimizer).__name__,
        fix="Pass the optimizer that it wraps.")
  other = optimizer
  if isinstance(optimizer, (keras.optimizers.Optimizer, keras.optimizers.legacy.Optimizer)):
    other = getattr(optimizer, "_learning_rate", None)
    if not callable(other) or isinstance(
        other, keras.optimizers.schedules.LearningRateSchedule):
      return
  module, name = type(other).__module__, type(other).__name__
  place = "optimizers" if other is optimizer else "optimizers.schedules"
  raise errors.value_error(
      "The optimizer is of another Keras than the models.",
      expected=f"one of {keras.__name__.split('.')[0]}, which Model Garden stands on",
      received=f"{module}.{name}" + " (Keras 3)" * module.startswith("keras."),
      fix=f"Make the same of keras_weakseg.framework.keras.{place}.{name}(...), or configure it "
      "with params_override='training.optimization.optimizer.type=adam'.")


def data_of(source, config):
  """Returns the source, or that of the configuration."""
  if source is not None:
    return source
  if config is None or not config.data.sources:
    # Nobody's own video has what depth and motion are compared with.
    depth = config is not None and hasattr(config.method.get(), "min_depth")
    raise errors.value_error(
        "The data to evaluate on is not known.", expected="data=",
        received="an exported artifact, which brings none" if config is None else
        "a run of somebody's own data, which it does not keep",
        fix="One's own video has no true depth and no poses: name an experiment whose data has, as "
        "--data depth_scenes, or pass its source as data=." if depth else
        "Pass data=kw.data.Folder(...), or --data FOLDER.")
  made = sources.make_sources(config.data)
  return sources.evaluation_source(config, made, next(iter(made.values())))


def evaluation_split(config):
  """Returns the split that a run is evaluated on; `validation` where no run is known."""
  return config.evaluation.split if config else "validation"


def source_of(data, *, evaluated=False, images_for=None, data_dir=None, params_override=None,
              **options):
  """Returns a data source: itself, or what a text means.

  A text is a folder, the name of an experiment or the YAML file of one, or `tfds:NAME`.

  Args:
    data: source, text or path.
    evaluated: of an experiment, take the source of its numbers, else its first one.
    images_for: folder that is made of nothing but the images; then a folder need not have the
      form that labels ask for.
    data_dir: where data lies.
    params_override: over the experiment.
    **options: of `kw.data.Folder`.

  Raises:
    FileNotFoundError: there is no such folder and no such experiment.
    ValueError: it is something else, or an option has no effect.
  """
  if isinstance(data, (str, os.PathLike)):
    data = _source_of_text(os.fspath(paths.expand(data)), evaluated, images_for,
                           paths.expand(data_dir), params_override, options)
  check_types(data)
  if not isinstance(data, source_lib.Source):
    raise errors.value_error(
        "It is not clear which images are meant.", expected="one data source, or a folder",
        received=type(data).__name__, fix="Pass data=kw.data.Folder('photos/').")
  return data


def _source_of_text(text, evaluated, images_for, data_dir, params_override, options):
  from keras_weakseg import data as data_lib  # pylint: disable=g-import-not-at-top
  config = None
  if text.endswith((".yaml", ".yml")):
    config = text
  elif not text.startswith(_TFDS):
    try:
      root = locations.find(text, data_dir)
    except FileNotFoundError as error:
      if text not in registry.experiments():
        raise errors.missing(
            f"There is neither a folder nor an experiment '{text}'.",
            expected="the name of an experiment, or a folder at one of: " + ", ".join(
                str(path.absolute()) for path in locations.places(text, data_dir)),
            received="none",
            fix="Check the path; kw.experiments(), `keras-weakseg experiments`, lists the names."
        ) from error
      config = text
  idle = [*(options if config or text.startswith(_TFDS) else ()),
          *(["params_override"] if params_override and not config else [])]
  if idle:
    raise errors.value_error(
        "Some options would have no effect.",
        expected="those of a folder with a folder, params_override with an experiment",
        received=f"{', '.join(sorted(idle))} with '{text}'", fix="Leave them out.")
  if config:
    config = overrides.resolve(config, overrides=params_override)
    if data_dir:
      config.data.data_dir = os.fspath(data_dir)
    return data_of(None, config) if evaluated else next(
        iter(sources.make_sources(config.data).values()))
  if text.startswith(_TFDS):
    return data_lib.Tfds(text[len(_TFDS):], data_dir=data_dir)
  if images_for is not None:
    options = _images_alone(root, images_for, options)
  return data_lib.Folder(text, data_dir=data_dir, **options)


def _images_alone(root, output, options):
  """Returns options of a folder with what it asks for besides images, none of which is read."""
  options = dict(options)
  if "classes" not in options and not (root / "classes.txt").is_file():
    options["classes"] = ("background", "anything")
  if "images" not in options and not (root / "images").is_dir():
    options["images"] = "."
    if root.resolve() in pathlib.Path(paths.expand(output)).resolve().parents:
      raise errors.value_error(
          "What is written would be images of their own folder.", expected="an output elsewhere",
          received=f"'{output}' in '{root}'", fix="Choose another output folder.")
  return options
