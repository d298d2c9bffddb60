"""What a training cost and saw, read from its experiment and its logs."""
import math
import pathlib
import statistics

import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.recipes import planning
from keras_weakseg.training import logs

# The share of the last step over which what it logged is averaged.
_LATE = 0.25


def costs(result, from_run=None):
  """Returns the figures of a training that are known.

  Images, masks and seconds are those of all steps that train, wherever they were trained. An epoch
  is a pass over the first part of the experiment; steps that train on the same samples count.

  Args:
    result: `Result` of `kw.fit`.
    from_run: folder of the run whose steps it may have taken.

  Returns:
    Dict of `images_seen`, `masks_seen`, `epochs`, `train_seconds`, `images_per_second` and `log`,
    see `logged`; those that cannot be told are left out.
  """
  experiment, found = result.experiment, {}
  trained = _trainings(experiment)
  if all(parts for parts, _ in trained.values()):
    seen = [(part, steps * part.batch_size) for parts, steps in trained.values() for part in parts]
    found["images_seen"] = sum(count for _, count in seen)
    found["masks_seen"] = sum(count for part, count in seen if _has_masks(part))
    first = experiment.data.parts[0]
    size = _size(first, result)
    if size:
      found["epochs"] = sum(count for part, count in seen
                            if _samples(part, experiment) == _samples(first, experiment)) / size
  seconds = train_seconds(result.model_dir, from_run, trained)
  if seconds:
    found["train_seconds"] = seconds
    if "images_seen" in found and set(_logs(result.model_dir, from_run, trained)) == set(trained):
      found["images_per_second"] = found["images_seen"] / seconds
  found["log"] = logged(result.model_dir)
  return found


def logged(model_dir):
  """Returns what the last step of a run logged, each figure as the mean over its last quarter.

  Args:
    model_dir: folder of the run.

  Returns:
    Dict of name to float, such as a loss, or how well a method cleans tags; empty without a log.
  """
  rows = logs.read_log(pathlib.Path(model_dir) / planning.LAST)
  late = [row for row in rows if row["step"] > (1 - _LATE) * rows[-1]["step"]]
  names = dict.fromkeys(name for row in late for name in row if name != "step")
  known = {name: [row[name] for row in late if math.isfinite(row.get(name, math.nan))]
           for name in names}
  return {name: statistics.fmean(values) for name, values in known.items() if values}


def train_seconds(model_dir, from_run=None, names=()):
  """Returns how long a run has trained: the sum of all sessions of its steps, 0 if it is unknown.

  Updates that were done twice count twice.

  Args:
    model_dir: folder of the run.
    from_run: folder of the run whose steps it may have taken.
    names: of those steps.
  """
  spent = 0.0
  for paths in _logs(model_dir, from_run, names).values():
    for path in paths:
      times = [event.wall_time for event in tf.compat.v1.train.summary_iterator(str(path))]
      spent += max(times) - min(times) if times else 0.0
  return spent


def _logs(model_dir, from_run=None, names=()):
  """Returns a dict of the name of every step of a run to the files of its TensorBoard."""
  found = {}
  for path in sorted(pathlib.Path(model_dir).glob("*/tensorboard/events.*")):
    found.setdefault(path.parts[-3], []).append(path)
  if from_run:
    taken = {name: paths for name, paths in _logs(from_run).items()
             if name in names and name != planning.LAST}
    found = {**taken, **found}
  return found


def _trainings(experiment):
  """Returns a dict of the name of every step that trains to its parts and number of updates."""
  found = {step.name: (step.parts, step.training.steps)
           for step in experiment.steps if step.make.type is None}
  return {**found, planning.LAST: (experiment.data.parts, experiment.training.steps)}


def _has_masks(part):
  return bool(fields.parse_supervision(part.supervision) & fields.Supervision.MASK)


def _samples(part, experiment):
  """Returns what decides which samples a part has."""
  first = experiment.data.sources[0].name if experiment.data.sources else ""
  return {**part.as_dict(), "source": part.source or first, "batch_size": 0, "weight": 0}


def _size(part, result):
  """Returns the number of samples of a part, None where that would be a guess."""
  if part.count:
    return part.count
  if part.ids or part.rest or result.source is None or len(result.experiment.data.sources) > 1:
    return None
  kind = fields.parse_supervision(part.supervision)
  flags = result.source.supervision(part.split, kind)
  return sum(bool(flag & kind) for flag in flags) if kind else len(flags)
