"""Dual networks: the features of a segmentation network behind the three subnets of dual learning.

Luo et al., "Deep Dual Learning for Semantic Image Segmentation", ICCV 2017.
"""
import re
from typing import Annotated

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v2, dual_head, largefov, light
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import dropout, preprocessing
from keras_weakseg.ops import reconstruction
from keras_weakseg.options import Count, CountOrNone, OneOf, Positive, Share

RESNET101 = "resnet101"
VGG16 = "vgg16"
BACKBONES = (RESNET101, VGG16)

# In the registry of networks.
NAMES = ("dual_network", "light_dual")

HEAD = "head_dual"
STEPS = "steps"

# Factors that bring preprocessed images to about -1..1.
TARGET_SCALES = {preprocessing.CAFFE: 1 / 128, preprocessing.TF: 1.0}

BatchNorm = Annotated[str, OneOf(norms.MODES)]
Rule = Annotated[str, OneOf(reconstruction.RULES)]
Source = Annotated[str, OneOf(dual_head.SOURCES)]
Combination = Annotated[str, OneOf(("", *reconstruction.MODES))]

_CLASSIFIERS = re.compile("^(fc8|head_classifier)")


def dual_network(input_shape, num_classes, *,
                 backbone: Annotated[str, OneOf(BACKBONES)] = RESNET101,
                 batch_norm: BatchNorm = norms.FROZEN, dropout_rate: dropout.Rate = 0.5,
                 steps: CountOrNone = 0, step_size: Positive = dual_head.STEP_SIZE,
                 tag_step_size: Positive = dual_head.TAG_STEP_SIZE, decay: bool = True,
                 rule: Rule = reconstruction.RMS, proximal: Share = 0.0,
                 image_from: Source = dual_head.PROBABILITIES,
                 combine: Combination = reconstruction.PROBABILITIES):
  """Builds the dual network of the paper.

  With 353x353 pixels, 21 classes and ResNet-101, u1 is 45x45x2048 and the subnets have 444,643
  parameters. The backbone runs once, whatever the number of steps.

  Args:
    input_shape: (H, W, 3) or (None, None, 3), sides 8k+1.
    num_classes: C, with the background.
    backbone: "resnet101" (DeepLab v2) or "vgg16" (DeepLab-LargeFOV up to fc7).
    batch_norm: of the ResNet: "frozen" or "train".
    dropout_rate: of fc6 and fc7 of VGG16; needs a `random_scope` while training unless 0.
    steps: of inference by reconstruction in the scores that the network answers with.
    step_size: of the first step, as a share of the features' size.
    tag_step_size: of the first step along the loss of tags, where these are given (training).
    decay: whether later steps are smaller.
    rule: "rms", "sgd" or "adam".
    proximal: 0..1, how strongly features are drawn to where they started.
    image_from: what the image is made of: "probabilities" or "scores" of the labelmap.
    combine: how tags enter the scores: "probabilities", "logits", or "" for not at all.

  Returns:
    `keras.Model`, float [N, H, W, 3] (BGR minus means) -> scores float32
    [N, (H-1)/8+1, (W-1)/8+1, C]. The new layer is `head_dual`, a `dual_head.DualHead`.

  Raises:
    ValueError: the backbone, or another name, is unknown.
  """
  errors.check_name("backbone", backbone, BACKBONES)
  if backbone == RESNET101:
    base = deeplab_v2.deeplab_v2_resnet101(input_shape, num_classes, batch_norm=batch_norm)
  else:
    base = largefov.largefov_vgg16(input_shape, num_classes, dropout_rate=dropout_rate)
  return _with_head(base, preprocessing.CAFFE, f"dual_{backbone}", steps, dict(
      num_classes=num_classes, step_size=step_size, tag_step_size=tag_step_size, decay=decay,
      rule=rule, proximal=proximal, image_from=image_from, combine=combine))


