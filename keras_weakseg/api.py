"""The library in a few calls: fit, evaluate, predict, export, and what prepares and tunes."""
import inspect
import os

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg import tuning
from keras_weakseg.api_depth import evaluate_poses, make_disparity_maps, metric_factor
from keras_weakseg.api_select import select
from keras_weakseg.configs import overrides
from keras_weakseg.configs import own_data
from keras_weakseg.configs import registry
from keras_weakseg.data.checks import check as checks
from keras_weakseg.recipes import image_size
from keras_weakseg.tasks import artifact
from keras_weakseg.tasks import options as task_options
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.tasks.segmentation import crf_search

__all__ = ["check_data", "evaluate", "evaluate_poses", "experiments", "export", "fit",
           "make_disparity_maps", "metric_factor", "predict", "recipe_names", "select", "show",
           "tune_crf"]

experiments = registry.experiments
recipe_names = registry.recipes


def fit(experiment: str | None = None, *, method: str | None = None, recipe: str | None = None,
        data: arguments.Sources | None = None, config_file: arguments.Path | None = None,
        params_override: arguments.Overrides | None = None, model_dir: arguments.Path | None = None,
        data_dir: arguments.Path | None = None, seeds: arguments.Ints | None = None,
        strategy: str | None = None, optimizer: arguments.Optimizer | None = None, until: str = "",
        from_run: arguments.Path | None = None, dry_run: bool = False, progress: bool = True,
        **recipe_options: arguments.OfRecipe):
  """Trains, evaluates and records an experiment; continues it if `model_dir` holds a part of it.

  Args:
    experiment: name of a registered experiment, or a `schema.Experiment`.
    method: name of a method instead, trained on `data` with the library's defaults.
    recipe: name of a recipe of several steps instead (see `kw.recipe_names()`), with its options
      as further keywords, such as `weak=["dog", "horse"]`.
    data: a data source (`kw.data.Folder(...)`, `kw.data.Tfds(...)`, `kw.data.Dataset(...)`)
      instead of the experiment's, or a dict of the names of its sources to such.
    config_file: YAML file over the experiment; it may name its experiment itself.
    params_override: text (`"training.steps=100,method.em_adapt.iterations=3"`) or dict over both.
    model_dir: directory of the run, or of one per seed; default: in `runs`, by name.
    data_dir: where data lies; default: `KERAS_WEAKSEG_DATA`.
    seeds: list of seeds: the experiment is run once per seed and the mean and spread are returned.
    strategy: name of a strategy, over `runtime.strategy`.
    optimizer: a Keras optimizer instead of the configured one.
    until: name of a step after which to stop; the same call without it goes on.
    from_run: directory of a run whose finished steps are taken where they are the same.
    dry_run: only check data and configuration and print the plan; nothing is written.
    progress: whether to draw progress bars and print the plan.
    **recipe_options: options of the recipe.

  Returns:
    `Result`, `SeedsResult` if `seeds` is given, `Stopped` with `until`, None with `dry_run`.

  Raises:
    ValueError, FileNotFoundError: configuration or data are wrong; nothing was written.
    NonFiniteError: a loss term became NaN or infinite.

  Example:
    ```python
    result = kw.fit("em_adapt_scenes", model_dir="runs/em")
    result.metrics["mean_iou"]
    ```
  """
  targets.check_types(data, optimizer, own_data.kind_of_source(method))
  model_dir = _model_dir(model_dir, experiment, method, recipe, config_file)
  if recipe is not None:
    experiment = _of_recipe(recipe, recipe_options, data, experiment, method)
  elif recipe_options:
    raise errors.unknown_name("argument of fit", next(iter(recipe_options)), _FIT)
  config = _experiment(experiment, method, data, paths.expand(config_file), params_override,
                       paths.expand(data_dir), strategy)
  if method in own_data.BY_METHOD:
    config = image_size.fitted(config, data)
  options = {"data": data, "optimizer": optimizer, "progress": progress, "until": until,
             "from_run": from_run, "dry_run": dry_run}
  if seeds is None:
    return runs.run(config, model_dir, **options)
  seeds = _seeds(seeds)
  results = [runs.run(overrides.resolve(config, overrides={"seed": seed}),
                      os.path.join(model_dir, f"seed_{seed}"), **options) for seed in seeds]
  return None if dry_run else runs.SeedsResult.of(results, seeds, model_dir)


