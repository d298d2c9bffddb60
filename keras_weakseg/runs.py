"""One run of an experiment: check, plan, train, evaluate, record; and runs brought back."""
import contextlib
import copy
import dataclasses
import os
import statistics
import sys
from typing import Any

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.files import json_files
from keras_weakseg.files import schema as schema_of
from keras_weakseg.recipes import planning
from keras_weakseg.recipes import sources
from keras_weakseg.recipes import training_step
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.training import checkpoints
from keras_weakseg.training import loop
from keras_weakseg.training import restore
from keras_weakseg.training import run_folder
from keras_weakseg.training import splits as split_lib
from keras_weakseg.training import strategies

RECORD = restore.RECORD
METRICS = "metrics.json"
SEEDS = "seeds.json"
DECISIVE = training_step.DECISIVE


@dataclasses.dataclass(frozen=True, repr=False)
class Result:
  """A trained and evaluated model.

  Attributes:
    metrics: dict of figures of the configured split and protocol.
    model_dir: directory of the run.
    experiment: resolved `schema.Experiment`.
    predictor: Keras model, RGB 0..255 [N,H,W,3] to what `record.answers` says.
    model: of the task, such as `SegmentationModel`: what evaluate and predict work on.
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


@dataclasses.dataclass(frozen=True)
class Stopped:
  """A run that was stopped after one of its steps, as it was asked to.

  Attributes:
    model_dir: directory of the run; the same call without `until` goes on.
    experiment: resolved `schema.Experiment`.
    until: name of the last step.
    finished: dict of step name to `recipes.outputs.Outputs`.
  """
  model_dir: str
  experiment: Any
  until: str
  finished: dict


@dataclasses.dataclass(frozen=True, repr=False)
class SeedsResult:
  """The runs of one experiment, one per seed.

  Attributes:
    metrics: dict of figure to dict(mean, spread (sample standard deviation), values).
    runs: list of `Result`.
    seeds: list of seeds.
    model_dir: directory of the runs.
  """
  metrics: dict
  runs: list
  seeds: list
  model_dir: str = ""

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
    return cls(metrics, results, seeds, model_dir)


def summary(values):
  """Returns the mean and the sample standard deviation of some numbers.

  Example:
    >>> summary([1.0, 3.0])["mean"]
    2.0
  """
  spread = statistics.stdev(values) if len(values) > 1 else 0.0
  return {"mean": statistics.fmean(values), "spread": spread, "values": list(values)}


def run(experiment, model_dir, *, data=None, optimizer=None, progress=True, until="",
        from_run=None, dry_run=False):
  """Runs an experiment, or continues it. See `keras_weakseg.fit`."""
  model_dir = os.fspath(paths.expand(model_dir))
  _validate(experiment, data)
  strategy = strategies.make_strategy(experiment.runtime.strategy, experiment.runtime.timeout)
  chief = strategies.is_chief(strategy)
  plan = planning.make_plan(experiment, data)
  from_run = None if from_run is None else os.fspath(paths.expand(from_run))
  _check_steps(plan, until, from_run)
  notes, warnings = split_lib.check_plan(plan, experiment.evaluation.split)
  _refuse_other(model_dir, experiment, plan)
  if (progress or dry_run) and chief:
    said = (*notes, *(f"warning: {warning}" for warning in warnings))
    print("\n".join([*plan.text(model_dir), *(f"  {line}" for line in said)]), flush=True)
  if dry_run:
    return None
  with run_folder.claimed(model_dir, alone=chief, steps=[step.name for step in plan.steps]):
    if chief:
      _describe(model_dir, experiment, plan)
    finished, method = loop.run(
        plan, model_dir, strategy=strategy, seed=experiment.seed,
        jit_compile=experiment.runtime.jit_compile, optimizer=optimizer, progress=progress,
        until=until, from_run=from_run, load_run=lambda folder: load(folder).model)
    if method is None:
      return Stopped(model_dir, experiment, until, finished)
    with loop.precision(experiment.runtime.mixed_precision):
      return _finish(experiment, model_dir, plan, method, chief, progress, notes)


def _check_steps(plan, until, from_run):
  names = [step.name for step in plan.steps]
  if until and until not in names:
    raise errors.unknown_name("step", until, names)
  if from_run is not None and not os.path.exists(os.path.join(from_run, RECORD)):
    raise errors.missing(
        f"The folder '{from_run}' holds no run whose steps could be taken.",
        expected=f"a folder with '{RECORD}'", received="none",
        fix="Pass the model_dir of another fit as from_run.")


def _finish(experiment, model_dir, plan, method, chief, progress, notes):
  task = tasks.of_record(plan.record)
  protocol = task.configured(experiment)
  predictor = method.predictor
  checkpoint = experiment.evaluation.checkpoint
  folder = os.path.join(model_dir, plan.last.name, "checkpoints", checkpoint)
  path = checkpoints.latest(folder)
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


def load(model_dir):
  """Returns the `Result` of a finished or interrupted run; of an interrupted one prints a note.

  Raises:
    FileNotFoundError: the folder holds no run, or no checkpoint yet.
  """
  model_dir = os.fspath(paths.expand(model_dir))
  record = restore.read_record(model_dir)
  experiment = overrides.resolve(os.path.join(model_dir, restore.EXPERIMENT))
  with loop.precision(experiment.runtime.mixed_precision):
    predictor, network_record = restore.load_predictor(
        model_dir, experiment.network, experiment.evaluation.checkpoint)
  model = tasks.of_record(network_record).model(predictor, record, network_record, experiment)
  note = restore.unfinished(model_dir)
  if note:
    print(f"note: {note}", file=sys.stderr, flush=True)
    model.metadata["unfinished"] = note  # What is predicted or exported keeps it.
  metrics = read_metrics(model_dir) if os.path.exists(os.path.join(model_dir, METRICS)) else {}
  return Result(metrics, model_dir, experiment, predictor, model, network_record)


def read_metrics(model_dir):
  """Returns the figures of a run, a dict.

  Raises:
    FileNotFoundError, ValueError: there is no such file, or it is damaged.
  """
  return json_files.read_json(
      os.path.join(model_dir, METRICS), "record of figures", schema_of.map_of(schema_of.anything),
      nan=True, fix="Delete it; `evaluate` gives the figures anew.")


def evaluate_on(model, source, split, protocol, *, progress=True):
  """Returns the figures of a model on a split of a source.

  Raises:
    ValueError: the classes of the source are not those of the model, the split has no labels, a
      sample cannot be read, or the protocol mirrors pictures whose classes have left and right.
  """
  task = tasks.of_model(model)
  task.check_source(model, source)
  if task.label == fields.MASK:
    sources.check_mirror(source, protocol)
  if not split_lib.labelled_ids(source, split, task):
    raise errors.value_error(
        f"There is nothing to evaluate in the split '{split}' of '{source.name}'.",
        expected=task.labels, received="none that exist and may be read",
        fix=f"Add {task.labels}, name another split, or allow them in the manifest.")
  inputs = task.inputs(model)
  samples = split_lib.labelled_samples(source, split, task, inputs)
  try:
    return {"split": split, **task.evaluate(model, samples, protocol, progress=progress)}
  except tf.errors.OpError as error:
    raise split_lib.explained(source, split, error, task, inputs) from error


def _validate(experiment, data):
  """Checks the configuration; `data` stands for its sources."""
  checked = copy.deepcopy(experiment)
  if data is not None:
    # Names that parts refer to, with places that nobody will look for.
    checked.data.sources = [dataclasses.replace(source, kind="folder", path="given")
                            for source in checked.data.sources] or [schema.Source(path="given")]
  overrides.validate(checked)


def _refuse_other(model_dir, experiment, plan):
  """Refuses a directory that holds another experiment, before anything is written."""
  path = os.path.join(model_dir, restore.EXPERIMENT)
  if not os.path.exists(path):
    return
  found = overrides.resolve(path)
  pairs = {**{key: (found.as_dict()[key], experiment.as_dict()[key])
              for key in ("method", "network", "networks", "seed", "steps")},
           **{f"training.{key}": (found.training.as_dict()[key], experiment.training.as_dict()[key])
              for key in DECISIVE},
           "data": (restore.read_record(model_dir)["data"], _fingerprint(plan.last))}
  changed = {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
  if changed:
    raise errors.value_error(
        f"The folder '{model_dir}' holds a run of another experiment.",
        expected="; ".join(f"{key} = {pair[0]}" for key, pair in changed.items()),
        received="; ".join(f"{key} = {pair[1]}" for key, pair in changed.items()),
        fix="Choose another model_dir, delete that one, or restore the settings it was trained "
        "with.")


def _fingerprint(step):
  """Returns what names the data of a step; empty where earlier steps make it."""
  return step.phase.fingerprint if step.phase else ""


def versions():
  """Returns a dict of what numbers depend on to its version, None where it is not installed."""
  import importlib.metadata as packages  # pylint: disable=g-import-not-at-top
  found = dict.fromkeys(("keras-weakseg", "tensorflow", "tf-keras", "tf-models-official",
                         "tensorflow-datasets", "numpy"))
  for name in found:
    with contextlib.suppress(packages.PackageNotFoundError):
      found[name] = packages.version(name)
  return found


def _describe(model_dir, experiment, plan):
  """Writes what the run is: the resolved experiment, the versions, and how to use its weights."""
  restore.write_json(os.path.join(model_dir, "versions.json"), versions())
  for step in plan.steps[:-1]:
    if step.name != plan.last.name and hasattr(step, "settings"):
      folder = os.path.join(model_dir, step.name)
      os.makedirs(folder, exist_ok=True)
      _describe_step(folder, step, "")
  _describe_step(model_dir, plan.last, plan.last.name, experiment)


def _describe_step(folder, step, phase, experiment=None):
  """Writes how the weights of a step are used: each can be evaluated, predicted with, exported."""
  experiment = experiment or step.settings
  task = tasks.of_record(step.record)
  restore.write_record(folder, {
      **task.facts(experiment, step.source),
      "network": dataclasses.asdict(step.record), "phase": phase,
      "head": step.head.as_dict(),
      "data": _fingerprint(step),
      "protocol_hash": task.configured(experiment).hash()})
  # Last: a folder with this file is a run, whole enough to be compared with and continued.
  restore.write_text(os.path.join(folder, restore.EXPERIMENT), overrides.to_yaml(experiment))


def _known_metrics(model_dir, wanted):
  """Returns the metrics of this very checkpoint, split and protocol if they were written before."""
  try:
    metrics = read_metrics(model_dir)
  except (OSError, ValueError):
    return None
  return metrics if all(metrics.get(key) == value for key, value in wanted.items()) else None
