"""Classifiers of image tags whose features say where they look: class activation maps.

Zhou et al., CVPR 2016: convolutions, the mean over the image, one linear layer.
`activation_model` gives the maps.
"""
from typing import Annotated

from keras_weakseg.framework import keras
from keras_weakseg.networks import largefov
from keras_weakseg.networks.backbones import depth_encoder, mobilenet_trunk
from keras_weakseg.networks.backbones import resnet
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dilated, dropout
from keras_weakseg.ops import activation
from keras_weakseg.options import CountOrNone, OneOf, Positive

FEATURES = "head_cam_features"
CLASSIFIER = "head_classifier"


def _head(features, num_classes, cam_filters, dropout_rate):
  """Applies the convolution of the maps, if there is one, the mean, and the linear layer."""
  layers = keras.layers
  if cam_filters:
    features = layers.Conv2D(cam_filters, 3, padding="same", activation="relu",
                             kernel_initializer="he_normal", name="head_cam_conv")(features)
  # In float32, whatever the policy: the maps are made of these numbers.
  features = layers.Activation("linear", dtype="float32", name=FEATURES)(features)
  x = layers.GlobalAveragePooling2D(dtype="float32", name="head_pool")(features)
  x = dropout.StatelessDropout(dropout_rate, dtype="float32", name="head_dropout")(x)
  return layers.Dense(num_classes, dtype="float32", name=CLASSIFIER,
                      kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))(x)


def cam_vgg16(input_shape, num_classes, *, cam_filters: CountOrNone = 1024,
              dropout_rate: dropout.Rate = 0.5):
  """Builds VGG16-CAM: VGG-16 without its last pooling, a 3x3 convolution, the mean.

  Without the two groups of the convolution that the released model has (19.5 M parameters for 20
  classes). Pooling is 2x2 and drops what is left at the right and bottom.

  Args:
    input_shape: (H, W, 3) or (None, None, 3), any size of at least 16.
    num_classes: C, with the background.
    cam_filters: channels of the convolution in front of the mean; 0 = none.
    dropout_rate: behind the mean; needs a `random_scope` while training unless 0.

  Returns:
    `keras.Model`, float [N, H, W, 3] (BGR minus means) -> scores of the tags, float32 [N, C]. The
    layers `head_*` are new.

  Example:
    >>> cam_vgg16((32, 32, 3), 3, cam_filters=8).output_shape
    (None, 3)
  """
  x = images = keras.Input(input_shape, name="image")
  for group, (count, channels, *_) in enumerate(largefov.GROUPS, start=1):
    for index in range(1, count + 1):
      x = dilated.Conv2D(channels, 3, padding="same", activation="relu",
                         kernel_initializer="he_normal", name=f"conv{group}_{index}")(x)
    if group < len(largefov.GROUPS):
      x = keras.layers.MaxPooling2D(2, name=f"pool{group}")(x)
  return keras.Model(images, _head(x, num_classes, cam_filters, dropout_rate), name="cam_vgg16")


def cam_encoder(input_shape, num_classes, *,
                encoder: Annotated[str, OneOf(tuple(depth_encoder.ENCODERS))] = "resnet50",
                output_stride: Annotated[int, OneOf((32, 16, 8))] = 16, alpha: Positive = 1.0,
                layout: Annotated[str, OneOf(tuple(resnet.LAYOUTS))] = resnet.TORCHVISION,
                frozen_blocks: CountOrNone = 0,
                batch_norm: Annotated[str, OneOf(norms.MODES)] = norms.TRAIN,
                cam_filters: CountOrNone = 0, dropout_rate: dropout.Rate = 0.0,
                synchronized_batch_norm=False):
  """Builds a classifier of tags on any encoder of the U-Nets.

  Args:
    input_shape: (H, W, 3) or (None, None, 3).
    num_classes: C, with the background.
    encoder: "resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "light_resnet18" or
      "mobilenet_v1".
    output_stride: of the maps: 32, 16 or 8 (MobileNetV1: 16).
    alpha: width multiplier (MobileNetV1).
    layout: of a ResNet: "torchvision", "garden" or "keras", see `resnet.resnet_trunk`.
    frozen_blocks: blocks that are not trained (MobileNetV1).
    batch_norm: of the encoder: "train" or "frozen".
    cam_filters: channels of a 3x3 convolution in front of the mean; 0 = the encoder's features.
    dropout_rate: behind the mean; needs a `random_scope` while training unless 0.
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, float [N, H, W, 3] -> scores of the tags, float32 [N, C]. The layers `head_*` are
    new.

  Raises:
    ValueError: the encoder is unknown, or cannot be built so.

  Example:
    >>> cam_encoder((32, 32, 3), 3, encoder="mobilenet_v1", alpha=.25).output_shape
    (None, 3)
  """
  images = keras.Input(input_shape, name="image")
  features = depth_encoder.encode(
      images, encoder, output_stride=output_stride, alpha=alpha, layout=layout,
      frozen_blocks=frozen_blocks, batch_norm=batch_norm,
      synchronized_batch_norm=synchronized_batch_norm)
  return keras.Model(images, _head(features[-1], num_classes, cam_filters, dropout_rate),
                     name=f"cam_{encoder}")


