"""Plans: steps in their order, each of which may start from the weights of an earlier one."""
import copy
import json
import pathlib

import numpy as np
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.methods import em_adapt
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import planning


@pytest.fixture
def twice(photo_folder, tiny_overrides):
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
    config.method.type = "supervised"
    config.evaluation.split = "validation"
    config.steps = [schema.Step(
        name="first", parts=[schema.Part(source="fine", batch_size=2)], network=network,
        method=config.method, training=training)]
    config.network = copy.deepcopy(network)
    config.network.continues = "first"
    return overrides.resolve(config, overrides={"training.steps": 2, **changes})
  return make


def test_every_step_trains_on_its_own_parts(twice):
  plan = planning.make_plan(twice())
  assert [step.name for step in plan.steps] == ["first", "train"]
  assert [step.head.num_classes for step in plan.steps] == [3, 2]
  assert plan.source.classes == ("background", "thing") and plan.record is plan.steps[1].record
  assert "weights from step 'first'" in plan.last.lines[0] and plan.last.reads == ("first",)


def left(method, name, folder):
  """Returns what a step would leave that has trained a method, as `Outputs` by name."""
  place = str(folder / name)
  outputs.write_networks(place, method.context.networks, heads.Head(()))
  for network, model in method.networks.items():
    weights.save_npz(model, f"{place}/{network}.npz")
  return {name: outputs.Outputs(name, place)}


def test_weights_are_carried_over_but_for_another_classifier(twice, tmp_path):
  plan = planning.make_plan(twice())
  first = plan.phases[0].build({})
  for variable in first.networks["segmenter"].weights:
    variable.assign(variable + 0.25)
  second = plan.phases[1].build(left(first, "first", tmp_path))
  old = {v.name: v for v in first.networks["segmenter"].weights}
  for variable in second.networks["segmenter"].weights:
    same = old[variable.name].shape == variable.shape and np.array_equal(
        variable, old[variable.name])
    assert same == ("classifier" not in variable.name), variable.name


@pytest.mark.slow
def test_fit_trains_both_and_comes_back(twice, tmp_path):
  config = twice(**{"steps.0.training.steps": 3})
  result = kw.fit(config, model_dir=tmp_path / "run", progress=False)
  steps = [json.loads((tmp_path / "run" / name / "done.json").read_text())["steps"]
           for name in ("first", "train")]
  assert steps == [3, 2] and result.model.classes == ("background", "thing")
  images = tf.constant(np.random.RandomState(0).randint(0, 255, (1, 33, 33, 3)), tf.float32)
  again = kw.runs.load(tmp_path / "run")
  np.testing.assert_array_equal(again.predictor(images), result.predictor(images))
  assert kw.fit(config, model_dir=tmp_path / "run", progress=False).metrics == result.metrics


@pytest.mark.slow
def test_other_steps_are_another_experiment(twice, tmp_path):
  kw.fit(twice(), model_dir=tmp_path / "run", progress=False)
  with pytest.raises(ValueError, match="(?s)another experiment.*steps"):
    kw.fit(twice(**{"steps.0.training.weight_decay": 0.1}), model_dir=tmp_path / "run",
           progress=False)


def test_a_schedule_follows_the_length_of_its_step(twice):
  config = twice(**{"steps.0.training.steps": 7})
  assert config.steps[0].training.optimization.learning_rate.get().decay_steps == 7
  assert config.training.optimization.learning_rate.get().decay_steps == 2


def test_own_data_stands_for_the_sources_by_name(twice, tiny_data):
  with pytest.raises(ValueError, match="(?s)not clear which source.*merged, fine"):
    planning.make_plan(twice(), tiny_data)
  with pytest.raises(ValueError, match="Did you mean 'fine'"):
    planning.make_plan(twice(), {"fin": tiny_data})
  plan = planning.make_plan(twice(), {"fine": tiny_data})
  assert plan.phases[0].bundle.parts[0].source is tiny_data


