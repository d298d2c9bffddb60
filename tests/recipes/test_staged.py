"""Stages: each starts from the weights of the one before."""
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.configs import schema
from keras_weakseg.networks import weights
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import staged
from keras_weakseg.recipes import building


@pytest.fixture
def experiment(photo_folder, tiny_overrides):
  """Returns a function that makes: classes of one folder first, then merged ones of the same."""
  def make(**changes):
    classes = tuple(pathlib.Path(photo_folder, "classes.txt").read_text().split())
    config = overrides.resolve("own_data", overrides=[tiny_overrides])
    config.training.optimization = schema.sgd(0.01, config.training.steps)
    network, training = config.network, config.training
    config.data.sources = [
        schema.Source(name="merged", path=str(photo_folder),
                      groups=("thing=" + "+".join(classes[1:]),)),
        schema.Source(name="fine", path=str(photo_folder))]
    config.data.parts = [schema.Part(batch_size=2)]
    config.recipe, config.method.type = "staged", "supervised"
    config.evaluation.split = "validation"
    config.stages = [schema.Stage(
        name="first", parts=[schema.Part(source="fine", batch_size=2)], network=network,
        method=config.method, training=training)]
    return overrides.resolve(config, overrides={"training.steps": 2, **changes})
  return make


def test_every_stage_trains_on_its_own_parts(experiment):
  plan = staged.plan(experiment())
  assert [phase.name for phase in plan.phases] == ["first", "train"]
  assert [phase.head.num_classes for phase in plan.phases] == [3, 2]
  assert plan.source.classes == ("background", "thing") and plan.record is plan.phases[1].record
  assert "weights from phase 'first'" in plan.phases[1].plan[0]


def test_weights_are_carried_over_but_for_another_classifier(experiment):
  plan = staged.plan(experiment())
  first = plan.phases[0].build({})
  for variable in first.networks["segmenter"].weights:
    variable.assign(variable + 0.25)
  second = plan.phases[1].build({"first": first})
  old = {v.name: v for v in first.networks["segmenter"].weights}
  for variable in second.networks["segmenter"].weights:
    same = old[variable.name].shape == variable.shape and np.array_equal(
        variable, old[variable.name])
    assert same == ("classifier" not in variable.name), variable.name


def test_fit_trains_both_and_comes_back(experiment, tmp_path):
  config = experiment(**{"stages.0.training.steps": 3})
  result = kw.fit(config, model_dir=tmp_path / "run", progress=False)
  steps = [json.loads((tmp_path / "run" / name / "done.json").read_text())["steps"]
           for name in ("first", "train")]
  assert steps == [3, 2] and result.model.classes == ("background", "thing")
  images = tf.constant(np.random.RandomState(0).randint(0, 255, (1, 33, 33, 3)), tf.float32)
  again = kw.runs.load(tmp_path / "run")
  np.testing.assert_array_equal(again.predictor(images), result.predictor(images))
  assert kw.fit(config, model_dir=tmp_path / "run", progress=False).metrics == result.metrics


@pytest.mark.slow
def test_other_stages_are_another_experiment(experiment, tmp_path):
  kw.fit(experiment(), model_dir=tmp_path / "run", progress=False)
  with pytest.raises(ValueError, match="(?s)another experiment.*stages"):
    kw.fit(experiment(**{"stages.0.training.weight_decay": 0.1}), model_dir=tmp_path / "run",
           progress=False)


def test_a_schedule_follows_the_steps_of_its_stage(experiment):
  config = experiment(**{"stages.0.training.steps": 7})
  assert config.stages[0].training.optimization.learning_rate.get().decay_steps == 7
  assert config.training.optimization.learning_rate.get().decay_steps == 2


def test_stages_need_sources_of_their_own(experiment, tiny_data):
  with pytest.raises(ValueError, match="(?s)stages need|staged experiment needs"):
    staged.plan(experiment(), tiny_data)
  config = experiment()
  config.stages = []
  with pytest.raises(ValueError, match="no stages"):
    staged.plan(config)
  with pytest.raises(ValueError, match="'stages' is out of range"):
    overrides.validate(config)


def test_mistakes_name_the_stage(experiment):
  config = experiment()
  config.stages[0].parts[0].source = "fein"
  with pytest.raises(ValueError, match="(?s)In the stage 'first': .*Did you mean 'fine'"):
    overrides.validate(config)


def test_a_predictor_of_merged_classes_shares_the_network():
  head = heads.Head(tuple("abcd"), ((0, 3), (1, 2)))
  network, scorer, predictor, _ = building.build_predictor(
      schema.Network(type="light_tiny"), head)
  assert scorer.output_shape[-1] == 4 and predictor.output_shape[-1] == 2
  assert {id(v) for v in predictor.variables} == {id(v) for v in network.variables}


# === Depth first, classes after ===