def light_cam(input_shape, num_classes, *, alpha: Positive = 1.0,
              output_stride: Annotated[int, OneOf((16, 8))] = 16, frozen_blocks: CountOrNone = 0,
              batch_norm: Annotated[str, OneOf(norms.MODES)] = norms.TRAIN,
              cam_filters: CountOrNone = 0, dropout_rate: dropout.Rate = 0.0,
              synchronized_batch_norm=False):
  """Builds a classifier of tags on the trunk of `light_mobilenet_v1`, or of `light_tiny`.

  Args:
    input_shape: (H, W, 3) or (None, None, 3).
    num_classes: C, with the background.
    alpha: width multiplier of the trunk; that of `light_tiny` is 0.25.
    output_stride: of the maps, 16 or 8.
    frozen_blocks: trunk blocks 1..k (and the stem, if k > 0) that are not trained.
    batch_norm: of the trunk: "train" or "frozen".
    cam_filters: channels of a 3x3 convolution in front of the mean; 0 = the trunk's features.
    dropout_rate: behind the mean; needs a `random_scope` while training unless 0.
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, float [N, H, W, 3] (x / 127.5 - 1) -> scores of the tags, float32 [N, C]. The
    layers `head_*` are new.

  Raises:
    ValueError: an option is out of range.

  Example:
    >>> light_cam((33, 33, 3), 4, alpha=.25).output_shape
    (None, 4)
  """
  images = keras.Input(input_shape, name="image")
  deep = mobilenet_trunk.mobilenet_trunk(
      images, alpha=alpha, output_stride=output_stride, frozen_blocks=frozen_blocks,
      symmetric=True, batch_norm=batch_norm,
      synchronized_batch_norm=synchronized_batch_norm).deep
  return keras.Model(images, _head(deep, num_classes, cam_filters, dropout_rate),
                     name="light_cam")


@keras.utils.register_keras_serializable("keras_weakseg")
class ClassActivation(keras.layers.Layer):
  """Multiplies features with the kernel of a classifier, which it shares and does not own."""

  def __init__(self, classifier, **kwargs):
    super().__init__(**kwargs)
    self.classifier = classifier

  def call(self, inputs):
    """Applies the layer to `inputs` [N, h, w, D]; returns float32 [N, h, w, C]."""
    return activation.class_activation(inputs, self.classifier.kernel)


def activation_model(network):
  """Returns a model of the maps of a classifier of this module; it shares its variables.

  Args:
    network: `keras.Model` of `cam_vgg16`, `cam_encoder` or `light_cam`.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3] -> raw maps float32 [N, h, w, C]. The mean of a
    map over positions is the score of its class, but for the bias. That of the background, index 0,
    means nothing where it is not trained.

  Example:
    >>> activation_model(light_cam((33, 65, 3), 4, alpha=.25)).output_shape
    (None, 3, 5, 4)
  """
  maps = ClassActivation(network.get_layer(CLASSIFIER), dtype="float32", name="class_activation")
  return keras.Model(network.inputs, maps(network.get_layer(FEATURES).output),
                     name=f"{network.name}_maps")


def has_cells(network):
  """Returns whether positions of the maps are centres of cells of 16 pixels, not corner-aligned.

  See `ops.activation.summed_activation`.

  Args:
    network: `keras.Model` of this module.

  Example:
    >>> has_cells(light_cam((33, 33, 3), 3, alpha=.25))
    False
  """
  # VGG-16 alone pools without padding.
  return any(layer.name == "conv5_3" for layer in network.layers)
