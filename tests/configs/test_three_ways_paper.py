"""Hoyer et al. 2021 at the paper's sizes: stages, rates, rows of Table 2."""
import re

import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import three_ways_paper

# Table 2 of the paper, Cityscapes val, mean IoU in per cent.
TABLE = {
    "baseline_372_cityscapes": "59.14", "baseline_2975_cityscapes": "67.77",
    "transfer_372_cityscapes": "60.46", "transfer_2975_cityscapes": "69.0",
    "transfer_f_372_cityscapes": "60.8", "transfer_f_2975_cityscapes": "69.47",
    "multitask_f_372_cityscapes": "61.25", "multitask_f_2975_cityscapes": "69.76"}
STAGED = [name for name in TABLE if "baseline" not in name]


def rates(training):
  """Returns the rate of the first step and of the last, and where it falls."""
  chosen = training.optimization.learning_rate.get()
  if hasattr(chosen, "boundaries"):
    return chosen.values[0], chosen.values[-1], list(chosen.boundaries)
  return chosen.learning_rate, chosen.learning_rate, []


@pytest.mark.parametrize("name", TABLE)
def test_a_row_says_the_number_of_the_paper_and_has_its_masks(name):
  experiment = overrides.validate(registry.build(name))
  assert f"paper: {TABLE[name]} on val" in experiment.description
  part, = experiment.data.parts
  assert part.count == int(re.search(r"_(\d+)_", name).group(1))
  assert (part.supervision, part.batch_size, experiment.evaluation.split) == (
      "mask", 2, "validation")
  assert bool(experiment.steps) == (name in STAGED)


@pytest.mark.parametrize("name", TABLE)
def test_segmentation_is_trained_as_in_the_paper(name):
  """SGD 1e-2, encoder 1e-3, a tenth after 30,000 of 40,000 steps, decay 5e-4, gradients clipped."""
  training = registry.build(name).training
  assert rates(training) == (pytest.approx(1e-2), pytest.approx(1e-3), [30000])
  assert (training.steps, training.weight_decay, training.clip_norm) == (40000, 5e-4, 10.0)
  optimizer = training.optimization.optimizer
  assert optimizer.type == "sgd_experimental" and optimizer.get().momentum == 0.9
  rules = {rule.pattern: rule.learning_rate for rule in training.multipliers}
  assert rules.pop("encoder") == 0.1
  # The pose network has learned already: 1e-6.
  assert rules == ({"^pose/": 1e-4} if "multitask" in name else {})


@pytest.mark.parametrize("name", TABLE)
def test_images_are_half_as_large_as_the_camera_and_cropped(name):
  augmentation = registry.build(name).data.augmentation
  assert tuple(augmentation.resize) == (512, 1024) and tuple(augmentation.crop) == (512, 512)
  assert augmentation.flip and augmentation.color == 0 and tuple(augmentation.scales) == (1, 1)


@pytest.mark.parametrize("name, network, method", [
    ("baseline_372_cityscapes", "unet", "supervised"),
    ("transfer_372_cityscapes", "unet", "supervised"),
    ("transfer_f_372_cityscapes", "unet", "supervised"),
    ("multitask_f_372_cityscapes", "multitask", "joint_depth"),
    ("depth_cityscapes", "depth_unet", "self_supervised_depth")])
def test_networks_share_encoder_and_decoder(name, network, method):
  experiment = registry.build(name)
  assert (experiment.network.type, experiment.method.type) == (network, method)
  options = experiment.network.get().as_dict()
  for key, value in three_ways_paper.depth_network().get().as_dict().items():
    assert options.get(key, value) == value, key
  assert (options["encoder"], options["output_stride"]) == ("resnet101", 16)
  assert tuple(options["rates"]) == (6, 12, 18)
  assert tuple(options["channels"]) == (64, 128, 128, 256, 256)


# === Learning depth ===


def motion(step):
  return step.networks.get("pose")


