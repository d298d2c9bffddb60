"""The library in a few calls: fit, evaluate, predict, export, and what prepares and tunes."""
import inspect
import os

from keras_weakseg.api_depth import evaluate_poses, make_disparity_maps, metric_factor
from keras_weakseg.api_select import select
from keras_weakseg.configs import overrides
from keras_weakseg.configs import own_data
from keras_weakseg.configs import registry
from keras_weakseg.data import check as checks
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.recipes import image_size
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg.tasks import artifact
from keras_weakseg.tasks import options as task_options
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.tasks.segmentation import crf_search
from keras_weakseg import tuning

__all__ = ["check_data", "evaluate", "evaluate_poses", "experiments", "export", "fit",
           "make_disparity_maps", "metric_factor", "predict", "recipe_names", "select",
           "tune_crf"]

experiments = registry.experiments
recipe_names = registry.recipes


def fit(experiment=None, *, method=None, recipe=None, data=None, config_file=None,
        params_override=None, model_dir, data_dir=None, seeds=None, strategy=None, optimizer=None,
        until="", from_run=None, progress=True, **recipe_options):
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
    model_dir: directory of the run; with several seeds, of one run per seed.
    data_dir: where data lies; default: `KERAS_WEAKSEG_DATA`.
    seeds: list of seeds: the experiment is run once per seed and the mean and spread are returned.
    strategy: name of a strategy, over `runtime.strategy`.
    optimizer: a Keras optimizer instead of the configured one.
    until: name of a step after which to stop; the same call without it goes on.
    from_run: directory of another run, whose finished steps are taken where they are the same.
    progress: whether to draw progress bars and print the plan.
    **recipe_options: options of the recipe.

  Returns:
    `Result`, `SeedsResult` if `seeds` is given, or `Stopped` with `until`.

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
  targets.check_types(data, optimizer, _kind(method))
  if recipe is not None:
    experiment = _of_recipe(recipe, recipe_options, data, experiment, method)
  elif recipe_options:
    raise errors.unknown_name("argument of fit", next(iter(recipe_options)), _FIT)
  model_dir = paths.expand(model_dir)
  config = _experiment(experiment, method, data, paths.expand(config_file), params_override,
                       paths.expand(data_dir), strategy)
  if method in own_data.BY_METHOD:
    config = image_size.fitted(config, data)
  options = {"data": data, "optimizer": optimizer, "progress": progress, "until": until,
             "from_run": from_run}
  if seeds is None:
    return runs.run(config, model_dir, **options)
  seeds = _seeds(seeds)
  results = []
  for seed in seeds:
    seeded = overrides.resolve(config, overrides={"seed": int(seed)})
    results.append(runs.run(seeded, os.path.join(model_dir, f"seed_{seed}"), **options))
  return runs.SeedsResult.of(results, seeds, model_dir)


_FIT = tuple(inspect.signature(fit).parameters)[:-1]


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


def _kind(method):
  """Returns the class of sources that somebody's own data of a method has."""
  return "Video" if own_data.BY_METHOD.get(method) == "own_video" else "Folder"


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
          fix=f"Pass data=kw.data.{_kind(method)}('photos/').")
    experiment = own_data.BY_METHOD.get(method, "own_data")
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


def predict(target, inputs, output_dir, *, protocol=None, progress=True, **options):
  """Writes what a model says of photographs: masks, depth or tags, and pictures to look at.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact.
    inputs: a file, a folder, a glob, or a list of these.
    output_dir: where to write.
    protocol: of the model's task, or a dict; default: that of the run or the artifact. Of models of
      depth, a number as `scale` gives metres: see `metric_factor`.
    progress: whether to draw a progress bar.
    **options: of the model's task.
      Segmentation: `overlays`, `contact_sheet` (and an HTML page): whether to write them; `trace`:
      of dual networks, pictures of what they infer step by step.
      Depth: `overlays`: pictures of depth; `point_clouds`: PLY files, which need a camera:
      `intrinsics` of these images, `[fx, fy, cx, cy]` in pixels, a matrix, or the path of a file of
      them, or `field_of_view`, the horizontal angle in degrees of an assumed one.
      Tags: `contact_sheet`.

  Returns:
    List of dicts, one per photograph: paths and what was predicted.

  Raises:
    FileNotFoundError: an input gives no image.
    ValueError: images are broken, or what was asked for is not possible or has no effect.
  """
  model, output_dir = targets.loaded(target)[0], paths.expand(output_dir)
  task = tasks.of_model(model)
  return task.predict(model, inputs, output_dir, protocol=targets.protocol_of(protocol, model),
                      progress=progress, **task_options.check(task, "predict", options))


def export(target, base_dir, **options):
  """Writes the SavedModel artifact of a run to `base_dir/<version>`.

  Args:
    target: a `Result`, a `model_dir`, or an exported artifact, which is written again.
    base_dir: directory of the served model; the version is one above the highest there.
    **options: of the model's task; of an artifact, those it was written with are kept.
      All: `max_pixels`, the largest image that is answered (0 = any); `broken_images="answer"`: one
      that cannot be read does not fail the others of its request; `precision="trained"`: not in
      float32; see `serving.settings.Settings`.
      `fixed_size`, of the signature that converters take.
      Depth: `factor`, metres per unit of its depth, see `metric_factor`; None = as known.

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


def check_data(data, splits=None, *, quick=False):
  """Looks for everything that would make training on `data` go wrong.

  Args:
    data: a data source, a folder, or the name of an experiment.
    splits: names of splits, None = all.
    quick: look at headers and a sample of the masks only.

  Returns:
    A report with `.ok`, `.problems` and `.text()`.
  """
  return checks.check_data(targets.source_of(data), splits, quick=quick)
