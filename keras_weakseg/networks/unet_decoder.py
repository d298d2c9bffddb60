"""A U-Net decoder for disparity, and the same network with a classifier for segmentation.

Monodepth2's decoder (Godard et al., ICCV 2019) with pyramid pooling at its root (Hoyer et al., CVPR
2021, section 3). Depth and segmentation networks of the same options have the same layer names, so
that `weights.carry_over` takes encoder and decoder along; only the last layers differ.
"""
import dataclasses
from typing import Annotated, Tuple

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3, light
from keras_weakseg.networks.backbones import depth_encoder, resnet
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dropout, unet_layers
from keras_weakseg.networks.option_types import (
    BatchNorm, Channels, Encoder, EncoderStride, Layout, Rates, SkipChannels)
from keras_weakseg.options import Count, CountOrNone, Filled, OneOf, Positive

ASPP, LIGHT, CONV = "aspp", "light", "conv"
CONTEXTS = (ASPP, LIGHT, CONV)

REFLECT = "reflect"
ZEROS = "zeros"
PADDINGS = (REFLECT, ZEROS)

LINEAR = "linear"
HEADS = (LINEAR, CONV)

SCALES = (0, 1, 2, 3)
SCORE_LEVELS = (0, 1, 2, 3, 4)
SCORES = "scores"


def disparity_key(scale):
  """Returns the name of the disparity output of a scale; its grid has stride 2^scale.

  Example:
    >>> [disparity_key(scale) for scale in SCALES]
    ['disparity_0', 'disparity_1', 'disparity_2', 'disparity_3']
  """
  return f"disparity_{scale}"


def mask_key(scale):
  """Returns the name of the masks of a scale.

  Example:
    >>> mask_key(2)
    'mask_2'
  """
  return f"mask_{scale}"


def finest_disparity_key(outputs):
  """Returns the name of the finest disparity among the outputs of a network.

  Args:
    outputs: dict, or the names, of outputs.

  Example:
    >>> finest_disparity_key({"disparity_2", "disparity_1", "scores"})
    'disparity_1'
  """
  return next(key for key in map(disparity_key, SCALES) if key in outputs)