@pytest.fixture
def transfer(photo_folder, video_folder, depth_overrides):
  """Returns a function that makes: depth of a video first, then classes of photographs."""
  def make(network="light_unet", **changes):
    tiny = overrides.resolve("own_video", overrides=depth_overrides())
    config = schema.Experiment(recipe="staged", network=schema.Network(type=network))
    given = depth_overrides(network)[f"network.{network}"]
    config.data.sources = [
        schema.Source(name="photos", path=str(photo_folder), held_out=0.25),
        schema.Source(name="drive", kind="video", path=str(video_folder))]
    config.data.parts = [schema.Part(batch_size=2)]
    config.data.augmentation = schema.Augmentation(crop=(32, 64))
    config.training, config.evaluation.split = tiny.training, "validation"
    config.pose, config.method.type = tiny.pose, "supervised"
    config.stages = [schema.Stage(
        name="depth", parts=[schema.Part(source="drive", supervision="none", batch_size=2)],
        network=tiny.network, pose=tiny.pose, method=tiny.method, training=tiny.training,
        augmentation=schema.Augmentation(crop=(), resize=(32, 64), color_of="inputs"))]
    return overrides.resolve(config, overrides={
        f"network.{network}": given, "training.steps": 1, "stages.0.training.steps": 1, **changes})
  return make


def test_a_stage_has_its_own_augmentation(transfer):
  first, second = (phase.bundle.augmentation for phase in staged.plan(transfer()).phases)
  assert (first.crop, first.resize, first.color_of) == (None, (32, 64), "inputs")
  assert (second.crop, second.resize, second.color_of) == ((32, 64), None, "pixels")
  config = transfer()
  config.stages[0].augmentation = None
  assert staged.plan(config).phases[0].bundle.augmentation == second


@pytest.mark.parametrize("carried", [True, False])
def test_encoder_and_decoder_of_the_stage_are_carried_over(transfer, carried):
  plan = staged.plan(transfer(**{"network.carried": carried}))
  depth = plan.phases[0].build({})
  random = np.random.RandomState(0)
  for variable in depth.main.weights:
    variable.assign(random.uniform(0.1, 1.0, variable.shape).astype(np.float32))
  old = {v.name: v for v in depth.main.weights}
  classes = plan.phases[1].build({"depth": depth}).main
  shared = [v for v in classes.weights if v.name in old and v.shape == old[v.name].shape]
  assert len(shared) > len(classes.weights) - 4
  assert [v.name for v in shared if np.array_equal(v, old[v.name]) != carried] == []
  assert ("weights from phase 'depth'" in plan.phases[1].plan[0]) == carried


@pytest.mark.parametrize("source", ["stage", "file"])
@pytest.mark.parametrize("network", ["light_unet", "light_multitask"])
def test_the_encoder_alone_can_be_what_a_network_starts_from(transfer, tmp_path, network, source):
  config = transfer(network, **{"network.starts": "encoder"})
  if network == "light_multitask":
    config.method.type = "joint_depth"
    config.data.parts.append(schema.Part(source="drive", supervision="none", batch_size=2))
  depth = staged.plan(config).phases[0].build({})
  for variable in depth.main.weights:
    variable.assign(tf.fill(variable.shape, 0.25))
  if source == "file":
    weights.save_npz(depth.main, tmp_path / "depth.npz")
    config.network.pretrained, config.network.carried = str(tmp_path / "depth.npz"), False
  found = staged.plan(config).phases[1].build({"depth": depth}).main
  for variable in found.weights:
    assert np.all(variable.numpy() == 0.25) != variable.name.startswith("head_"), variable.name


@pytest.mark.parametrize("carried", [True, False])
def test_the_pose_network_is_carried_over_by_itself(transfer, carried):
  """The second stage of the paper starts from ImageNet again, but for the motion."""
  config = transfer("light_multitask", **{"pose.carried": carried, "network.carried": False})
  config.method.type = "joint_depth"
  config.data.parts.append(schema.Part(source="drive", supervision="none", batch_size=2))
  plan = staged.plan(config)
  depth = plan.phases[0].build({})
  for variable in depth.networks["pose"].weights:
    variable.assign(variable + 0.25)
  old = {v.name: v for v in depth.networks["pose"].weights}
  joint = plan.phases[1].build({"depth": depth})
  assert all(np.array_equal(v, old[v.name]) == carried for v in joint.networks["pose"].weights)


def test_depth_then_classes_train_and_come_back(transfer, tmp_path):
  result = kw.fit(transfer(), model_dir=tmp_path / "run", progress=False)
  assert result.model.classes == ("background", "red", "blue") and result.metrics["samples"] > 0
  assert (tmp_path / "run" / "depth" / "depth.npz").exists()
  again = kw.evaluate(tmp_path / "run", progress=False)
  assert again["confusion"] == result.metrics["confusion"]
