"""What contradicts itself or is out of range is found before any device is used."""
import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import validation
from keras_weakseg.configs.sections import schema

RATE = "training.optimization.learning_rate"
NAME = "em_adapt_scenes"


def check(name, changes):
  return validation.validate(overrides.resolve(name, overrides=changes))


@pytest.mark.parametrize("name", registry.experiments())
def test_every_registered_experiment_is_valid(name):
  experiment = registry.build(name)
  assert validation.validate(experiment) is experiment


@pytest.mark.parametrize("key, value, expected", [
    ("seed", -1, "0 to 4294967295"), ("seed", 1 << 32, "0 to 4294967295"),
    ("training.steps", 0, "1 or more"),
    ("training.steps", -5, "1 or more"),
    ("training.accumulation", 0, "1 or more"),
    ("training.log_every", 0, "1 or more"),
    ("training.keep", 0, "1 or more"),
    ("training.weight_decay", -1e-4, "0 or more"),
    ("training.checkpoint_every", -1, "0 or more"),
    ("training.validate_every", -1, "0 or more"),
    ("training.picture_samples", -1, "0 or more"),
    ("training.statistics_batches", -1, "0 or more"),
    ("training.averaging", 1.0, "0 <= share < 1"),
    ("method.em_adapt.background_portion", 1.5, "0 to 1"),
    ("method.em_adapt.foreground_portion", -0.1, "0 to 1"),
    ("method.em_adapt.iterations", 0, "1 or more"),
    (f"{RATE}.polynomial.initial_learning_rate", 0.0, "a rate above 0"),
    (f"{RATE}.polynomial.initial_learning_rate", float("inf"), "a rate above 0"),
    (f"{RATE}.polynomial.initial_learning_rate", None, "a rate above 0"),
    (f"{RATE}.polynomial.decay_steps", 0, "1 or more"),
    (f"{RATE}.type", None, "one of constant"),
    ("network.light_tiny.alpha", 0.0, "more than 0"),
    ("network.light_tiny.output_stride", 12, "one of 8, 16"),
    ("evaluation.protocol.size", [100], "[height, width]"),
    ("evaluation.protocol.window", [0, 5], "[height, width]"),
    ("evaluation.protocol.scales", [], "one or more scales"),
    ("evaluation.protocol.scales", [1.0, -1.0], "one or more scales"),
    ("evaluation.protocol.window_stride", [5, 5], "without a window"),
])
def test_values_out_of_range(key, value, expected):
  with pytest.raises(ValueError) as caught:
    check(NAME, {key: value})
  message = str(caught.value)
  assert f"'{key}' is out of range" in message
  assert expected in message.split("Received")[0] and f"Received: {value}" in message


def test_averages_that_nobody_would_evaluate_are_refused():
  with pytest.raises(ValueError, match="optimization.ema(?s:.*)set training.averaging"):
    check(NAME, {"training.optimization.ema.average_decay": 0.9})


@pytest.mark.parametrize("steps", [-1, 10, 11])
def test_a_warm_up_leaves_steps_for_the_e_step(steps):
  with pytest.raises(ValueError, match="fewer than the 10 steps|0 or more"):
    check("own_data", {"method.type": "bbox_em_fixed", "training.steps": 10,
                       "method.bbox_em_fixed.warmup_steps": steps})


@pytest.mark.parametrize("key, value, nearest", [
    ("runtime.strategy", "miror", "mirrored"),
    ("runtime.mixed_precision", "float16", "mixed_float16"),
    ("evaluation.checkpoint", "newest", "last"),
    ("evaluation.protocol.crf", "deeplab_large", "deeplab_largefov"),
    ("network.light_tiny.batch_norm", "trained", "train"),
])
def test_names_that_do_not_exist(key, value, nearest):
  with pytest.raises(ValueError, match=f"choice for '{key}' '{value}'") as caught:
    check(NAME, {key: value})
  assert f"'{nearest}'" in str(caught.value) or nearest in str(caught.value).split("Received")[0]


@pytest.mark.parametrize("crf", ["", "bbox_seg", "bilateral_weight=4,bilateral_xy=60"])
def test_crfs_by_name_and_by_numbers(crf):
  assert check(NAME, {"evaluation.protocol.crf": crf}).evaluation.protocol.crf == crf