@dataclasses.dataclass(frozen=True)
class DecoderPlan:
  """How a decoder is built.

  Attributes:
    channels: of levels 0 (fine) to 4 (coarse).
    context: of level 4: "aspp" (pyramid pooling), "light" (its separable form) or "conv".
    rates: dilations of the context.
    batch_norm: whether every convolution block normalises; "aspp" and "light" always do.
    dropout_rate: behind the context.
    skip_channels: projected width of the encoder's levels 0 to 3; empty = as they are.
    padding: "reflect" or "zeros".
    output_stride: of the encoder's level 4.
    synchronized: batch statistics over all replicas.
    prefix: of the names of all layers.
  """
  channels: tuple = (64, 128, 128, 256, 256)
  context: str = ASPP
  rates: tuple = deeplab_v3.ASPP_RATES
  batch_norm: bool = False
  dropout_rate: float = 0.5
  skip_channels: tuple = ()
  padding: str = REFLECT
  output_stride: int = 16
  synchronized: bool = False
  prefix: str = "head_"

  def __post_init__(self):
    for kind, value, known in (("context", self.context, CONTEXTS),
                               ("padding", self.padding, PADDINGS)):
      errors.check_name(f"{kind} of a U-Net decoder", value, known)
    if len(self.channels) != 5 or len(self.skip_channels) not in (0, 4):
      raise errors.value_error(
          "The widths of the decoder do not fit its levels.",
          expected="5 channels (levels 0 to 4) and 4 or no skip_channels (levels 0 to 3)",
          received=f"{self.channels} and {self.skip_channels}", fix="Name one width per level.")

  def conv(self, x, filters, name, kernel=3, **options):
    """Returns a convolution of `x` in the plan's padding, layer `<prefix><name>`."""
    name, padding = self.prefix + name, "same"
    if kernel == 3 and self.padding == REFLECT:
      x, padding = unet_layers.ReflectionPad(name=f"{name}_pad")(x), "valid"
    return keras.layers.Conv2D(filters, kernel, padding=padding, name=name, **options)(x)

  def norm(self, x, name):
    """Returns `x` normalised by layer `<prefix><name>_bn`."""
    return norms.batch_norm(norms.TRAIN, f"{self.prefix}{name}_bn", epsilon=1e-5,
                            momentum=resnet.MOMENTUM, synchronized=self.synchronized)(x)

  def block(self, x, filters, name):
    """Returns convolution, normalisation if planned, and ELU of `x`."""
    x = self.conv(x, filters, name, kernel_initializer="he_uniform")
    x = self.norm(x, name) if self.batch_norm else x
    return keras.layers.ELU(name=f"{self.prefix}{name}_elu")(x)

  def projected(self, x, filters, name):
    """Returns a 1x1 convolution without bias, normalisation and ReLU of `x`."""
    x = self.conv(x, filters, name, 1, use_bias=False, kernel_initializer="he_normal")
    return keras.layers.ReLU(name=f"{self.prefix}{name}_relu")(self.norm(x, name))

  def root(self, x):
    """Returns the first block of level 4, of the deepest features `x`."""
    filters = self.channels[4]
    if self.context == CONV:
      return self.block(x, filters, "level4_conv0")
    if self.context == LIGHT:
      x = light.context_module(x, filters=filters, rates=self.rates, prefix=self.prefix,
                               synchronized_batch_norm=self.synchronized)
    else:
      rates = [rate * 16 // self.output_stride for rate in self.rates]
      x = deeplab_v3.PyramidPooling(
          filters, rates, synchronized_batch_norm=self.synchronized, epsilon=1e-5,
          momentum=resnet.MOMENTUM, name=f"{self.prefix}aspp")(x)
    return dropout.StatelessDropout(self.dropout_rate, name=f"{self.prefix}dropout")(x)

  def decode(self, features, images, levels=(4, 3, 2, 1, 0), x=None):
    """Applies levels of the decoder.

    Args:
      features: the encoder's five Keras tensors.
      images: Keras tensor [N, H, W, any]; its size is that of level 0.
      levels: descending.
      x: Keras tensor of the level before the first one; not for level 4.

    Returns:
      Dict level -> Keras tensor [N, h, w, channels[level]], the grid of the encoder's level - 1.
    """
    found = {}
    for level in levels:
      x = self.root(features[4]) if level == 4 else self.block(
          x, self.channels[level], f"level{level}_conv0")
      finer = images if level == 0 else features[level - 1]
      # The encoder's strides are 2, 4, ... up to the output stride; no more than those are undone.
      if level == 0 or 2 ** (level + 1) <= self.output_stride:
        x = unet_layers.NearestUpLike(name=f"{self.prefix}level{level}_up")([x, finer])
      if level > 0:
        if self.skip_channels:
          finer = self.projected(finer, self.skip_channels[level - 1], f"level{level}_skip")
        x = keras.layers.Concatenate(name=f"{self.prefix}level{level}_join")([x, finer])
      x = self.block(x, self.channels[level], f"level{level}_conv1")
      x = found[level] = keras.layers.Activation(
          "linear", name=f"{self.prefix}level{level}")(x)
    return found

  def disparity(self, x, scale):
    """Returns the sigmoid disparity, float32 [N, h, w, 1], of the features `x` of a level."""
    return self.conv(x, 1, disparity_key(scale), activation="sigmoid", dtype="float32",
                     kernel_initializer="glorot_uniform")

  def projected_scores(self, x, filters):
    """Returns `x` mixed for the classifier by a 1x1 convolution; as it is without filters."""
    return self.conv(x, filters, "project_scores", 1, use_bias=False,
                     kernel_initializer="he_normal") if filters else x

  def classifier(self, x, num_classes, name="classifier"):
    """Returns the scores, float32 [N, h, w, C], of the features `x`."""
    return self.conv(x, num_classes, name, 1, dtype="float32",
                     kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))