_FIT = tuple(inspect.signature(fit).parameters)[:-1]


def _model_dir(given, experiment, *names):
  """Returns the directory of a run: the given one, else one named after what is trained."""
  if given is not None:
    return paths.expand(given)
  name = next(filter(None, (getattr(experiment, "name", experiment), *names)), "run")
  return os.path.join("runs", os.path.splitext(os.path.basename(str(name)))[0])


def _of_recipe(recipe, options, data, experiment, method):
  """Returns the `schema.Experiment` of a recipe for somebody's own data."""
  if experiment is not None or method is not None:
    raise errors.value_error(
        "It is not clear what to train.", expected="a recipe alone",
        received=f"recipe={recipe!r}, experiment={experiment!r}, method={method!r}",
        fix="Pass one of them.")
  if data is None:
    raise errors.value_error(
        "There is nothing to train on.", expected="data with recipe", received="data=None",
        fix="Pass data=kw.data.Folder('photos/'), or a dict of the recipe's sources.")
  return registry.build_recipe(recipe, options)


def _seeds(seeds):
  try:
    found = [] if isinstance(seeds, str) else [int(seed) for seed in seeds]
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
          fix=f"Pass data=kw.data.{own_data.kind_of_source(method)}('photos/').")
    experiment = own_data.BY_METHOD.get(method, "own_data")
    params_override = [{"method.type": method}, params_override]
  config = overrides.resolve(experiment, config_file, params_override)
  if data_dir:
    config = overrides.resolve(config, overrides={"data": {"data_dir": str(data_dir)}})
  if strategy:
    config = overrides.resolve(config, overrides={"runtime": {"strategy": strategy}})
  return config


def show(experiment: str | None = None, *, config_file: arguments.Path | None = None,
         params_override: arguments.Overrides | None = None) -> str:
  """Returns an experiment as YAML: what `fit` would train, checked.

  Args:
    experiment: name of a registered experiment.
    config_file: YAML file over the experiment; it may name its experiment itself.
    params_override: text or dict over both.

  Raises:
    ValueError, FileNotFoundError: something is wrong with the configuration.
  """
  if experiment is None and config_file is None:
    raise errors.value_error(
        "It is not clear what to show.", expected="an experiment or a config_file",
        received="neither", fix="Name one of kw.experiments().")
  return overrides.to_yaml(overrides.validate(
      overrides.resolve(experiment, paths.expand(config_file), params_override)))


def evaluate(target: arguments.Target, data: arguments.Evaluated | None = None, *,
             split: str | None = None, protocol: arguments.Protocol | None = None,
             progress: bool = True) -> dict:
  """Evaluates a trained model.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact.
    data: a data source; default: the one of the run. A run that was brought back from its
      `model_dir` knows its source only if the configuration names it.
    split: default: the split of the run, `validation` for an artifact.
    protocol: of the model's task, or a dict; default: that of the run or the artifact.
    progress: whether to draw a progress bar.

  Returns:
    Dict with the figures of the task: `mean_iou`, `class_iou`, ..., or `abs_rel`, `a1`, ..., or
    `mean_ap`, `class_ap`, ...; `protocol`, `protocol_hash`, `samples`...

  Raises:
    ValueError: the classes of the data are not those of the model.
  """
  targets.check_types(data)
  model, config, source = targets.loaded(target)
  data = targets.data_of(data or source, config)
  if split is None:
    split = targets.evaluation_split(config)
  return runs.evaluate_on(
      model, data, split, targets.protocol_of(protocol, model), progress=progress)


