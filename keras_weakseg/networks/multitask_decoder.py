"""Depth and segmentation on one encoder, each decoder attending to the other (Hoyer et al., 2021).

After PAD-Net (Xu et al., CVPR 2018): both decoders run to stride 4; there a gated copy of each
one's features is added to the other's, f + conv(g) * sigmoid(conv_0(g)), and both run on.
"""
from typing import Annotated

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3, light, unet_decoder
from keras_weakseg.networks.backbones import depth_encoder, resnet
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dropout
from keras_weakseg.networks.option_types import (
    BatchNorm, Channels, Encoder, EncoderStride, Layout, Rates, SkipChannels)
from keras_weakseg.options import CountOrNone, OneOf, Positive

SCORES = unet_decoder.SCORES
SIDE_SCORES = "side_scores"

# Layers of the segmentation branch carry this in place of the depth branch's `head_`.
SEGMENTATION_PREFIX = "head_segmentation_"
DISTILLATION_LEVEL = 2
SCORE_LEVELS = tuple(range(DISTILLATION_LEVEL))


def segmentation_disparity_key(scale):
  """Returns the name of a disparity output of the segmentation branch.

  Example:
    >>> segmentation_disparity_key(0)
    'segmentation_disparity_0'
  """
  return f"segmentation_{unet_decoder.disparity_key(scale)}"


def _attended(own, other, name):
  """Returns own + conv(other) * sigmoid(gate(other)); the gate starts half open, and what passes
  is small beside what the branch has learned, as in the reference.
  """
  def conv(kernel, part):
    return keras.layers.Conv2D(own.shape[-1], 3, padding="same", use_bias=False,
                               kernel_initializer=kernel, name=f"head_{name}_{part}")(other)
  gate = keras.layers.Activation("sigmoid", name=f"head_{name}_open")(conv("zeros", "gate"))
  small = keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")
  passed = keras.layers.Multiply(name=f"head_{name}_passed")([conv(small, "conv"), gate])
  return keras.layers.Add(name=f"head_{name}")([own, passed])


def _decode(depth, segmentation, features, images, finest):
  """Returns the features of both branches by level, 4 to `finest`, exchanged behind level 2."""
  coarse = range(4, DISTILLATION_LEVEL - 1, -1)
  fine = range(DISTILLATION_LEVEL - 1, finest - 1, -1)
  of_depth, of_segmentation = [plan.decode(features, images, coarse)
                               for plan in (depth, segmentation)]
  own, other = of_depth[DISTILLATION_LEVEL], of_segmentation[DISTILLATION_LEVEL]
  of_depth.update(depth.decode(features, images, fine, _attended(own, other, "to_depth")))
  of_segmentation.update(segmentation.decode(
      features, images, fine, _attended(other, own, "to_segmentation")))
  return of_depth, of_segmentation


def _disparities(plan, decoded, key):
  """Returns the disparities of a branch, a dict of `key(scale)`, of its features by level."""
  return {key(scale): plan.disparity(decoded[scale], scale)
          for scale in unet_decoder.SCALES if scale in decoded}


