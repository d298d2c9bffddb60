"""Networks that tell how the camera moved between frames stacked in temporal order.

Godard et al., ICCV 2019: a ResNet-18 over the stacked frames, or features of a shared encoder, and
four convolutions whose output is averaged over the image. PoseCNN: Zhou et al., CVPR 2017.
"""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones import depth_encoder, mobilenet_trunk, resnet
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.option_types import BatchNorm, Layout
from keras_weakseg.options import Count, OneOf, Positive, Range, variant

AXIS_ANGLE = "axis_angle"
TRANSLATION = "translation"

POSECNN = "posecnn"
KINDS = (*depth_encoder.ENCODERS, POSECNN)

# Predictions start near "no motion": the scale at which the losses can find their way.
MOTION_SCALE = 0.01

# Filters and kernel of PoseCNN's convolutions of stride 2.
POSECNN_LAYERS = ((16, 7), (32, 5), (64, 3), (128, 3), (256, 3), (256, 3), (256, 3))


@keras.utils.register_keras_serializable("keras_weakseg")
class MeanMotion(keras.layers.Layer):
  """Averages maps of motions over the image, scales them and splits them.

  Args:
    motions: P, how many are returned; maps beyond 6P are left out.
    name: name of the layer.
  """

  def __init__(self, motions, name=None, **kwargs):
    super().__init__(name=name, **kwargs)
    self.motions = motions

  def call(self, inputs):
    """Applies the layer.

    Args:
      inputs: float32 [N, h, w, 6Q], Q >= P.

    Returns:
      Dict of "axis_angle" (radians) and "translation", float32 [N, P, 3].
    """
    mean = MOTION_SCALE * tf.reduce_mean(inputs[..., :6 * self.motions], [1, 2])
    mean = tf.reshape(mean, [-1, self.motions, 6])
    return {AXIS_ANGLE: mean[..., :3], TRANSLATION: mean[..., 3:]}

  def get_config(self):
    return {**super().get_config(), "motions": self.motions}


def _small():
  """Returns the reference's initial values, U(+-1/sqrt(fan_in)): they keep first motions small."""
  return keras.initializers.VarianceScaling(1 / 3, "fan_in", "uniform")


def _conv(x, filters, kernel, name, stride=1, initializer=None, **options):
  padding = "same"
  if stride > 1 and kernel > 1:
    x, padding = keras.layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x), "valid"
  return keras.layers.Conv2D(filters, kernel, strides=stride, padding=padding, name=name,
                             kernel_initializer=initializer or _small(), **options)(x)


def _motions(x, name, maps, motions):
  x = _conv(x, 6 * maps, 1, name, dtype="float32")
  return MeanMotion(motions, dtype="float32", name="motions")(x)


def pose_decoder(features, *, frames=2, filters=256):
  """Applies the pose decoder; every layer's name starts with `head_`.

  Args:
    features: one Keras tensor [N, h, w, D] of stacked frames, or one per frame.
    frames: F, how many frames there are.
    filters: width.

  Returns:
    Dict of Keras tensors "axis_angle", "translation", float32 [N, F-1, 3].
  """
  squeeze = keras.layers.Conv2D(filters, 1, activation="relu", kernel_initializer=_small(),
                                name="head_squeeze")
  x = [squeeze(feature) for feature in features]
  x = x[0] if len(x) == 1 else keras.layers.Concatenate(name="head_join")(x)
  for index in (1, 2):
    x = _conv(x, filters, 3, f"head_pose_{index}", activation="relu")
  # Two motions are predicted even for a pair, whose second one nobody uses: the published weights
  # have it.
  return _motions(x, "head_motion", max(frames - 1, 2), frames - 1)


def _posecnn(images, frames, width):
  x = images
  for index, (filters, kernel) in enumerate(POSECNN_LAYERS, start=1):
    # The reference's initial values (`_small`) shrink a signal to 0.4 of it in every layer; there
    # are seven: only biases learn then, one motion of all frames, for hundreds of steps.
    x = _conv(x, int(filters * width), kernel, f"head_conv{index}", 2, activation="relu",
              initializer=keras.initializers.HeNormal())
  return _motions(x, "head_motion", frames - 1, frames - 1)


