"""Tests of the loop: it trains, continues bit for bit, stops at NaN, and replicas equal one."""
import csv
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs.sections import schema
from keras_weakseg.derived import results
from keras_weakseg.framework import keras
from keras_weakseg.networks.weights import weights as network_weights
from keras_weakseg.training import guards
from keras_weakseg.training import loop
from keras_weakseg.training import strategies
from keras_weakseg.training import validation


def run(plan, directory, strategy="one_device", **options):
  return loop.run(plan, str(directory), strategy=strategies.make_strategy(strategy), seed=1,
                  progress=False, **options)[1]


def weights(method):
  return [weight.numpy() for weight in method.weights]


@pytest.fixture(scope="module")
def whole(tiny_plan, tmp_path_factory):
  """Returns the folder of a run of two steps; leave it as it is."""
  folder = tmp_path_factory.mktemp("runs") / "whole"
  run(tiny_plan(steps=2), folder)
  return folder


class Stopped(Exception):
  """Stands for a process that is killed."""


def test_training_leaves_logs_and_a_mark(tiny_plan, tmp_path):
  run(tiny_plan(steps=4), tmp_path)
  with open(tmp_path / "train" / "log.csv", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
  assert [row["step"] for row in rows] == ["2", "4"]
  assert float(rows[1]["learning_rate"]) < float(rows[0]["learning_rate"])
  with open(tmp_path / "train" / "done.json", encoding="utf-8") as file:
    marker = json.load(file)
  assert marker["steps"] == 4 and len(marker["identity"]) == 16
  networks = json.loads((tmp_path / "train" / "networks.json").read_text())
  assert list(networks) == ["segmenter"]
  assert networks["segmenter"]["head"]["classes"] == list("abcd")
  assert (tmp_path / "train" / "segmenter.npz").exists()


@pytest.mark.parametrize("moment", ["before weights", "while weights", "before the marker"])
def test_closing_work_is_done_again_until_it_is_marked(
    tiny_plan, whole, tmp_path, monkeypatch, moment):
  """Killed between the last checkpoint and the marker: the next run finishes, trains nothing."""
  parts = tmp_path / "parts"

  def killed(*_, **__):
    raise Stopped

  with monkeypatch.context() as patch:
    if moment == "before the marker":
      patch.setattr(results, "write", killed)
    elif moment == "while weights":
      patch.setattr(os, "replace", lambda old, new, replace=os.replace: (
          killed() if str(new).endswith(".npz") else replace(old, new)))
    else:
      patch.setattr(network_weights, "write_npz", killed)
    with pytest.raises(Stopped):
      run(tiny_plan(steps=2), parts)
  assert not (parts / "train" / "done.json").exists()
  method = run(tiny_plan(steps=2), parts)
  files = lambda place: sorted(path.relative_to(place).as_posix() for path in place.rglob("*")
                               if "tensorboard" not in path.parts)
  assert files(whole) == files(parts) and int(method.step) == 2
  for name in ("done.json", "networks.json", "log.csv", "log.jsonl"):
    assert (whole / "train" / name).read_text() == (parts / "train" / name).read_text(), name


@pytest.mark.parametrize("method", [
    pytest.param("supervised", marks=pytest.mark.slow), "em_adapt"])
def test_an_interrupted_run_ends_with_the_same_bits(tiny_plan, tiny_bundle, tmp_path, method):
  # Rows of the log and checkpoints at different steps: figures of 4 wait for the row of 6.
  options = {"network_options": {"dropout_rate": 0.5}, "log_every": 3, "averaging": 0.9,
             "statistics_batches": 1}
  whole = run(tiny_plan(method, steps=6, **options), tmp_path / "whole")

  class Killed(tiny_bundle):
    def batch(self, step, part=slice(None)):
      if step == 5:
        raise Stopped
      return super().batch(step, part)

  with pytest.raises(Exception):
    run(tiny_plan(method, steps=6, bundle=Killed(), **options), tmp_path / "parts")
  assert not os.path.exists(tmp_path / "parts" / "train" / "done.json")
  resumed = run(tiny_plan(method, steps=6, **options), tmp_path / "parts")
  for first, second in zip(weights(whole), weights(resumed)):
    np.testing.assert_array_equal(first, second)
  for name in ("log.csv", "log.jsonl", "checkpoints/pending.json"):
    assert (tmp_path / "whole" / "train" / name).read_text() == (
        tmp_path / "parts" / "train" / name).read_text(), name


def test_a_finished_run_is_not_trained_again(tiny_plan, whole, monkeypatch):
  with np.load(whole / "train" / "segmenter.npz") as arrays:
    first = {name: arrays[name] for name in arrays.files}
  monkeypatch.setattr(strategies, "distribute", None)  # No batch is asked for.
  method = run(tiny_plan(steps=2), whole)
  second = network_weights.arrays_of(method.networks["segmenter"])
  assert int(method.step) == 2 and set(first) == set(second)
  for name, value in first.items():
    np.testing.assert_array_equal(value, second[name], err_msg=name)


def test_nan_names_the_term_and_keeps_the_last_good_checkpoint(tiny_plan, tmp_path):
  plan = tiny_plan(steps=6, optimization=schema.sgd(1e30, 100), checkpoint_every=1)
  with pytest.raises(guards.NonFiniteError, match="loss_mask") as error:
    run(plan, tmp_path)
  assert "sample" in str(error.value)
  path = tf.train.latest_checkpoint(str(tmp_path / "train" / "checkpoints" / "last"))
  done = int(path.rsplit("-", 1)[1])
  assert f"at step {done}" in str(error.value)


def test_other_settings_are_refused(tiny_plan, whole, tmp_path):
  folder = shutil.copytree(whole, tmp_path / "run")
  with pytest.raises(ValueError, match="another model or training"):
    run(tiny_plan("em_fixed", steps=2), folder)


def test_validation_picks_the_best_checkpoint(tiny_plan, tmp_path, monkeypatch):
  plan = tiny_plan(steps=6, validate_every=2, validation="val")
  scores = iter([0.3, 0.5, 0.4])

  def validate(method):
    del method
    score = next(scores)
    return {"mean_iou": score}, np.zeros([1, 4, 4, 3], np.uint8), score, "fine"

  monkeypatch.setattr(validation, "Validation", lambda step: validate)
  run(plan, tmp_path)
  best = tf.train.latest_checkpoint(str(tmp_path / "train" / "checkpoints" / "best"))
  assert best.endswith("-4")
  with open(tmp_path / "train" / "log.csv", encoding="utf-8") as file:
    found = [row["validation_mean_iou"] for row in csv.DictReader(file)]
  assert [value for value in found if value] == ["0.3", "0.5", "0.4"]


def test_xla_over_replicas_is_refused(tiny_plan, tmp_path):
  class Two:
    num_replicas_in_sync = 2

  with pytest.raises(ValueError, match="XLA cannot compile"):
    loop.run(tiny_plan(), str(tmp_path), strategy=Two(), seed=1, jit_compile=True)
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("method", [
    "supervised", pytest.param("em_adapt", marks=pytest.mark.slow)])
def test_xla_step_trains_like_the_graph(tiny_plan, tmp_path, method):
  options = {"steps": 2, "averaging": 0.5}
  plain = run(tiny_plan(method, **options), tmp_path / "graph")
  compiled = run(tiny_plan(method, **options), tmp_path / "xla", jit_compile=True)
  for first, second in zip(plain.predictor.trainable_weights,
                           compiled.predictor.trainable_weights):
    np.testing.assert_allclose(first, second, atol=2e-4)


@pytest.mark.parametrize("policy", [
    pytest.param("mixed_bfloat16", marks=pytest.mark.slow), "mixed_float16"])
def test_mixed_precision_trains(tiny_plan, tmp_path, policy):
  plan = tiny_plan("em_fixed", steps=2, multipliers=[schema.Multiplier()], averaging=0.5,
                   statistics_batches=1)
  plan.last.settings.runtime.mixed_precision = policy
  method = run(plan, tmp_path)
  assert keras.mixed_precision.global_policy().name == "float32"
  assert method.networks["segmenter"].layers[2].compute_dtype == policy[len("mixed_"):]
  assert all(np.isfinite(value).all() for value in weights(method))
  assert method.predictor.output.dtype == tf.float32


def test_own_optimizer_is_used(tiny_plan, tmp_path):
  method = run(tiny_plan(steps=1), tmp_path, optimizer=keras.optimizers.Adam(1e-3))
  assert isinstance(method.updater.optimizers[0], keras.optimizers.Adam)


def test_gradient_accumulation_runs(tiny_plan, tmp_path):
  method = run(tiny_plan("em_fixed", steps=2, accumulation=2), tmp_path)
  assert int(method.step) == 2


@pytest.mark.slow
def test_many_runs_in_one_process_do_not_warn(tiny_plan, tmp_path, caplog):
  """Several seeds are several models: that each is traced is no mistake of the user."""
  for seed in range(7):
    run(tiny_plan(steps=1), tmp_path / str(seed))
  assert not [record for record in caplog.records if record.levelname == "WARNING"]