def _levels(num_classes, scales, score_level, head):
  """Returns the decoder's levels, coarse to fine, that the outputs need; checks the request."""
  errors.check_name("head", head, HEADS)
  if score_level not in range(5):
    raise errors.value_error("There is no such level of the decoder.", expected="0 (fine) to 4",
                             received=score_level,
                             fix="Pass score_level=0 for scores of every pixel.")
  needed = set(scales) | ({score_level} if num_classes else set())
  if not needed or not set(scales) <= set(SCALES):
    raise errors.value_error(
        "The U-Net has no output that it could give.",
        expected=f"num_classes > 0, or disparity_scales out of {SCALES}",
        received=f"num_classes={num_classes}, disparity_scales={tuple(scales)}",
        fix="Pass disparity_scales=(0, 1, 2, 3) for a depth network.")
  return range(4, min(needed) - 1, -1)


def _scores(x, images, plan, num_classes, level, head, head_channels):
  x = plan.projected_scores(x, head_channels)
  if head == CONV:
    # The reference pads this one convolution with zeros.
    x = keras.layers.Conv2D(head_channels, 3, padding="same", use_bias=False, name="head_refine",
                            kernel_initializer="he_normal")(x)
    x = keras.layers.ReLU(name="head_refine_relu")(plan.norm(x, "refine"))
  return full_size(plan.classifier(x, num_classes), images, level)


def _masks(plan, features, images, scales, sources):
  """Returns a dict of the masks of every scale, by a decoder of their own."""
  plan = dataclasses.replace(plan, prefix="head_mask_")
  decoded = plan.decode(features, images, range(4, min(scales) - 1, -1))
  return {mask_key(scale): plan.conv(
      decoded[scale], sources, str(scale), activation="sigmoid", dtype="float32",
      kernel_initializer="glorot_uniform") for scale in scales}


def full_size(scores, images, level):
  """Returns the scores of a level at the size of images, bilinear; as they are at level 0.

  Args:
    scores: Keras tensor float32 [N, h, w, C].
    images: Keras tensor [N, H, W, any].
    level: of the decoder.
  """
  return scores if level == 0 else unet_layers.BilinearLike(
      name="head_scores", dtype="float32")([scores, images])


def unet_decoder(input_shape, num_classes, *, encoder: Encoder = "resnet101",
                 output_stride: EncoderStride = 16, alpha: Positive = 1.0,
                 layout: Layout = resnet.TORCHVISION, frozen_blocks: CountOrNone = 0,
                 encoder_batch_norm: BatchNorm = norms.TRAIN,
                 channels: Channels = (64, 128, 128, 256, 256),
                 context: Annotated[str, OneOf(CONTEXTS)] = ASPP,
                 rates: Rates = deeplab_v3.ASPP_RATES, batch_norm: bool = False,
                 dropout_rate: dropout.Rate = 0.5, skip_channels: SkipChannels = (),
                 padding: Annotated[str, OneOf(PADDINGS)] = REFLECT,
                 disparity_scales: Annotated[Tuple[int, ...], Filled(SCALES)] = (),
                 mask_sources: CountOrNone = 0,
                 score_level: Annotated[int, OneOf(SCORE_LEVELS)] = 0,
                 head: Annotated[str, OneOf(HEADS)] = LINEAR, head_channels: Count = 64,
                 synchronized_batch_norm=False):
  """Builds encoder and U-Net decoder, with a classifier, disparities, or both.

  Args:
    input_shape: (H, W, 3) or (None, None, 3); any size, multiples of 16 (32) keep grids nested.
    num_classes: C, with the background; 0 = disparities alone.
    encoder: "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "light_resnet18" (no
      more than 256 channels) or "mobilenet_v1".
    output_stride: of the encoder: 32, 16 or 8 (MobileNetV1: 16).
    alpha: width multiplier (MobileNetV1).
    layout: of a ResNet: "torchvision", "garden" or "keras": whose ImageNet weights fit.
    frozen_blocks: blocks of MobileNetV1 that are not trained.
    encoder_batch_norm: "train" or "frozen".
    channels: of the decoder's levels 0 (fine) to 4 (coarse).
    context: first block of level 4: "aspp", "light" (separable) or "conv" (Monodepth2).
    rates: dilations of the context on the grid of stride 16.
    batch_norm: whether the decoder's convolution blocks normalise.
    dropout_rate: behind the context; needs a `random_scope` while training unless 0.
    skip_channels: widths to which the encoder's levels 0 to 3 are projected; () = not.
    padding: "reflect", or "zeros" for runtimes without mirrored padding.
    disparity_scales: scales with a disparity output; scale s has stride 2^s.
    mask_sources: F, for how many source frames a second decoder learns where they can explain the
      image (`predictive_mask` of Monodepth2, after Zhou et al., CVPR 2017); 0 = none.
    score_level: level of the decoder that is classified; scores of coarse ones are resized.
    head: "linear" (1x1 to `head_channels`, classifier) or "conv" (a 3x3 convolution between).
    head_channels: width of the head.
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3] -> scores float32 [N, H, W, C]; with disparity
    scales a dict with "disparity_<s>" float32 [N, H/2^s, W/2^s, 1] in 0..1, larger = closer,
    "mask_<s>" [N, H/2^s, W/2^s, F] in 0..1 unless F is 0, and "scores" unless C is 0. Layers behind
    the encoder are called `head_...`.

  Raises:
    ValueError: an option is unknown or out of range, or nothing is asked for.

  Example:
    >>> model = unet_decoder((32, 64, 3), 4, encoder="resnet18", channels=(8, 8, 8, 8, 8))
    >>> model.output_shape
    (None, 32, 64, 4)
  """
  # Long because every option is documented here, where the registry looks for it.
  plan = DecoderPlan(
      channels=tuple(channels), context=context, rates=tuple(rates), batch_norm=batch_norm,
      dropout_rate=dropout_rate, skip_channels=tuple(skip_channels), padding=padding,
      output_stride=output_stride, synchronized=synchronized_batch_norm)
  levels = _levels(num_classes, disparity_scales, score_level, head)
  images = keras.Input(input_shape, name="image")
  features = depth_encoder.encode(
      images, encoder, output_stride=output_stride, alpha=alpha, layout=layout,
      frozen_blocks=frozen_blocks, batch_norm=encoder_batch_norm,
      synchronized_batch_norm=synchronized_batch_norm)
  decoded = plan.decode(features, images, levels)
  outputs = {disparity_key(scale): plan.disparity(decoded[scale], scale)
             for scale in disparity_scales}
  if mask_sources:
    outputs.update(_masks(plan, features, images, disparity_scales, mask_sources))
  if num_classes:
    outputs[SCORES] = _scores(decoded[score_level], images, plan, num_classes, score_level, head,
                              head_channels)
  return keras.Model(images, outputs if disparity_scales else outputs[SCORES],
                     name=f"unet_{encoder}")


