"""One run of an experiment: check, plan, train, evaluate, record; and runs brought back."""
import dataclasses
import functools
import json
import os
import statistics
from typing import Any

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.data import check as checks
from keras_weakseg.evaluation import evaluate as evaluation
from keras_weakseg.evaluation import model as models
from keras_weakseg.evaluation import pictures
from keras_weakseg.evaluation import protocol as protocols
from keras_weakseg.framework import keras
from keras_weakseg.recipes import registry as recipes
from keras_weakseg.training import loop
from keras_weakseg.training import restore
from keras_weakseg.training import strategies

RECORD = restore.RECORD
METRICS = "metrics.json"


@dataclasses.dataclass(frozen=True)
class Result:
  """A trained and evaluated model.

  Attributes:
    metrics: dict of figures of the configured split and protocol.
    model_dir: directory of the run.
    experiment: resolved `schema.Experiment`.
    predictor: Keras model, RGB 0..255 [N,H,W,3] to scores [N,h,w,C].
    model: `SegmentationModel`, what evaluate and predict work on.
    record: `NetworkRecord` of the network.
  """
  metrics: dict
  model_dir: str
  experiment: Any
  predictor: Any
  model: Any
  record: Any

  @property
  def protocol(self):
    """The protocol of the run's numbers."""
    return protocols.Protocol.from_dict(self.experiment.evaluation.protocol.as_dict())


@dataclasses.dataclass(frozen=True)
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

  @classmethod
  def of(cls, results, seeds, model_dir):
    """Summarises results and writes `seeds.json` into `model_dir`."""
    names = [name for name, value in results[0].metrics.items() if isinstance(value, float)]
    metrics = {name: summary([result.metrics[name] for result in results]) for name in names}
    _write_json(os.path.join(model_dir, "seeds.json"), {"seeds": seeds, "metrics": metrics})
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
  model_dir = os.fspath(model_dir)
  strategy = strategies.make_strategy(experiment.runtime.strategy)
  chief = strategies.is_chief(strategy)
  _claim(model_dir, experiment)
  keras.mixed_precision.set_global_policy(experiment.runtime.mixed_precision)
  try:
    plan = recipes.make_plan(experiment, data)
    _check(plan)
    if progress and chief:
      for phase in plan.phases:
        print("\n".join((f"phase '{phase.name}' in {model_dir}", *(f"  {x}" for x in phase.plan))),
              flush=True)
    if chief:
      _describe(model_dir, experiment, plan)
    protocol = protocols.Protocol.from_dict(experiment.evaluation.protocol.as_dict())
    methods = loop.run(
        plan, model_dir, strategy=strategy, seed=experiment.seed,
        jit_compile=experiment.runtime.jit_compile, optimizer=optimizer, progress=progress,
        validate=functools.partial(_validate, plan, protocol, experiment.training.picture_samples))
    return _finish(experiment, model_dir, plan, methods, protocol, chief, progress)
  finally:
    keras.mixed_precision.set_global_policy("float32")


def _finish(experiment, model_dir, plan, methods, protocol, chief, progress):
  predictor = methods[plan.phases[-1].name].predictor
  checkpoint = experiment.evaluation.checkpoint
  folder = os.path.join(model_dir, plan.phases[-1].name, "checkpoints", checkpoint)
  path = tf.train.latest_checkpoint(folder)
  if checkpoint == "best" and path:
    restore.restore_weights(predictor, path)
  model = segmentation_model(predictor, plan.source, plan.record, experiment)
  metrics = _known_metrics(model_dir, path, protocol)
  if metrics is None:
    metrics = evaluate_on(model, plan.source, experiment.evaluation.split, protocol,
                          progress=progress)
    metrics["checkpoint"] = os.path.basename(path or "")
    if chief:
      _write_json(os.path.join(model_dir, METRICS), metrics)
  return Result(metrics, model_dir, experiment, predictor, model, plan.record)


def load(model_dir):
  """Returns the `Result` of a finished or interrupted run.

  Raises:
    FileNotFoundError: the folder holds no run, or no checkpoint yet.
  """
  model_dir = os.fspath(model_dir)
  record = restore.read_record(model_dir)
  experiment = overrides.resolve(os.path.join(model_dir, restore.EXPERIMENT))
  predictor, network_record = restore.load_predictor(
      model_dir, experiment.network, experiment.evaluation.checkpoint)
  model = _segmentation_model(predictor, record["classes"], record["palette"], network_record,
                              experiment)
  path = os.path.join(model_dir, METRICS)
  metrics = {}
  if os.path.exists(path):
    with open(path, encoding="utf-8") as file:
      metrics = json.load(file)
  return Result(metrics, model_dir, experiment, predictor, model, network_record)


def segmentation_model(predictor, source, record, experiment):
  """Returns the `SegmentationModel` of a predictor trained on a source."""
  return _segmentation_model(predictor, source.classes, source.palette, record, experiment)


