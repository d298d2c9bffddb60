"""A segmentation network light enough for two CPU cores: MobileNetV1 with a context head.

The head follows DeepLab v3+ (Chen et al., ECCV 2018) with depthwise separable convolutions: a
context module on the deep features, resized to the features of stride 8 and joined with them.
"""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones import mobilenet_trunk
from keras_weakseg.networks.layers import aligned_resize, dropout
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.option_types import BatchNorm, OutputStride
from keras_weakseg.options import Count, CountOrNone, OneOf, Positive, variant

FIELDS_OF_VIEW = ("large", "small")
CONTEXT_RATES = (2, 4)    # on the grid of stride 16; doubled on that of stride 8


@keras.utils.register_keras_serializable("keras_weakseg")
class BroadcastLike(keras.layers.Layer):
  """Spreads its first input, [N, 1, 1, C], over the height and width of its second one."""

  def call(self, inputs):
    """Applies the layer to a pair [N, 1, 1, C], [N, H, W, any]; returns [N, H, W, C]."""
    values, reference = inputs
    shape = tf.shape(reference)
    return tf.broadcast_to(values, [shape[0], shape[1], shape[2], values.shape[3]])


def _conv(x, width, name, rate, synchronized):
  layers = keras.layers
  if rate is not None:
    x = layers.DepthwiseConv2D(
        3, padding="same", dilation_rate=rate, use_bias=False, name=f"{name}_dw",
        depthwise_initializer=keras.initializers.TruncatedNormal(stddev=0.33))(x)
  x = layers.Conv2D(width, 1, use_bias=False, kernel_initializer="he_normal", name=name)(x)
  x = norms.batch_norm(norms.TRAIN, f"{name}_bn", synchronized=synchronized)(x)
  return layers.ReLU(name=f"{name}_relu")(x)


def context_module(deep, *, filters, rates, prefix="head_", synchronized_batch_norm=False):
  """Applies separable pyramid pooling to the deepest features of a trunk.

  Args:
    deep: Keras tensor [N, h, w, D].
    filters: F, width of every branch and of the output.
    rates: dilations of the branches; the reduced features and their global mean join them.
    prefix: of the names of all layers.
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    Keras tensor [N, h, w, F].
  """
  layers = keras.layers

  def conv(x, name, rate=None):
    return _conv(x, filters, prefix + name, rate, synchronized_batch_norm)

  reduced = conv(deep, "reduce")
  branches = [reduced] + [conv(reduced, f"context_{rate}", rate) for rate in rates]
  # Without batch normalisation: the statistics of one value per image would be mostly noise.
  pooled = layers.GlobalAveragePooling2D(keepdims=True, name=f"{prefix}pool")(reduced)
  pooled = layers.Conv2D(filters, 1, activation="relu", kernel_initializer="he_normal",
                         name=f"{prefix}pool_project")(pooled)
  branches.append(BroadcastLike(name=f"{prefix}pool_broadcast")([pooled, reduced]))
  return conv(layers.Concatenate(name=f"{prefix}context")(branches), "project")


def context_head(features, num_classes, *, filters=128, skip_filters=48, rates=CONTEXT_RATES,
                 dropout_rate=0.1, synchronized_batch_norm=False):
  """Applies the head to the features of a trunk; every layer's name starts with `head_`.

  Args:
    features: `Features` of Keras tensors, `deep` [N, h', w', D] and `stride_8` [N, h, w, E].
    num_classes: C, with the background.
    filters: width of the head.
    skip_filters: width of the projection of the stride-8 features.
    rates: dilations of the context branches on the grid of `deep`.
    dropout_rate: before the classifier.
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    Keras tensor of scores, float32 [N, h, w, C].
  """
  def conv(x, width, name, rate=None):
    return _conv(x, width, f"head_{name}", rate, synchronized_batch_norm)

  x = context_module(features.deep, filters=filters, rates=rates,
                     synchronized_batch_norm=synchronized_batch_norm)
  skip = features.stride_8
  x = aligned_resize.AlignedResizeLike(name="head_resize")([x, skip])
  x = keras.layers.Concatenate(name="head_join")([x, conv(skip, skip_filters, "skip")])
  x = conv(x, filters, "refine", rate=1)
  return _classifier(x, num_classes, dropout_rate)


