"""Brings a trained model back from its run directory."""
import collections
import os

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import writing
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import outputs
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.training import checkpoints

RECORD = outputs.RECORD
EXPERIMENT = "experiment.yaml"


def write_record(model_dir, record):
  """Writes `record.json`: what is needed to use the weights (classes, palette, network, step)."""
  write_json(os.path.join(model_dir, RECORD), dict(sorted(record.items())))


def write_json(path, value):
  """Writes a value as JSON; the file is there whole or not at all."""
  writing.write_json(path, value)


def write_text(path, text):
  """Writes a text file; it is there whole or not at all."""
  writing.write_whole(path, text)


def read_record(model_dir):
  """Returns the record of a run.

  Raises:
    FileNotFoundError: the folder holds no run.
    ValueError: see `outputs.read_record`.
  """
  if not os.path.exists(os.path.join(model_dir, RECORD)):
    raise errors.missing(
        f"The folder '{model_dir}' holds no run.", expected=f"a folder with '{RECORD}'",
        received=", ".join(sorted(os.listdir(model_dir))[:8]) if os.path.isdir(model_dir)
        else "no such folder", fix="Pass the model_dir that was given to fit.")
  return outputs.read_record(model_dir)


def unfinished(model_dir):
  """Returns how far the training of a run went if it is not finished, else an empty text.

  Args:
    model_dir: directory of the run.
  """
  folder = os.path.join(model_dir, read_record(model_dir)["phase"], "checkpoints")
  path = checkpoints.latest(os.path.join(folder, "last"))
  try:
    steps = checkpoints.read_signature(folder)["steps"]
  except (OSError, ValueError, KeyError):
    steps = 0  # It is not known; whoever trains on will be told.
  step = int(path.rsplit("-", 1)[-1]) if path else 0
  return f"step {step} of {steps}: the training is not finished" if 0 < step < steps else ""


def load_predictor(model_dir, network, checkpoint="last"):
  """Returns the predictor of a run with trained weights, and its `NetworkRecord`.

  Args:
    model_dir: directory of the run, or of a step of it that trains.
    network: `schema.Network` of the run.
    checkpoint: `last` or `best`.

  Raises:
    FileNotFoundError: there is no such checkpoint yet.
  """
  record = read_record(model_dir)
  step = os.path.join(model_dir, record["phase"])
  folder = os.path.join(step, "checkpoints", checkpoint)
  path = checkpoints.latest(folder)
  if path is None:
    raise errors.missing(
        f"The run '{model_dir}' has no {checkpoint} checkpoint.", expected=f"one in '{folder}'",
        received="none", fix="Train it first; `best` needs evaluation.validation_split and "
        "training.validate_every.")
  head = heads.Head.from_dict(record["head"])
  known = outputs.Outputs(record["phase"], step)
  has_networks = os.path.exists(os.path.join(step, outputs.NETWORKS))
  *_, predictor, network_record = building.build_predictor(
      network, head, known.architecture() if has_networks else "")
  restore_weights(predictor, path)
  return predictor, network_record


def load_step(directory, settings):
  """Returns the model of the task of a finished step that trains.

  Args:
    directory: of the step; its folder holds a record like that of a run.
    settings: `schema.Experiment` that the step amounts to.
  """
  record = read_record(directory)
  predictor, network_record = load_predictor(directory, settings.network)
  return tasks.of_record(network_record).model(predictor, record, network_record, settings)


def restore_weights(predictor, path):
  """Reads the predictor's weights out of a checkpoint of its method.

  Args:
    predictor: functional model.
    path: checkpoint prefix.

  Raises:
    ValueError: the checkpoint is of another model, or damaged.
  """
  holder = tf.train.Checkpoint(method=tf.train.Checkpoint(predictor=predictor))
  try:
    _check_shapes(predictor, path)
    # First of all: what the checkpoint holds besides is no matter, nor worth a warning.
    holder.restore(path).expect_partial().assert_existing_objects_matched()
  except (IndexError, tf.errors.OpError) as error:
    raise errors.value_error(
        f"The checkpoint '{path}' is damaged.", expected="a complete checkpoint",
        received=str(error).split("\n", maxsplit=1)[0],
        fix="Delete it and run fit again, or take the other one: evaluation.checkpoint is 'last' "
        "or 'best'.") from error
  except (AssertionError, ValueError) as error:
    raise errors.value_error(
        f"The checkpoint '{path}' is of another model.", expected=f"weights of {predictor.name}",
        received=str(error).split("\n", maxsplit=1)[0],
        fix="Check that record.json and the checkpoint belong to the same run.") from error


def _check_shapes(predictor, path):
  """Compares shapes before anything is restored: TensorFlow would stop half-way, with warnings."""
  found = collections.Counter(
      tuple(shape) for shape in tf.train.load_checkpoint(path).get_variable_to_shape_map().values())
  lacking = collections.Counter(tuple(weight.shape) for weight in predictor.weights) - found
  if lacking:
    raise ValueError("no variable of shape " + ", ".join(str(shape) for shape in lacking))
