"""Networks of a phase, and the weights they start from."""
import re
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import multitask_decoder
from keras_weakseg.networks.surgery import pruning
from keras_weakseg.networks.surgery import stem
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import planning


def test_the_predictor_takes_pixels_and_gives_scores_of_every_class():
  network, scorer, predictor, record = building.build_predictor(
      schema.Network(type="light_tiny"), heads.Head(tuple("abcde")))
  scores = predictor(np.zeros([2, 33, 49, 3], np.float32))
  assert scorer is predictor
  assert scores.shape == (2, 5, 7, 5) and record.stride == 8
  assert {id(v) for v in network.weights} == {id(v) for v in predictor.weights}


def test_the_finest_disparity_is_evaluated():
  config = schema.Network(type="light_depth")
  config.light_depth.alpha, config.light_depth.disparity_scales = 0.25, (2, 1)
  _, _, predictor, _ = building.build_predictor(config, heads.Head(()))
  assert predictor(np.zeros([1, 32, 64, 3], np.float32)).shape == (1, 16, 32, 1)


def test_what_a_network_sees_is_what_the_configuration_says():
  head, deep = heads.Head(tuple("abcd")), schema.network("light_tiny", head_filters=8)
  deep.sees_depth = True
  network, _, predictor, _ = building.build_predictor(deep, head)
  assert predictor.input_shape == (None, None, None, 4)
  pixels = np.random.RandomState(0).randint(0, 256, (1, 33, 49, 4)).astype(np.float32)
  colours = building.build_predictor(schema.network("light_tiny", head_filters=8), head)[2]
  weights.carry_over(colours, predictor, same_classes=True)
  np.testing.assert_array_equal(predictor(pixels), colours(pixels[..., :3]))
  # An architecture that takes depth is not taken for one of colours, nor raw channels for depth.
  text = network.to_json()
  assert building.build_predictor(deep, head, text)[2].input_shape[-1] == 4
  deep.sees_depth = False
  with pytest.raises(ValueError, match="(?s)differ in what is seen.*network.sees_depth"):
    building.build_predictor(deep, head, text)
  raw = stem.widen_stem(colours.layers[-1], 4).to_json()
  for sees_depth in (False, True):
    deep.sees_depth = sees_depth
    with pytest.raises(ValueError, match="(?s)differ in what is seen"):
      building.build_predictor(deep, head, raw)


# === Weights to start from ===


@pytest.fixture
def offline(monkeypatch):
  """Takes ImageNet's weights away, as without a connection and a cache."""
  def fail(*_, **__):
    raise Exception("URL fetch failure on https://example.org: None -- unreachable")
  monkeypatch.setattr(keras.applications, "MobileNet", fail)


def test_optional_weights_that_cannot_be_had_are_noted(experiment, tiny_data, offline, capsys):
  config = experiment(**{"network.pretrained": "imagenet_if_available"})
  plan = planning.make_plan(config, tiny_data)
  assert "weights from ImageNet if they can be had, else from scratch" in plan.last.lines[0]
  method = plan.phases[0].build({})
  printed = capsys.readouterr().out
  assert "Note: ImageNet weights cannot be had here, so training starts from scratch." in printed
  assert len(printed.splitlines()) == 1
  assert np.isfinite(method.predictor(np.zeros([1, 33, 33, 3], np.float32))).all()


def test_weights_that_were_asked_for_must_be_there(experiment, tiny_data, offline):
  plan = planning.make_plan(experiment(**{"network.pretrained": "imagenet"}), tiny_data)
  with pytest.raises(FileNotFoundError, match="ImageNet weights of MobileNet could not be fetched"):
    plan.phases[0].build({})


def test_a_file_of_weights_is_loaded(experiment, tiny_data, tmp_path):
  network, *_ = building.build_predictor(experiment().network, heads.Head(tuple("abc")))
  trunk = next(v for v in network.trainable_weights if v.shape.rank == 4)
  layer, kind = trunk.name.split(":")[0].split("/")[-2:]
  value = np.random.RandomState(0).normal(size=trunk.shape).astype(np.float32)
  np.savez(tmp_path / "w.npz", **{f"{layer}__{kind}": value})
  plan = planning.make_plan(
      experiment(**{"network.pretrained": str(tmp_path / "w.npz")}), tiny_data)
  method = plan.phases[0].build({})
  found = next(v for v in method.weights if v.shape == value.shape and layer in v.name)
  np.testing.assert_array_equal(tf.convert_to_tensor(found), value)


