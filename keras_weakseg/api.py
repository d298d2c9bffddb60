"""The library in seven calls: fit, evaluate, predict, tune_crf, export, check_data, experiments."""
import os

from keras_weakseg import errors
from keras_weakseg import runs
from keras_weakseg import tuning
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.data import check as checks
from keras_weakseg.data import source as source_lib
from keras_weakseg.evaluation import crf_search
from keras_weakseg.evaluation import predict as prediction
from keras_weakseg.evaluation import protocol as protocols
from keras_weakseg.recipes import sources
from keras_weakseg.serving import artifact
from keras_weakseg.serving import export as exporting

experiments = registry.experiments


def fit(experiment=None, *, method=None, data=None, config_file=None, params_override=None,
        model_dir, data_dir=None, seeds=None, strategy=None, optimizer=None, progress=True):
  """Trains, evaluates and records an experiment; continues it if `model_dir` holds a part of it.

  Args:
    experiment: name of a registered experiment, or a `schema.Experiment`.
    method: name of a method instead, trained on `data` with the library's defaults.
    data: a data source (`kw.data.Folder(...)`, `kw.data.Tfds(...)`, `kw.data.Dataset(...)`)
      instead of the experiment's.
    config_file: YAML file over the experiment; it may name its experiment itself.
    params_override: text (`"training.steps=100,method.em_adapt.iterations=3"`) or dict over both.
    model_dir: directory of the run; with several seeds, of one run per seed.
    data_dir: where data lies; default: `KERAS_WEAKSEG_DATA`.
    seeds: list of seeds: the experiment is run once per seed and the mean and spread are returned.
    strategy: name of a strategy, over `runtime.strategy`.
    optimizer: a Keras optimizer instead of the configured one.
    progress: whether to draw progress bars and print the plan.

  Returns:
    `Result`, or `SeedsResult` if `seeds` is given.

  Raises:
    ValueError, FileNotFoundError: something is wrong with the configuration or the data; nothing
      was written.
    NonFiniteError: a loss term became NaN or infinite.

  Example:
    ```python
    result = kw.fit("em_adapt_scenes", model_dir="runs/em")
    result.metrics["mean_iou"]
    ```
  """
  _check_types(data, optimizer)
  config = _experiment(experiment, method, data, config_file, params_override, data_dir, strategy)
  options = {"data": data, "optimizer": optimizer, "progress": progress}
  if seeds is None:
    return runs.run(config, model_dir, **options)
  seeds = _seeds(seeds)
  results = []
  for seed in seeds:
    seeded = overrides.resolve(config, overrides={"seed": int(seed)})
    results.append(runs.run(seeded, os.path.join(model_dir, f"seed_{seed}"), **options))
  return runs.SeedsResult.of(results, seeds, model_dir)


def _check_types(data, optimizer=None):
  if data is not None and not isinstance(data, source_lib.Source):
    shown = repr(os.fspath(data)) if isinstance(data, (str, os.PathLike)) else "..."
    raise errors.value_error(
        "This is no data source.", expected="Folder, Tfds or Dataset of keras_weakseg.data",
        received=type(data).__name__, fix=f"Pass data=kw.data.Folder({shown}).")
  if optimizer is not None and not hasattr(optimizer, "apply_gradients"):
    raise errors.value_error(
        "This is no optimizer.", expected="a Keras optimizer", received=type(optimizer).__name__,
        fix="Pass keras_weakseg.framework.keras.optimizers.Adam(1e-3) or the like; one by name is "
        "set with params_override='training.optimization.optimizer.type=adam'.")


def _seeds(seeds):
  try:
    found = [int(seed) for seed in seeds]
  except (TypeError, ValueError):
    found = []
  if not found or len(set(found)) < len(found):
    raise errors.value_error(
        "The seeds cannot be used.", expected="one or more different integers", received=seeds,
        fix="Pass seeds=[1, 2, 3], or leave it out for one run.")
  return found


def _experiment(experiment, method, data, config_file, params_override, data_dir, strategy):
  if (experiment is None and config_file is None) == (method is None):
    raise errors.value_error(
        "It is not clear what to train.", expected="an experiment, a config_file, or a method",
        received=f"experiment={experiment!r}, config_file={config_file!r}, method={method!r}",
        fix="Pass one of them: fit('em_adapt_scenes', ...) or fit(method='em_fixed', data=...).")
  if method is not None:
    if data is None:
      raise errors.value_error(
          "There is nothing to train on.", expected="data with method", received="data=None",
          fix="Pass data=kw.data.Folder('photos/').")
    experiment = "own_data"
    params_override = [{"method.type": method}, params_override]
  config = overrides.resolve(experiment, config_file, params_override)
  if data_dir:
    config = overrides.resolve(config, overrides={"data": {"data_dir": str(data_dir)}})
  if strategy:
    config = overrides.resolve(config, overrides={"runtime": {"strategy": strategy}})
  return config


def evaluate(target, data=None, *, split=None, protocol=None, progress=True):
  """Evaluates a trained model.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact.
    data: a data source; default: the one of the run. A run that was brought back from its
      `model_dir` knows its source only if the configuration names it.
    split: default: the split of the run, `validation` for an artifact.
    protocol: `Protocol` or dict; default: that of the run or the artifact.
    progress: whether to draw a progress bar.

  Returns:
    Dict with `mean_iou`, `pixel_accuracy`, `class_iou`, `protocol`, `protocol_hash`, `samples`...

  Raises:
    ValueError: the classes of the data are not those of the model.
  """
  _check_types(data)
  model, config, source = _loaded(target)
  data = _data(data or source, config)
  if split is None:
    split = _evaluation_split(config)
  return runs.evaluate_on(model, data, split, _protocol(protocol, model), progress=progress)


