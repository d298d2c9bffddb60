"""How many pixels an encoded image will have, by its header and before it is decoded, in a graph.

A file of half a megabyte may hold 12000x12000 pixels, or a thousand pictures. Graphs that answer
strangers look here first, so that nothing large is ever made of such a file.
"""
import tensorflow as tf

from keras_weakseg.ops import gif_frames
from keras_weakseg.ops import image_formats
from keras_weakseg.ops import tracing

UNKNOWN = gif_frames.UNKNOWN
_JPEG_SEGMENTS = 1 << 12   # steps; photographs have less than a hundred
_FILL, _STOPS = 0xFF, (0xD9, 0xDA)     # JPEG: before a marker; end and scan
_TABLES = (0xC4, 0xC8, 0xCC)           # of the markers C0..CF those that are no frame


@tracing.once
def measured(contents):
  """Returns the pixels of the picture in a file, and the file without the pictures behind it.

  Args:
    contents: string tensor [], the bytes of a JPEG, PNG, BMP or GIF, whole or its beginning.

  Returns:
    (int64 [] height * width, or `UNKNOWN` where the header does not say it; string [], of a GIF up
    to the end of its first picture, where that was found, of all others the same bytes).

  Example:
    >>> int(measured(tf.io.encode_png(tf.zeros([3, 5, 1], tf.uint8)))[0])
    15
  """
  return tf.cond(
      _starts(contents, "gif"), lambda: gif_frames.first_frame(contents),
      lambda: (tf.cond(_starts(contents, "jpeg"), lambda: _jpeg_pixels(contents),
                       lambda: _fixed(contents)), contents))


@tracing.once
def pixels_of(contents):
  """Returns the pixels of the picture in a file whose decoder may tell what is wrong with it.

  Faster than `measured` for JPEGs, whose header a decoder reads, which fails where it is damaged.

  Args:
    contents: string tensor [], as of `measured`, whole.

  Returns:
    int64 [] height * width, `UNKNOWN` of other formats.

  Raises:
    tf.errors.InvalidArgumentError: the header of a JPEG is damaged.

  Example:
    >>> int(pixels_of(tf.io.encode_jpeg(tf.zeros([3, 5, 1], tf.uint8))))
    15
  """
  jpeg = lambda: tf.reduce_prod(tf.cast(tf.io.extract_jpeg_shape(contents)[:2], tf.int64))
  return tf.cond(_starts(contents, "jpeg"), jpeg, lambda: measured(contents)[0])


def _starts(contents, form):
  text = image_formats.STARTS[form]
  return tf.equal(tf.strings.substr(contents, 0, len(text)), text)


def _fixed(contents):
  """Returns the pixels of a format whose header says them at fixed places, else `UNKNOWN`."""
  return tf.where(
      _starts(contents, "png"), _product(contents, (16, 20), 4, big=True), tf.where(
          _starts(contents, "bmp"), _product(contents, (18, 22), 4, big=False), UNKNOWN))


def _product(contents, places, length, big):
  """Returns the product of two integers of a header; a bitmap's may be negative."""
  head = tf.strings.substr(tf.strings.join([contents, bytes(32)]), 0, 32)
  sides = [tf.cast(tf.io.decode_raw(tf.strings.substr(head, place, length), tf.int32,
                                    little_endian=not big)[0], tf.int64) for place in places]
  return tf.abs(sides[0] * sides[1])


def _bytes(contents):
  """Returns uint8 [length + 16]: zeros behind the bytes, so that a look ahead stays inside."""
  return tf.io.decode_raw(tf.strings.join([contents, bytes(16)]), tf.uint8)


def _reader(values):
  """Returns a function of place and length that reads a big-endian integer, as int32."""
  return lambda place, length: tf.add_n([
      tf.cast(values[place + offset], tf.int32) * 256 ** (length - 1 - offset)
      for offset in range(length)])


def _any_of(value, values):
  return tf.reduce_any(tf.equal(value, tf.constant(values)))


def _jpeg_pixels(contents):
  """Walks from segment to segment up to the one that holds the size, as decoders do."""
  values = _bytes(contents)
  read, length = _reader(values), tf.strings.length(contents)

  def step(place, pixels, stopped):
    start, marker = read(place, 1), read(place + 1, 1)
    # What stands between segments is skipped; markers 00, 01 and D0..D8 have no length.
    between = (start != _FILL) | (marker == _FILL)
    alone = (marker <= 1) | ((marker >= 0xD0) & (marker <= 0xD8))
    frame = (marker >= 0xC0) & (marker <= 0xCF) & ~_any_of(marker, _TABLES)
    here = ~between & frame
    found = tf.cast(read(place + 5, 2), tf.int64) * tf.cast(read(place + 7, 2), tf.int64)
    forward = tf.where(between, 1, tf.where(alone, 2, 2 + tf.maximum(read(place + 2, 2), 2)))
    return (place + forward, tf.where(here, found, pixels),
            stopped | here | (~between & _any_of(marker, _STOPS)))

  return tf.while_loop(
      lambda place, pixels, stopped: ~stopped & (place + 9 <= length), step,
      [tf.constant(2), tf.constant(UNKNOWN, tf.int64), tf.constant(False)],
      maximum_iterations=_JPEG_SEGMENTS, parallel_iterations=1)[1]
