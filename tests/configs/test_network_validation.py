"""Networks are checked before one is built: names, ranges, and what encoders can be."""
import pytest

from keras_weakseg.configs import network_validation
from keras_weakseg.configs import overrides
from keras_weakseg.configs import schema
from keras_weakseg.configs import validation
from keras_weakseg.networks import batch_norm, depth_encoder, largefov, light
from keras_weakseg.networks import multitask_decoder, pose_network, registry, resnet
from keras_weakseg.networks import unet_decoder

UNETS = ("unet", "light_unet", "depth_unet", "light_depth", "multitask", "light_multitask")


def network(name, **options):
  made = schema.Network(type=name)
  made.override({name: options})
  return made


def pose(name, **options):
  made = schema.OtherNetwork(type=name)
  made.override({name: options})
  return made


def test_the_names_are_those_of_the_code():
  """Configurations import no network, so their names are a copy."""
  assert network_validation.ENCODERS == tuple(depth_encoder.ENCODERS)
  assert network_validation.RESNETS == tuple(
      name for name, spec in depth_encoder.ENCODERS.items() if spec.family == depth_encoder.RESNET)
  assert network_validation.POSE_KINDS == pose_network.KINDS
  assert network_validation.LAYOUTS == tuple(resnet.LAYOUTS)
  assert network_validation.CONTEXTS == unet_decoder.CONTEXTS
  assert network_validation.PADDINGS == unet_decoder.PADDINGS
  assert network_validation.HEADS == unet_decoder.HEADS
  assert network_validation.SCALES == unet_decoder.SCALES
  assert network_validation.MULTITASK_LEVELS == multitask_decoder.SCORE_LEVELS
  assert network_validation.BATCH_NORMS == (batch_norm.TRAIN, batch_norm.FROZEN)
  assert network_validation.FIELDS_OF_VIEW == tuple(largefov.FIELDS_OF_VIEW)
  assert network_validation.FIELDS_OF_VIEW == light.FIELDS_OF_VIEW


def test_the_rule_of_crops_is_that_of_the_networks():
  """All networks that are trained on images, except those with corner-aligned score grids."""
  records = [registry.network_record(name) for name in registry.network_names()]
  nested = {record.name for record in records if record.role != registry.POSE
            and (record.role != registry.SEGMENTATION or record.stride == 1)}
  assert set(network_validation.NESTED_GRIDS) == nested == set(UNETS)
  for record in records:
    if record.name in nested:
      record.check_size(96, 320)
    assert record.name in POSES or network_validation.has_nested_grids(
        schema.Network(type=record.name)) == (record.name in nested)


POSES = ("pose_network", "light_pose")


@pytest.mark.parametrize("name", sorted(set(registry.network_names()) - set(POSES)))
def test_defaults_are_valid(name):
  assert network_validation.validate_network(schema.Network(type=name)) is None


@pytest.mark.parametrize("name", [*POSES, "shared"])
def test_defaults_of_poses_are_valid(name):
  assert network_validation.validate_other(schema.OtherNetwork(type=name), "networks.pose") is None


@pytest.mark.parametrize("name, options", [
    ("unet", {"encoder": "mobilenet_v1", "alpha": 0.5, "frozen_blocks": 3}),
    ("depth_unet", {"encoder": "resnet18", "output_stride": 32, "disparity_scales": [0]}),
    ("light_unet", {"skip_channels": [], "head": "conv", "score_level": 4}),
    ("light_multitask", {"head_channels": 0}),
    ("multitask", {"batch_norm": True, "context": "conv", "padding": "zeros"})])
def test_what_can_be_built_passes(name, options):
  given = network(name, **options)
  network_validation.validate_network(given)
  classes = 0 if "depth" in name else 3
  assert registry.build_network(name, (32, 32, 3), classes, **given.get().as_dict()).weights