def linear_head(features, num_classes, *, dropout_rate=0.1):
  """Scores the deep features as they are, and resizes the scores to the grid of stride 8.

  Nothing but the classifier is new. A head with layers of its own fits whatever partition of the
  image an E-step starts from; a linear one can only follow what the pretrained features tell apart.

  Args and the scores returned: as `context_head`.
  """
  scores = _classifier(features.deep, num_classes, dropout_rate)
  return aligned_resize.AlignedResizeLike(name="head_resize", dtype="float32")(
      [scores, features.stride_8])


def _classifier(x, num_classes, dropout_rate):
  x = dropout.StatelessDropout(dropout_rate, name="head_dropout")(x)
  return keras.layers.Conv2D(num_classes, 1, dtype="float32", name="head_classifier",
                             kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))(x)


def light_mobilenet_v1(input_shape, num_classes, *, alpha: Positive = 1.0,
                       output_stride: OutputStride = 16,
                       field_of_view: Annotated[str, OneOf(FIELDS_OF_VIEW)] = "large",
                       head_filters: Count = 128, skip_filters: Count = 48,
                       dropout_rate: dropout.Rate = 0.1, frozen_blocks: CountOrNone = 0,
                       batch_norm: BatchNorm = norms.TRAIN, synchronized_batch_norm=False):
  """Builds the light network.

  Args:
    input_shape: (H, W, 3) or (None, None, 3); sides 16k+1 keep all grids corner-aligned (8k+1 at
      output stride 8), others work too.
    num_classes: C, with the background.
    alpha: width multiplier of the trunk.
    output_stride: of the trunk, 16 or 8. The scores are always on the grid of stride 8.
    field_of_view: "large": `context_head`; "small": `linear_head`, for learning from tags alone.
    head_filters: width of the head.
    skip_filters: width of the projected stride-8 features.
    dropout_rate: before the classifier; needs a `random_scope` while training unless 0.
    frozen_blocks: trunk blocks 1..k (and the stem, if k > 0) that are not trained.
    batch_norm: of the trunk: "train" or "frozen"; that of the head is always trained.
    synchronized_batch_norm: statistics over all replicas, in trunk and head.

  Returns:
    `keras.Model`, float [N, H, W, 3] (x / 127.5 - 1) -> scores float32
    [N, (H-1)/8+1, (W-1)/8+1, C].

  Raises:
    ValueError: an option is out of range.

  Example:
    >>> light_mobilenet_v1((33, 65, 3), 4, alpha=.25, head_filters=32).output_shape
    (None, 5, 9, 4)
  """
  errors.check_name("field of view", field_of_view, FIELDS_OF_VIEW)
  images = keras.Input(input_shape, name="image")
  features = mobilenet_trunk.mobilenet_trunk(
      images, alpha=alpha, output_stride=output_stride, frozen_blocks=frozen_blocks,
      batch_norm=batch_norm, synchronized_batch_norm=synchronized_batch_norm)
  if field_of_view == "small":
    scores = linear_head(features, num_classes, dropout_rate=dropout_rate)
  else:
    rates = tuple(rate * 16 // output_stride for rate in CONTEXT_RATES)
    scores = context_head(
        features, num_classes, filters=head_filters, skip_filters=skip_filters, rates=rates,
        dropout_rate=dropout_rate, synchronized_batch_norm=synchronized_batch_norm)
  return keras.Model(images, scores, name="light_mobilenet_v1")


light_tiny = variant(
    light_mobilenet_v1, "Builds the light network for small scenes trained from scratch.",
    alpha=0.25, head_filters=64, skip_filters=24, dropout_rate=0.0)