def steps_of(name):
  """Returns the steps of learning depth; the last of `depth_cityscapes` is its own training."""
  experiment = registry.build(name)
  return [*experiment.steps, *([experiment] if name == "depth_cityscapes" else [])]


@pytest.mark.parametrize("name", [*STAGED, "depth_cityscapes"])
def test_depth_is_learned_in_the_steps_of_the_paper(name):
  stages = steps_of(name)
  assert len(stages) == (2 if name.startswith("transfer_3") or name.startswith("transfer_2") else 3)
  whole, cropped = stages[:2]
  assert [part.batch_size for part in (*whole.parts, *cropped.parts)] == [2, 4]
  assert tuple(whole.augmentation.crop) == () and tuple(cropped.augmentation.crop) == (512, 512)
  for stage in (whole, cropped):
    assert rates(stage.training) == (
        pytest.approx(1e-4), pytest.approx(1e-5), [160000])
    assert stage.training.steps == 300000
    assert [(rule.pattern, rule.learning_rate) for rule in stage.training.multipliers] == [
        ("encoder", 0.0)]
    assert stage.method.get().feature_distance == 0
  # The first is there for the motion; the decoder starts anew.
  assert (cropped.network.continues, motion(cropped).continues) == ("", "whole")
  assert cropped.network.pretrained == whole.network.pretrained == "imagenet"


@pytest.mark.parametrize("name", ["transfer_f_372_cityscapes", "depth_cityscapes"])
def test_the_encoder_is_let_loose_near_imagenet(name):
  last = steps_of(name)[-1]
  assert last.method.get().feature_distance == 1e-2
  assert last.network.pretrained == "imagenet", "the features that it stays near"
  assert last.network.continues == motion(last).continues == "cropped"
  assert not last.training.multipliers
  assert rates(last.training) == (1e-5, 1e-5, []) and last.training.steps == 50000
  assert last.training.weight_decay == 0


@pytest.mark.parametrize("name", [*STAGED, "depth_cityscapes"])
def test_video_is_that_of_all_sequences_and_no_label_of_it_is_read(name):
  experiment = registry.build(name)
  sources = {source.name: source for source in experiment.data.sources}
  assert not sources["sequences"].video.masks and not sources["sequences"].video.annotated_only
  for stage in experiment.steps:
    assert [(part.source, part.supervision) for part in stage.parts] == [("sequences", "none")]
  if "annotated" in sources:
    assert sources["annotated"].video.masks and sources["annotated"].video.annotated_only
    assert experiment.data.parts[0].source in ("", "annotated")
    assert experiment.data.sources[0].name == "annotated", "whose classes are evaluated"
  assert all(source.video.intrinsics in ("", "correct") for source in sources.values())


def test_rows_differ_in_the_steps_alone():
  plain, featured = (registry.build(f"{key}_372_cityscapes") for key in ("transfer", "transfer_f"))
  assert [stage.as_dict() for stage in plain.steps] == [
      stage.as_dict() for stage in featured.steps[:2]]
  for key in ("networks", "method", "training", "evaluation", "data"):
    assert getattr(plain, key).as_dict() == getattr(featured, key).as_dict(), key
  assert {**plain.network.as_dict(), "continues": "finetune"} == featured.network.as_dict()


def test_the_experiment_of_depth_is_what_the_rows_do_first():
  alone, row = registry.build("depth_cityscapes"), registry.build("transfer_f_372_cityscapes")
  assert [stage.as_dict() for stage in alone.steps] == [
      stage.as_dict() for stage in row.steps[:2]]
  for key in ("network", "networks", "method", "training"):
    assert getattr(alone, key).as_dict() == getattr(row.steps[2], key).as_dict(), key
  assert alone.data.augmentation.as_dict() == row.steps[2].augmentation.as_dict()


def test_a_smoke_test_of_a_row_is_valid():
  experiment = overrides.validate(overrides.resolve("multitask_f_372_cityscapes", overrides={
      "training.steps": 3, **{f"steps.{index}.training.steps": 2 for index in range(3)}}))
  assert rates(experiment.training)[2] == [2]
