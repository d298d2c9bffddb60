"""Masks as files: palette PNGs whose values are the class ids."""
import tensorflow as tf

from keras_weakseg.files import staging
from keras_weakseg.ops import images


def write_mask(path, mask, palette):
  """Writes a mask as a palette PNG: values are class ids, viewers show the colours of the classes.

  The bytes are those of an exported artifact with this palette. The file appears whole or not.

  Args:
    path: of the PNG.
    mask: uint8 [H, W], class ids, 255 = ignore.
    palette: (red, green, blue) 0..255 per class id.

  Raises:
    ValueError: the file cannot be written.
  """
  staging.write_whole(path, images.encode_mask_png(tf.constant(mask, tf.uint8), palette).numpy())