# === Depth, motion, and what carries over ===


@pytest.fixture
def plan_of(tiny_video, depth_overrides):
  """Returns a function that plans a method on `tiny_video` from the library's defaults."""
  def plan(name, network="light_depth", **changes):
    given = depth_overrides(network)
    if "networks.pose.type" in changes:
      del given["networks.pose.light_pose"]
    config = overrides.resolve(name, overrides=[
        given, {"data.augmentation.resize": [32, 64]}, changes])
    return planning.make_plan(config, tiny_video)
  return plan


def arrays_of(network):
  return {variable.name.split(":")[0]: variable.numpy() for variable in network.weights}


def saved(network, path, seed=0):
  """Sets a network to noise, saves it, and returns its arrays by name."""
  random = np.random.RandomState(seed)
  for variable in network.weights:
    variable.assign(random.uniform(0.1, 1.0, variable.shape).astype(np.float32))
  weights.save_npz(network, path)
  return arrays_of(network)


def test_the_predictor_of_a_depth_network_gives_the_finest_disparity(depth_overrides):
  config = overrides.resolve("own_video", overrides=depth_overrides()).network
  network, scorer, predictor, record = building.build_predictor(config, heads.Head(()))
  image = np.random.RandomState(0).randint(0, 255, (1, 32, 64, 3)).astype(np.float32)
  assert record.role == "depth" and scorer is predictor
  found = predictor(image, training=False)
  np.testing.assert_array_equal(
      found, network(image / 127.5 - 1, training=False)["disparity_0"])
  assert found.shape == (1, 32, 64, 1)


def test_the_predictor_of_a_multi_task_network_gives_scores(depth_overrides):
  config = overrides.resolve("own_joint", overrides=depth_overrides("light_multitask")).network
  network, _, predictor, record = building.build_predictor(config, heads.Head(tuple("abc")))
  image = np.random.RandomState(0).randint(0, 255, (1, 32, 64, 3)).astype(np.float32)
  assert record.role == "multitask"
  np.testing.assert_array_equal(
      predictor(image, training=False), network(image / 127.5 - 1, training=False)["scores"])


@pytest.mark.parametrize("network", [
    "light_unet", pytest.param("light_multitask", marks=pytest.mark.slow)])
def test_encoder_and_decoder_of_depth_carry_over_into_segmentation(plan_of, tmp_path, network):
  """`network.pretrained=<run>/train/depth.npz`: all but the classifier is that of the file."""
  path = tmp_path / "depth.npz"
  depth = saved(plan_of("own_video").phases[0].build({}).main, path)
  name, method = {"light_unet": ("own_data", "supervised"),
                  "light_multitask": ("own_joint", "joint_depth")}[network]
  changes = {"network.type": network, "method.type": method, "network.pretrained": str(path),
             "data.augmentation.crop": [], "data.augmentation.scales": [1.0, 1.0]}
  found = arrays_of(plan_of(name, network, **changes).phases[0].build({}).main)
  shared = [key for key in found if key in depth]
  for key in shared:
    np.testing.assert_array_equal(found[key], depth[key], err_msg=key)
  assert any("conv_pw_12" in key for key in shared), "the encoder"
  # Scores of `light_unet` are at half the size of the image: no level 0.
  left_out = "disparity|level0" if network == "light_unet" else "disparity_"
  decoder = [key for key in depth if "head_" in key and not re.search(left_out, key)]
  assert decoder and set(decoder) <= set(shared), "the decoder"
  for key in set(found) - set(depth):
    # The branch of classes starts as that of depth; the classifier and the gates are new.
    twin = key.replace("head_segmentation_", "head_")
    new = re.search("classifier|_scores|_to_", key)
    assert new or np.array_equal(found[key], depth[twin]), key
  assert any("classifier" in key for key in set(found) - set(depth))