@pytest.mark.parametrize("name, options, words", [
    ("unet", {"encoder": "resnet110"}, "Did you mean 'resnet101'"),
    ("unet", {"layout": "kears"}, "Did you mean 'keras'"),
    ("unet", {"context": "asp"}, "Did you mean 'aspp'"),
    ("unet", {"padding": "zero"}, "Did you mean 'zeros'"),
    ("light_unet", {"head": "lin"}, "Did you mean 'linear'"),
    ("light_depth", {"encoder_batch_norm": "train_"}, "light_depth.encoder_batch_norm' 'train_'"),
    ("unet", {"output_stride": 4}, "'network.unet.output_stride' .*\n.*8 or 16 or 32"),
    ("deeplab_v3", {"output_stride": 32}, "8 or 16\\."),
    ("light_depth", {"alpha": 0.0}, "width multiplier above 0"),
    ("light_depth", {"channels": [1, 2, 3, 4]}, "5 widths.*\\[1, 2, 3, 4\\]"),
    ("light_depth", {"channels": [1, 2, 3, 4, 0]}, "5 widths"),
    ("light_multitask", {"skip_channels": [1, 2]}, "4 widths"),
    ("light_multitask", {"rates": []}, "one or more dilations"),
    ("light_multitask", {"dropout_rate": 1.0}, "0 <= share < 1"),
    ("light_unet", {"score_level": 5}, "0 \\(fine\\) to 4"),
    ("light_multitask", {"score_level": 2}, "0 \\(fine\\) to 1"),
    ("light_unet", {"head_channels": 0}, "1 or more"),
    ("light_multitask", {"head_channels": -1}, "1 or more, or 0 for none"),
    ("light_depth", {"frozen_blocks": -1}, "0 or more"),
    ("light_depth", {"disparity_scales": []}, "different scales"),
    ("light_depth", {"disparity_scales": [0, 4]}, "different scales"),
    ("light_depth", {"disparity_scales": [1, 1]}, "different scales"),
    ("unet", {"encoder": "mobilenet_v1", "output_stride": 8}, "16 with mobilenet_v1"),
    ("depth_unet", {"alpha": 0.5}, "1.0 with resnet101.*\n.*encoder=mobilenet_v1"),
    ("depth_unet", {"frozen_blocks": 2}, "0 with resnet101"),
])
def test_what_cannot_be_built_is_refused(name, options, words):
  with pytest.raises(ValueError, match=words):
    network_validation.validate_network(network(name, **options))


@pytest.mark.parametrize("name, options, words", [
    ("pose_network", {"kind": "posenet"}, "Did you mean 'posecnn'"),
    ("pose_network", {"batch_norm": "off"}, "networks.pose.pose_network.batch_norm"),
    ("light_pose", {"frames": 1},
     "'networks.pose.light_pose.frames'.*\n.*a motion needs two frames"),
    ("light_pose", {"alpha": -1.0}, "above 0"),
    ("shared", {"filters": 0}, "'networks.pose.shared.filters'")])
def test_poses_that_cannot_be_built(name, options, words):
  with pytest.raises(ValueError, match=words):
    network_validation.validate_other(pose(name, **options), "networks.pose")


def test_a_shared_encoder_has_no_weights_of_its_own():
  with pytest.raises(ValueError, match="(?s)'networks.pose.pretrained'.*Set `network.pretrained`"):
    network_validation.validate_other(
        schema.OtherNetwork(type="shared", pretrained="imagenet"), "networks.pose")


@pytest.mark.parametrize("prior, good", [(0.0, True), (0.7, True), (1.0, False), (-0.1, False)])
def test_the_background_prior_is_a_probability(prior, good):
  given = schema.Network(background_prior=prior)
  if good:
    network_validation.validate_network(given)
  else:
    with pytest.raises(ValueError, match="'network.background_prior'"):
      network_validation.validate_network(given)


def check(changes):
  return validation.validate(overrides.resolve("supervised_scenes", overrides=changes))


def test_crops_follow_the_network():
  check("network.type=light_unet,data.augmentation.crop=[96, 160]")
  with pytest.raises(ValueError, match="(?s)a multiple of 32.*crop=\\[96, 192\\]"):
    check("network.type=light_unet,data.augmentation.crop=[97, 193]")
  with pytest.raises(ValueError, match="8k\\+1"):
    check("network.type=light_tiny,data.augmentation.crop=[96, 192]")


def test_steps_share_the_crop():
  stage = {"name": "first", "network": {"type": "light_tiny"},
           "parts": [{"source": "", "supervision": "mask"}]}
  changes = {"network": {"type": "light_unet"}, "data.augmentation.crop": [96, 192],
             "steps": [stage]}
  with pytest.raises(ValueError, match="(?s)In the step 'first'.*8k\\+1"):
    check(changes)
  stage["network"]["type"] = "light_unet"
  assert check(changes).steps[0].network.type == "light_unet"


def test_poses_of_an_experiment_are_checked():
  with pytest.raises(ValueError, match="networks.pose.light_pose.frames"):
    check("method.type=self_supervised_depth,network.type=light_depth,data.augmentation.crop=[],"
          "data.augmentation.scales=[1, 1],networks.pose.type=light_pose,"
          "networks.pose.light_pose.frames=1")
