"""What a training cost and saw, read from its experiment and its logs."""
import pathlib

import tensorflow as tf

from keras_weakseg import fields


def costs(result):
  """Returns the figures of a training that are known.

  Args:
    result: `Result` of `kw.fit`.

  Returns:
    Dict of `images_seen`, `masks_seen`, `epochs`, `train_seconds` and `images_per_second`; those
    that cannot be told are left out. Images, masks and epochs are of the last step of the recipe,
    seconds of all of them.
  """
  experiment, found = result.experiment, {}
  parts, steps = experiment.data.parts, experiment.training.steps
  if parts:
    found["images_seen"] = steps * sum(part.batch_size for part in parts)
    found["masks_seen"] = steps * sum(part.batch_size for part in parts if _has_masks(part))
    size = _size(parts[0], result)
    if size:
      found["epochs"] = steps * parts[0].batch_size / size
  seconds = train_seconds(result.model_dir)
  if seconds:
    found["train_seconds"] = seconds
    # Of a recipe of several steps, the images of the last one do not belong to all the seconds.
    if "images_seen" in found and len(_logs(result.model_dir)) == 1:
      found["images_per_second"] = found["images_seen"] / seconds
  return found


def train_seconds(model_dir):
  """Returns how long a run has trained: the sum of all sessions of its steps, 0 if it is unknown.

  Updates that were done twice count twice.
  """
  spent = 0.0
  for paths in _logs(model_dir).values():
    for path in paths:
      times = [event.wall_time for event in tf.compat.v1.train.summary_iterator(str(path))]
      spent += max(times) - min(times) if times else 0.0
  return spent


def _logs(model_dir):
  """Returns a dict of the name of every step of a run to the files of its TensorBoard."""
  found = {}
  for path in sorted(pathlib.Path(model_dir).glob("*/tensorboard/events.*")):
    found.setdefault(path.parts[-3], []).append(path)
  return found


def _has_masks(part):
  return bool(fields.parse_supervision(part.supervision) & fields.Supervision.MASK)


def _size(part, result):
  """Returns the number of samples of a part, None where that would be a guess."""
  if part.count:
    return part.count
  if part.ids or part.rest or result.source is None or len(result.experiment.data.sources) > 1:
    return None
  kind = fields.parse_supervision(part.supervision)
  flags = result.source.supervision(part.split, kind)
  return sum(bool(flag & kind) for flag in flags) if kind else len(flags)
