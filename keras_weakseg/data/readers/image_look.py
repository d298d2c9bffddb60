"""What an image looks like, inside the PNG of the map that was made from it.

Maps lie in folders under the ids of their images, and ids come back with other images: a new
export, photographs that were turned, another camera. So a map carries 16x16 grey values of its
image in a chunk that programs pass over, and who reads both compares them. Decoders of one file
differ by few values, other images by tens.
"""
import struct
import zlib

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.data.readers import refusals
from keras_weakseg.ops import tracing

SIDE = 16
# Mean difference of the grey values, 0..255, up to which two images are the same.
NEAR = 8.0
_CHUNK = b"loOk"  # private, of no importance to others, stays true when pixels are edited
_BEGIN = 33       # behind the signature and the header
_VALUES = slice(_BEGIN + 8, _BEGIN + 8 + SIDE * SIDE)


def look_of(image):
  """Returns the grey values of pixels on a grid, uint8 [256].

  Args:
    image: uint8 [H,W,3].
  """
  size = tf.shape(image)
  rows, columns = ((2 * tf.range(SIDE) + 1) * size[axis] // (2 * SIDE) for axis in (0, 1))
  pixels = tf.gather(tf.gather(image, columns, axis=1), rows)
  return tf.reshape(tf.reduce_sum(tf.cast(pixels, tf.int32), -1) // 3, [-1])


def with_look(png, image):
  """Returns the bytes of a PNG that says what image it was made from.

  Args:
    png: bytes of the map.
    image: uint8 [H,W,3], the image.
  """
  body = _CHUNK + bytes(look_of(image).numpy().tolist())
  chunk = struct.pack(">I", SIDE * SIDE) + body + struct.pack(">I", zlib.crc32(body))
  return png[:_BEGIN] + chunk + png[_BEGIN:]


@tracing.by_kinds
def checked(png, image, name):
  """Returns the bytes of a map; refuses one that was made from another image.

  Args:
    png: string tensor [], the map; one that does not say what it was made from is taken.
    image: uint8 [H,W,3], of the same sample.
    name: string tensor [], the sample, for errors.

  Raises:
    tf.errors.InvalidArgumentError: the map says that its image was another one.
  """
  padded = tf.strings.join([png, tf.constant(bytes(_VALUES.stop))])
  tells = tf.strings.substr(padded, _BEGIN + 4, 4) == _CHUNK

  def difference():
    told = tf.io.decode_raw(tf.strings.substr(padded, _VALUES.start, SIDE * SIDE), tf.uint8)
    return tf.reduce_mean(tf.cast(tf.abs(tf.cast(told, tf.int32) - look_of(image)), tf.float32))

  apart = tf.cond(tells, difference, lambda: 0.0)  # Most masks are no maps of ours.
  return refusals.where(apart > NEAR, png, _raise_other, name, apart)


def _raise_other(name, apart):
  raise errors.value_error(
      f"The map of '{name.decode(errors='replace')}' was made from another image.",
      expected=f"the image that had this id then: grey values on a grid of {SIDE}x{SIDE} at most "
               f"{NEAR:g} apart in the mean",
      received=f"one that is {float(apart):.0f} apart",
      fix="Make the maps anew in another folder, or name the folder that was made of these images.")
