"""The sections of networks: one for every network, with the options and defaults of its builder."""
import inspect

import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.configs.sections import schema_networks
from keras_weakseg.networks import pose_network
from keras_weakseg.networks import registry

# What a run decides for itself.
FRAME = {"synchronized_batch_norm"}
# These offer what the papers vary, not all that can be built.
NARROW = {"largefov_vgg16", "deeplab_v2_resnet101", "deeplab_v3"}

HELPERS = [*registry.network_names("pose"), *registry.network_names("critic")]
OTHERS = sorted(set(registry.network_names()) - set(HELPERS))


@pytest.mark.parametrize("name", registry.network_names())
def test_a_section_has_the_options_of_its_builder(name):
  """An option that only one side knows would never be used, or be refused when it is set."""
  section = schema_networks.OtherNetwork(type=name).get().as_dict()
  options = {k: v for k, v in registry.network_options(name).items() if k not in FRAME}
  if name in NARROW:
    assert section and set(section) < set(options)
    options = {key: options[key] for key in section}
  assert {k: tuple(v) if isinstance(v, list) else v for k, v in section.items()} == options


def test_a_shared_pose_network_has_the_options_of_its_builder():
  parameters = inspect.signature(pose_network.shared_pose_network).parameters
  options = {key: p.default for key, p in parameters.items()
             if p.kind is inspect.Parameter.KEYWORD_ONLY and key != "frames"}
  assert schema_networks.OtherNetwork("shared").options() == options


def test_every_network_is_a_choice():
  choices = lambda section: sorted(k for k, v in vars(section).items() if hasattr(v, "as_dict"))
  assert choices(schema_networks.Network()) == OTHERS
  assert choices(schema_networks.OtherNetwork()) == sorted([*registry.network_names(), "shared"])


def test_the_schema_offers_these_sections():
  assert schema.Network is schema_networks.Network
  for section in (schema.Experiment(), schema.Step()):
    assert isinstance(section.networks, schema_networks.Networks)
  assert type(schema.LightTiny()) is type(schema.Network().light_tiny)


def test_choices_carry_their_weights():
  pose = schema_networks.OtherNetwork(type="shared", pretrained="x", continues="depth/pose")
  assert pose.as_dict() == {
      "type": "shared", "pretrained": "x", "continues": "depth/pose", "starts": "all",
      "background_prior": 0.0, "shared": {"filters": 256}}
  network = schema_networks.Network(type="light_depth", pretrained="y")
  assert network.as_dict()["pretrained"] == "y" and set(network.as_dict()) == {
      "type", "pretrained", "continues", "starts", "background_prior", "light_depth"}


def test_an_unknown_choice_names_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'light_tiny'"):
    schema_networks.Network(light_tini={})


def test_sections_can_be_overridden_written_and_read(tmp_path):
  changes = ("network.type=unet,network.unet.channels=[4, 5, 6, 7, 8],network.unet.rates=[2],"
             "network.unet.encoder=resnet18,networks.pose.type=pose_network,"
             "networks.pose.pose_network.frames=3,networks.pose.pretrained=w.npz")
  experiment = overrides.resolve("em_adapt_scenes", overrides=changes)
  assert tuple(experiment.network.get().channels) == (4, 5, 6, 7, 8)
  pose = experiment.networks.get("pose")
  assert pose.get().frames == 3 and pose.pretrained == "w.npz"
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


def test_what_sees_no_depth_keeps_the_identity_it_had():
  network = schema.network("light_tiny")
  assert "sees_depth" not in network.as_dict()
  network.sees_depth = True
  assert network.as_dict()["sees_depth"] is True
  experiment = schema.Experiment(network=network)
  assert overrides.from_yaml(overrides.to_yaml(experiment)).network.sees_depth
