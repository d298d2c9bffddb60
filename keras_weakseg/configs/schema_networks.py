"""The sections of the configuration that say which network, how it is built, and its weights.

A section has the options of its builder in `networks` and their defaults; what runs decide for
themselves (statistics over all replicas) is left out.
"""
import dataclasses
from typing import Optional, Tuple

from official.modeling import hyperparams


def _section(section_type):
  """Returns a dataclass field whose default is a fresh section."""
  return dataclasses.field(default_factory=section_type)


# === Segmentation ===


@dataclasses.dataclass
class LargeFOV(hyperparams.Config):
  """DeepLab-LargeFOV on VGG-16 (Chen et al. 2015); with `multi_scale_features`, DeepLab-MSc."""
  field_of_view: str = "large"
  multi_scale_features: bool = False


@dataclasses.dataclass
class DeepLabV2(hyperparams.Config):
  """DeepLab-v2 ResNet-101 (Chen et al. 2016)."""
  multi_scale: bool = False


@dataclasses.dataclass
class DeepLabV3(hyperparams.Config):
  """Model Garden's dilated backbones and ASPP."""
  backbone: str = "resnet50"
  output_stride: int = 16


@dataclasses.dataclass
class LightMobileNetV1(hyperparams.Config):
  """MobileNetV1 trunk with a light context head, for two CPU cores."""
  alpha: float = 1.0
  output_stride: int = 16
  field_of_view: str = "large"
  head_filters: int = 128
  skip_filters: int = 48
  dropout_rate: float = 0.1
  frozen_blocks: int = 0
  batch_norm: str = "train"


@dataclasses.dataclass
class LightTiny(LightMobileNetV1):
  """The same at a quarter of its width, for small scenes from scratch."""
  alpha: float = 0.25
  head_filters: int = 64
  skip_filters: int = 24
  dropout_rate: float = 0.0


# === Encoder and U-Net decoder (Hoyer et al., CVPR 2021) ===


@dataclasses.dataclass
class _Decoder(hyperparams.Config):
  """Encoder and decoder of all U-Nets; see `networks.unet_decoder.unet_decoder`."""
  encoder: str = "resnet101"
  output_stride: int = 16
  alpha: float = 1.0
  layout: str = "torchvision"
  frozen_blocks: int = 0
  encoder_batch_norm: str = "train"
  channels: Tuple[int, ...] = (64, 128, 128, 256, 256)
  context: str = "aspp"
  rates: Tuple[int, ...] = (6, 12, 18)
  batch_norm: bool = False
  dropout_rate: float = 0.5
  skip_channels: Tuple[int, ...] = ()
  padding: str = "reflect"


@dataclasses.dataclass
class _LightDecoder(hyperparams.Config):
  """The same on MobileNetV1, for two CPU cores; see `networks.unet_decoder.light_unet`."""
  alpha: float = 1.0
  frozen_blocks: int = 0
  encoder_batch_norm: str = "train"
  channels: Tuple[int, ...] = (16, 32, 48, 64, 128)
  skip_channels: Tuple[int, ...] = (16, 24, 32, 48)
  rates: Tuple[int, ...] = (2, 4)
  batch_norm: bool = True
  dropout_rate: float = 0.1
  padding: str = "reflect"


@dataclasses.dataclass
class UNet(_Decoder):
  """A score for every pixel; encoder and decoder are those of `depth_unet`."""
  score_level: int = 0
  head: str = "linear"
  head_channels: int = 64


@dataclasses.dataclass
class LightUNet(_LightDecoder):
  """The same, light: encoder and decoder are those of `light_depth`."""
  score_level: int = 1
  head: str = "linear"
  head_channels: int = 64


@dataclasses.dataclass
class DepthUNet(_Decoder):
  """Disparities of a single image."""
  disparity_scales: Tuple[int, ...] = (0, 1, 2, 3)
  mask_sources: int = 0


