"""JPEGs that were cut off and closed again: decoders fill in what is missing and say nothing."""
import numpy as np
import tensorflow as tf

_GREY, _CORNER = 128, 2  # what decoders fill with; pixels of the last row that are looked at
_FIRST, _END, _SCAN, _MARK = b"\xff\xd8\xff", b"\xff\xd9", 0xDA, 0xFF
_PROGRESSIVE, _FRAMES = 0xC2, (0xC0, 0xC1, 0xC2)  # kinds whose scans can be followed
_WITHIN = {0, *range(0xD0, 0xD8)}  # what follows the byte ff inside of a scan
_ALL = 64  # coefficients of a block


def may_lack_a_part(contents, image):
  """Returns whether `lacks_a_part` must be asked of an image: bool tensor [].

  Of one that ends in the grey that stands for what is missing, and of one of several scans, which
  is blurred instead where the later ones are missing.

  Args:
    contents: string tensor [], the bytes of the file.
    image: uint8 [H, W, 3], its pixels.
  """
  is_jpeg = tf.equal(tf.strings.substr(contents, 0, len(_FIRST)), _FIRST)
  grey = tf.reduce_all(image[-1:, -_CORNER:] == _GREY)
  return tf.cond(is_jpeg, lambda: grey | _has_progressive_mark(contents), lambda: False)


def _has_progressive_mark(contents):
  """Returns whether these two bytes are anywhere; within pixels they never are."""
  values = tf.io.decode_raw(contents, tf.uint8)
  return tf.reduce_any((values[:-1] == _MARK) & (values[1:] == _PROGRESSIVE))


def lacks_a_part(contents):
  """Returns whether a JPEG lacks a part that its decoder fills in.

  Every coefficient must be sent to its last bit in some scan; and more bytes before the end change
  what is decoded only if something was missing there.

  Args:
    contents: bytes of an image that can be decoded; of other formats the answer is False.
  """
  end, whole = _walk(contents) if contents.startswith(_FIRST) else (-1, True)
  if end < 0 or not whole:
    return not whole
  # No 255, which would start a marker.
  noise = np.random.RandomState(0).randint(0, 255, 4096).astype(np.uint8).tobytes()
  more = contents[:end] + noise + _END
  try:
    return bool(np.any(tf.io.decode_jpeg(contents, 3) != tf.io.decode_jpeg(more, 3)))
  except tf.errors.OpError:
    return True  # Something was read of the noise.


def _walk(contents):
  """Returns where the marker of the end is, -1 without one, and whether its scans send all."""
  place, inside, left = 2, False, {}
  while 0 <= place < len(contents) - 1:
    if inside:
      place = contents.find(b"\xff", place)
      if not 0 <= place < len(contents) - 1:
        break
      if contents[place + 1] in _WITHIN:
        place += 2
        continue
    if contents[place] != _MARK:
      break
    kind = contents[place + 1]
    if kind == _END[1]:
      return place, not any(map(any, left.values()))
    if kind == _MARK:
      place += 1
      continue
    inside = kind == _SCAN
    length = int.from_bytes(contents[place + 2:place + 4], "big")
    _follow(kind, contents[place + 4:place + 2 + length], left)
    place += 2 + length
  return -1, True


def _follow(kind, body, left):
  """Updates a dict of component to what is left of its coefficients: bits, 1 where none is sent."""
  if kind in _FRAMES:
    left.update({component: [1] * _ALL for component in body[6::3]})
  elif kind == _SCAN and body and len(body) == 4 + 2 * body[0]:
    first, last, bits = body[-3:]
    for component in set(body[1:-3:2]) & set(left):
      for coefficient in range(first, min(last + 1, _ALL)):
        left[component][coefficient] = bits & 15
