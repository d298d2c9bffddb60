"""One phase: its network, and the weights it starts from."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs import schema
from keras_weakseg.framework import keras
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import single_phase
from keras_weakseg.recipes import training_phase


def test_the_predictor_takes_pixels_and_gives_scores_of_every_class():
  network, scorer, predictor, record = training_phase.build_predictor(
      schema.Network(type="light_tiny"), heads.Head(tuple("abcde")))
  scores = predictor(np.zeros([2, 33, 49, 3], np.float32))
  assert scorer is predictor
  assert scores.shape == (2, 5, 7, 5) and record.stride == 8
  assert {id(v) for v in network.weights} == {id(v) for v in predictor.weights}


# === Weights to start from ===


@pytest.fixture
def offline(monkeypatch):
  """Takes ImageNet's weights away, as without a connection and a cache."""
  def fail(*_, **__):
    raise Exception("URL fetch failure on https://example.org: None -- unreachable")
  monkeypatch.setattr(keras.applications, "MobileNet", fail)


def test_optional_weights_that_cannot_be_had_are_noted(experiment, tiny_data, offline, capsys):
  plan = single_phase.plan(experiment(**{"network.pretrained": "imagenet_if_available"}), tiny_data)
  assert "weights from ImageNet if they can be had, else from scratch" in plan.phases[0].plan[0]
  method = plan.phases[0].build({})
  printed = capsys.readouterr().out
  assert "Note: ImageNet weights cannot be had here, so training starts from scratch." in printed
  assert len(printed.splitlines()) == 1
  assert np.isfinite(method.predictor(np.zeros([1, 33, 33, 3], np.float32))).all()


def test_weights_that_were_asked_for_must_be_there(experiment, tiny_data, offline):
  plan = single_phase.plan(experiment(**{"network.pretrained": "imagenet"}), tiny_data)
  with pytest.raises(FileNotFoundError, match="ImageNet weights of MobileNet could not be fetched"):
    plan.phases[0].build({})


def test_a_file_of_weights_is_loaded(experiment, tiny_data, tmp_path):
  network, *_ = training_phase.build_predictor(experiment().network, heads.Head(tuple("abc")))
  trunk = next(v for v in network.trainable_weights if v.shape.rank == 4)
  layer, kind = trunk.name.split(":")[0].split("/")[-2:]
  value = np.random.RandomState(0).normal(size=trunk.shape).astype(np.float32)
  np.savez(tmp_path / "w.npz", **{f"{layer}__{kind}": value})
  plan = single_phase.plan(
      experiment(**{"network.pretrained": str(tmp_path / "w.npz")}), tiny_data)
  method = plan.phases[0].build({})
  found = next(v for v in method.weights if v.shape == value.shape and layer in v.name)
  np.testing.assert_array_equal(tf.convert_to_tensor(found), value)