def light_dual(input_shape, num_classes, *, alpha: Positive = 1.0,
               output_stride: Annotated[int, OneOf((16, 8))] = 16, head_filters: Count = 128,
               skip_filters: Count = 48, dropout_rate: dropout.Rate = 0.1,
               frozen_blocks: CountOrNone = 0, batch_norm: BatchNorm = norms.TRAIN,
               synchronized_batch_norm=False, steps: CountOrNone = 0,
               step_size: Positive = dual_head.STEP_SIZE,
               tag_step_size: Positive = dual_head.TAG_STEP_SIZE, decay: bool = True,
               rule: Rule = reconstruction.RMS, proximal: Share = 0.0,
               image_from: Source = dual_head.PROBABILITIES,
               combine: Combination = reconstruction.PROBABILITIES):
  """Builds a dual network for two CPU cores: u1 is what `light_mobilenet_v1` classifies.

  Args: as `light.light_mobilenet_v1` and `dual_network`.

  Returns:
    `keras.Model`, float [N, H, W, 3] (x / 127.5 - 1) -> scores float32
    [N, (H-1)/8+1, (W-1)/8+1, C].

  Example:
    >>> light_dual((33, 65, 3), 4, alpha=.25, head_filters=16).output_shape
    (None, 5, 9, 4)
  """
  base = light.light_mobilenet_v1(
      input_shape, num_classes, alpha=alpha, output_stride=output_stride,
      head_filters=head_filters, skip_filters=skip_filters, dropout_rate=dropout_rate,
      frozen_blocks=frozen_blocks, batch_norm=batch_norm,
      synchronized_batch_norm=synchronized_batch_norm)
  return _with_head(base, preprocessing.TF, "light_dual", steps, dict(
      num_classes=num_classes, step_size=step_size, tag_step_size=tag_step_size, decay=decay,
      rule=rule, proximal=proximal, image_from=image_from, combine=combine))


def is_dual(network):
  """Returns whether a network has the three subnets.

  Args:
    network: `keras.Model`.

  Example:
    >>> is_dual(light_dual((33, 33, 3), 3, alpha=.25)), is_dual(keras.Sequential())
    (True, False)
  """
  return any(isinstance(layer, dual_head.DualHead) for layer in network.layers)


def check_network(network, name):
  """Refuses a network that lacks the subnets.

  Args:
    network: `keras.Model`.
    name: of the network in the registry.

  Raises:
    ValueError: it is none of this module.
  """
  if not is_dual(network):
    raise errors.value_error(
        f"The network '{name}' has no labelmap, tags and image to learn from each other.",
        expected=" or ".join(NAMES), received=f"'{name}'",
        fix=f"Set network.type={NAMES[-1]}, or use the recipe 'dual' for your own data.")


def dual_parts(network):
  """Returns the two parts of a dual network; a method trains them by what the head offers.

  Args:
    network: `keras.Model` of this module.

  Returns:
    `keras.Model`, preprocessed floats [N, H, W, 3] -> features u1 [N, h, w, D]; `DualHead`.
  """
  head = network.get_layer(HEAD)
  features, _ = head.get_input_at(0)
  return keras.Model(network.inputs[:1], features, name="encoder"), head


def with_steps(network, steps=None):
  """Returns a network that shares all variables and infers in another number of steps.

  Args:
    network: `keras.Model` of this module.
    steps: int; None = an input of the network.

  Returns:
    `keras.Model` of images alone, or of images and `steps` int32 [N], how many for each image.
  """
  head, images = network.get_layer(HEAD), network.inputs[0]
  features, _ = head.get_input_at(0)
  inputs = [images]
  if steps is None:
    steps = keras.Input((), dtype="int32", name=STEPS)
    inputs.append(steps)
  outputs = head([features, images], steps=steps)
  return keras.Model(inputs if len(inputs) > 1 else images, outputs, name=network.name)


def inside(predictor):
  """Returns the dual network in a predictor, or None where there is none.

  Args:
    predictor: of `preprocessing.predictor`, or anything else.
  """
  for layer in getattr(predictor, "layers", ()):
    if isinstance(layer, keras.Model) and is_dual(layer):
      return layer
  return None


def explainer(network, record):
  """Returns a function that tells what a dual network knows after some steps of inference.

  Args:
    network: `keras.Model` of this module.
    record: `NetworkRecord` of it.

  Returns:
    Function of RGB 0..255 [N, H, W, 3] and steps int32 [N] to the dict of `DualHead.explain`, with
    the reconstruction in RGB 0..255, float32 [N, h, w, 3].
  """
  encoder, head = dual_parts(network)
  preprocess = preprocessing.Preprocess(record.preprocessing)

  def explain(images, steps):
    inputs = preprocess(images)
    found = head.explain(encoder(inputs, training=False), inputs, steps)
    pixels = found[dual_head.RECONSTRUCTION] / head.options["target_scale"]
    return {**found, dual_head.RECONSTRUCTION: preprocessing.undone(
        pixels, record.preprocessing)}

  return explain


def _with_head(base, mode, name, steps, options):
  """Returns the network of a base without its classifier, and of the head in place of it."""
  classifier = next(layer for layer in base.layers if _CLASSIFIERS.match(layer.name))
  head = dual_head.DualHead(target_scale=TARGET_SCALES[mode], name=HEAD, **options)
  return keras.Model(base.input, head([classifier.input, base.input], steps=steps), name=name)
