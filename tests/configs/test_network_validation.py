"""Networks are checked before one is built: names, ranges, and what encoders can be."""
import pytest

from keras_weakseg.configs import network_validation
from keras_weakseg.configs import overrides
from keras_weakseg.configs import validation
from keras_weakseg.configs.sections import schema
from keras_weakseg.networks import registry

UNETS = ("unet", "light_unet", "depth_unet", "light_depth", "multitask", "light_multitask",
         "hourglass", "light_hourglass")


def network(name, **options):
  made = schema.Network(type=name)
  made.override({name: options})
  return made


def pose(name, **options):
  made = schema.OtherNetwork(type=name)
  made.override({name: options})
  return made


def test_the_rule_of_crops_is_that_of_the_networks():
  """All networks that are trained on images, except those with corner-aligned score grids."""
  records = [registry.network_record(name) for name in registry.network_names()]
  nested = {record.name for record in records
            if record.role in (registry.DEPTH, registry.MULTITASK)
            or record.role == registry.SEGMENTATION and record.stride == 1}
  assert set(network_validation.NESTED_GRIDS) == nested == set(UNETS)
  for record in records:
    if record.name in nested:
      record.check_size(96, 320)
    assert record.name in HELPERS or network_validation.has_nested_grids(
        schema.Network(type=record.name)) == (record.name in nested)


POSES = ("pose_network", "light_pose")
HELPERS = (*POSES, "p_net")


@pytest.mark.parametrize("name", sorted(set(registry.network_names()) - set(HELPERS)))
def test_defaults_are_valid(name):
  assert network_validation.validate_network(schema.Network(type=name)) is None


@pytest.mark.parametrize("name", [*HELPERS, "shared"])
def test_defaults_of_helpers_are_valid(name):
  assert network_validation.validate_other(schema.OtherNetwork(type=name), "networks.it") is None


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
    ("unet", {"output_stride": 4}, "(?s)'network.unet.output_stride'.*one of 8, 16, 32"),
    ("deeplab_v3", {"output_stride": 32}, "one of 8, 16\\."),
    ("light_depth", {"alpha": 0.0}, "more than 0"),
    ("light_depth", {"channels": [1, 2, 3, 4]}, "5 entries.*\\[1, 2, 3, 4\\]"),
    ("light_depth", {"channels": [1, 2, 3, 4, 0]}, "1 or more"),
    ("light_multitask", {"skip_channels": [1, 2]}, "0 or 4 entries"),
    ("light_multitask", {"rates": []}, "one or more entries"),
    ("light_multitask", {"dropout_rate": 1.0}, "0 to below 1"),
    ("light_unet", {"score_level": 5}, "one of 0, 1, 2, 3, 4"),
    ("light_multitask", {"score_level": 2}, "one of 0, 1\\."),
    ("light_unet", {"head_channels": 0}, "1 or more"),
    ("cam_vgg16", {"cam_filters": -1}, "(?s)cam_vgg16.cam_filters.*0 or more"),
    ("cam_encoder", {"encoder": "mobilenet_v1", "output_stride": 8}, "16 with mobilenet_v1"),
    ("light_dual", {"rule": "rsm"}, "(?s)light_dual.rule.*Did you mean 'rms'"),
    ("dual_network", {"proximal": 1.5}, "(?s)dual_network.proximal.*0 to 1"),
    ("dual_network", {"combine": "tags"}, "dual_network.combine"),
    ("light_hourglass", {"width": 0.0}, "(?s)light_hourglass.width.*more than 0"),
    ("light_multitask", {"head_channels": -1}, "0 or more"),
    ("light_depth", {"frozen_blocks": -1}, "0 or more"),
    ("light_depth", {"disparity_scales": []}, "different entries"),
    ("light_depth", {"disparity_scales": [0, 4]}, "different entries"),
    ("light_depth", {"disparity_scales": [1, 1]}, "different entries"),
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
     "'networks.pose.light_pose.frames'.*\n.*2 or more"),
    ("light_pose", {"alpha": -1.0}, "more than 0"),
    ("shared", {"filters": 0}, "'networks.pose.shared.filters'"),
    ("p_net", {"encoding": "categroy"}, "Did you mean 'category'"),
    ("p_net", {"grid": [7, 41]}, "(?s)p_net.grid.*8 or more.*\\[7, 41\\]"),
    ("p_net", {"grid": [41]}, "(?s)p_net.grid.*0 or 2 entries")])
def test_helpers_that_cannot_be_built(name, options, words):
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


def test_only_the_network_that_segments_sees_depth():
  network = schema.network("light_depth")
  network.sees_depth = True
  with pytest.raises(ValueError, match="(?s)'network.sees_depth'.*light_depth"):
    network_validation.validate_network(network)
  other = schema.other_network("light_pose")
  other.sees_depth = True
  with pytest.raises(ValueError, match="'networks.pose.sees_depth'"):
    network_validation.validate_other(other, "networks.pose")