def test_mistakes_name_the_step(twice):
  config = twice()
  config.steps[0].parts[0].source = "fein"
  with pytest.raises(ValueError, match="(?s)In the step 'first': .*Did you mean 'fine'"):
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
    config = schema.Experiment(network=schema.Network(type=network, continues="depth"))
    given = depth_overrides(network)[f"network.{network}"]
    config.data.sources = [
        schema.Source(name="photos", path=str(photo_folder), held_out=0.25),
        schema.Source(name="drive", kind="video", path=str(video_folder))]
    config.data.parts = [schema.Part(batch_size=2)]
    config.data.augmentation = schema.Augmentation(crop=(32, 64))
    config.training, config.evaluation.split = tiny.training, "validation"
    config.networks, config.method.type = copy.deepcopy(tiny.networks), "supervised"
    config.steps = [schema.Step(
        name="depth", parts=[schema.Part(source="drive", supervision="none", batch_size=2)],
        network=tiny.network, networks=tiny.networks, method=tiny.method, training=tiny.training,
        augmentation=schema.Augmentation(crop=(), resize=(32, 64), color_of="inputs"))]
    return overrides.resolve(config, overrides={
        f"network.{network}": given, "training.steps": 1, "steps.0.training.steps": 1, **changes})
  return make


def test_a_step_has_its_own_augmentation(transfer):
  first, second = (phase.bundle.augmentation for phase in planning.make_plan(transfer()).phases)
  assert (first.crop, first.resize, first.color_of) == (None, (32, 64), "inputs")
  assert (second.crop, second.resize, second.color_of) == ((32, 64), None, "pixels")
  config = transfer()
  config.steps[0].augmentation = None
  assert planning.make_plan(config).phases[0].bundle.augmentation == second


