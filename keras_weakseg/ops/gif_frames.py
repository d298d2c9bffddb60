"""The first frame of a GIF, without the others: its decoder keeps all of them in memory at once."""
import tensorflow as tf

from keras_weakseg.ops import tracing

UNKNOWN = -1
_BLOCKS = 1 << 16      # of at most 255 bytes
_SCREEN = 13           # bytes of the header and of the description of the screen
_EXTENSION, _PICTURE, _END = 0x21, 0x2C, b"\x3b"


@tracing.once
def first_frame(contents):
  """Returns the pixels of the first frame of a GIF, and the file without the frames behind it.

  The decoder unpacks all frames to return one, and takes the size of the frame, not that of the
  screen.

  Args:
    contents: string tensor [], the bytes of a GIF. What is none, or damaged, comes back as it is;
      its decoder will tell.

  Returns:
    (int64 [] height * width, `UNKNOWN` where no frame begins; string [], the file up to the end of
    its first frame, as a whole file).

  Example:
    >>> gif = (b"GIF89a" + bytes([1, 0, 1, 0, 0x80, 0, 0]) + bytes(6) + b"," + bytes([0, 0, 0, 0])
    ...        + bytes([1, 0, 1, 0, 0]) + bytes([2, 2, 68, 1, 0]))
    >>> pixels, whole = first_frame(gif + gif[19:] + b";")
    >>> int(pixels), whole.numpy() == gif + b";"
    (1, True)
  """
  # Zeros behind the bytes, so that a look ahead stays inside.
  values = tf.io.decode_raw(tf.strings.join([contents, bytes(16)]), tf.uint8)
  length = tf.strings.length(contents)
  read = lambda place: tf.cast(values[place], tf.int32)
  table = lambda flags: tf.where(
      flags >= 0x80, 3 * tf.bitwise.left_shift(2, tf.math.floormod(flags, 8)), 0)

  def step(place, inside, pixels, ended):
    value = read(place)
    ended = inside & (value == 0) & (pixels >= 0)
    picture = ~inside & (value == _PICTURE)
    wrong = ~inside & (value != _PICTURE) & (value != _EXTENSION)
    at = tf.minimum(place, length)
    width, height = (tf.cast(read(at + offset) + 256 * read(at + offset + 1), tf.int64)
                     for offset in (5, 7))
    forward = tf.where(inside, 1 + value, tf.where(picture, 11 + table(read(at + 9)), 2))
    # What is no block ends the search beyond the end.
    return (tf.where(wrong, length, place + forward), ~inside | (value > 0),
            tf.where(picture, width * height, pixels), ended)

  first = _SCREEN + table(read(tf.minimum(10, length)))
  place, _, pixels, ended = tf.while_loop(
      lambda place, inside, pixels, ended: ~ended & (place < length), step,
      (first, tf.constant(False), tf.constant(UNKNOWN, tf.int64), tf.constant(False)),
      maximum_iterations=_BLOCKS, parallel_iterations=1)
  whole = lambda: tf.strings.join([tf.strings.substr(contents, 0, place), _END])
  return pixels, tf.cond(ended, whole, lambda: tf.identity(contents))
