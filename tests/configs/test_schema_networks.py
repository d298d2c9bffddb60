"""The sections of networks: one for every network, with the options and defaults of its builder."""
import inspect

import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs import schema
from keras_weakseg.configs import schema_networks
from keras_weakseg.networks import pose_network
from keras_weakseg.networks import registry

# What a run decides for itself.
FRAME = {"synchronized_batch_norm"}
# Older sections offer what the papers vary, not all that can be built.
NARROW = {"largefov_vgg16", "deeplab_v2_resnet101", "deeplab_v3"}

POSES = registry.network_names("pose")
OTHERS = sorted(set(registry.network_names()) - set(POSES))


def wanted(name):
  return {k: v for k, v in registry.network_options(name).items() if k not in FRAME}


@pytest.mark.parametrize("name", registry.network_names())
def test_a_section_has_the_options_of_its_builder(name):
  """An option that only one side knows would never be used, or be refused when it is set."""
  kind = schema_networks.PoseNetwork if name in POSES else schema_networks.Network
  section, options = kind(type=name).get().as_dict(), wanted(name)
  if name in NARROW:
    assert section and set(section) < set(options)
    options = {key: options[key] for key in section}
  assert {k: tuple(v) if isinstance(v, list) else v for k, v in section.items()} == options


def test_a_shared_pose_network_has_the_options_of_its_builder():
  parameters = inspect.signature(pose_network.shared_pose_network).parameters
  options = {key: p.default for key, p in parameters.items()
             if p.kind is inspect.Parameter.KEYWORD_ONLY and key != "frames"}
  assert schema_networks.SharedPose().as_dict() == options


def test_every_network_has_a_section_and_every_section_a_network():
  choices = lambda section: sorted(k for k, v in vars(section).items() if hasattr(v, "as_dict"))
  assert choices(schema_networks.Network()) == OTHERS
  assert choices(schema_networks.PoseNetwork()) == sorted([*POSES, "shared"])


def test_the_schema_offers_these_sections():
  assert schema.Network is schema_networks.Network
  for section in (schema.Experiment(), schema.Stage()):
    assert isinstance(section.pose, schema_networks.PoseNetwork)
  assert schema.Experiment().pose.type == "light_pose"


def test_choices_carry_their_weights():
  pose = schema_networks.PoseNetwork(type="shared", pretrained="x")
  assert pose.as_dict() == {
      "type": "shared", "pretrained": "x", "carried": True, "shared": {"filters": 256}}
  network = schema_networks.Network(type="light_depth", pretrained="y")
  assert network.as_dict()["pretrained"] == "y" and set(network.as_dict()) == {
      "type", "pretrained", "carried", "starts", "background_prior", "light_depth"}


def test_sections_can_be_overridden_written_and_read(tmp_path):
  changes = ("network.type=unet,network.unet.channels=[4, 5, 6, 7, 8],network.unet.rates=[2],"
             "network.unet.encoder=resnet18,pose.type=pose_network,pose.pose_network.frames=3,"
             "pose.pretrained=w.npz")
  experiment = overrides.resolve("em_adapt_scenes", overrides=changes)
  assert tuple(experiment.network.get().channels) == (4, 5, 6, 7, 8)
  assert experiment.pose.get().frames == 3 and experiment.pose.pretrained == "w.npz"
  path = tmp_path / "experiment.yaml"
  path.write_text(overrides.to_yaml(experiment))
  assert overrides.resolve(str(path)).as_dict() == experiment.as_dict()
  options = experiment.network.get().as_dict()
  model = registry.build_network("unet", (32, 32, 3), 3, **options)
  assert model.get_layer("head_level2_conv1").filters == 6


def test_sections_are_not_shared():
  first = schema_networks.Network()
  first.unet.encoder = "resnet18"
  assert schema_networks.Network().unet.encoder == "resnet101"
  assert schema_networks.Network().depth_unet.encoder == "resnet101"
