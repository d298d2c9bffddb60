"""Processes that die where a test wants, and whether what they leave at last is the same."""
import pathlib

import numpy as np
import pytest

from keras_weakseg.training import callbacks


class Killed(BaseException):
  """Stands for a process that is killed."""


def in_training(patch, name, step):
  """Arms a kill after a number of updates of the step of this name."""
  end = callbacks.BetweenSteps.on_train_batch_end

  def killed(self, batch, logs=None):
    end(self, batch, logs)
    if self._name == name and self.done == step:
      raise Killed
  patch.setattr(callbacks.BetweenSteps, "on_train_batch_end", killed)


def before(patch, module, function, contains):
  """Arms a kill before a call of a module's function with a text in one of its arguments."""
  original = getattr(module, function)

  def killed(*args, **kwargs):
    if any(contains in str(arg) for arg in args):
      raise Killed
    return original(*args, **kwargs)
  patch.setattr(module, function, killed)


def at_call(count, original=None):
  """Returns a method that dies at its call of this number, and does what `original` does before."""
  seen = []

  def killed(*args, **kwargs):
    seen.append(None)
    if len(seen) == count:
      raise Killed
    return original(*args, **kwargs) if original else None
  return killed


def killed(moment, arm, run):
  """Runs something that must die.

  Args:
    moment: what it is called in errors.
    arm: function of a `pytest.MonkeyPatch` that sets the kill.
    run: what is run.
  """
  with pytest.MonkeyPatch.context() as patch:
    arm(patch)
    try:
      run()
    except Killed:
      return
  raise AssertionError(f"it was not killed {moment}")


def _files(place, ending):
  place = pathlib.Path(place)
  return {path.relative_to(place).as_posix(): path for path in sorted(place.rglob(f"*{ending}"))
          if path.is_file() and "tensorboard" not in path.parts}


def assert_same_files(wanted, found, ending=""):
  """Compares two runs: the same files, the same weights, the same texts and pictures.

  Args:
    wanted, found: their folders.
    ending: of the names of the files that count, such as `.npz`.
  """
  wanted, found = _files(wanted, ending), _files(found, ending)
  assert set(wanted) == set(found) != set()
  for name, path in wanted.items():
    if name.endswith(".npz"):
      with np.load(path) as first, np.load(found[name]) as second:
        for key in first.files:
          np.testing.assert_array_equal(first[key], second[key], err_msg=f"{name} {key}")
    elif name.endswith((".json", ".csv", ".jsonl", ".png", ".yaml", ".txt")):
      assert path.read_bytes() == found[name].read_bytes(), name