def test_numbers_of_a_crf_are_checked():
  with pytest.raises(ValueError, match="Did you mean 'bilateral_xy'"):
    check(NAME, {"evaluation.protocol.crf": "bilateral_yx=3"})
  with pytest.raises(ValueError, match="bilateral_xy cannot be used"):
    check(NAME, "evaluation.protocol.crf='bilateral_xy=0,bilateral_rgb=3'")


def test_the_field_of_view_must_exist():
  with pytest.raises(ValueError, match="largefov_vgg16.field_of_view' 'wide'"):
    check("em_adapt_voc12", "network.largefov_vgg16.field_of_view=wide")


@pytest.mark.parametrize("values, boundaries, words", [
    ([0.1], [5], "one more than boundaries"),
    ([0.1, 0.01, 0.001], [5, 5], "rising order"),
    ([0.1], [], "type=constant"),
    ([0.1, -0.01], [5], "rates of 0 or more"),
])
def test_stepwise_schedules_fit(values, boundaries, words):
  with pytest.raises(ValueError, match=words):
    check("em_adapt_voc12", {f"{RATE}.stepwise": {"values": values, "boundaries": boundaries}})


def test_windows_overlap():
  with pytest.raises(ValueError, match="at most the window"):
    check(NAME, "evaluation.protocol.window=[64, 64],evaluation.protocol.window_stride=[64, 65]")
  check(NAME, "evaluation.protocol.window=[64, 64],evaluation.protocol.window_stride=[64, 64]")


@pytest.mark.parametrize("changes", [
    "evaluation.checkpoint=best", "evaluation.checkpoint=best,training.validate_every=5",
    "evaluation.checkpoint=best,evaluation.validation_split=val"])
def test_the_best_checkpoint_needs_validation(changes):
  with pytest.raises(ValueError, match="no best checkpoint without validation"):
    check(NAME, changes)
  check(NAME, {"evaluation": {"checkpoint": "best", "validation_split": "val"},
               "training.validate_every": 5})


@pytest.mark.parametrize("method, supervision, good", [
    ("supervised", "mask", True), ("supervised", "tags", False), ("supervised", "none", False),
    ("em_fixed", "tags", True), ("em_fixed", "mask", True), ("em_fixed", "boxes", True),
    ("em_adapt", "none", False), ("em_adapt", "depth", False),
])
def test_a_method_can_learn_from_every_part(method, supervision, good):
  changes = {"method.type": method, "data.parts.0.supervision": supervision}
  if good:
    assert check(NAME, changes).method.type == method
  else:
    with pytest.raises(ValueError, match="cannot learn from 'data.parts.0'"):
      check(NAME, changes)


@pytest.mark.parametrize("multiplier, words", [
    ({"pattern": "("}, "not a regular expression"),
    ({"learning_rate": -1}, "multipliers.0.learning_rate"),
    ({"weight_decay": -1}, "multipliers.0.weight_decay"),
])
def test_multipliers(multiplier, words):
  with pytest.raises(ValueError, match=words):
    check(NAME, {"training.multipliers": [multiplier]})


def test_the_fix_names_the_key():
  with pytest.raises(ValueError) as caught:
    check(NAME, "training.steps=0")
  assert str(caught.value).splitlines()[-1] == "Set `training.steps` to such a value."


def test_an_experiment_without_data_is_valid():
  """`fit(method=..., data=...)` brings the data itself."""
  assert validation.validate(schema.Experiment()).data.sources == []


# === Depth ===