@pytest.mark.parametrize("carried", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_encoder_and_decoder_of_the_step_are_carried_over(transfer, carried, tmp_path):
  plan = planning.make_plan(transfer(**{"network.continues": "depth" if carried else ""}))
  depth = plan.phases[0].build({})
  random = np.random.RandomState(0)
  for variable in depth.main.weights:
    variable.assign(random.uniform(0.1, 1.0, variable.shape).astype(np.float32))
  old = {v.name: v for v in depth.main.weights}
  classes = plan.phases[1].build(left(depth, "depth", tmp_path)).main
  shared = [v for v in classes.weights if v.name in old and v.shape == old[v.name].shape]
  assert len(shared) > len(classes.weights) - 4
  assert [v.name for v in shared if np.array_equal(v, old[v.name]) != carried] == []
  assert ("weights from step 'depth'" in plan.last.lines[0]) == carried


@pytest.mark.quick("light_unet-file")
@pytest.mark.parametrize("network, source", [
    ("light_unet", "file"), ("light_multitask", "stage"),
    *(pytest.param(*values, marks=pytest.mark.slow)
      for values in (("light_unet", "stage"), ("light_multitask", "file")))])
def test_the_encoder_alone_can_be_what_a_network_starts_from(transfer, tmp_path, network, source):
  config = transfer(network, **{"network.starts": "encoder"})
  if network == "light_multitask":
    config.method.type = "joint_depth"
    config.data.parts.append(schema.Part(source="drive", supervision="none", batch_size=2))
  depth = planning.make_plan(config).phases[0].build({})
  for variable in depth.main.weights:
    variable.assign(tf.fill(variable.shape, 0.25))
  if source == "file":
    weights.save_npz(depth.main, tmp_path / "depth.npz")
    config.network.pretrained, config.network.continues = str(tmp_path / "depth.npz"), ""
  found = planning.make_plan(config).phases[1].build(left(depth, "depth", tmp_path)).main
  for variable in found.weights:
    assert np.all(variable.numpy() == 0.25) != variable.name.startswith("head_"), variable.name


@pytest.mark.parametrize("carried", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_the_pose_network_is_carried_over_by_itself(transfer, carried, tmp_path):
  """The second stage of the paper starts from ImageNet again, but for the motion."""
  config = transfer("light_multitask", **{
      "networks.pose.continues": "depth" if carried else "", "network.continues": "",
      "method.type": "joint_depth"})
  config.method.type = "joint_depth"
  config.data.parts.append(schema.Part(source="drive", supervision="none", batch_size=2))
  plan = planning.make_plan(config)
  depth = plan.phases[0].build({})
  for variable in depth.networks["pose"].weights:
    variable.assign(variable + 0.25)
  old = {v.name: v for v in depth.networks["pose"].weights}
  joint = plan.phases[1].build(left(depth, "depth", tmp_path))
  assert all(np.array_equal(v, old[v.name]) == carried for v in joint.networks["pose"].weights)


@pytest.mark.slow
def test_depth_then_classes_train_and_come_back(transfer, tmp_path):
  result = kw.fit(transfer(), model_dir=tmp_path / "run", progress=False)
  assert result.model.classes == ("background", "red", "blue") and result.metrics["samples"] > 0
  assert (tmp_path / "run" / "depth" / "depth.npz").exists()
  again = kw.evaluate(tmp_path / "run", progress=False)
  assert again["confusion"] == result.metrics["confusion"]


# === One step ===


def test_the_plan_names_method_network_data_and_length(experiment, tiny_data):
  step = planning.make_plan(experiment(), tiny_data).last
  text = "\n".join(step.lines)
  assert text.startswith("em_adapt on light_tiny, weights from scratch\n")
  assert "12 steps of 8 samples" in text and "held out" in text
  assert step.validation == "" and step.phase.bundle.batch_size == 8


def test_build_gives_the_configured_method(experiment, tiny_data):
  config = experiment(**{"method.em_adapt.iterations": 2, "training.accumulation": 2, "seed": 9})
  plan = planning.make_plan(config, tiny_data)
  method = plan.phases[0].build({})
  assert isinstance(method, em_adapt.EMAdapt)
  assert method.seed == 9 and method.accumulation == 2 and method.parts == ("mask",)
  assert method.predictor.output_shape[-1] == 3 and method.stride == plan.record.stride


def test_validation_is_on_the_split_of_the_configuration(experiment, tiny_data):
  config = experiment(**{"evaluation.validation_split": "val"})
  plan = planning.make_plan(config, tiny_data)
  assert plan.last.validation == "val" and plan.source is tiny_data


def test_the_same_seed_gives_the_same_fingerprint(experiment, tiny_data):
  prints = [planning.make_plan(config, tiny_data).phases[0].fingerprint for config in (
      experiment(), experiment(), experiment(seed=2),
      experiment(**{"data.augmentation.color": 0.9}))]
  assert prints[0] == prints[1] and len(set(prints)) == 3


# === What samples carry later ===


def judged(folder, steps):
  """Returns the steps that make label maps of tags, and a training on these, in some order."""
  config = overrides.resolve("own_data", overrides=[{"network.type": "light_tiny",
                                                     "network.pretrained": ""}])
  config.data.sources = [
      schema.Source(name=name, path=str(folder), weak=("blue",), derived=derived)
      for name, derived in (("one", ("maps",)), ("two", ("later_maps",)))]
  config.data.parts = [schema.Part(batch_size=2)]
  config.method.type, network = "supervised", config.network
  tags = [schema.Part(source=name, supervision="tags", batch_size=2) for name in ("one", "two")]
  known = {
      "tags": schema.Step(name="tags", parts=tags, network=schema.network("light_cam"),
                          method=schema.method("tags"), training=config.training),
      "segmenter": schema.Step(name="segmenter", parts=tags, network=network,
                               method=schema.method("tag_labels"), training=config.training),
      **{name: schema.Step(name=name, make=schema.make("diffused_maps"), reads=("tags",))
         for name in ("maps", "later_maps")}}
  config.steps = [known[name] for name in steps]
  return overrides.validate(config)


def test_maps_that_come_too_late_are_missed_also_where_another_source_has_some(photo_folder):
  """One source has its label maps by then, so the method would find some and say nothing."""
  with pytest.raises(ValueError, match="(?s)step 'segmenter' would train without the 'tag_labels' "
                     "of 'two'.*'later_maps' after 'segmenter'.*Move 'later_maps' ahead"):
    planning.make_plan(judged(photo_folder, ("tags", "maps", "segmenter", "later_maps")))


def test_a_plan_says_which_maps_are_not_carried_yet(photo_folder):
  plan = planning.make_plan(judged(photo_folder, ("tags", "maps", "later_maps", "segmenter")))
  waits = {step.name: [line for line in step.lines if "yet" in line] for step in plan.steps}
  assert waits.pop("tags") == [
      f"samples of '{source}' do not carry '{maps}' yet: that step comes later"
      for source, maps in (("one", "maps"), ("two", "later_maps"))]
  assert not any(waits.values())


def test_maps_that_are_made_again_later_are_there_already(photo_folder):
  config = judged(photo_folder, ("tags", "maps", "segmenter", "later_maps"))
  config.data.sources[0].derived = ("maps", "later_maps")
  config.data.sources[1].derived = ("maps",)
  segmenter = planning.make_plan(config).steps[2]
  assert segmenter.reads == ("maps",) and any("'later_maps' yet" in x for x in segmenter.lines)
