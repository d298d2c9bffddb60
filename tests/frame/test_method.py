"""The proof of the frame: a method with two networks, two optimizers and a moving average.

It is registered by these tests and touches no line of the library.
"""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.training import callbacks

WORKER = pathlib.Path(__file__).with_name("replicas_worker.py")


class Killed(BaseException):
  """Stands for a process that is killed."""


@pytest.fixture(scope="module")
def whole(experiments, photo_folder, tmp_path_factory):
  """Returns the `Result` of an uninterrupted run."""
  return kw.fit(experiments.duel(photo_folder), progress=False,
                model_dir=tmp_path_factory.mktemp("runs") / "whole")


def arrays(result, network):
  with np.load(f"{result.model_dir}/train/{network}.npz") as archive:
    return {name: archive[name] for name in archive.files}


def test_both_networks_learn_at_their_own_rates(whole):
  rows = [json.loads(line) for line in open(f"{whole.model_dir}/train/log.jsonl")]
  assert rows[0]["rival_learning_rate"] / rows[0]["learning_rate"] == pytest.approx(5.0)
  assert {"loss", "rival_loss", "pull", "loss_mask", "rival_loss_mask"} <= set(rows[0])
  widths = {name: arrays(whole, name)["conv__kernel"].shape[-1]
            for name in ("segmenter", "rival", "teacher")}
  assert widths == {"segmenter": 8, "rival": 6, "teacher": 8}


def test_the_average_is_that_of_all_updates(experiments, photo_folder, tmp_path, toys, monkeypatch):
  """The closed form: decay^n times the start, and every later weight by its share."""
  seen = []
  after = toys.Duel.after_update

  def record(self):
    tf.py_function(lambda value: seen.append(value.numpy()),
                   [tf.identity(self.networks["segmenter"].weights[0])], [])
    after(self)

  start = []
  prepare = toys.Duel.prepare
  monkeypatch.setattr(toys.Duel, "after_update", record)
  monkeypatch.setattr(toys.Duel, "prepare", lambda self, make: (
      start.append(self.networks["segmenter"].weights[0].numpy()), prepare(self, make))[1])
  result = kw.fit(experiments.duel(photo_folder, steps=3), model_dir=tmp_path / "run",
                  progress=False)
  wanted = start[0]
  for value in seen:
    wanted = 0.5 * wanted + 0.5 * value
  assert len(seen) == 3 and np.abs(seen[-1] - seen[0]).max() > 0
  np.testing.assert_allclose(arrays(result, "teacher")["conv__kernel"], wanted, atol=1e-7)


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_bits(
    experiments, photo_folder, tmp_path, whole, monkeypatch):
  end = callbacks.BetweenSteps.on_train_batch_end

  def killed(self, batch, logs=None):
    end(self, batch, logs)
    if self.done == 5:
      raise Killed

  with monkeypatch.context() as patch:
    patch.setattr(callbacks.BetweenSteps, "on_train_batch_end", killed)
    with pytest.raises(Killed):
      kw.fit(experiments.duel(photo_folder), model_dir=tmp_path / "run", progress=False)
  resumed = kw.fit(experiments.duel(photo_folder), model_dir=tmp_path / "run", progress=False)
  for network in ("segmenter", "rival", "teacher"):
    first, second = arrays(whole, network), arrays(resumed, network)
    for name, value in first.items():
      np.testing.assert_array_equal(value, second[name], err_msg=f"{network} {name}")
  assert whole.metrics == resumed.metrics


def test_it_is_evaluated_and_exported_like_any_other(whole, tmp_path):
  again = kw.evaluate(whole.model_dir, progress=False)
  assert again["confusion"] == whole.metrics["confusion"]
  artifact = kw.export(whole, tmp_path / "served")
  image = np.random.RandomState(0).randint(0, 255, (1, 40, 56, 3)).astype(np.uint8)
  served = tf.saved_model.load(artifact).signatures["predict_images"](images=tf.constant(image))
  np.testing.assert_array_equal(served["mask"].numpy(), np.asarray(whole.model.mask(image)))


@pytest.mark.slow
def test_two_replicas_equal_one(photo_folder):
  done = subprocess.run(
      [sys.executable, str(WORKER), str(photo_folder)], capture_output=True, text=True, timeout=300,
      check=False, env={**os.environ, "PYTHONPATH": str(WORKER.parents[2])})
  assert done.returncode == 0, done.stderr[-3000:]
  report = json.loads(done.stdout.strip().splitlines()[-1])
  for network, (moved, apart) in report.items():
    assert apart < 1e-5 < 1e-3 < moved, (network, moved, apart)


def test_a_missing_optimizer_is_named(experiments, photo_folder, tmp_path):
  config = overrides.resolve(experiments.duel(photo_folder))
  del vars(config.training.updaters)["rival"]
  with pytest.raises(ValueError, match="(?s)optimizer 'rival' that is not configured.*"
                     "training.updaters.rival"):
    kw.fit(config, model_dir=tmp_path / "run", progress=False)
