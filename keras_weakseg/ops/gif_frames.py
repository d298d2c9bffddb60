"""The first frame of a GIF, without the others: its decoder keeps all of them in memory at once."""
import tensorflow as tf

_SCREEN = 13       # bytes of the header and of the description of the screen
_IMAGE = 10        # bytes of the description of an image
_END = b"\x3b"


def first_frame(contents):
  """Returns a GIF up to the end of its first frame, as a whole file.

  Args:
    contents: string tensor [], the bytes of a GIF. What is none, or damaged, comes back as far as
      it can be followed; its decoder will tell.

  Returns:
    string tensor [].

  Example:
    >>> gif = (b"GIF89a" + bytes([1, 0, 1, 0, 0x80, 0, 0]) + bytes(6) + b"," + bytes([0, 0, 0, 0])
    ...        + bytes([1, 0, 1, 0, 0]) + bytes([2, 2, 68, 1, 0]))
    >>> first_frame(gif + gif[19:] + b";").numpy() == gif + b";"
    True
  """
  contents = tf.convert_to_tensor(contents)
  length = tf.strings.length(contents)
  byte = lambda place: _number(contents, place)
  start = _SCREEN + _table(byte(10))

  # Blocks before the image: `!`, a kind, and pieces that each say how long they are.
  def is_extension(place):
    return (place < length) & tf.equal(tf.strings.substr(contents, tf.minimum(place, length), 1),
                                       b"!")

  place, = tf.while_loop(is_extension, lambda place: (_after(contents, place + 2, length),),
                         (start,))
  pieces = place + _IMAGE + _table(byte(place + _IMAGE - 1)) + 1  # behind the width of the codes
  end = tf.minimum(_after(contents, pieces, length), length)
  return tf.strings.join([tf.strings.substr(contents, 0, end), _END])


def _number(contents, place):
  """Returns the byte at a place as int32, 0 behind the end."""
  place = tf.clip_by_value(place, 0, tf.strings.length(contents))
  byte = tf.strings.join([tf.strings.substr(contents, place, 1), b"\0"])
  return tf.cast(tf.io.decode_raw(tf.strings.substr(byte, 0, 1), tf.uint8)[0], tf.int32)


def _table(flags):
  """Returns how many bytes the table of colours has that flags announce."""
  return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)


def _after(contents, place, length):
  """Returns the place behind pieces, the last of which is empty."""
  place, _ = tf.while_loop(
      lambda place, size: (size > 0) & (place < length),
      lambda place, size: (place + size + 1, _number(contents, place + size + 1)),
      (place, _number(contents, place)))
  return place + 1
