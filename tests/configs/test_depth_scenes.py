"""Depth of the embedded scenes, and what segmentation gains: only what is compared differs."""
import pytest

from keras_weakseg.configs import depth_scenes
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.datasets.scenes import camera
from keras_weakseg.ops import geometry

DEPTH = ["depth_scenes", "stereo_depth_scenes"]
SEGMENTATION = ["unet_scenes", "depth_transfer_scenes", "joint_depth_scenes"]


@pytest.mark.parametrize("name", DEPTH + SEGMENTATION)
def test_nothing_is_downloaded_and_no_number_is_trained_or_tuned_on(name):
  experiment = registry.build(name)
  assert experiment.network.pretrained == ""
  assert all(network.pretrained == "" for _, network in experiment.networks.items())
  sources = {source.name: source.dataset for source in experiment.data.sources}
  stereo = name == "stereo_depth_scenes"
  labelled = {"scenes": "weakseg_scenes"} if name in SEGMENTATION else {}
  video = {} if name == "unet_scenes" else {
      "video": depth_scenes.STEREO_SCENES if stereo else depth_scenes.VIDEO_SCENES}
  assert sources == {**labelled, **video}
  stages = [stage.parts for stage in experiment.steps]
  assert {part.split for parts in [experiment.data.parts, *stages] for part in parts} == {"train"}
  assert experiment.evaluation.split == "test"
  assert (experiment.evaluation.checkpoint, experiment.evaluation.validation_split) == ("last", "")


@pytest.mark.parametrize("name", DEPTH)
def test_depth_reads_no_label(name):
  experiment = registry.build(name)
  assert [part.supervision for part in experiment.data.parts] == ["none"]
  assert experiment.network.type == "depth_unet"


def test_stereo_is_one_more_source_in_metres_after_pairs_alone():
  video, stereo = (registry.build(name) for name in DEPTH)
  pairs, = stereo.steps
  options, alone = stereo.method.get(), pairs.method.get()
  assert (options.stereo, options.video) == (True, True)
  assert (alone.stereo, alone.video, pairs.training.multipliers) == (True, False, [])
  assert {**alone.as_dict(), "video": True} == options.as_dict()
  assert pairs.network.as_dict() == {
      **stereo.network.as_dict(), "continues": ""} and stereo.network.continues == "pairs"
  # The pair belongs to the image, so no other frame takes its place.
  assert stereo.data.augmentation.swap_frames == pairs.augmentation.swap_frames == 0
  stereo.data.augmentation.swap_frames = video.data.augmentation.swap_frames
  options.stereo, options.min_depth = False, video.method.get().min_depth
  options.ssim_weight = video.method.get().ssim_weight
  stereo.data.sources[0].dataset = video.data.sources[0].dataset
  stereo.training = depth_scenes.depth_training(video.training.steps)
  for key in ("data", "networks", "method", "training", "evaluation"):
    assert getattr(video, key).as_dict() == getattr(stereo, key).as_dict(), key


def test_an_untrained_network_sees_the_second_camera_inside_the_picture():
  """Where it is outside, no gradient says that depth is too small."""
  width = depth_scenes.SIZE[1]
  shift = camera.intrinsics(depth_scenes.SIZE)[0, 0] * camera.BASELINE
  start = {}
  for name in DEPTH:
    options = registry.build(name).method.get()
    start[name] = float(geometry.disparity_to_depth(0.5, options.min_depth, options.max_depth))
  assert shift / start["stereo_depth_scenes"] < 0.15 * width < width < shift / start["depth_scenes"]


def test_rows_of_segmentation_have_the_same_masks_and_schedule():
  base, transfer, joint = (registry.build(name) for name in SEGMENTATION)
  for other in (transfer, joint):
    assert other.data.parts[0].as_dict() == base.data.parts[0].as_dict()
    schedules = [{**experiment.training.as_dict(), "multipliers": []}
                 for experiment in (other, base)]
    assert schedules[0] == schedules[1]
    assert other.evaluation.as_dict() == base.evaluation.as_dict()
    assert other.data.augmentation.as_dict() == base.data.augmentation.as_dict()
  assert {**transfer.network.as_dict(), "continues": ""} == base.network.as_dict()
  assert base.data.parts[0].count == em_scenes.FEW_MASKS
  assert [row.network.continues for row in (base, transfer, joint)] == ["", "depth", "depth"]
  assert joint.networks.get("pose").continues == "depth"


def test_transfer_and_joint_training_learn_the_depth_of_depth_scenes_first():
  alone = registry.build("depth_scenes")
  for name in SEGMENTATION[1:]:
    experiment = registry.build(name)
    stage, = experiment.steps
    for key in ("network", "networks", "method", "training"):
      assert getattr(stage, key).as_dict() == getattr(alone, key).as_dict(), (name, key)
    assert stage.augmentation.as_dict() == alone.data.augmentation.as_dict()
    assert [p.as_dict() for p in stage.parts] == [p.as_dict() for p in alone.data.parts]


@pytest.mark.parametrize("name", SEGMENTATION)
def test_encoder_and_decoder_have_the_shapes_of_the_depth_network(name):
  depth = depth_scenes.depth_network().get().as_dict()
  network = registry.build(name).network.get().as_dict()
  for key in set(depth) & set(network):
    assert network[key] == depth[key], key
  # Coarser levels than the one that is read have learned, too.
  assert network["score_level"] in depth["disparity_scales"]


def test_classes_have_the_same_head_in_all_rows():
  for key in ("score_level", "head_channels"):
    values = {registry.build(name).network.get().as_dict()[key] for name in SEGMENTATION}
    assert len(values) == 1 and min(values) > 0, (key, values)


def test_joint_training_sees_video_in_every_batch():
  masks, video = registry.build("joint_depth_scenes").data.parts
  assert (masks.supervision, video.supervision) == ("mask", "none")
  assert masks.batch_size == 8 and video.batch_size == 4 and video.count == 0


def test_what_has_learned_depth_goes_on_slowly_in_both_ways():
  depth, scratch, transfer, joint = (
      {rule.pattern: rule.learning_rate for rule in registry.build(name).training.multipliers}
      for name in ("depth_scenes", *SEGMENTATION))
  assert scratch == {} and transfer == {"encoder": 0.1}
  assert set(joint) == {"encoder", "^pose/"} and joint["encoder"] == transfer["encoder"]
  assert 0 < joint["^pose/"] < depth["^pose/"] < 1


@pytest.mark.parametrize("name", DEPTH + SEGMENTATION)
def test_a_smoke_test_of_a_few_steps_is_valid(name):
  changes = {"training.steps": 3,
             **({"steps.0.training.steps": 2} if registry.build(name).steps else {})}
  experiment = overrides.validate(overrides.resolve(name, overrides=changes))
  assert experiment.training.steps == 3
