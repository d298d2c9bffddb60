"""One run of an experiment: check, plan, train, evaluate, record; and runs brought back."""
import contextlib
import copy
import dataclasses
import json
import os
import statistics
import sys
from typing import Any

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.configs import overrides
from keras_weakseg.configs import schema
from keras_weakseg.framework import keras
from keras_weakseg.recipes import registry as recipes
from keras_weakseg.training import loop
from keras_weakseg.training import restore
from keras_weakseg.training import run_folder
from keras_weakseg.training import splits as split_lib
from keras_weakseg.training import strategies
from keras_weakseg.training import tasks
from keras_weakseg.training import validation

RECORD = restore.RECORD
METRICS = "metrics.json"
SEEDS = "seeds.json"
# What decides the weights besides method, network, seed and data: a run continues only with it.
DECISIVE = ("steps", "optimization", "weight_decay", "multipliers", "clip_norm", "accumulation")


@dataclasses.dataclass(frozen=True, repr=False)
class Result:
  """A trained and evaluated model.

  Attributes:
    metrics: dict of figures of the configured split and protocol.
    model_dir: directory of the run.
    experiment: resolved `schema.Experiment`.
    predictor: Keras model, RGB 0..255 [N,H,W,3] to scores [N,h,w,C], or disparity [N,H,W,1].
    model: `SegmentationModel` or `DepthModel`, what evaluate and predict work on.
    record: `NetworkRecord` of the network.
    source: the data source it was trained on; None if the run was brought back from `model_dir`.
  """
  metrics: dict
  model_dir: str
  experiment: Any
  predictor: Any
  model: Any
  record: Any
  source: Any = None

  @property
  def protocol(self):
    """The protocol of the run's numbers."""
    return tasks.of_model(self.model).configured(self.experiment)

  def __repr__(self):
    figures = {name: round(value, 4) for name, value in self.metrics.items()
               if isinstance(value, float)}
    return (f"Result({self.experiment.name!r}, model_dir={str(self.model_dir)!r}, "
            f"metrics={dict(list(figures.items())[:4])})")


@dataclasses.dataclass(frozen=True, repr=False)
class SeedsResult:
  """The runs of one experiment, one per seed.

  Attributes:
    metrics: dict of figure to dict(mean, spread (sample standard deviation), values).
    runs: list of `Result`.
    seeds: list of seeds.
  """
  metrics: dict
  runs: list
  seeds: list

  def __repr__(self):
    figures = {name: f"{entry['mean']:.4f} +- {entry['spread']:.4f}"
               for name, entry in list(self.metrics.items())[:4]}
    return f"SeedsResult(seeds={list(self.seeds)}, metrics={figures})"

  @classmethod
  def of(cls, results, seeds, model_dir):
    """Summarises results and writes `seeds.json` into `model_dir`."""
    names = [name for name, value in results[0].metrics.items() if isinstance(value, float)]
    metrics = {name: summary([result.metrics[name] for result in results]) for name in names}
    restore.write_json(os.path.join(model_dir, SEEDS), {"seeds": seeds, "metrics": metrics})
    return cls(metrics, results, seeds)


def summary(values):
  """Returns the mean and the sample standard deviation of some numbers.

  Example:
    >>> summary([1.0, 3.0])["mean"]
    2.0
  """
  spread = statistics.stdev(values) if len(values) > 1 else 0.0
  return {"mean": statistics.fmean(values), "spread": spread, "values": list(values)}


def run(experiment, model_dir, *, data=None, optimizer=None, progress=True):
  """Runs an experiment, or continues it. See `keras_weakseg.fit`."""
  model_dir = os.fspath(paths.expand(model_dir))
  _validate(experiment, data)
  strategy = strategies.make_strategy(experiment.runtime.strategy)
  chief = strategies.is_chief(strategy)
  plan = recipes.make_plan(experiment, data)
  notes, warnings = split_lib.check_plan(
      plan, experiment.evaluation.split, experiment.evaluation.validation_split)
  _refuse_other(model_dir, experiment, plan)
  if progress and chief:
    for phase in plan.phases:
      print("\n".join((f"phase '{phase.name}' in {model_dir}",
                       *(f"  {line}" for line in (*phase.plan, *notes)))), flush=True)
    for warning in warnings:
      print(f"  warning: {warning}", flush=True)
  with run_folder.claimed(model_dir, alone=chief), _precision(experiment):
    if chief:
      _describe(model_dir, experiment, plan)
    methods = loop.run(
        plan, model_dir, strategy=strategy, seed=experiment.seed,
        jit_compile=experiment.runtime.jit_compile, optimizer=optimizer, progress=progress,
        validate=validation.Validation(plan, experiment))
    return _finish(experiment, model_dir, plan, methods, chief, progress, notes)


def _finish(experiment, model_dir, plan, methods, chief, progress, notes):
  task = tasks.of_role(plan.record.role)
  protocol = task.configured(experiment)
  predictor = methods[plan.phases[-1].name].predictor
  checkpoint = experiment.evaluation.checkpoint
  folder = os.path.join(model_dir, plan.phases[-1].name, "checkpoints", checkpoint)
  path = tf.train.latest_checkpoint(folder)
  if checkpoint == "best" and path:
    restore.restore_weights(predictor, path)
  model = task.model(predictor, task.facts(experiment, plan.source), plan.record, experiment)
  wanted = {"split": experiment.evaluation.split, "checkpoint": os.path.basename(path or ""),
            "protocol_hash": protocol.hash()}
  metrics = _known_metrics(model_dir, wanted)
  if metrics is None:
    metrics = {**wanted, "samples": 0, "notes": notes} if notes else evaluate_on(
        model, plan.source, wanted["split"], protocol, progress=progress)
    metrics["checkpoint"] = wanted["checkpoint"]
    if chief:
      restore.write_json(os.path.join(model_dir, METRICS), metrics)
  return Result(metrics, model_dir, experiment, predictor, model, plan.record, plan.source)


