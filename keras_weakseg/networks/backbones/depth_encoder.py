"""Encoders with the five feature levels that a U-Net decoder joins.

Levels 0, 1, 2, 3 have strides 2, 4, 8, 16; level 4 has the output stride (Hoyer et al., CVPR 2021,
section 3: a ResNet-101 whose last stage is dilated, features of stem and stages).
"""
import collections

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones import mobilenet_trunk, resnet
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import preprocessing

# `channels`: of the stages of a ResNet.
Encoder = collections.namedtuple("Encoder", ["family", "model", "preprocessing", "channels"],
                                 defaults=[resnet.CHANNELS])

RESNET = "resnet"
MOBILENET = "mobilenet"

ENCODERS = {
    **{f"resnet{depth}": Encoder(RESNET, depth, preprocessing.DEPTH) for depth in resnet.PLANS},
    # Less than half of the weights of a ResNet-18; nobody has published any.
    "light_resnet18": Encoder(RESNET, 18, preprocessing.DEPTH, (64, 128, 256, 256)),
    "mobilenet_v1": Encoder(MOBILENET, "mobilenet_v1", preprocessing.TF),
}

# The blocks of MobileNetV1 behind which a grid is about to be left, for levels 0 to 3.
MOBILENET_LEVELS = (1, 3, 5, 11)


def encoder(name):
  """Returns the `Encoder` of a name.

  Raises:
    ValueError: the encoder is unknown.

  Example:
    >>> encoder("resnet101").preprocessing, encoder("mobilenet_v1").preprocessing
    ('depth', 'tf')
  """
  errors.check_name("encoder", name, ENCODERS)
  return ENCODERS[name]


def feature_name(level):
  """Returns the name of the layer whose output is the feature of a level, 0..4.

  Example:
    >>> feature_name(4)
    'feature_4'
  """
  return f"feature_{level}"


def encode(images, name, *, output_stride=16, alpha=1.0, layout=resnet.TORCHVISION,
           frozen_blocks=0, batch_norm=norms.TRAIN, synchronized_batch_norm=False):
  """Applies an encoder to a Keras tensor.

  Args:
    images: Keras tensor [N, H, W, 3 or 3F], preprocessed.
    name: key of `ENCODERS`.
    output_stride: of level 4: 32 (ResNets), 16 or 8. MobileNetV1 has level 3 at stride 16, so 16.
    alpha: width multiplier (MobileNetV1).
    layout: of a ResNet: "torchvision", "garden" or "keras", see `resnet.resnet_trunk`.
    frozen_blocks: blocks that are not trained (MobileNetV1).
    batch_norm: "train" or "frozen".
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    List of five Keras tensors; layer `feature_name(k)` of the model gives level k.

  Raises:
    ValueError: the encoder is unknown, or cannot be built so.
  """
  spec = encoder(name)
  common = dict(batch_norm=batch_norm, synchronized_batch_norm=synchronized_batch_norm)
  if spec.family == RESNET:
    if (alpha, frozen_blocks) != (1.0, 0):
      raise errors.value_error(
          f"The encoder '{name}' has one width, and no blocks that can be frozen one by one.",
          expected="alpha=1, frozen_blocks=0", received=f"{alpha}, {frozen_blocks}",
          fix="Choose mobilenet_v1, or leave these options out.")
    features = resnet.resnet_trunk(
        images, spec.model, channels=spec.channels, output_stride=output_stride, layout=layout,
        **common)
  else:
    if output_stride != 16:
      raise errors.value_error(
          f"The encoder '{name}' has one output stride.", expected="16", received=output_stride,
          fix="Pass output_stride=16, or choose a ResNet.")
    deep = mobilenet_trunk.mobilenet_trunk(
        images, alpha=alpha, output_stride=output_stride, frozen_blocks=frozen_blocks,
        symmetric=True, **common).deep
    trunk = keras.Model(images, deep)
    features = [trunk.get_layer(f"conv_pw_{block}_relu").output for block in MOBILENET_LEVELS]
    features.append(deep)
  return [keras.layers.Activation("linear", name=feature_name(level))(x)
          for level, x in enumerate(features)]


def encoder_model(network, levels=(4,)):
  """Returns the encoder of a network as a model that shares its variables.

  The deepest feature serves the distance to ImageNet features and the shared pose network.

  Args:
    network: `keras.Model` built on `encode`.
    levels: of the features, 0..4.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3] -> one feature, or a list of them.
  """
  outputs = [network.get_layer(feature_name(level)).output for level in levels]
  return keras.Model(network.inputs, outputs[0] if len(outputs) == 1 else outputs,
                     name="encoder")
