"""Between encoded files and pixels, as graph operations that an exported artifact can hold.

The one rule for orientation: pixels are taken as stored, the EXIF tag is ignored, so a mask always
lies on the pixels that a plain decoder gives.
"""
import zlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import image_formats

_HEADER = 33        # signature 8, then IHDR: length 4, name 4, fields 13, CRC 4
_KIND = 25
_PALETTE_KIND = 3
_BYTES = np.array([bytes([value]) for value in range(256)], object)

def refusal(fault, owner=""):
  """Returns the text of the error for a fault that is refused, see `image_formats`.

  Args:
    fault: one of `image_formats.REFUSED`.
    owner: name of the sample, "" where it is not known.

  Example:
    >>> refusal(image_formats.DEEP, "a").splitlines()[0]
    "The image of 'a' has 16 bits per channel."
  """
  what = "has 16 bits per channel" if fault == image_formats.DEEP else "cannot be read"
  return errors.describe(
      f"The image of '{owner}' {what}." if owner else f"The image {what}.",
      expected="8 bits per channel" if fault == image_formats.DEEP else image_formats.FORMATS,
      received=image_formats.WORDS[fault], fix=image_formats.FIX)


def decode_image(contents):
  """Returns the pixels of an encoded JPEG, PNG, BMP or GIF (its first frame).

  Args:
    contents: string tensor [], the bytes of the file.

  Returns:
    uint8 [H, W, 3], RGB as stored (EXIF orientation ignored). Grey is repeated, a palette looked
    up, alpha dropped.

  Raises:
    tf.errors.InvalidArgumentError: not such a file, broken, or with 16 bits per channel;
      see `image_formats`.

  Example:
    >>> grey = tf.io.encode_png(tf.constant([[[0], [7]]], tf.uint8))
    >>> decode_image(grey).numpy().tolist()
    [[[0, 0, 0], [7, 7, 7]]]
  """
  fault = image_formats.fault_in_graph(contents)
  # The decoders would cut 16 bits to their upper 8, or decode what other releases do not.
  refused = [tf.debugging.Assert(fault != each, [refusal(each).replace("\n", " ")])
             for each in image_formats.REFUSED]
  with tf.control_dependencies(refused):
    return image_formats.decode(tf.identity(contents))


def encode_mask_png(mask, palette=()):
  """Returns a mask as a PNG whose pixel values are the class ids.

  Args:
    mask: uint8 [H, W], class ids, 255 = ignore.
    palette: (red, green, blue) 0..255 per class id; empty = a grey PNG. A palette adds the
      colours in which viewers show the mask; the stored values stay the class ids.

  Returns:
    string tensor [], the bytes of the PNG, without loss.

  Example:
    >>> png = encode_mask_png(tf.constant([[0, 2]], tf.uint8))
    >>> tf.io.decode_png(png)[..., 0].numpy().tolist()
    [[0, 2]]
  """
  png = tf.io.encode_png(mask[..., tf.newaxis])
  if len(palette) == 0:
    return png
  # The only encoder among the graph operations writes grey. A CRC is affine: when the colour kind
  # changes from grey to palette it changes by a constant, whatever the width and height are.
  crc = tf.io.decode_raw(tf.strings.substr(png, _HEADER - 4, 4), tf.uint8)
  crc = tf.gather(_BYTES, tf.cast(tf.bitwise.bitwise_xor(crc, _crc_change()), tf.int32))
  return tf.strings.join([
      tf.strings.substr(png, 0, _KIND), bytes([_PALETTE_KIND, 0, 0, 0]),
      tf.strings.reduce_join(crc), _palette_chunk(palette), tf.strings.substr(png, _HEADER, -1)])


def _crc_change():
  """Returns uint8 [4]: exclusive or of the CRCs of a grey and a palette header."""
  grey, colour = (zlib.crc32(b"IHDR" + bytes(9) + bytes([kind]) + bytes(3))
                  for kind in (0, _PALETTE_KIND))
  return np.frombuffer((grey ^ colour).to_bytes(4, "big"), np.uint8)


def _palette_chunk(palette):
  """Returns the bytes of the chunk with all 256 colours; ids without a class are light grey."""
  colors = np.full([256, 3], 224, np.uint8)
  colors[:len(palette)] = palette
  body = b"PLTE" + colors.tobytes()
  return (len(body) - 4).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