def light_unet(input_shape, num_classes, *, alpha: Positive = 1.0, frozen_blocks: CountOrNone = 0,
               encoder_batch_norm: BatchNorm = norms.TRAIN,
               channels: Channels = (16, 32, 48, 64, 128),
               skip_channels: SkipChannels = (16, 24, 32, 48), rates: Rates = light.CONTEXT_RATES,
               batch_norm: bool = True, dropout_rate: dropout.Rate = 0.1,
               padding: Annotated[str, OneOf(PADDINGS)] = REFLECT,
               disparity_scales: Annotated[Tuple[int, ...], Filled(SCALES)] = (),
               mask_sources: CountOrNone = 0, score_level: Annotated[int, OneOf(SCORE_LEVELS)] = 1,
               head: Annotated[str, OneOf(HEADS)] = LINEAR, head_channels: Count = 64,
               synchronized_batch_norm=False):
  """Builds the U-Net light enough for two CPU cores, on MobileNetV1.

  Args and the model returned: as `unet_decoder`; the preprocessing is x / 127.5 - 1.

  Example:
    >>> light_unet((32, 64, 3), 0, alpha=.25, disparity_scales=(0, 3)).output_shape
    {'disparity_0': (None, 32, 64, 1), 'disparity_3': (None, 4, 8, 1)}
  """
  return unet_decoder(
      input_shape, num_classes, encoder="mobilenet_v1", alpha=alpha, frozen_blocks=frozen_blocks,
      encoder_batch_norm=encoder_batch_norm, channels=channels, context=LIGHT, rates=rates,
      batch_norm=batch_norm, dropout_rate=dropout_rate, skip_channels=skip_channels,
      padding=padding, disparity_scales=disparity_scales, mask_sources=mask_sources,
      score_level=score_level, head=head, head_channels=head_channels,
      synchronized_batch_norm=synchronized_batch_norm)