def tune_crf(target, data=None, *, split="train", count=100, seed=1, grid=None, rounds=None,
             protocol=None, output=None, allow_evaluation_split=False, progress=True):
  """Searches the parameters of a dense CRF for a trained model on a few labelled images.

  Images from whose masks the run has learned are left out as long as others are there: on them the
  network is surer than it will be, and the CRF that fits is too weak.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact.
    data: a data source; default: the one of the run.
    split: the split of the images; not the one that is evaluated.
    count: number of images, chosen by `seed`; 100 as in the papers. Fewer if there are fewer.
    seed: seed of the choice.
    grid: dict of parameter of `ops.crf_parameters.CrfParameters` to values; None = the grid of
      `evaluation.crf_search`, for photographs of 500 pixels.
    rounds: refinements around the best point of the grid; None = 2.
    protocol: everything but the CRF; default: the protocol of the run or the artifact.
    output: path of a JSON table of all that was tried, from which a stopped search continues.
    allow_evaluation_split: tune on the split of the final numbers, which makes them too good.
    progress: whether to draw progress bars.

  Returns:
    Dict with `crf`, a text for `protocol.crf`, `mean_iou`, `mean_iou_without`, `samples`, `table`,
    `split` and `learned`: whether the images are those from whose masks the run has learned.

  Raises:
    ValueError: the split is evaluated, has no masks, or a value cannot be used.

  Example:
    ```python
    best = kw.tune_crf("runs/em", split="train", output="runs/em/crf.json")
    kw.evaluate("runs/em", protocol={"crf": best["crf"]})
    ```
  """
  _check_types(data)
  model, config, source = _loaded(target)
  own = data is None
  return tuning.tune(
      model, _data(data or source, config), split, count=count, seed=seed,
      evaluated="" if allow_evaluation_split else _evaluation_split(config),
      config=config if own else None, grid=grid,
      rounds=crf_search.ROUNDS if rounds is None else rounds, protocol=_protocol(protocol, model),
      output=output, progress=progress)


def _data(source, config):
  """Returns the source, or that of the configuration."""
  if source is not None:
    return source
  if config is None or not config.data.sources:
    raise errors.value_error(
        "The data to evaluate on is not known.", expected="data=",
        received="an exported artifact, which brings none" if config is None else
        "a run that was trained on a source from Python", fix="Pass data=kw.data.Folder(...).")
  return next(iter(sources.make_sources(config.data).values()))


def _evaluation_split(config):
  return config.evaluation.split if config else "validation"


def predict(target, inputs, output_dir, *, protocol=None, overlays=True, contact_sheet=True,
            progress=True):
  """Writes a mask, an overlay and a contact sheet for photographs.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact.
    inputs: a file, a folder, a glob, or a list of these.
    output_dir: where to write.
    protocol: `Protocol` or dict; default: that of the run or the artifact.
    overlays: whether to write overlays.
    contact_sheet: whether to write a contact sheet and an HTML page.
    progress: whether to draw a progress bar.

  Returns:
    List of dicts, one per photograph: paths and the classes that were found.
  """
  model = _loaded(target)[0]
  return prediction.predict(model, inputs, output_dir, _protocol(protocol, model),
                            overlays=overlays, contact_sheet=contact_sheet, progress=progress)


def export(target, base_dir):
  """Writes the SavedModel artifact of a run to `base_dir/<version>`.

  Args:
    target: a `Result`, a `model_dir`, or an exported artifact, which is written again.
    base_dir: directory of the served model; the version is one above the highest there.

  Returns:
    The path of the new version.

  Raises:
    ValueError, FileNotFoundError: there is no model, or `base_dir` cannot be written.
  """
  result = _opened(target)
  if not isinstance(result, runs.Result):
    return exporting.export_artifact(
        result.score_fn, base_dir, **artifact.export_arguments(result))
  return exporting.export_artifact(
      result.predictor, base_dir, classes=result.model.classes, palette=result.model.palette,
      record=result.record, protocol=result.protocol, metadata={
          "experiment": result.experiment.name, "metrics": {
              name: value for name, value in result.metrics.items() if isinstance(value, float)}})


def check_data(data, splits=None, *, quick=False):
  """Looks for everything that would make training on `data` go wrong.

  Args:
    data: a data source, a folder, or the name of an experiment.
    splits: names of splits, None = all.
    quick: look at headers and a sample of the masks only.

  Returns:
    A report with `.ok`, `.problems` and `.text()`.
  """
  if isinstance(data, os.PathLike) or (isinstance(data, str) and (
      os.path.isdir(data) or os.sep in data)):
    from keras_weakseg import data as data_lib  # pylint: disable=g-import-not-at-top
    data = data_lib.Folder(data)
  elif isinstance(data, str):
    if data not in registry.experiments():
      raise errors.missing(
          f"There is neither a folder nor an experiment '{data}'.",
          expected="a folder of data, or the name of an experiment",
          received=os.path.abspath(data), fix="Check the path; kw.experiments() lists the names.")
    config = overrides.resolve(data)
    data = next(iter(sources.make_sources(config.data).values()))
  _check_types(data)
  return checks.check_data(data, splits, quick=quick)


def _loaded(target):
  """Returns the `SegmentationModel` of a target, its experiment and its source, as far as known."""
  found = _opened(target)
  if isinstance(found, runs.Result):
    return found.model, found.experiment, found.source
  return found, None, None


def _opened(target):
  """Returns the `Result` of a result or a `model_dir`, the `SegmentationModel` of an artifact."""
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
  path = os.fspath(target)
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


def _protocol(given, model):
  if given is None:
    return protocols.Protocol.from_dict(model.metadata["protocol"])
  return protocols.Protocol.from_dict(given) if isinstance(given, dict) else given
