"""A classifier of whole images: the light trunk, the mean of its features, one dense layer.

The features before the mean are what class activation maps weigh (Zhou et al., CVPR 2016).
"""
from typing import Annotated

from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones import mobilenet_trunk
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dropout
from keras_weakseg.options import CountOrNone, Positive, Range


def tag_classifier(input_shape, num_classes, *, alpha: Positive = 1.0, output_stride: int = 16,
                   dropout_rate: Annotated[float, Range(0, 1, open_high=True)] = 0.1,
                   frozen_blocks: CountOrNone = 0, batch_norm: str = norms.TRAIN,
                   synchronized_batch_norm=False):
  """Builds a network of tags on MobileNetV1.

  Args:
    input_shape: (H, W, 3) or (None, None, 3).
    num_classes: C, with the background, whose score is kept and means nothing.
    alpha: width multiplier of the trunk; ImageNet weights exist for .25, .5, .75 and 1.
    output_stride: of the trunk, 16 or 8.
    dropout_rate: before the classifier; needs a `random_scope` while training unless 0.
    frozen_blocks: trunk blocks 1..k (and the stem, if k > 0) that are not trained.
    batch_norm: "train" or "frozen".
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, float [N, H, W, 3] (x / 127.5 - 1) -> tag scores float32 [N, C], logits.

  Raises:
    ValueError: an option is out of range.

  Example:
    >>> tag_classifier((33, 65, 3), 4, alpha=.25).output_shape
    (None, 4)
  """
  images = keras.Input(input_shape, name="image")
  features = mobilenet_trunk.mobilenet_trunk(
      images, alpha=alpha, output_stride=output_stride, frozen_blocks=frozen_blocks,
      batch_norm=batch_norm, synchronized_batch_norm=synchronized_batch_norm)
  # In float32: half floats would lose small features in the mean over many places.
  x = keras.layers.GlobalAveragePooling2D(name="head_pool", dtype="float32")(features.deep)
  x = dropout.StatelessDropout(dropout_rate, name="head_dropout", dtype="float32")(x)
  scores = keras.layers.Dense(
      num_classes, name="head_classifier", dtype="float32",
      kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))(x)
  return keras.Model(images, scores, name="tag_classifier")
