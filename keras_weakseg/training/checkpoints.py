"""Checkpoints of everything that training depends on, and what tells them apart."""
import json
import os
import shutil

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import writing

SIGNATURE = "signature.json"


class Checkpoints:
  """The last and the best state of a step.

  Saved: all networks, every optimizer, the step and the best score so far. Randomness and sample
  order need no state: they are functions of (seed, step). A checkpoint is written under a
  temporary name by TensorFlow and named in the index file only when it is complete.

  Args:
    directory: of the step.
    method: a prepared `Method`.
    keep: number of last checkpoints kept.
    signature: dict that must be equal in a run that continues from here.
    chief: whether this process keeps its files; other workers write theirs to a temporary place,
      because saving takes part in collectives.
  """

  def __init__(self, directory, method, *, keep=2, signature=None, chief=True):
    self.method = method
    self.best_score = tf.Variable(float("-inf"), trainable=False, dtype=tf.float32, name="best")
    others = {f"updater_{name}": updater for name, updater in method.updaters.items()
              if updater is not method.updater}
    self.checkpoint = tf.train.Checkpoint(
        method=method, updater=method.updater, best_score=self.best_score, **others)
    self.signature = signature or {}
    self.chief = chief
    self.home = os.path.join(directory, "checkpoints")
    place = self.home if chief else os.path.join(
        directory, f"temporary_{os.getpid()}")
    self._temporary = None if chief else place
    self.last = tf.train.CheckpointManager(
        self.checkpoint, os.path.join(place, "last"), max_to_keep=keep)
    self.best = tf.train.CheckpointManager(
        self.checkpoint, os.path.join(place, "best"), max_to_keep=1)
    self._signature_path = os.path.join(self.home, SIGNATURE)

  def restore(self):
    """Continues from the last checkpoint if there is one.

    Returns:
      The step to continue at, 0 at the beginning.

    Raises:
      ValueError: the directory holds a checkpoint of another model or training.
    """
    path = tf.train.latest_checkpoint(os.path.join(self.home, "last"))
    if path is None:
      return 0
    self._check_signature()
    try:
      self.checkpoint.restore(path).assert_existing_objects_matched().expect_partial()
    except (AssertionError, ValueError, IndexError, tf.errors.OpError) as error:
      raise errors.value_error(
          f"The checkpoint '{path}' cannot be restored.",
          expected="a complete checkpoint of this model", received=str(error).split("\n")[0],
          fix="Choose another model_dir, or delete the checkpoint to start afresh.") from error
    return int(self.method.step.numpy())

  def save(self, step):
    """Writes the last checkpoint.

    Raises:
      OSError: the disk is full or not writable; the previous checkpoint is still complete.
    """
    self._save(self.last, step)

  def save_if_best(self, step, score):
    """Writes the best checkpoint if `score` is higher than all before; returns whether it was."""
    if not score > float(self.best_score.numpy()):
      return False
    self.best_score.assign(score)
    self._save(self.best, step)
    return True

  def _save(self, manager, step):
    try:
      if self.chief and not os.path.exists(self._signature_path):
        writing.write_json(self._signature_path, self.signature, sort_keys=True)
      manager.save(checkpoint_number=step)
    except (OSError, tf.errors.OpError) as error:
      raise OSError(errors.describe(
          f"The checkpoint of step {step} could not be written.",
          expected=f"a writable folder with free space at '{self.home}'",
          received=str(error).split("\n")[0],
          fix="Free some space or choose another model_dir and run again: training continues at "
              "the last complete checkpoint.")) from error
    finally:
      if self._temporary:
        shutil.rmtree(self._temporary, ignore_errors=True)

  def _check_signature(self):
    try:
      with open(self._signature_path, encoding="utf-8") as file:
        found = json.load(file)
    except (OSError, ValueError):
      found = None
    if found == json.loads(json.dumps(self.signature)):
      return
    changed = [key for key in self.signature
               if not found or found.get(key) != json.loads(json.dumps(self.signature[key]))]
    raise errors.value_error(
        f"The folder '{self.home}' holds a checkpoint of another model or training.",
        expected=", ".join(f"{key} = {self.signature[key]}" for key in changed),
        received=", ".join(f"{key} = {(found or {}).get(key)}" for key in changed),
        fix="Choose another model_dir, delete this one, or restore the settings it was trained "
        "with.")
