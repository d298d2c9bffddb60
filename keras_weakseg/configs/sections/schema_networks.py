"""The sections that say which networks, how they are built, and their weights.

Choices and options are those of `networks.registry`.
"""
import copy

from keras_weakseg.configs.sections import base
from keras_weakseg.networks import pose_network
from keras_weakseg.networks import registry

# The pose network that looks through the encoder of the depth network.
SHARED = "shared"
# What is evaluated; networks of other roles only help.
_HELPERS = (registry.POSE, registry.CRITIC)

# Names of sections in Python.
_CLASSES = {
    "LargeFOV": "largefov_vgg16", "DeepLabV2": "deeplab_v2_resnet101", "DeepLabV3": "deeplab_v3",
    "LightMobileNetV1": "light_mobilenet_v1", "LightTiny": "light_tiny", "UNet": "unet",
    "LightUNet": "light_unet", "DepthUNet": "depth_unet", "LightDepth": "light_depth",
    "MultiTask": "multitask", "LightMultiTask": "light_multitask", "PoseResNet": "pose_network",
    "LightPose": "light_pose", "CamVGG16": "cam_vgg16", "CamEncoder": "cam_encoder",
    "LightCam": "light_cam", "PNet": "p_net", "DualNetwork": "dual_network",
    "LightDual": "light_dual", "Hourglass": "hourglass", "LightHourglass": "light_hourglass"}


class Network(base.Choice):
  """Which network, and the weights it starts from.

  Attributes:
    type: name of the network; None = what the method takes where nothing is said.
    pretrained: `imagenet` (from tf_keras.applications), a path to an npz or a checkpoint, the
      folder of a run (also of a pruned one), or empty; `imagenet_if_available` trains from
      scratch, and says so, where they cannot be had.
    continues: the step of the recipe whose weights it starts from, `depth`, or one network of it,
      `train/teacher`; empty = from `pretrained`.
    starts: which part does: `all` (what fits of encoder and decoder), or `encoder`.
    background_prior: probability of the background before training, 0 = leave the bias at zero.
    sees_depth: whether the depth of the data, in training and evaluation, is a fourth channel
      beside the colours; it starts with zeros. Every part must grant it (`mask+depth`).
  """
  own = {"pretrained": "", "continues": "", "starts": "all", "background_prior": 0.0,
         "sees_depth": False}

  def __init__(self, type="light_mobilenet_v1", **values):  # pylint: disable=redefined-builtin
    super().__init__(type, **values)

  def as_dict(self):
    values = super().as_dict()
    if not self.sees_depth:  # Runs that were made before the option was keep their identity.
      del values["sees_depth"]
    return values

  @classmethod
  def homes(cls):
    return {name: base.section_of(*registry.option_home(name))
            for name in registry.network_names()
            if registry.role_of(name) not in _HELPERS}


class OtherNetwork(Network):
  """A further network of a method, such as `pose`; without a type, what the method takes."""

  def __init__(self, type=None, **values):  # pylint: disable=redefined-builtin
    super().__init__(type, **values)

  @classmethod
  def homes(cls):
    known = {name: base.section_of(*registry.option_home(name))
             for name in registry.network_names()}
    return {**known, SHARED: base.section_of(pose_network.shared_pose_network, SHARED)}


class Networks(base.Named):
  """The networks of a method besides the one that is evaluated, by the names it gives them."""
  element = OtherNetwork


def other_network(name, *, pretrained="", continues="", **options):
  """Returns the section of a further network with some options; see `Networks`."""
  return OtherNetwork(name, pretrained=pretrained, continues=continues, **{name: options})


def network(name, *, pretrained="", continues="", starts="all", background_prior=0.0, **options):
  """Returns the section of a network with some options.

  Example:
    >>> network("light_tiny", alpha=0.5).get().alpha
    0.5
  """
  return Network(name, pretrained=pretrained, continues=continues, starts=starts,
                 background_prior=background_prior, **{name: options})


def going_on(section, step):
  """Returns a copy of the section of a network that goes on with what a step has learned.

  Args:
    section: `Network`.
    step: name of the step; empty = it starts as it would.
  """
  section = copy.deepcopy(section)
  if step:
    section.pretrained, section.continues, section.background_prior = "", step, 0.0
  return section


def __getattr__(name):
  """Gives the section of a network by its name in Python."""
  if name in _CLASSES:
    return base.section_of(*registry.option_home(_CLASSES[name]))
  raise AttributeError(name)