def _check_frames(frames):
  if frames < 2:
    raise errors.value_error("A motion needs two frames.", expected="frames >= 2",
                             received=frames, fix="Pass frames=2 for pairs.")


def pose_network(input_shape, *, kind: Annotated[str, OneOf(KINDS)] = "resnet18",
                 frames: Annotated[int, Range(2)] = 2, alpha: Positive = 1.0, filters: Count = 256,
                 shrink: Count = 1, layout: Layout = resnet.TORCHVISION,
                 batch_norm: BatchNorm = norms.TRAIN, synchronized_batch_norm=False):
  """Builds a pose network.

  A pair is stacked in temporal order: the one before first. For the transform from a frame to an
  earlier one, invert what the network says (`ops.geometry.pose_to_matrix(..., invert=True)`).

  Args:
    input_shape: (H, W, 3) of one frame, or (None, None, 3).
    kind: "resnet18" (or another ResNet), "mobilenet_v1", or "posecnn" (no normalisation).
    frames: F, stacked along the channels: 2 for pairs, more for all at once.
    alpha: width multiplier (MobileNetV1, PoseCNN).
    filters: width of the pose decoder.
    shrink: side in pixels of the blocks that are averaged first: 2 looks at frames of half the
      height and width, at a quarter of the time (motion of many pixels is seen there as well).
    layout: of a ResNet, see `resnet.resnet_trunk`.
    batch_norm: of the encoder: "train" or "frozen".
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3F] -> dict of "axis_angle" (radians) and
    "translation" (the unit of depth), float32 [N, F-1, 3].

  Raises:
    ValueError: an option is unknown or out of range.

  Example:
    >>> pose_network((64, 96, 3), kind="posecnn").output_shape
    {'axis_angle': (None, 1, 3), 'translation': (None, 1, 3)}
  """
  errors.check_name("pose network", kind, KINDS)
  _check_frames(frames)
  if shrink < 1:
    raise errors.value_error("Frames cannot shrink by that.", expected="shrink >= 1",
                             received=shrink, fix="Pass shrink=1 for frames as they are.")
  images = keras.Input((*input_shape[:2], 3 * frames), name="frames")
  smaller = keras.layers.AveragePooling2D(shrink, name="shrink")(images) if shrink > 1 else images
  if kind == POSECNN:
    outputs = _posecnn(smaller, frames, alpha)
  else:
    common = dict(batch_norm=batch_norm, synchronized_batch_norm=synchronized_batch_norm)
    if kind == "mobilenet_v1":
      deep = mobilenet_trunk.mobilenet_trunk(
          smaller, alpha=alpha, symmetric=True, **common).deep
    else:
      spec = depth_encoder.encoder(kind)
      deep = resnet.resnet_trunk(smaller, spec.model, channels=spec.channels, output_stride=32,
                                 layout=layout, **common)[-1]
    outputs = pose_decoder([deep], frames=frames, filters=filters)
  return keras.Model(images, outputs, name=f"pose_{kind}")


def shared_pose_network(depth_network, *, frames=2, filters: Count = 256):
  """Builds the pose network that looks at the frames through the depth network's encoder.

  Args:
    depth_network: `keras.Model` with an encoder of `depth_encoder.encode`; its variables are
      shared, so training the pose trains the encoder too.
    frames: F.
    filters: width of the pose decoder.

  Returns:
    `keras.Model`, as that of `pose_network`.

  Raises:
    ValueError: fewer than two frames.
  """
  _check_frames(frames)
  encoder = depth_encoder.encoder_model(depth_network)
  shape = encoder.input_shape[1:]
  images = keras.Input((*shape[:2], 3 * frames), name="frames")
  features = [encoder(images[..., 3 * index:3 * index + 3]) for index in range(frames)]
  return keras.Model(images, pose_decoder(features, frames=frames, filters=filters),
                     name="pose_shared")


light_pose = variant(
    pose_network, "Builds the pose network for two CPU cores: PoseCNN at half its width.",
    kind=POSECNN, alpha=0.5, filters=128)