@contextlib.contextmanager
def _precision(experiment):
  """Sets the policy of mixed precision of an experiment for the networks that are built within."""
  before = keras.mixed_precision.global_policy()
  keras.mixed_precision.set_global_policy(experiment.runtime.mixed_precision)
  try:
    yield
  finally:
    keras.mixed_precision.set_global_policy(before)


def load(model_dir):
  """Returns the `Result` of a finished or interrupted run; of an interrupted one prints a note.

  Raises:
    FileNotFoundError: the folder holds no run, or no checkpoint yet.
  """
  model_dir = os.fspath(paths.expand(model_dir))
  record = restore.read_record(model_dir)
  experiment = overrides.resolve(os.path.join(model_dir, restore.EXPERIMENT))
  with _precision(experiment):
    predictor, network_record = restore.load_predictor(
        model_dir, experiment.network, experiment.evaluation.checkpoint)
  model = tasks.of_role(network_record.role).model(predictor, record, network_record, experiment)
  note = restore.unfinished(model_dir)
  if note:
    print(f"note: {note}", file=sys.stderr, flush=True)
    model.metadata["unfinished"] = note  # What is predicted or exported keeps it.
  path = os.path.join(model_dir, METRICS)
  metrics = {}
  if os.path.exists(path):
    with open(path, encoding="utf-8") as file:
      metrics = json.load(file)
  return Result(metrics, model_dir, experiment, predictor, model, network_record)


def evaluate_on(model, source, split, protocol, *, progress=True):
  """Returns the figures of a model on a split of a source.

  Raises:
    ValueError: the classes of the source are not those of the model, the split has no labels, or a
      sample cannot be read.
  """
  task = tasks.of_model(model)
  task.check_source(model, source)
  if not split_lib.labelled_ids(source, split, task):
    raise errors.value_error(
        f"There is nothing to evaluate in the split '{split}' of '{source.name}'.",
        expected=task.labels, received="none that exist and may be read",
        fix=f"Add {task.labels}, name another split, or allow them in the manifest.")
  samples = split_lib.labelled_samples(source, split, task)
  try:
    return {"split": split, **task.evaluate(model, samples, protocol, progress=progress)}
  except tf.errors.OpError as error:
    raise split_lib.explained(source, split, error, task) from error


def _validate(experiment, data):
  """Checks the configuration; `data` stands for its sources."""
  checked = copy.deepcopy(experiment)
  if data is not None:
    checked.data.sources = [schema.Source(path="given")]
  overrides.validate(checked)


def _refuse_other(model_dir, experiment, plan):
  """Refuses a directory that holds another experiment, before anything is written."""
  path = os.path.join(model_dir, restore.EXPERIMENT)
  if not os.path.exists(path):
    return
  found = overrides.resolve(path)
  pairs = {**{key: (found.as_dict()[key], experiment.as_dict()[key])
              for key in ("method", "network", "pose", "seed", "stages")},
           **{f"training.{key}": (found.training.as_dict()[key], experiment.training.as_dict()[key])
              for key in DECISIVE},
           "data": (restore.read_record(model_dir)["data"], plan.phases[-1].fingerprint)}
  changed = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
  if changed:
    raise errors.value_error(
        f"The folder '{model_dir}' holds a run of another experiment.",
        expected="; ".join(f"{key} = {pair[0]}" for key, pair in changed.items()),
        received="; ".join(f"{key} = {pair[1]}" for key, pair in changed.items()),
        fix="Choose another model_dir, delete that one, or restore the settings it was trained "
        "with.")


def _describe(model_dir, experiment, plan):
  """Writes what the run is: the resolved experiment, the versions, and how to use its weights."""
  import importlib.metadata as packages  # pylint: disable=g-import-not-at-top
  versions = {}
  for name in ("keras-weakseg", "tensorflow", "tf-keras", "tf-models-official",
               "tensorflow-datasets", "numpy"):
    try:
      versions[name] = packages.version(name)
    except packages.PackageNotFoundError:
      versions[name] = None
  restore.write_json(os.path.join(model_dir, "versions.json"), versions)
  task = tasks.of_role(plan.record.role)
  restore.write_record(model_dir, {
      **task.facts(experiment, plan.source),
      "network": dataclasses.asdict(plan.record), "phase": plan.phases[-1].name,
      "head": plan.head.as_dict(),
      "data": plan.phases[-1].fingerprint,
      "protocol_hash": task.configured(experiment).hash()})
  # Last: a folder with this file is a run, whole enough to be compared with and continued.
  restore.write_text(os.path.join(model_dir, restore.EXPERIMENT), overrides.to_yaml(experiment))


def _known_metrics(model_dir, wanted):
  """Returns the metrics of this very checkpoint, split and protocol if they were written before."""
  try:
    with open(os.path.join(model_dir, METRICS), encoding="utf-8") as file:
      metrics = json.load(file)
  except (OSError, ValueError):
    return None
  return metrics if all(metrics.get(key) == value for key, value in wanted.items()) else None
