"""The MobileNetV1 trunk up to block 12, at output stride 16 or 8.

Layer names, shapes and padding are those of `keras.applications.MobileNet`, so its weights load
by name. "Same" padding equals Keras' ((0, 1), (0, 1)) on even sides, and is symmetric, therefore
corner-aligned, on odd ones (Howard et al., MobileNets, 2017, table 1).
"""
import collections

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import batch_norm as norms

# Per block: channels at alpha = 1, stride.
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1),
          (512, 1), (512, 1), (1024, 2))

Features = collections.namedtuple("Features", ["stride_8", "deep"])


def block_plan(output_stride):
  """Returns (channels, stride, dilation) of each block where strides stop at `output_stride`.

  Raises:
    ValueError: the output stride is neither 8 nor 16.

  Example:
    >>> [plan[1:] for plan in block_plan(8)][3:8]
    [(2, 1), (1, 1), (1, 1), (1, 2), (1, 2)]
  """
  if output_stride not in (8, 16):
    raise errors.value_error("The output stride is not supported.", expected="8 or 16",
                             received=output_stride, fix="Pass output_stride=16.")
  plan, reached, dilation = [], 2, 1
  for channels, stride in BLOCKS:
    if stride == 2 and reached == output_stride:
      # The block that loses its stride still sees the old grid: only later ones are dilated.
      plan.append((channels, 1, dilation))
      dilation *= 2
    else:
      plan.append((channels, stride, dilation))
      reached *= stride
  return plan


def mobilenet_trunk(images, *, alpha=1.0, output_stride=16, frozen_blocks=0,
                    symmetric=False, batch_norm=norms.TRAIN, synchronized_batch_norm=False):
  """Applies the trunk to a Keras tensor.

  Args:
    images: Keras tensor [N, H, W, 3] (or of stacked images), x / 127.5 - 1.
    alpha: width multiplier; ImageNet weights exist for .25, .5, .75 and 1.
    output_stride: 16 or 8 (later blocks are dilated).
    frozen_blocks: 0 = all is trained; k: the stem and blocks 1..k are not trained and run in
      inference mode, which spares their backward pass.
    symmetric: whether even sides are padded like odd ones, so that output j of a stride lies on
      input 2j whatever the size.
    batch_norm: "train" or "frozen" (stored statistics, trainable gamma and beta).
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `Features` with Keras tensors `stride_8` (after block 5) and `deep` (after block 12).

  Raises:
    ValueError: an option is out of range.
  """
  if not 0 <= frozen_blocks <= len(BLOCKS):
    raise errors.value_error("The number of frozen blocks is out of range.",
                             expected=f"0..{len(BLOCKS)}", received=frozen_blocks,
                             fix="Pass frozen_blocks=0 to train the whole trunk.")
  layers = keras.layers

  def bn_relu(x, name, trainable):
    # A layer that is not trainable runs in inference mode, whatever `training` says.
    norm = norms.batch_norm(batch_norm, f"{name}_bn", synchronized=synchronized_batch_norm)
    norm.trainable = trainable
    return layers.ReLU(6.0, name=f"{name}_relu")(norm(x))

  def pad(x, stride, name):
    if stride == 1 or not symmetric:
      return x, "same"
    return layers.ZeroPadding2D(1, name=f"{name}_pad")(x), "valid"

  trainable = frozen_blocks == 0
  x, padding = pad(images, 2, "conv1")
  x = layers.Conv2D(int(32 * alpha), 3, strides=2, padding=padding, use_bias=False,
                    kernel_initializer="he_normal", trainable=trainable, name="conv1")(x)
  x = bn_relu(x, "conv1", trainable)
  stride_8 = None
  for index, (channels, stride, dilation) in enumerate(block_plan(output_stride), start=1):
    trainable = index > frozen_blocks
    x, padding = pad(x, stride, f"conv_dw_{index}")
    # Keras counts 9 * channels inputs for a depthwise kernel that sees 9: its default would start
    # far below the epsilon of the normalisation that follows.
    x = layers.DepthwiseConv2D(
        3, strides=stride, padding=padding, dilation_rate=dilation, use_bias=False,
        depthwise_initializer=keras.initializers.TruncatedNormal(stddev=0.33),
        trainable=trainable, name=f"conv_dw_{index}")(x)
    x = bn_relu(x, f"conv_dw_{index}", trainable)
    x = layers.Conv2D(int(channels * alpha), 1, use_bias=False, kernel_initializer="he_normal",
                      trainable=trainable, name=f"conv_pw_{index}")(x)
    x = bn_relu(x, f"conv_pw_{index}", trainable)
    if index == 5:
      stride_8 = x
  return Features(stride_8=stride_8, deep=x)
