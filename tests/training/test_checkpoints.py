"""Tests of checkpoints: complete, restorable, refused where they do not fit."""
import os

import numpy as np
import pytest

from keras_weakseg.framework import keras
from keras_weakseg.training import checkpoints
from keras_weakseg.training import optimizers


def prepared(tiny_plan, **options):
  plan = tiny_plan(**options)
  method = plan.phases[0].build({})
  method.prepare(optimizers.updater_maker(plan.phases[0].training, plan.record))
  return method


def test_everything_comes_back(tiny_plan, tiny_bundle, tmp_path):
  keras.utils.set_random_seed(1)
  method = prepared(tiny_plan)
  saved = checkpoints.Checkpoints(tmp_path, method, signature={"data": "a"})
  for step in range(2):
    method.train_step(next(iter(tiny_bundle().batches(step))))
  saved.best_score.assign(0.25)
  saved.save(2)
  other = prepared(tiny_plan)
  restored = checkpoints.Checkpoints(tmp_path, other, signature={"data": "a"})
  assert restored.restore() == 2
  assert float(restored.best_score) == 0.25
  for first, second in zip(method.weights, other.weights):
    np.testing.assert_array_equal(first, second)
  momenta = lambda m: [v.numpy() for o in m.updater.optimizers for v in o.variables]
  assert any(np.abs(value).sum() > 0 for value in momenta(method))
  for first, second in zip(momenta(method), momenta(other)):
    np.testing.assert_array_equal(first, second)


def test_empty_directory_starts_at_zero(tiny_plan, tmp_path):
  assert checkpoints.Checkpoints(tmp_path, prepared(tiny_plan)).restore() == 0


def test_best_is_only_overwritten_by_better(tiny_plan, tmp_path):
  saved = checkpoints.Checkpoints(tmp_path, prepared(tiny_plan))
  assert saved.save_if_best(1, 0.5)
  assert not saved.save_if_best(2, 0.4)
  assert not saved.save_if_best(2, float("nan"))
  assert saved.save_if_best(3, 0.6)
  assert os.path.basename(saved.best.latest_checkpoint).endswith("-3")


def test_other_training_is_refused(tiny_plan, tmp_path):
  method = prepared(tiny_plan)
  checkpoints.Checkpoints(tmp_path, method, signature={"data": "a", "steps": 4}).save(1)
  with pytest.raises(ValueError, match="another model or training") as error:
    checkpoints.Checkpoints(tmp_path, method, signature={"data": "b", "steps": 4}).restore()
  assert "data = b" in str(error.value) and "data = a" in str(error.value)
  assert "steps" not in str(error.value)


def test_damaged_checkpoint_is_refused(tiny_plan, tmp_path):
  method = prepared(tiny_plan)
  saved = checkpoints.Checkpoints(tmp_path, method)
  saved.save(1)
  data = [name for name in os.listdir(tmp_path / "checkpoints" / "last") if ".data-" in name][0]
  with open(tmp_path / "checkpoints" / "last" / data, "r+b") as file:
    file.truncate(1000)
  with pytest.raises(ValueError, match="cannot be restored"):
    checkpoints.Checkpoints(tmp_path, method).restore()


def test_unwritable_place_is_reported(tiny_plan, tmp_path):
  method = prepared(tiny_plan)
  (tmp_path / "checkpoints").write_text("a file where a folder is needed")
  with pytest.raises(OSError, match="could not be written.*\n.*Expected: a writable folder"):
    checkpoints.Checkpoints(tmp_path, method).save(1)


def test_a_full_disk_leaves_the_last_complete_checkpoint(tiny_plan, tmp_path, monkeypatch):
  method = prepared(tiny_plan)
  saved = checkpoints.Checkpoints(tmp_path, method)
  saved.save(1)

  def full(*args, **kwargs):
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(saved.last, "save", full)
  with pytest.raises(OSError, match="No space left"):
    saved.save(2)
  assert checkpoints.Checkpoints(tmp_path, prepared(tiny_plan)).restore() == int(method.step)


def test_workers_that_are_not_chief_leave_nothing(tiny_plan, tmp_path):
  checkpoints.Checkpoints(tmp_path, prepared(tiny_plan), chief=False).save(1)
  assert not list(tmp_path.iterdir())

@pytest.mark.parametrize("contents", [
    b"", b"\xff\xfe", b"words", b'model_checkpoint_path: "../other/ckpt-1"\n',
    b'model_checkpoint_path: "/elsewhere/ckpt-1"\n', b'model_checkpoint_path: "ckpt-7"\n', None])
def test_a_damaged_index_is_refused_instead_of_training_afresh(tmp_path, contents):
  (tmp_path / "ckpt-1.index").write_bytes(b"x")
  assert checkpoints.latest(tmp_path) is None
  (tmp_path / "checkpoint").mkdir() if contents is None else (
      tmp_path / "checkpoint").write_bytes(contents)
  with pytest.raises(ValueError, match="(?s)The index of checkpoints .*cannot be read"):
    checkpoints.latest(tmp_path)


def test_a_checkpoint_that_is_a_pipe_is_not_opened(tmp_path):
  (tmp_path / "checkpoint").write_text('model_checkpoint_path: "ckpt-1"\n')
  os.mkfifo(tmp_path / "ckpt-1.index")
  (tmp_path / "ckpt-1.data-00000-of-00001").write_bytes(b"x")
  with pytest.raises(ValueError, match="a pipe, a socket or a device"):
    checkpoints.latest(tmp_path)


@pytest.mark.parametrize("text", ["[]", "3", "[" * 100_000, "{", '{"steps": "x"}'])
def test_a_damaged_signature_is_another_training(tiny_plan, tmp_path, text):
  saved = checkpoints.Checkpoints(tmp_path, prepared(tiny_plan), signature={"steps": 4})
  saved.save(1)
  (tmp_path / "checkpoints" / "signature.json").write_text(text)
  with pytest.raises(ValueError, match="another model or training"):
    saved.restore()


def test_figures_that_wait_for_their_line_come_back(tiny_plan, tmp_path):
  method = prepared(tiny_plan)
  saved = checkpoints.Checkpoints(tmp_path, method)
  method.step.assign(2)
  saved.save(2)
  assert not (tmp_path / "checkpoints" / "pending.json").exists()
  method.step.assign(4)
  saved.save(4, [{"loss": 0.1 + 0.2}])
  again = checkpoints.Checkpoints(tmp_path, method)
  assert again.pending == [] and again.restore() == 4
  assert again.pending == [{"loss": 0.1 + 0.2}]
  again.save(6)
  assert checkpoints.Checkpoints(tmp_path, method).restore() == 4 and again.pending == []