def tune_crf(target: arguments.Target, data: arguments.Source | None = None, *,
             split: str = "train", count: int = 100, seed: int = 1,
             grid: arguments.Values | None = None, rounds: int | None = None,
             protocol: arguments.Protocol | None = None, output: arguments.Path | None = None,
             allow_evaluation_split: bool = False, progress: bool = True) -> dict:
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
      `tasks.segmentation.crf_search`, for photographs of 500 pixels.
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
  targets.check_types(data)
  model, config, source = targets.loaded(target)
  own = data is None
  return tuning.tune(
      model, targets.data_of(data or source, config), split, count=count, seed=seed,
      evaluated="" if allow_evaluation_split else targets.evaluation_split(config),
      config=config if own else None, grid=grid,
      rounds=crf_search.ROUNDS if rounds is None else rounds,
      protocol=targets.protocol_of(protocol, model),
      output=paths.expand(output), progress=progress)


def predict(target: arguments.Target, inputs: arguments.Paths, output: arguments.Path, *,
            protocol: arguments.Protocol | None = None, progress: bool = True,
            **options: arguments.OfTask) -> list:
  """Writes what a model says of photographs: masks, depth or tags, and pictures to look at.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact.
    inputs: a file, a folder, a glob, or a list of these.
    output: folder of what is written.
    protocol: of the model's task, or a dict; default: that of the run or the artifact. Of models of
      depth, a number as `scale` gives metres: see `metric_factor`.
    progress: whether to draw a progress bar.
    **options: of the model's task: see `predict` of the tasks in `keras_weakseg.tasks`.

  Returns:
    List of dicts, one per photograph: paths and what was predicted.

  Raises:
    FileNotFoundError: an input gives no image.
    ValueError: images are broken, or what was asked for is not possible or has no effect.
  """
  model, output = targets.loaded(target)[0], paths.expand(output)
  task = tasks.of_model(model)
  return task.predict(model, inputs, output, protocol=targets.protocol_of(protocol, model),
                      progress=progress, **task_options.check(task, "predict", options))


def export(target: arguments.Target, base_dir: arguments.Path, **options: arguments.OfTask):
  """Writes the SavedModel artifact of a run to `base_dir/<version>`.

  Args:
    target: a `Result`, a `model_dir`, or an exported artifact, which is written again.
    base_dir: directory of the served model; the version is one above the highest there.
    **options: of the model's task: see `export` of the tasks in `keras_weakseg.tasks`; of an
      artifact, those it was written with are kept.

  Returns:
    The path of the new version.

  Raises:
    ValueError, FileNotFoundError: there is no model, `base_dir` cannot be written, or an option is
      not one of the task.
  """
  result, base_dir = targets.opened(target), paths.expand(base_dir)
  trained = isinstance(result, runs.Result)
  model = result.model if trained else result
  task = tasks.of_model(model)
  options = task_options.check(task, "export", options)
  known = _described(result) if trained else artifact.export_arguments(model)
  return task.export(model, base_dir, **{**known, **options})


def _described(result):
  """Returns what an artifact of a run says of it, as arguments of `Task.export`."""
  figures = {name: value for name, value in result.metrics.items() if isinstance(value, float)}
  notes = {key: result.model.metadata[key] for key in ("unfinished",)
           if key in result.model.metadata}
  return {"record": result.record, "protocol": result.protocol, "metadata": {
      "experiment": result.experiment.name, "metrics": figures, **notes}}


def check_data(data: arguments.Source, splits: arguments.Texts | None = None, *,
               quick: bool = False, progress: bool = True):
  """Looks for everything that would make training on `data` go wrong.

  Args:
    data: a data source, a folder, or the name of an experiment.
    splits: names of splits, None = all.
    quick: look at headers and a sample of the masks only.
    progress: whether to draw a progress bar.

  Returns:
    A report with `.ok`, `.problems` and `.text()`.
  """
  return checks.check_data(targets.source_of(data), splits, quick=quick, progress=progress)
