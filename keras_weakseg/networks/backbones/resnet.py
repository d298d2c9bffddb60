"""ResNets whose last stage may be dilated, with the features of all five levels.

He et al., CVPR 2016. The Model Garden's dilated ResNet has neither the features behind the stem nor
those of the third stage among its outputs, dilates the first block of the last stage too, and
projects in the first stage of ResNet-18: these graphs are ours. Layer names are those of
`keras.applications.ResNet50`, and a layout says whose weights fit.

Strides pad both sides alike, so that output j lies on input 2j whatever the size. The Model Garden
pads so on odd sides; on even ones its features are those of an image moved by a pixel per stride.
"""
import collections

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dilated

# Blocks of the four stages; whether a block is a bottleneck of three convolutions.
PLANS = {18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True),
         101: ((3, 4, 23, 3), True), 152: ((3, 8, 36, 3), True)}
CHANNELS = (64, 128, 256, 512)

# Whether a bottleneck has its stride in its first convolution; epsilon of the normalisation.
Layout = collections.namedtuple("Layout", ["stride_in_first", "epsilon"])

TORCHVISION = "torchvision"
GARDEN = "garden"
KERAS = "keras"

LAYOUTS = {
    TORCHVISION: Layout(stride_in_first=False, epsilon=1e-5),
    GARDEN: Layout(stride_in_first=False, epsilon=1e-3),
    KERAS: Layout(stride_in_first=True, epsilon=1.001e-5),
}

# Monodepth2 and its successors: a tenth of every batch enters the moving statistics.
MOMENTUM = 0.9


def stage_plan(output_stride):
  """Returns (stride, dilation of the first block, dilation of the others) of the four stages.

  A stage that keeps its grid dilates its 3x3 convolutions instead. Its first block still sees the
  grid of the stage before, so it has that stage's dilation.

  Raises:
    ValueError: the output stride is none of 8, 16, 32.

  Example:
    >>> stage_plan(16)
    ((1, 1, 1), (2, 1, 1), (2, 1, 1), (1, 1, 2))
  """
  if output_stride not in (8, 16, 32):
    raise errors.value_error("The output stride is not supported.", expected="8, 16 or 32",
                             received=output_stride, fix="Pass output_stride=16.")
  plan, reached, dilation = [(1, 1, 1)], 4, 1
  for _ in CHANNELS[1:]:
    before = dilation
    if reached == output_stride:
      dilation *= 2
      plan.append((1, before, dilation))
    else:
      reached *= 2
      plan.append((2, before, dilation))
  return tuple(plan)


def _pad(x, kernel, stride, name):
  """Returns the padded tensor and the padding that the layer behind must do itself."""
  if stride == 1 or kernel == 1:
    return x, "same"
  return keras.layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"


class _Builder:
  """Adds convolutions, normalised as the layout of a checkpoint wants it."""

  def __init__(self, layout, batch_norm, synchronized):
    errors.check_name("layout of a ResNet", layout, LAYOUTS)
    self.layout = LAYOUTS[layout]
    self._norm = dict(mode=batch_norm, synchronized=synchronized, epsilon=self.layout.epsilon,
                      momentum=MOMENTUM)

  def conv_bn(self, x, channels, kernel, name, *, stride=1, dilation=1):
    """Applies convolution and normalisation."""
    x, padding = _pad(x, kernel, stride, name)
    x = dilated.Conv2D(
        channels, kernel, strides=stride, padding=padding, dilation_rate=dilation, use_bias=False,
        kernel_initializer="he_normal", name=f"{name}_conv")(x)
    return norms.batch_norm(name=f"{name}_bn", **self._norm)(x)

  def block(self, x, channels, name, *, bottleneck, stride, dilation):
    """Applies one residual block of two or three convolutions."""
    layers = keras.layers
    width = channels * (4 if bottleneck else 1)
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
      shortcut = self.conv_bn(x, width, 1, f"{name}_0", stride=stride)
    if bottleneck:
      first = self.layout.stride_in_first
      plan = ((channels, 1, stride if first else 1, 1),
              (channels, 3, 1 if first else stride, dilation), (width, 1, 1, 1))
    else:
      plan = ((channels, 3, stride, dilation), (width, 3, 1, dilation))
    for index, (filters, kernel, step, rate) in enumerate(plan, start=1):
      x = self.conv_bn(x, filters, kernel, f"{name}_{index}", stride=step, dilation=rate)
      if index < len(plan):
        x = layers.ReLU(name=f"{name}_{index}_relu")(x)
    return layers.ReLU(name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, x]))


def resnet_trunk(images, depth, *, channels=CHANNELS, output_stride=16, layout=TORCHVISION,
                 batch_norm=norms.TRAIN, synchronized_batch_norm=False):
  """Applies a ResNet to a Keras tensor.

  Args:
    images: Keras tensor [N, H, W, any].
    depth: 18, 34, 50, 101 or 152.
    channels: of the four stages (a quarter of what bottlenecks give).
    output_stride: of the last stage: 32, 16 or 8.
    layout: "torchvision" (stride in the 3x3 convolution of a bottleneck), "garden" (the same,
      another epsilon) or "keras" (stride in the first convolution).
    batch_norm: "train" or "frozen" (stored statistics, trainable gamma and beta).
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    List of five Keras tensors: behind the stem (stride 2) and behind each stage.

  Raises:
    ValueError: an option is out of range.

  Example:
    >>> [f.shape[1:] for f in resnet_trunk(keras.Input((64, 96, 3)), 18)][2:]
    [TensorShape([8, 12, 128]), TensorShape([4, 6, 256]), TensorShape([4, 6, 512])]
  """
  if depth not in PLANS:
    raise errors.value_error("There is no ResNet of this depth.",
                             expected=", ".join(map(str, PLANS)), received=depth,
                             fix="Pass one of these depths.")
  blocks, bottleneck = PLANS[depth]
  builder = _Builder(layout, batch_norm, synchronized_batch_norm)
  x = builder.conv_bn(images, 64, 7, "conv1", stride=2)
  x = keras.layers.ReLU(name="conv1_relu")(x)
  features = [x]
  # Zeros are as good as minus infinity behind a ReLU.
  x, padding = _pad(x, 3, 2, "pool1")
  x = keras.layers.MaxPooling2D(3, strides=2, padding=padding, name="pool1_pool")(x)
  for stage, (stride, first, dilation) in enumerate(stage_plan(output_stride)):
    for block in range(blocks[stage]):
      x = builder.block(
          x, channels[stage], f"conv{stage + 2}_block{block + 1}", bottleneck=bottleneck,
          stride=1 if block else stride, dilation=dilation if block else first)
    features.append(x)
  return features
