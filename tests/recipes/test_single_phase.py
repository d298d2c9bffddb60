"""The recipe of one method: its plan, its network, and the weights it starts from."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs import overrides
from keras_weakseg.configs import schema
from keras_weakseg.framework import keras
from keras_weakseg.methods import em_adapt
from keras_weakseg.recipes import single_phase


@pytest.fixture
def experiment(tiny_overrides):
  def make(method="em_adapt", **changes):
    return overrides.resolve("own_data", overrides=[
        tiny_overrides, {"method.type": method}, changes])
  return make


def test_the_predictor_takes_pixels_and_gives_scores_of_every_class():
  network, predictor, record = single_phase.build_predictor(
      schema.Network(type="light_tiny"), num_classes=5)
  scores = predictor(np.zeros([2, 33, 49, 3], np.float32))
  assert scores.shape == (2, 5, 7, 5) and record.stride == 8
  assert {id(v) for v in network.weights} == {id(v) for v in predictor.weights}


def test_the_plan_names_method_network_data_and_length(experiment, tiny_data):
  phase = single_phase.plan(experiment(), tiny_data).phases[0]
  text = "\n".join(phase.plan)
  assert text.startswith("em_adapt on light_tiny, weights from scratch\n")
  assert "12 steps of 8 samples" in text and "held out" in text
  assert phase.validation is None and phase.bundle.batch_size == 8


def test_build_gives_the_configured_method(experiment, tiny_data):
  config = experiment(**{"method.em_adapt.iterations": 2, "training.accumulation": 2, "seed": 9})
  plan = single_phase.plan(config, tiny_data)
  method = plan.phases[0].build({})
  assert isinstance(method, em_adapt.EMAdapt)
  assert method.seed == 9 and method.accumulation == 2 and method.parts == ("mask",)
  assert method.predictor.output_shape[-1] == 3 and method.stride == plan.record.stride


def test_validation_gives_every_sample_with_its_mask(experiment, tiny_data):
  config = experiment(**{"evaluation.validation_split": "val"})
  samples = list(single_phase.plan(config, tiny_data).phases[0].validation())
  assert len(samples) == len(tiny_data.ids("validation"))
  assert all(sample["mask"].shape == sample["image"].shape[:2] for sample in samples)


def test_the_same_seed_gives_the_same_fingerprint(experiment, tiny_data):
  prints = [single_phase.plan(config, tiny_data).phases[0].fingerprint for config in (
      experiment(), experiment(), experiment(seed=2),
      experiment(**{"data.augmentation.color": 0.9}))]
  assert prints[0] == prints[1] and len(set(prints)) == 3


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
  network, _, _ = single_phase.build_predictor(
      experiment().network, num_classes=3)
  trunk = next(v for v in network.trainable_weights if v.shape.rank == 4)
  layer, kind = trunk.name.split(":")[0].split("/")[-2:]
  value = np.random.RandomState(0).normal(size=trunk.shape).astype(np.float32)
  np.savez(tmp_path / "w.npz", **{f"{layer}__{kind}": value})
  plan = single_phase.plan(
      experiment(**{"network.pretrained": str(tmp_path / "w.npz")}), tiny_data)
  method = plan.phases[0].build({})
  found = next(v for v in method.weights if v.shape == value.shape and layer in v.name)
  np.testing.assert_array_equal(tf.convert_to_tensor(found), value)