@pytest.mark.parametrize("name, key, value, expected", [
    ("depth_scenes", "method.self_supervised_depth.max_depth", 0.05, "more than min_depth, 0.1"),
    ("depth_scenes", "method.self_supervised_depth.min_depth", 0.0, "more than 0"),
    ("depth_scenes", "method.self_supervised_depth.ssim_weight", 1.5, "0 to 1"),
    ("depth_scenes", "method.self_supervised_depth.smoothness", -1.0, "0 or more"),
    ("depth_scenes", "method.self_supervised_depth.feature_distance", -1.0, "0 or more"),
    ("depth_scenes", "method.self_supervised_depth.align", -1, "0 or more"),
    ("depth_scenes", "method.self_supervised_depth.video", False, "stereo=True"),
    ("own_depth", "method.supervised_depth.lam", 2.0, "0 to 1"),
    ("own_depth", "method.supervised_depth.gradient_weight", -0.5, "0 or more"),
    ("own_joint", "method.joint_depth.depth_weight", -0.5, "0 or more"),
    ("depth_scenes", "training.clip_norm", -1.0, "0 or more"),
    ("depth_scenes", "evaluation.depth.size", [5], "[height, width]"),
    ("depth_scenes", "evaluation.depth.max_depth", 0.0, "more than min_depth"),
    ("depth_scenes", "evaluation.depth.scale", "mean", "median, metric, or metres"),
    ("depth_scenes", "evaluation.depth.scale", "0", "median, metric, or metres"),
    ("depth_scenes", "data.augmentation.crop", [97, 193], "multiple of 32"),
    ("depth_scenes", "networks.pose.light_pose.frames", 3, "2 with swap_frames"),
    ("depth_transfer_scenes", "steps.0.networks.pose.light_pose.frames", 3, "2 with swap_frames"),
    ("depth_transfer_scenes", "steps.0.augmentation.swap_frames", 1.5, "a share, 0..1"),
    ("depth_transfer_scenes", "steps.0.augmentation.crop", [97, 193],
     "Set `steps.0.augmentation.crop=[96, 192]`"),
])
def test_values_of_depth_out_of_range(name, key, value, expected):
  with pytest.raises(ValueError, match="is out of range") as caught:
    check(name, {key: value})
  assert expected in str(caught.value)


def test_frames_may_be_seen_together_where_none_changes_places():
  changes = {"networks.pose.light_pose.frames": 3, "data.augmentation.swap_frames": 0.0}
  assert check("depth_scenes", changes).networks.get("pose").get().frames == 3


@pytest.mark.parametrize("name, key, value", [
    ("own_depth", "method.supervised_depth.loss", "huber"),
    ("own_joint", "method.joint_depth.depth_from", "stereo"),
    ("own_video", "evaluation.depth.crop", "grag"),
    ("own_video", "networks.pose.light_pose.kind", "posecn"),
    ("own_video", "networks.pose.type", "light_pos")])
def test_names_of_depth_that_do_not_exist(name, key, value):
  with pytest.raises(ValueError, match=f"There is no .*{value}|no section|'{value}'"):
    check(name, {key: value})


def test_the_protocol_of_depth_knows_what_the_evaluation_knows():
  """Configurations may not import it."""
  from keras_weakseg.evaluation import depth
  from keras_weakseg.tasks.depth import protocol as depth_protocol
  assert set(validation.DEPTH_CROPS) == set(depth.CROPS)
  assert validation.DEPTH_SCALES == (depth_protocol.MEDIAN, depth_protocol.METRIC)
  for scale in (*validation.DEPTH_SCALES, "5.4", "12"):
    made = check("depth_scenes", {"evaluation.depth.scale": scale}).evaluation.depth
    depth_protocol.DepthProtocol.from_dict(made.as_dict())


@pytest.mark.parametrize("method, options, supervision, good", [
    ("self_supervised_depth", {}, "none", True), ("self_supervised_depth", {}, "mask", True),
    ("supervised_depth", {}, "depth", True), ("supervised_depth", {}, "mask", False),
    ("supervised_depth", {"loss": "berhu"}, "none", True), ("joint_depth", {}, "none", True)])
def test_a_method_of_depth_can_learn_from_every_part(method, options, supervision, good):
  changes = {"method.type": method, f"method.{method}": options,
             "data.parts.0.supervision": supervision}
  if good:
    assert check("depth_scenes", changes).method.type == method
  else:
    with pytest.raises(ValueError, match="cannot learn from 'data.parts.0'"):
      check("depth_scenes", changes)


def test_learned_masks_and_auto_masks_exclude_each_other():
  changes = {"network.light_depth.mask_sources": 2}
  with pytest.raises(ValueError, match="(?s)auto_mask.*mask_sources"):
    check("own_video", changes)
  check("own_video", {**changes, "method.self_supervised_depth.auto_mask": False})


@pytest.mark.parametrize("option, words", [
    ("decision", "Did you mean 'object'"), ("overlap", "Did you mean 'all'")])
def test_choices_of_the_e_step_of_boxes(option, words):
  value = {"decision": "objects", "overlap": "al"}[option]
  with pytest.raises(ValueError, match=words):
    check("own_data", {"method.type": "bbox_em_fixed", f"method.bbox_em_fixed.{option}": value})