def multitask_decoder(input_shape, num_classes, *, encoder: Encoder = "resnet101",
                      output_stride: EncoderStride = 16, alpha: Positive = 1.0,
                      layout: Layout = resnet.TORCHVISION, frozen_blocks: CountOrNone = 0,
                      encoder_batch_norm: BatchNorm = norms.TRAIN,
                      channels: Channels = (64, 128, 128, 256, 256),
                      context: Annotated[str, OneOf(unet_decoder.CONTEXTS)] = unet_decoder.ASPP,
                      rates: Rates = deeplab_v3.ASPP_RATES, batch_norm: bool = False,
                      dropout_rate: dropout.Rate = 0.5, skip_channels: SkipChannels = (),
                      padding: Annotated[str, OneOf(unet_decoder.PADDINGS)] = unet_decoder.REFLECT,
                      score_level: Annotated[int, OneOf(SCORE_LEVELS)] = 0,
                      head_channels: CountOrNone = 0, segmentation_disparities: bool = False,
                      synchronized_batch_norm=False):
  """Builds encoder and both decoders.

  The encoder and the depth branch have the layer names of the depth network of
  `unet_decoder.unet_decoder` with the same options, so `weights.carry_over` fills them;
  `start_from_depth` then copies the depth branch into the segmentation branch.

  Args:
    input_shape: (H, W, 3) or (None, None, 3).
    num_classes: C, with the background.
    encoder, output_stride, alpha, layout, frozen_blocks, encoder_batch_norm, channels, context,
      rates, batch_norm, dropout_rate, skip_channels, padding, synchronized_batch_norm: as those
      of `unet_decoder.unet_decoder`, for both decoders.
    score_level: level of both decoders that is classified, or says the finest disparity; 0, or 1
      for a start from depth networks without disparity 0, whose level 0 nothing has trained.
      Scores are resized.
    head_channels: of a 1x1 convolution before the classifier; 0 = none, as in the reference.
    segmentation_disparities: whether the segmentation branch gives disparities too. The reference
      has these heads, without ever training or using them.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3] -> dict of float32: "scores" [N, H, W, C],
    "side_scores" [N, H/4, W/4, C] of the features before they were exchanged, "disparity_<s>"
    [N, H/2^s, W/2^s, 1] in 0..1 for s from `score_level` to 3, of which 3 and 2 come before the
    exchange, and "segmentation_disparity_<s>" on demand.

  Raises:
    ValueError: an option is unknown or out of range.
  """
  # Long because every option is a keyword with its type, where the configuration finds it.
  if score_level not in SCORE_LEVELS:
    raise errors.value_error(
        "There is no such level behind the exchange of features.", expected="0 (fine) or 1",
        received=score_level, fix="Pass score_level=0 for scores of every pixel.")
  images = keras.Input(input_shape, name="image")
  features = depth_encoder.encode(
      images, encoder, output_stride=output_stride, alpha=alpha, layout=layout,
      frozen_blocks=frozen_blocks, batch_norm=encoder_batch_norm,
      synchronized_batch_norm=synchronized_batch_norm)
  depth, segmentation = [unet_decoder.DecoderPlan(
      channels=tuple(channels), context=context, rates=tuple(rates), batch_norm=batch_norm,
      dropout_rate=dropout_rate, skip_channels=tuple(skip_channels), padding=padding,
      output_stride=output_stride, synchronized=synchronized_batch_norm, prefix=prefix)
                         for prefix in ("head_", SEGMENTATION_PREFIX)]
  of_depth, of_segmentation = _decode(depth, segmentation, features, images, score_level)
  outputs = _disparities(depth, of_depth, unet_decoder.disparity_key)
  if segmentation_disparities:
    outputs.update(_disparities(segmentation, of_segmentation, segmentation_disparity_key))
  # As in a segmentation network, whose last layer the pattern of classifiers finds.
  x = depth.projected_scores(of_segmentation[score_level], head_channels)
  outputs[SCORES] = unet_decoder.full_size(
      depth.classifier(x, num_classes), images, score_level)
  outputs[SIDE_SCORES] = depth.classifier(
      of_segmentation[DISTILLATION_LEVEL], num_classes, "classifier_side")
  return keras.Model(images, outputs, name=f"multitask_{encoder}")


def light_multitask(input_shape, num_classes, *, alpha: Positive = 1.0,
                    frozen_blocks: CountOrNone = 0, encoder_batch_norm: BatchNorm = norms.TRAIN,
                    channels: Channels = (16, 32, 48, 64, 128),
                    skip_channels: SkipChannels = (16, 24, 32, 48),
                    rates: Rates = light.CONTEXT_RATES, batch_norm: bool = True,
                    dropout_rate: dropout.Rate = 0.1,
                    padding: Annotated[str, OneOf(unet_decoder.PADDINGS)] = unet_decoder.REFLECT,
                    score_level: Annotated[int, OneOf(SCORE_LEVELS)] = 0,
                    head_channels: CountOrNone = 64, segmentation_disparities: bool = False,
                    synchronized_batch_norm=False):
  """Builds the multi-task network on MobileNetV1, with the widths of `unet_decoder.light_unet`.

  Args and the model returned: as `multitask_decoder`; the preprocessing is x / 127.5 - 1.
  Scores have the head of `light_unet`: without it they are some points of mean IoU worse.

  Example:
    >>> light_multitask((32, 64, 3), 4, alpha=.25).output_shape["scores"]
    (None, 32, 64, 4)
  """
  return multitask_decoder(
      input_shape, num_classes, encoder="mobilenet_v1", alpha=alpha, frozen_blocks=frozen_blocks,
      encoder_batch_norm=encoder_batch_norm, channels=channels, context=unet_decoder.LIGHT,
      rates=rates, batch_norm=batch_norm, dropout_rate=dropout_rate, skip_channels=skip_channels,
      padding=padding, score_level=score_level, head_channels=head_channels,
      segmentation_disparities=segmentation_disparities,
      synchronized_batch_norm=synchronized_batch_norm)


def start_from_depth(network):
  """Sets the segmentation branch to the weights of the depth branch.

  Args:
    network: `keras.Model` of `multitask_decoder`, whose depth branch holds what was learned.

  Returns:
    Sorted names of the variables that were set.
  """
  variables = {variable.name.split(":")[0]: variable for variable in network.weights}
  pairs = {key: key.replace(SEGMENTATION_PREFIX, "head_") for key in variables
           if key.startswith(SEGMENTATION_PREFIX)}
  found = {key: other for key, other in pairs.items() if other in variables}
  for key, other in found.items():
    variables[key].assign(variables[other])
  return sorted(found)
