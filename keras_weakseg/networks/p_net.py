"""P-Net: tells the true shape of an object from a predicted one.

Xiao et al., AAAI 2018, Table 1. What it sees is made by `ops.critic_inputs`.
"""
from typing import Annotated, Tuple

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import aligned_resize
from keras_weakseg.options import Length, OneOf, Range

CATEGORY = "category"
PRODUCT = "product"
ENCODINGS = (CATEGORY, PRODUCT)

# Channels of the two convolutions of every block, and of the two layers behind.
BLOCKS = ((16, 32), (64, 64), (128, 128))
UNITS = (256, 512)

# Of the scores of an image of 321x321.
GRID = (41, 41)

# Three poolings must leave a pixel.
_SMALLEST = 8


def p_net(input_shape, num_classes, *, encoding: Annotated[str, OneOf(ENCODINGS)] = CATEGORY,
          grid: Annotated[Tuple[int, ...], Length(0, 2), Range(_SMALLEST)] = ()):
  """Builds P-Net: three blocks of two 3x3 convolutions and 2x2 pooling, then 256, 512 and 1 units.

  1.23 M parameters for 41x41, the score grid of an image of 321x321; 52.8 M for the image itself.

  Args:
    input_shape: (H, W, 3) or (None, None, 3), of one image.
    num_classes: C, with the background.
    encoding: "category": a sample is the image under the mask of one class, 3 channels
      (`critic_inputs.category_images`); "product": under those of all, 3C channels
      (`critic_inputs.product_images`).
    grid: (height, width) that the fully connected layers are made for; inputs of another size are
      resized to it. Empty = the size of `input_shape`, or 41x41 where that is free.

  Returns:
    `keras.Model`, float [N, H, W, 3 or 3C] -> logits of "true", float32 [N, 1].

  Raises:
    ValueError: the encoding is unknown, or the grid is too small for three poolings.

  Example:
    >>> network = p_net((41, 41, 3), 21)
    >>> network.output_shape, network.count_params()
    ((None, 1), 1233505)
  """
  errors.check_name("encoding of a label map", encoding, ENCODINGS)
  size = tuple(input_shape[:2])
  grid = tuple(grid) or (GRID if None in size else size)
  if len(grid) != 2 or min(grid) < _SMALLEST:
    raise errors.value_error(
        "The grid of P-Net is too small.", expected=f"two sides of at least {_SMALLEST}",
        received=list(grid), fix="Pass the score grid of the segmenter, such as [41, 41].")
  layers = keras.layers
  channels = input_shape[2] * (num_classes if encoding == PRODUCT else 1)
  x = images = keras.Input((*size, channels), name="image")
  if size != grid:
    x = aligned_resize.AlignedResize(grid, name="resize")(x)
  for block, widths in enumerate(BLOCKS, start=1):
    for index, width in enumerate(widths, start=1):
      x = layers.Conv2D(width, 3, padding="same", activation="relu",
                        kernel_initializer="he_normal", name=f"conv{block}_{index}")(x)
    x = layers.MaxPooling2D(2, name=f"pool{block}")(x)
  x = layers.Flatten(name="flatten")(x)
  for index, units in enumerate(UNITS, start=1):
    x = layers.Dense(units, activation="tanh", name=f"fc{index}")(x)
  return keras.Model(images, layers.Dense(1, dtype="float32", name="fc3")(x), name="p_net")
