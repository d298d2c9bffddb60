"""DeepLab v2 on ResNet-101: a dilated trunk and the sum of four dilated classifiers.

Chen et al., TPAMI 2018 (arXiv:1606.00915), section 3.2. Layer names are those of
`keras.applications.ResNet101`, whose weights (without the biases) load by name.
"""
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import aligned_resize, dilated
from keras_weakseg.networks.layers import batch_norm as norms

ASPP_RATES = (6, 12, 18, 24)
SCALES = (1.0, 0.75, 0.5)

FUSED = "fused"

# Per stage: name, blocks, inner channels, stride, dilation.
STAGES = (("conv2", 3, 64, 1, 1), ("conv3", 4, 128, 2, 1), ("conv4", 23, 256, 1, 2),
          ("conv5", 3, 512, 1, 4))


def scale_key(scale):
  """Returns the name of the score map of a scale.

  Example:
    >>> [scale_key(scale) for scale in SCALES]
    ['x1', 'x0.75', 'x0.5']
  """
  return f"x{scale:g}"


def _conv_bn(x, channels, kernel, name, batch_norm, *, stride=1, dilation=1):
  x = dilated.Conv2D(channels, kernel, strides=stride, padding="same",
                     dilation_rate=dilation, use_bias=False, kernel_initializer="he_normal",
                     name=f"{name}_conv")(x)
  return norms.batch_norm(batch_norm, f"{name}_bn", epsilon=1e-5)(x)


def _bottleneck(x, channels, name, batch_norm, *, project, stride, dilation):
  # The stride is in the first 1x1 convolution, as in the Caffe models that DeepLab starts from.
  relu = keras.layers.ReLU
  shortcut = x
  if project:
    shortcut = _conv_bn(x, 4 * channels, 1, f"{name}_0", batch_norm, stride=stride)
  x = relu(name=f"{name}_1_relu")(_conv_bn(x, channels, 1, f"{name}_1", batch_norm, stride=stride))
  x = relu(name=f"{name}_2_relu")(
      _conv_bn(x, channels, 3, f"{name}_2", batch_norm, dilation=dilation))
  x = _conv_bn(x, 4 * channels, 1, f"{name}_3", batch_norm)
  return relu(name=f"{name}_out")(keras.layers.Add(name=f"{name}_add")([shortcut, x]))


def resnet101_trunk(images, batch_norm=norms.FROZEN):
  """Applies the dilated ResNet-101 to a Keras tensor.

  Args:
    images: Keras tensor [N, H, W, any], sides 8k+1.
    batch_norm: "frozen" or "train".

  Returns:
    Keras tensor [N, (H-1)/8+1, (W-1)/8+1, 2048].
  """
  x = _conv_bn(images, 64, 7, "conv1", batch_norm, stride=2)
  x = keras.layers.ReLU(name="conv1_relu")(x)
  x = keras.layers.MaxPooling2D(3, strides=2, padding="same", name="pool1_pool")(x)
  for stage, blocks, channels, stride, dilation in STAGES:
    for block in range(1, blocks + 1):
      x = _bottleneck(x, channels, f"{stage}_block{block}", batch_norm, project=block == 1,
                      stride=stride if block == 1 else 1, dilation=dilation)
  return x


def aspp_sum(features, num_classes, rates=ASPP_RATES):
  """Applies the head: the *sum* of one dilated 3x3 classifier per rate.

  Args:
    features: Keras tensor [N, h, w, D].
    num_classes: C.
    rates: dilations.

  Returns:
    Keras tensor of scores, float32 [N, h, w, C]. Its layers are `fc8_aspp_<rate>`.
  """
  branches = [
      dilated.Conv2D(
          num_classes, 3, padding="same", dilation_rate=rate, dtype="float32",
          kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
          name=f"fc8_aspp_{rate}")(features) for rate in rates]
  return keras.layers.Add(dtype="float32", name="fc8_sum")(branches)


def deeplab_v2_resnet101(input_shape, num_classes, *, multi_scale: bool = False, return_all=False,
                         input_channels=3, batch_norm=norms.FROZEN):
  """Builds DeepLab v2.

  With `multi_scale` the same weights see the image at 1, 0.75 and 0.5 of its size, all scores are
  resized (corner-aligned) to the grid of the first, and the largest of the three counts per pixel
  and class.

  Args:
    input_shape: (H, W, 3) or (None, None, 3), sides 8k+1 (16k+1 with `multi_scale`).
    num_classes: C, with the background.
    multi_scale: whether to fuse three scales.
    return_all: whether the output is a dict of all score maps for one loss each: "fused", "x1",
      "x0.75", "x0.5", all on the grid of "x1"; `[:, ::2, ::2]` of "x0.5" is its own grid.
    input_channels: 3, or 4 with a depth channel (replaces the last number of `input_shape`).
    batch_norm: "frozen" (stored statistics, the paper's choice) or "train".

  Returns:
    `keras.Model`, float [N, H, W, input_channels] (BGR minus means) -> scores float32
    [N, (H-1)/8+1, (W-1)/8+1, C], or a dict of such. The new layers are `fc8_aspp_<rate>`.

  Raises:
    ValueError: the batch normalisation mode is unknown.
  """
  shape = (*input_shape[:2], input_channels)
  images = keras.Input(shape, name="image")
  if not multi_scale:
    scores = aspp_sum(resnet101_trunk(images, batch_norm), num_classes)
    outputs = {FUSED: scores, scale_key(1.0): scores} if return_all else scores
    return keras.Model(images, outputs, name="deeplab_v2_resnet101")
  # The shared part has no fixed size, so that it can be called at every scale.
  inner = keras.Input((None, None, input_channels), name="scaled_image")
  shared = keras.Model(inner, aspp_sum(resnet101_trunk(inner, batch_norm), num_classes),
                       name="deeplab_v2_single")
  maps = {scale_key(1.0): shared(images)}
  for scale in SCALES[1:]:
    key = scale_key(scale)
    scores = shared(aligned_resize.AlignedScale(scale, name=f"scale_{key}")(images))
    maps[key] = aligned_resize.AlignedResizeLike(dtype="float32", name=f"scores_{key}")(
        [scores, maps[scale_key(1.0)]])
  fused = keras.layers.Maximum(dtype="float32", name="scores_fused")(list(maps.values()))
  outputs = {FUSED: fused, **maps} if return_all else fused
  return keras.Model(images, outputs, name="deeplab_v2_resnet101_msc")