@dataclasses.dataclass
class LightDepth(_LightDecoder):
  """Disparities of a single image, light."""
  disparity_scales: Tuple[int, ...] = (0, 1, 2, 3)
  mask_sources: int = 0


@dataclasses.dataclass
class MultiTask(_Decoder):
  """Disparities and scores on one encoder (PAD-Net)."""
  score_level: int = 0
  head_channels: int = 0
  segmentation_disparities: bool = False


@dataclasses.dataclass
class LightMultiTask(_LightDecoder):
  """Disparities and scores on one encoder, light."""
  score_level: int = 0
  head_channels: int = 64
  segmentation_disparities: bool = False


@dataclasses.dataclass
class Network(hyperparams.OneOfConfig):
  """Which network, and the weights it starts from.

  Attributes:
    pretrained: `imagenet` (from tf_keras.applications), a path to an npz or a checkpoint, or
      empty; `imagenet_if_available` trains from scratch, and says so, where they cannot be had.
    carried: in a recipe of stages, start from the stage before; otherwise from `pretrained`.
    starts: which part does: `all` (what fits of encoder and decoder), or `encoder`.
    background_prior: probability of the background before training, 0 = leave the bias at zero.
  """
  type: Optional[str] = "light_mobilenet_v1"
  pretrained: str = ""
  carried: bool = True
  starts: str = "all"
  background_prior: float = 0.0
  largefov_vgg16: LargeFOV = _section(LargeFOV)
  deeplab_v2_resnet101: DeepLabV2 = _section(DeepLabV2)
  deeplab_v3: DeepLabV3 = _section(DeepLabV3)
  light_mobilenet_v1: LightMobileNetV1 = _section(LightMobileNetV1)
  light_tiny: LightTiny = _section(LightTiny)
  unet: UNet = _section(UNet)
  light_unet: LightUNet = _section(LightUNet)
  depth_unet: DepthUNet = _section(DepthUNet)
  light_depth: LightDepth = _section(LightDepth)
  multitask: MultiTask = _section(MultiTask)
  light_multitask: LightMultiTask = _section(LightMultiTask)

  def as_dict(self):
    """Returns the chosen section and what it starts from."""
    return {**super().as_dict(), "pretrained": self.pretrained, "carried": self.carried,
            "starts": self.starts, "background_prior": self.background_prior}


# === Motion of the camera ===


@dataclasses.dataclass
class PoseResNet(hyperparams.Config):
  """A ResNet-18 over the stacked frames (Godard et al., ICCV 2019), or what `kind` names."""
  kind: str = "resnet18"
  frames: int = 2
  alpha: float = 1.0
  filters: int = 256
  shrink: int = 1
  layout: str = "torchvision"
  batch_norm: str = "train"


@dataclasses.dataclass
class LightPose(hyperparams.Config):
  """PoseCNN (Zhou et al., CVPR 2017) at half its width."""
  kind: str = "posecnn"
  frames: int = 2
  alpha: float = 0.5
  filters: int = 128
  shrink: int = 1
  batch_norm: str = "train"


@dataclasses.dataclass
class SharedPose(hyperparams.Config):
  """The frames are seen through the encoder of the depth network."""
  filters: int = 256


@dataclasses.dataclass
class PoseNetwork(hyperparams.OneOfConfig):
  """Which network tells how the camera moved, where depth is learned from video.

  Attributes:
    pretrained, carried: as in `Network`; a shared encoder has none of its own.
  """
  type: Optional[str] = "light_pose"
  pretrained: str = ""
  carried: bool = True
  pose_network: PoseResNet = _section(PoseResNet)
  light_pose: LightPose = _section(LightPose)
  shared: SharedPose = _section(SharedPose)

  def as_dict(self):
    """Returns the chosen section and what it starts from."""
    return {**super().as_dict(), "pretrained": self.pretrained, "carried": self.carried}
