"""The hourglass of depth: nested levels of inceptions that answer with the logarithm of depth.

Chen et al., "Single-Image Depth Perception in the Wild", NeurIPS 2016 (arXiv:1604.03901); Li and
Snavely, "MegaDepth", CVPR 2018 (arXiv:1804.00607), whose trained weights fit layer by layer.
"""
import collections
from typing import Annotated

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import unet_layers
from keras_weakseg.options import OneOf, Positive, variant

# Channels of the 1x1 branch; per other branch: kernel, reduced channels, channels.
Inception = collections.namedtuple("Inception", ["plain", "branches"])
# Pooling; inceptions before and after the next level, and beside it; which comes first in files.
Level = collections.namedtuple("Level", ["pool", "before", "after", "skip", "deep_first"])

MAX, AVERAGE = "max", "average"

INCEPTIONS = {
    "a": Inception(32, ((3, 32, 32), (5, 32, 32), (7, 32, 32))),
    "b": Inception(64, ((3, 32, 64), (5, 32, 64), (7, 32, 64))),
    "c": Inception(32, ((3, 64, 32), (7, 64, 32), (11, 64, 32))),
    "d": Inception(32, ((3, 64, 32), (5, 64, 32), (7, 64, 32))),
    "e": Inception(64, ((3, 64, 64), (7, 64, 64), (11, 64, 64))),
    "f": Inception(16, ((3, 64, 16), (7, 64, 16), (11, 64, 16))),
    "g": Inception(16, ((3, 32, 16), (7, 32, 16), (11, 32, 16))),
}
LEVELS = {
    4: Level(MAX, "aa", "dg", "f", True),
    3: Level(MAX, "ab", "ba", "ac", True),
    2: Level(AVERAGE, "bb", "be", "be", False),
    1: Level(AVERAGE, "bbb", "", "bb", False),
}
STEM_CHANNELS = 128
EPSILON, MOMENTUM = 1e-5, 0.9


def hourglass(input_shape, num_classes=0, *, width: Positive = 1.0,
              batch_norm: Annotated[str, OneOf(norms.MODES)] = norms.TRAIN,
              synchronized_batch_norm=False):
  """Builds the hourglass, of 5,357,153 parameters at its full width.

  Args:
    input_shape: (H, W, 3) or (None, None, 3), sides that are multiples of 16; others work, but
      their grids do not lie on each other.
    num_classes: 0; depth has no classes.
    width: multiplier of all channels.
    batch_norm: "train" or "frozen".
    synchronized_batch_norm: statistics over all replicas.

  Returns:
    `keras.Model`, float [N, H, W, 3] (RGB / 255) -> log depth float32 [N, H, W, 1].

  Raises:
    ValueError: there are classes, or the width is not positive.

  Example:
    >>> hourglass((32, 48, 3), width=.25).output_shape
    (None, 32, 48, 1)
  """
  if num_classes:
    raise errors.value_error("The hourglass has no classes.", expected="num_classes=0",
                             received=num_classes, fix="Leave num_classes out.")
  if width <= 0:
    raise errors.value_error("The hourglass cannot have this width.", expected="width > 0",
                             received=width, fix="Pass width=1.0 for the published one.")
  builder = _Builder(width, batch_norm, synchronized_batch_norm)
  return assemble(builder, input_shape, "hourglass")


light_hourglass = variant(
    hourglass, "Builds the hourglass light enough for two CPU cores: a quarter of its width.",
    width=0.25)


def assemble(builder, input_shape, name):
  """Returns the hourglass of what a builder makes of stem, inceptions and head.

  Args:
    builder: has `stem(x)`, `inception(x, kind, name)` and `head(x)`.
    input_shape: (H, W, 3).
    name: of the model.

  Returns:
    `keras.Model`.
  """
  images = keras.Input(input_shape, name="image")
  return keras.Model(images, builder.head(_level(builder, builder.stem(images), 4)), name=name)


