"""DeepLab v3 from the parts of the TensorFlow Model Garden.

Backbone and atrous spatial pyramid pooling are `official.vision`'s (Chen et al., 2017,
arXiv:1706.05587), so its checkpoints restore. What is ours: dropout whose randomness is passed in,
and the classifier on the grid of stride 8.
"""
import collections
import math
from typing import Annotated

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import aligned_resize, dilated, dropout, preprocessing
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.option_types import OutputStride
from keras_weakseg.options import OneOf

Backbone = collections.namedtuple("Backbone", ["family", "model_id", "preprocessing"])

RESNET = "resnet"
MOBILENET = "mobilenet"

BACKBONES = {
    "resnet50": Backbone(RESNET, 50, preprocessing.IMAGENET),
    "resnet101": Backbone(RESNET, 101, preprocessing.IMAGENET),
    "resnet152": Backbone(RESNET, 152, preprocessing.IMAGENET),
    "mobilenet_v1": Backbone(MOBILENET, "MobileNetV1", preprocessing.IMAGENET),
    "mobilenet_v2": Backbone(MOBILENET, "MobileNetV2", preprocessing.IMAGENET),
    "mobilenet_v3_large": Backbone(MOBILENET, "MobileNetV3Large", preprocessing.IMAGENET),
}

# Rates on the grid of stride 16; doubled on that of stride 8 (section 4.2 of the paper).
ASPP_RATES = (6, 12, 18)


def _backbone(name):
  errors.check_name("backbone", name, BACKBONES)
  return BACKBONES[name]


def backbone_preprocessing(name):
  """Returns the preprocessing mode of a backbone.

  Raises:
    ValueError: the backbone is unknown.

  Example:
    >>> backbone_preprocessing("resnet50")
    'imagenet'
  """
  return _backbone(name).preprocessing


@keras.utils.register_keras_serializable("keras_weakseg")
class PyramidPooling(keras.layers.Layer):
  """The Model Garden's atrous spatial pyramid pooling, with names that start with this layer's.

  Args:
    filters: channels of every branch and of the output.
    rates: dilations of the 3x3 branches; a 1x1 and a global pooling branch join them.
    separable: whether the dilated branches are depthwise separable.
    synchronized_batch_norm: statistics over all replicas.
    momentum, epsilon: of the normalisation; the defaults are the Model Garden's.
    name: name of the layer.
  """

  def __init__(self, filters, rates, separable=False, synchronized_batch_norm=False,
               momentum=0.99, epsilon=1e-3, name=None, **kwargs):
    super().__init__(name=name, **kwargs)
    self.momentum, self.epsilon = momentum, epsilon
    self.filters = filters
    self.rates = tuple(rates)
    self.separable = separable
    self.synchronized_batch_norm = synchronized_batch_norm

  def build(self, input_shape):
    """Creates the pooling for features [N, h, w, D]."""
    from official.vision.modeling.layers import deeplab
    self.pool = deeplab.SpatialPyramidPooling(
        output_channels=self.filters, dilation_rates=list(self.rates), dropout=0.0,
        use_sync_bn=self.synchronized_batch_norm, batchnorm_momentum=self.momentum,
        batchnorm_epsilon=self.epsilon, kernel_initializer="VarianceScaling",
        use_depthwise_convolution=self.separable)
    self.pool.build(input_shape)
    # Its convolutions are called conv2d_<n>, n counting in the whole process. Variables take the
    # name of their layer when it is built, so this is the moment to give them stable names.
    for index, layer in enumerate(_layers_inside(self.pool)):
      layer._name = f"{self.name}_{index}_{type(layer).__name__.lower()}"
      if type(layer) is keras.layers.Conv2D:  # Depthwise ones are derived from it.
        dilated.speed_up(layer)
    norms.keep_fused_variance(self.pool)
    keras.layers.Layer.build(self.pool, input_shape)
    super().build(input_shape)

  def call(self, inputs, training=None):
    """Applies the layer to `inputs` [N, h, w, D]; returns [N, h, w, filters]."""
    return self.pool(inputs, training=training)

  def get_config(self):
    return {**super().get_config(), "filters": self.filters, "rates": self.rates,
            "separable": self.separable, "synchronized_batch_norm": self.synchronized_batch_norm,
            "momentum": self.momentum, "epsilon": self.epsilon}