@pytest.mark.parametrize("trained", ["light_depth", "light_multitask"])
def test_a_branch_that_was_trained_is_carried_over_and_another_starts_as_that_of_depth(
    depth_overrides, tmp_path, trained):
  """From a run or an earlier step, as from a file."""
  config = overrides.resolve("own_joint", overrides=depth_overrides("light_multitask")).network
  head, source = heads.Head(tuple("abc")), "own_joint" if "multi" in trained else "own_video"
  before = overrides.resolve(source, overrides=depth_overrides(trained)).network
  before_head = head if "multi" in trained else heads.Head(())
  arrays = saved(building.build_predictor(before, before_head)[0], tmp_path / "step.npz")
  step = types.SimpleNamespace(weights=lambda name: (tmp_path / "step.npz", before_head))
  network = building.build_predictor(config, head)[0]
  building._carry(network, step, "", "before", head, "")
  found = arrays_of(network)
  branch = [key for key in found if key.startswith(multitask_decoder.SEGMENTATION_PREFIX)]
  twins = {key: key.replace(multitask_decoder.SEGMENTATION_PREFIX, "head_") for key in branch}
  known = [key for key in branch if (key if "multi" in trained else twins[key]) in arrays]
  assert len(known) > 20
  for key in known:
    expected = arrays[key if "multi" in trained else twins[key]]
    np.testing.assert_array_equal(found[key], expected, err_msg=key)


def test_a_teacher_is_built_as_a_pruned_student_is():
  config = schema.network("light_tiny", alpha=0.25, head_filters=16)
  head, record = heads.Head(tuple("abc")), building.network_record(config)
  network = pruning.prune(building.build_predictor(config, head)[0], 0.5)
  student = contexts.Built(network, record, None, None, architecture=network.to_json())
  need = contexts.Need(like="segmenter", trained=False)
  teacher = building._build_like(config, need, student, head, "")
  assert teacher.architecture == student.architecture
  for one, other in zip(network.get_weights(), teacher.model.get_weights(), strict=True):
    np.testing.assert_array_equal(one, other)


def test_weights_of_the_pose_network_are_loaded(plan_of, tmp_path):
  wanted = saved(plan_of("own_video").phases[0].build({}).networks["pose"], tmp_path / "pose.npz")
  plan = plan_of("own_video", **{"networks.pose.pretrained": str(tmp_path / "pose.npz")})
  method = plan.phases[0].build({})
  for key, value in arrays_of(method.networks["pose"]).items():
    np.testing.assert_array_equal(value, wanted[key], err_msg=key)


def test_a_shared_pose_network_sees_through_the_encoder_of_depth(plan_of):
  plan = plan_of("own_video", **{"networks.pose.type": "shared", "networks.pose.shared.filters": 4})
  method = plan.phases[0].build({})
  own = {id(variable) for variable in method.main.weights}
  shared = [variable for variable in method.networks["pose"].weights if id(variable) in own]
  assert len(shared) > 50 and len(shared) < len(method.networks["pose"].weights)


@pytest.mark.parametrize("name, options, pose", [
    ("own_video", {"method.self_supervised_depth": {"stereo": True, "video": False}}, False),
    ("own_depth", {}, False), ("own_video", {}, True)])
def test_only_methods_that_look_at_neighbours_have_a_pose_network(
    depth_overrides, name, options, pose):
  config = overrides.resolve(name, overrides=[depth_overrides(), options])
  needs = methods.method_class(config.method.type).networks_of(config.method.options())
  assert ("pose" in needs) == pose
  found = building.other_networks(config, methods.method_class(config.method.type))
  assert [entry for entry, _, _ in found] == (["pose"] if pose else [])


def test_features_are_those_of_the_weights_it_started_from(plan_of, tmp_path):
  path = str(tmp_path / "start.npz")
  start = saved(plan_of("own_video").phases[0].build({}).main, path)
  options = {"method.self_supervised_depth": {"feature_distance": 0.01}}
  method = plan_of("own_video", **options, **{"network.pretrained": path}).phases[0].build({})
  frozen = arrays_of(method.reference)
  for key, value in frozen.items():
    np.testing.assert_array_equal(value, start[key], err_msg=key)
  assert not method.reference.trainable_variables
  assert not any(variable is other for variable in method.reference.weights
                 for other in method.main.weights)


def test_features_of_nothing_are_refused(plan_of):
  plan = plan_of("own_video", **{"method.self_supervised_depth": {"feature_distance": 0.01}})
  with pytest.raises(ValueError, match="(?s)no features.*Expected: network.pretrained.*"
                     "feature_distance=0"):
    plan.phases[0].build({})


@pytest.mark.parametrize("pretrained, words", [
    ("", "scratch"), ("imagenet_if_available", "ImageNet if they can be had, else from scratch"),
    ("imagenet", "imagenet"), ("runs/depth/train/depth.npz", "runs/depth/train/depth.npz")])
def test_the_plan_tells_where_weights_come_from(pretrained, words):
  assert building.origin(pretrained) == words
