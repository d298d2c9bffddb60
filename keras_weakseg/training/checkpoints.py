"""Checkpoints of everything that training depends on, and what tells them apart."""
import glob
import json
import os
import re
import shutil

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import text as texts
from keras_weakseg.files import writing

SIGNATURE = "signature.json"
INDEX = "checkpoint"  # TensorFlow's own
_PENDING = "pending.json"
_FIGURES = schema.map_of(schema.list_of(schema.map_of(schema.number)))
_NAMED = re.compile(r'^(?:all_)?model_checkpoint_paths?: "(ckpt-\d+)"$', re.MULTILINE)


class Checkpoints:
  """The last and the best state of a step.

  Saved: all networks, every optimizer, the step and the best score so far. Randomness and sample
  order need no state: they are functions of (seed, step). A checkpoint is written under a
  temporary name by TensorFlow and named in the index file only when it is complete. Figures that
  wait for their line in the log lie beside it, so that logs go on as if nothing had happened.

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
    self._pending_path = os.path.join(self.home, _PENDING)
    self._pending, self._saved = {}, 0

  def restore(self):
    """Continues from the last checkpoint if there is one.

    Returns:
      The step to continue at, 0 at the beginning.

    Raises:
      ValueError: the directory holds a checkpoint of another model or training.
    """
    path = latest(os.path.join(self.home, "last"))
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
    self._saved = int(self.method.step.numpy())
    if os.path.exists(self._pending_path):
      self._pending = json_files.read_json(
          self._pending_path, "record of figures", _FIGURES, nan=True,
          fix="Delete it: one line of the log is then the mean of fewer steps.")
    return self._saved

  @property
  def pending(self):
    """Dicts of figures, of steps up to the restored one, that no line of the log holds yet."""
    return list(self._pending.get(str(self._saved), ()))

  def save(self, step, pending=()):
    """Writes the last checkpoint.

    Args:
      step: updates done.
      pending: dicts of figures that no line of the log holds yet.

    Raises:
      OSError: the disk is full or not writable; the previous checkpoint is still complete.
    """
    if self.chief and (pending or self._pending):
      # Those of the checkpoint before stay until this one is complete.
      kept = {name: figures for name, figures in self._pending.items() if name == str(self._saved)}
      self._pending = {**kept, str(step): list(pending)}
      self._write(lambda: writing.write_json(self._pending_path, self._pending), step)
    self._save(self.last, step)
    self._saved = step

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
        self._write(lambda: writing.write_json(
            self._signature_path, self.signature, sort_keys=True), step)
      self._write(lambda: manager.save(checkpoint_number=step), step)
    finally:
      if self._temporary:
        shutil.rmtree(self._temporary, ignore_errors=True)

  def _write(self, write, step):
    try:
      write()
    except (OSError, tf.errors.OpError) as error:
      raise OSError(errors.describe(
          f"The checkpoint of step {step} could not be written.",
          expected=f"a writable folder with free space at '{self.home}'",
          received=str(error).split("\n")[0],
          fix="Free some space or choose another model_dir and run again: training continues at "
              "the last complete checkpoint.")) from error

  def _check_signature(self):
    try:
      found = read_signature(self.home)
    except (OSError, ValueError):
      found = {}
    wanted = json.loads(json.dumps(self.signature))
    changed = [key for key in wanted if found.get(key) != wanted[key]]
    if not changed and found.keys() == wanted.keys():
      return
    raise errors.value_error(
        f"The folder '{self.home}' holds a checkpoint of another model or training.",
        expected=", ".join(f"{key} = {self.signature[key]}" for key in changed),
        received=", ".join(f"{key} = {found.get(key)}" for key in changed),
        fix="Choose another model_dir, delete this one, or restore the settings it was trained "
        "with.")


def read_signature(home):
  """Returns the signature beside checkpoints, a dict of plain JSON values.

  Args:
    home: folder of `last` and `best`.

  Raises:
    FileNotFoundError, ValueError: there is none, or it is damaged.
  """
  return json_files.read_json(os.path.join(home, SIGNATURE), "signature of a training",
                              schema.record({}, {"steps": schema.whole}))


def latest(folder):
  """Returns the prefix of the newest checkpoint of a folder, None before the first one.

  A damaged index is refused: TensorFlow takes it for none, and training would start afresh.

  Args:
    folder: of a `CheckpointManager`.

  Raises:
    ValueError: the index is damaged, names a checkpoint outside of the folder or none that is
      there, or a file of it is no regular one.
  """
  index = os.path.join(folder, INDEX)
  if not os.path.lexists(index):
    return None
  fix = "Restore it, or delete the folder with all its checkpoints to train afresh."
  names = named(folder)
  path = tf.train.latest_checkpoint(folder) if names else None
  if path is None or os.path.basename(path) not in names:
    raise texts.unreadable(
        "index of checkpoints", index, "the name of a checkpoint beside it that is there",
        ", ".join(sorted(names)) or "none", fix)
  for file in (path + ".index", *glob.glob(glob.escape(path) + ".data-*")):
    texts.check_regular(file, "checkpoint", fix)
  return path


def named(folder):
  """Returns the set of the names of checkpoints in the index of a folder, such as `ckpt-4`."""
  return set(_NAMED.findall(texts.read_text(os.path.join(folder, INDEX), "index of checkpoints")))