def _layers_inside(layer):
  return [part for part in layer.submodules if isinstance(part, keras.layers.Layer)]


def build_backbone(name, *, output_stride=16, width=1.0, synchronized_batch_norm=False):
  """Builds a backbone of the Model Garden.

  Args:
    name: key of `BACKBONES`.
    output_stride: 16 or 8.
    width: multiplier of the channels (MobileNets only).
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, [N, H, W, 3] -> dict of features by level "2", "3", ... (stride 2^level).

  Raises:
    ValueError: the backbone is unknown, or cannot be built so.
  """
  spec = _backbone(name)
  if output_stride not in (8, 16):
    raise errors.value_error("The output stride is not supported.", expected="8 or 16",
                             received=output_stride, fix="Pass output_stride=16.")
  if spec.family == RESNET:
    if width != 1.0:
      raise errors.value_error(f"The backbone '{name}' has one width only.", expected="width=1",
                               received=width, fix="Choose a MobileNet, or leave width out.")
    from official.vision.modeling.backbones import resnet_deeplab
    return resnet_deeplab.DilatedResNet(
        spec.model_id, output_stride, use_sync_bn=synchronized_batch_norm)
  from official.vision.modeling.backbones import mobilenet
  return mobilenet.MobileNet(
      spec.model_id, filter_size_scale=width, output_stride=output_stride,
      use_sync_bn=synchronized_batch_norm)


def deeplab_v3(input_shape, num_classes, *,
               backbone: Annotated[str, OneOf(tuple(BACKBONES))] = "resnet50",
               output_stride: OutputStride = 16, width=1.0, head_filters=256, separable_head=False,
               dropout_rate=0.1, synchronized_batch_norm=False):
  """Builds DeepLab v3.

  Args:
    input_shape: (H, W, 3) or (None, None, 3), sides 16k+1 (8k+1 at output stride 8).
    num_classes: C, with the background.
    backbone: "resnet50", "resnet101", "resnet152", "mobilenet_v1", "mobilenet_v2" or
      "mobilenet_v3_large".
    output_stride: of the backbone, 16 or 8. The scores are always on the grid of stride 8.
    width: multiplier of the channels (MobileNets only).
    head_filters: channels of every branch of the pyramid pooling.
    separable_head: whether the dilated branches are depthwise separable.
    dropout_rate: before the classifier; needs a `random_scope` while training unless 0.
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, float [N, H, W, 3], (x - means) / deviations -> scores float32
    [N, (H-1)/8+1, (W-1)/8+1, C]. The layers `head_aspp` and `head_classifier` are new.

  Raises:
    ValueError: an option is unknown or out of range.
  """
  garden = build_backbone(backbone, output_stride=output_stride, width=width,
                          synchronized_batch_norm=synchronized_batch_norm)
  level = str(int(math.log2(output_stride)))
  # Layers beyond the deepest level used (MobileNets have some) would be weights without gradients.
  trunk = keras.Model(garden.inputs, {key: garden.output[key] for key in ("3", level)},
                      name="backbone")
  images = keras.Input(input_shape, name="image")
  features = trunk(images)
  x = PyramidPooling(head_filters, [rate * 16 // output_stride for rate in ASPP_RATES],
                     separable=separable_head, synchronized_batch_norm=synchronized_batch_norm,
                     name="head_aspp")(features[level])
  x = dropout.StatelessDropout(dropout_rate, name="head_dropout")(x)
  scores = keras.layers.Conv2D(
      num_classes, 1, dtype="float32", name="head_classifier",
      kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))(x)
  if level != "3":
    scores = aligned_resize.AlignedResizeLike(dtype="float32", name="head_scores")(
        [scores, features["3"]])
  return keras.Model(images, scores, name=f"deeplab_v3_{backbone}")
