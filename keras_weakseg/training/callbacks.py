"""What happens between steps: checks, progress, logs, validation, checkpoints."""
import contextlib
import sys

import tensorflow as tf

from keras_weakseg.files import progress as progress_lib
from keras_weakseg.framework import keras
from keras_weakseg.training import guards


class BetweenSteps(keras.callbacks.Callback):
  """Runs after every step of `fit`.

  Args:
    start, steps: first step and number of steps in all.
    training: `schema.Training`.
    checkpoints: `Checkpoints`.
    log: `RunLog`, or None on workers that do not write.
    sample_ids: function of a step that returns the ids of its batch.
    validate: function without arguments that returns a dict of figures, pictures uint8 [N,H,W,3],
      what the best checkpoint has most of, and a text for people; or None.
    finish: function without arguments that follows the last update, before it is validated and
      saved; or None.
    evaluated: function that returns a context in which the method holds what is evaluated, not
      what goes on training; not used after `finish`.
    progress: whether to draw the progress bar.
    name: of the phase.
  """

  def __init__(self, start, steps, *, training, checkpoints, log, sample_ids, validate=None,
               finish=None, evaluated=contextlib.nullcontext, progress=True, name="train"):
    super().__init__()
    self.done = start
    self.steps = steps
    self.training = training
    self.checkpoints = checkpoints
    self.log = log
    self.sample_ids = sample_ids
    self.validate = validate
    self.finish = finish
    self.evaluated = evaluated
    self.checkpoint_every = training.checkpoint_every or max(1, steps // 10)
    self._progress = progress
    self._name = name
    self._bar = None
    self._window = list(getattr(checkpoints, "pending", ()))
    self._warned = set()

  def on_train_begin(self, logs=None):
    """Opens the progress bar."""
    self._bar = progress_lib.bar(None, self._name, self.steps, unit="step", show=self._progress,
                                 initial=self.done, leave=True)

  def on_train_batch_end(self, batch, logs=None):
    """Checks, logs, validates and saves, in this order."""
    figures = {name: float(value) for name, value in logs.items()}
    guards.check_finite(figures, self.done, self.sample_ids)
    self.done += 1
    self._window.append(figures)
    last = self.done == self.steps
    if self.done % self.training.log_every == 0 or last:
      means = {name: sum(entry[name] for entry in self._window) / len(self._window)
               for name in figures}
      self._window = []
      if self.log:
        self.log.write(self.done, means)
      for text in getattr(self.model, "warnings", lambda figures: [])(means):
        if self.log and text not in self._warned:
          self._warned.add(text)
          self._bar.write(f"step {self.done}, warning: {text}", file=sys.stderr)
      self._bar.set_postfix({name: f"{value:.3g}" for name, value in means.items()}, refresh=False)
    self._bar.update()
    if last and self.finish:
      self.finish()
    every = self.training.validate_every
    if self.validate and every and (self.done % every == 0 or last):
      with contextlib.nullcontext() if last else self.evaluated():
        self._validate()
    if self.done % self.checkpoint_every == 0 or last:
      self.checkpoints.save(self.done, self._window)

  def on_train_end(self, logs=None):
    """Closes the progress bar."""
    self.close()

  def close(self):
    """Closes the progress bar, also after an error; may be called again."""
    if self._bar is not None:
      self._bar.close()

  def _validate(self):
    figures, pictures, score, text = self.validate()
    self.checkpoints.save_if_best(self.done, score)
    if self.log:
      self.log.write(self.done, {f"validation_{name}": value for name, value in figures.items()
                                 if isinstance(value, float)})
      if pictures is not None and len(pictures):
        self.log.pictures(self.done, "validation", tf.constant(pictures))
    self._bar.write(f"step {self.done}: {text}", file=sys.stderr)
