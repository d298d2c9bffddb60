"""Records are written whole, and weights come back only into the model they are of."""
import copy as py_copy
import dataclasses
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import building
from keras_weakseg.training import restore


@pytest.fixture
def copy(tiny_run, tmp_path):
  return shutil.copytree(tiny_run.model_dir, tmp_path / "run")


# === Files ===


def test_a_record_comes_back(tmp_path):
  head = {"classes": ["background", "Käse"], "mode": "logsumexp", "groups": None}
  network = dataclasses.asdict(networks.network_record("light_tiny"))
  record = json.loads(json.dumps({
      "phase": "train", "classes": ["background", "Käse"], "palette": [[0, 0, 0], [1, 2, 3]],
      "head": head, "data": "", "network": network}))
  restore.write_record(tmp_path, record)
  assert restore.read_record(tmp_path) == record
  assert os.listdir(tmp_path) == ["record.json"]


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
  path = str(tmp_path / "a.json")
  restore.write_json(path, {"old": 1})

  def fail(*_):
    raise OSError(28, "No space left on device")

  monkeypatch.setattr(restore.os, "replace", fail)
  with pytest.raises(OSError, match="No space left"):
    restore.write_json(path, {"new": 1})
  monkeypatch.undo()
  assert os.listdir(tmp_path) == ["a.json"]
  with open(path, encoding="utf-8") as file:
    assert json.load(file) == {"old": 1}


def test_a_folder_without_a_run_says_what_is_there(tmp_path):
  (tmp_path / "photo.jpg").write_text("x")
  with pytest.raises(FileNotFoundError, match="holds no run(?s:.*)photo.jpg"):
    restore.read_record(tmp_path)
  with pytest.raises(FileNotFoundError, match="no such folder"):
    restore.read_record(tmp_path / "nothing")


def test_a_damaged_record_is_refused(tmp_path):
  (tmp_path / "record.json").write_text("[")
  with pytest.raises(ValueError, match="record.json' is damaged"):
    restore.read_record(tmp_path)


# === Weights ===


def test_the_predictor_comes_back_with_its_weights(tiny_run):
  predictor, record = restore.load_predictor(
      tiny_run.model_dir, tiny_run.experiment.network, "best")
  assert record == tiny_run.record and len(predictor.weights) == len(tiny_run.predictor.weights)
  for found, expected in zip(predictor.weights, tiny_run.predictor.weights):
    np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_last_and_best_are_different_files(copy, tiny_run):
  last = restore.load_predictor(copy, tiny_run.experiment.network, "last")[0]
  shutil.rmtree(copy / "train" / "checkpoints" / "best")
  again = restore.load_predictor(copy, tiny_run.experiment.network)[0]
  for found, expected in zip(again.weights, last.weights):
    np.testing.assert_array_equal(found.numpy(), expected.numpy())
  with pytest.raises(FileNotFoundError, match="no best checkpoint"):
    restore.load_predictor(copy, tiny_run.experiment.network, "best")


def test_a_run_says_how_far_it_went(copy, tiny_run):
  assert restore.unfinished(tiny_run.model_dir) == ""
  last = copy / "train" / "checkpoints" / "last"
  for path in last.glob("ckpt-12*"):
    path.unlink()
  (last / "checkpoint").write_text('model_checkpoint_path: "ckpt-6"\n'
                                   'all_model_checkpoint_paths: "ckpt-6"\n')
  assert restore.unfinished(copy) == "step 6 of 12: the training is not finished"
  (last.parent / "signature.json").unlink()
  assert restore.unfinished(copy) == ""


def test_a_run_can_be_moved(copy, tiny_run):
  """TensorFlow's index file may hold absolute paths: here it must not."""
  assert str(tiny_run.model_dir) not in (
      copy / "train" / "checkpoints" / "last" / "checkpoint").read_text()


@pytest.mark.parametrize("classes, filters", [(4, 16), (3, 24)])
def test_weights_of_another_model_are_refused_and_change_nothing(tiny_run, classes, filters,
                                                                 caplog):
  network = tiny_run.experiment.network
  network = py_copy.deepcopy(network)
  network.light_tiny.head_filters = filters
  head = heads.Head(tuple(f"class {index}" for index in range(classes)))
  *_, other, _ = building.build_predictor(network, head)
  before = [weight.numpy() for weight in other.weights]
  path = tf.train.latest_checkpoint(os.path.join(
      tiny_run.model_dir, "train", "checkpoints", "last"))
  with pytest.raises(ValueError, match="is of another model(?s:.*)no variable of shape"):
    restore.restore_weights(other, path)
  for weight, value in zip(other.weights, before):
    np.testing.assert_array_equal(weight.numpy(), value)
  assert not caplog.records


def test_a_cut_checkpoint_is_damaged_not_another_model(copy, tiny_run):
  for path in (copy / "train" / "checkpoints" / "last").glob("*.data*"):
    path.write_bytes(path.read_bytes()[:1000])
  with pytest.raises(ValueError, match="ckpt-12' is damaged"):
    restore.load_predictor(copy, tiny_run.experiment.network)