def _level(builder, x, number):
  """Returns one level: the sum of what is pooled, worked on and enlarged, and of what is not."""
  level = LEVELS[number]

  def chain(x, kinds, branch, first=0):
    for index, kind in enumerate(kinds, first):
      x = builder.inception(x, kind, f"h{number}_{branch}{index}_{kind}")
    return x

  skip = chain(x, level.skip, "skip")
  pool = keras.layers.MaxPooling2D if level.pool == MAX else keras.layers.AveragePooling2D
  deep = chain(pool(2, padding="same", name=f"h{number}_pool")(x), level.before, "deep")
  if number > 1:
    deep = _level(builder, deep, number - 1)
  deep = chain(deep, level.after, "deep", len(level.before))
  deep = unet_layers.NearestUpLike(name=f"h{number}_up")([deep, skip])
  return keras.layers.Add(name=f"h{number}_add")([deep, skip])


def inception_names(number=4):
  """Returns the names of the inceptions in the order of the published weights.

  Example:
    >>> inception_names()[:3]
    ['h4_deep0_a', 'h4_deep1_a', 'h3_deep0_a']
  """
  level = LEVELS[number]
  named = lambda kinds, branch, first=0: [
      f"h{number}_{branch}{index}_{kind}" for index, kind in enumerate(kinds, first)]
  skip = named(level.skip, "skip")
  deep = named(level.before, "deep") + (inception_names(number - 1) if number > 1 else [])
  deep += named(level.after, "deep", len(level.before))
  return deep + skip if level.deep_first else skip + deep


def branch_names(name):
  """Returns (convolution, normalisation) of an inception, by name, in the order of its layers.

  Example:
    >>> branch_names("h4_skip0_f")[:3]
    ... # doctest: +NORMALIZE_WHITESPACE
    [('h4_skip0_f_1x1_conv', 'h4_skip0_f_1x1_bn'),
     ('h4_skip0_f_3x3_reduce', 'h4_skip0_f_3x3_reduce_bn'),
     ('h4_skip0_f_3x3_conv', 'h4_skip0_f_3x3_bn')]
  """
  pairs = [(f"{name}_1x1_conv", f"{name}_1x1_bn")]
  for kernel, _, _ in INCEPTIONS[name[-1]].branches:
    branch = f"{name}_{kernel}x{kernel}"
    pairs += [(f"{branch}_reduce", f"{branch}_reduce_bn"), (f"{branch}_conv", f"{branch}_bn")]
  return pairs


class _Builder:
  """Adds convolutions, each with a bias and statistics, as they are trained."""

  def __init__(self, width, batch_norm, synchronized):
    self._width = width
    self._norm = dict(mode=batch_norm, synchronized=synchronized, epsilon=EPSILON,
                      momentum=MOMENTUM)

  def _scaled(self, channels):
    return max(int(round(channels * self._width)), 1)

  def _conv(self, x, channels, kernel, names, affine=False):
    conv, norm = names
    x = keras.layers.Conv2D(self._scaled(channels), kernel, padding="same",
                            kernel_initializer="he_normal", name=conv)(x)
    x = norms.batch_norm(name=norm, affine=affine, **self._norm)(x)
    return keras.layers.ReLU(name=norm.replace("bn", "relu"))(x)

  def stem(self, x):
    """Applies the first convolution, the only one with a trained scale and offset."""
    return self._conv(x, STEM_CHANNELS, 7, ("stem_conv", "stem_bn"), affine=True)

  def inception(self, x, kind, name):
    """Applies four branches and joins them."""
    spec, names = INCEPTIONS[kind], branch_names(name)
    outputs = [self._conv(x, spec.plain, 1, names[0])]
    for index, (kernel, reduced, channels) in enumerate(spec.branches):
      inner = self._conv(x, reduced, 1, names[2 * index + 1])
      outputs.append(self._conv(inner, channels, kernel, names[2 * index + 2]))
    return keras.layers.Concatenate(name=f"{name}_join")(outputs)

  def head(self, x):
    """Applies the last convolution, always float32."""
    return keras.layers.Conv2D(1, 3, padding="same", dtype="float32", name="head_conv")(x)
