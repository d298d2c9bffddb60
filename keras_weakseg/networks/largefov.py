"""DeepLab-LargeFOV on VGG16, and its sibling with a small field of view.

Chen et al., ICLR 2015 (arXiv:1412.7062); Papandreou et al., ICCV 2015, train weak-only models with
the small field of view and all others with the large one.
"""
import collections
from typing import Annotated

import numpy as np

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import dilated, dropout
from keras_weakseg.options import OneOf

LARGE = "large"
SMALL = "small"

FieldOfView = collections.namedtuple("FieldOfView", ["kernel", "dilation", "filters", "pool5a"])

FIELDS_OF_VIEW = {
    LARGE: FieldOfView(kernel=3, dilation=12, filters=1024, pool5a=True),
    SMALL: FieldOfView(kernel=4, dilation=4, filters=4096, pool5a=False),
}

# Per group: convolutions, channels, dilation, stride of the max pooling that follows.
GROUPS = ((2, 64, 1, 2), (2, 128, 1, 2), (3, 256, 1, 2), (3, 512, 1, 1), (3, 512, 2, 1))


# Of a branch of the multi-scale variant.
BRANCH_FILTERS = 128


def vgg16_trunk(images):
  """Applies conv1_1 ... pool5 to a Keras tensor [N, H, W, 3].

  Returns:
    [N, h, w, 512] with stride 8, and the list of the outputs of the five pooling layers.
  """
  layers = keras.layers
  x, pools = images, []
  for group, (count, channels, dilation, pool_stride) in enumerate(GROUPS, start=1):
    for index in range(1, count + 1):
      x = dilated.Conv2D(channels, 3, padding="same", dilation_rate=dilation, activation="relu",
                         kernel_initializer="he_normal", name=f"conv{group}_{index}")(x)
    x = layers.MaxPooling2D(3, strides=pool_stride, padding="same", name=f"pool{group}")(x)
    pools.append(x)
  return x, pools


def _branch(features, stride, name, dropout_rate):
  """Applies the two-layer perceptron of DeepLab-MSc, which ends on the score grid."""
  layers = keras.layers
  for index, (kernel, step) in enumerate(((3, stride), (1, 1)), start=1):
    features = layers.Conv2D(
        BRANCH_FILTERS, kernel, strides=step, padding="same", activation="relu",
        kernel_initializer="he_normal", name=f"msc_{name}_{index}")(features)
    features = dropout.StatelessDropout(dropout_rate, name=f"msc_{name}_drop{index}")(features)
  return features


def largefov_vgg16(input_shape, num_classes, *,
                   field_of_view: Annotated[str, OneOf(tuple(FIELDS_OF_VIEW))] = LARGE,
                   dropout_rate=0.5, multi_scale_features: bool = False):
  """Builds DeepLab-LargeFOV.

  VGG16 with strides up to 8, conv5 dilated by 2, and fc6 as a dilated convolution: 3x3, dilation
  12, 1024 channels ("large", 20.5 M parameters) or 4x4, dilation 4, 4096 channels without the
  average pooling pool5a ("small", 65.1 M).

  Args:
    input_shape: (H, W, 3) or (None, None, 3), sides 8k+1.
    num_classes: C, with the background.
    field_of_view: "large" or "small".
    dropout_rate: after fc6 and fc7; needs a `random_scope` while training unless 0.
    multi_scale_features: DeepLab-MSc (Chen et al. 2015, section 4.3): the image and the first four
      pooling layers, each through two convolutions of 128 channels, join fc7 before `fc8`.

  Returns:
    `keras.Model`, float [N, H, W, 3] (BGR minus means) -> scores float32
    [N, (H-1)/8+1, (W-1)/8+1, C]. The new layers are `fc8` and `msc_*`.

  Raises:
    ValueError: the field of view is unknown.
  """
  errors.check_name("field of view", field_of_view, FIELDS_OF_VIEW)
  view = FIELDS_OF_VIEW[field_of_view]
  layers = keras.layers
  images = keras.Input(input_shape, name="image")
  x, pools = vgg16_trunk(images)
  if view.pool5a:
    # Caffe counts the zeros of the padding: the mean divides by 9 at the border too. Keras' own
    # "same" average leaves them out and is off by a third there.
    x = layers.ZeroPadding2D(1, name="pool5a_pad")(x)
    x = layers.AveragePooling2D(3, strides=1, padding="valid", name="pool5a")(x)
  x = dilated.Conv2D(view.filters, view.kernel, padding="same", dilation_rate=view.dilation,
                     activation="relu", kernel_initializer="he_normal", name="fc6")(x)
  x = dropout.StatelessDropout(dropout_rate, name="drop6")(x)
  x = layers.Conv2D(view.filters, 1, activation="relu", kernel_initializer="he_normal",
                    name="fc7")(x)
  x = dropout.StatelessDropout(dropout_rate, name="drop7")(x)
  if multi_scale_features:
    levels = zip([images, *pools[:4]], (8, 4, 2, 1, 1),
                 ("image", "pool1", "pool2", "pool3", "pool4"))
    x = layers.Concatenate(name="msc")([x, *(
        _branch(features, stride, name, dropout_rate) for features, stride, name in levels)])
  scores = layers.Conv2D(num_classes, 1, dtype="float32", name="fc8",
                         kernel_initializer=keras.initializers.RandomNormal(stddev=0.01))(x)
  return keras.Model(images, scores, name="largefov_vgg16")


def decimate_fc(fc6, fc7, field_of_view=LARGE):
  """Makes the convolutions fc6 and fc7 out of the fully connected layers of VGG16.

  The 7x7 window of fc6 is sampled at every third (to 3x3) or second (to 4x4) position, and 4096
  channels at every fourth where only 1024 are kept.

  Args:
    fc6: pair of arrays, kernel [25088, 4096] (rows in the order H, W, C) and bias [4096].
    fc7: pair of arrays, kernel [4096, 4096] and bias [4096].
    field_of_view: "large" or "small".

  Returns:
    Two pairs (kernel, bias) of numpy arrays: fc6 [k, k, 512, F] and [F], fc7 [1, 1, F, F] and [F].

  Raises:
    ValueError: the field of view is unknown.
  """
  errors.check_name("field of view", field_of_view, FIELDS_OF_VIEW)
  view = FIELDS_OF_VIEW[field_of_view]
  kernel6 = np.asarray(fc6[0])
  window = kernel6.reshape(7, 7, kernel6.shape[0] // 49, kernel6.shape[1])
  step = 3 if view.kernel == 3 else 2
  every = kernel6.shape[1] // view.filters
  kernel7 = np.asarray(fc7[0])[::every, ::every]
  return ((window[::step, ::step, :, ::every], np.asarray(fc6[1])[::every]),
          (kernel7[None, None], np.asarray(fc7[1])[::every]))