def _segmentation_model(predictor, classes, palette, record, experiment):
  return models.SegmentationModel(
      score_fn=functools.partial(predictor, training=False), classes=tuple(classes),
      palette=[tuple(color) for color in palette], mean_rgb=tuple(record.mean_rgb),
      multiple=record.multiple, metadata={
          "experiment": experiment.name,
          "protocol": experiment.evaluation.protocol.as_dict()})


def evaluate_on(model, source, split, protocol, *, progress=True):
  """Returns the figures of a model on a split of a source.

  Raises:
    ValueError: the classes of the source are not those of the model.
  """
  if tuple(source.classes) != tuple(model.classes):
    raise errors.value_error(
        "The data has other classes than the model.", expected=", ".join(model.classes),
        received=", ".join(source.classes), fix="Evaluate on data with the model's class list.")
  samples = labelled_samples(source, split)
  return {"split": split, **evaluation.evaluate(model, samples, protocol, progress=progress)}


def labelled_samples(source, split):
  """Returns every sample of a split once, with its mask, at original size."""
  return source.samples(split, grant=fields.Supervision.MASK).prefetch(tf.data.AUTOTUNE)


def _validate(plan, protocol, count, method):
  model = models.SegmentationModel(
      score_fn=functools.partial(method.predictor, training=False), classes=plan.source.classes,
      palette=plan.source.palette, mean_rgb=plan.record.mean_rgb, multiple=plan.record.multiple,
      metadata={})
  samples = plan.phases[-1].validation()
  figures = evaluation.evaluate(model, samples, protocol, progress=False)
  shown = list(samples.take(count).as_numpy_iterator())
  drawn = [pictures.draw_predictions(
      sample["image"][None], sample["mask"][None], np.asarray(
          model.mask(sample["image"][None], protocol)), plan.source.palette)[0]
           for sample in shown]
  size = np.max([picture.shape for picture in drawn], axis=0) if drawn else None
  return figures, np.stack([np.pad(picture, [(0, size[i] - picture.shape[i]) for i in range(3)])
                            for picture in drawn]) if drawn else None


def _check(plan):
  for source in dict.fromkeys(part.source for part in plan.phases[0].bundle.parts):
    report = checks.check_data(source, quick=True)
    if not report.ok:
      raise errors.value_error(
          f"Training on '{source.name}' would go wrong.", expected="data without errors",
          received=report.text(), fix="Mend the data as said above; `keras-weakseg check-data` "
          "looks at all of it.")


def _claim(model_dir, experiment):
  """Refuses a directory that holds another experiment, before anything is written."""
  path = os.path.join(model_dir, restore.EXPERIMENT)
  if os.path.exists(path):
    found = overrides.resolve(path)
    changed = [key for key in ("method", "network", "seed")
               if found.as_dict()[key] != experiment.as_dict()[key]]
    if changed:
      raise errors.value_error(
          f"The folder '{model_dir}' holds a run of another experiment.",
          expected="; ".join(f"{key} = {found.as_dict()[key]}" for key in changed),
          received="; ".join(f"{key} = {experiment.as_dict()[key]}" for key in changed),
          fix="Choose another model_dir, or delete that one.")
  try:
    os.makedirs(model_dir, exist_ok=True)
    probe = os.path.join(model_dir, f".probe_{os.getpid()}")
    with open(probe, "w", encoding="utf-8") as file:
      file.write("x")
    os.remove(probe)
  except OSError as error:
    raise OSError(errors.describe(
        f"The folder '{model_dir}' cannot be written to.", expected="a writable folder",
        received=str(error), fix="Choose another model_dir or change its permissions.")) from error


def _describe(model_dir, experiment, plan):
  import importlib.metadata as packages  # pylint: disable=g-import-not-at-top
  with open(os.path.join(model_dir, restore.EXPERIMENT), "w", encoding="utf-8") as file:
    file.write(overrides.to_yaml(experiment))
  names = ("keras-weakseg", "tensorflow", "tf-keras", "tf-models-official",
           "tensorflow-datasets", "numpy")
  versions = {}
  for name in names:
    try:
      versions[name] = packages.version(name)
    except packages.PackageNotFoundError:
      versions[name] = None
  _write_json(os.path.join(model_dir, "versions.json"), versions)
  protocol = protocols.Protocol.from_dict(experiment.evaluation.protocol.as_dict())
  restore.write_record(model_dir, {
      "classes": list(plan.source.classes),
      "palette": [list(map(int, color)) for color in plan.source.palette],
      "network": dataclasses.asdict(plan.record), "phase": plan.phases[-1].name,
      "data": plan.phases[-1].fingerprint, "protocol_hash": protocol.hash()})


def _known_metrics(model_dir, checkpoint, protocol):
  """Returns the metrics of this very checkpoint and protocol if they were written before."""
  try:
    with open(os.path.join(model_dir, METRICS), encoding="utf-8") as file:
      metrics = json.load(file)
  except (OSError, ValueError):
    return None
  same = metrics.get("checkpoint") == os.path.basename(checkpoint or "")
  return metrics if same and metrics.get("protocol_hash") == protocol.hash() else None


def _write_json(path, value):
  with open(path + ".tmp", "w", encoding="utf-8") as file:
    json.dump(value, file, indent=1)
  os.replace(path + ".tmp", path)
