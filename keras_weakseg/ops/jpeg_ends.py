"""JPEGs that were cut off and closed again: decoders fill the rest with grey and say nothing."""
import numpy as np
import tensorflow as tf

_GREY, _CORNER = 128, 2  # what decoders fill with; pixels of the last row that are looked at
_FIRST, _END, _SCAN, _MARK = b"\xff\xd8\xff", b"\xff\xd9", 0xDA, 0xFF
_WITHIN = {0, *range(0xD0, 0xD8)}  # what follows the byte ff inside of a scan


def may_be_filled(image):
  """Returns whether an image ends in the grey that stands for what a JPEG lacks: bool tensor [].

  Args:
    image: uint8 [H, W, 3].
  """
  return tf.reduce_all(image[-1:, -_CORNER:] == _GREY)


def is_filled(contents):
  """Returns whether a JPEG lacks a part that was filled with grey.

  More bytes before its end change what is decoded only if something was missing there.

  Args:
    contents: bytes of an image that can be decoded; of other formats the answer is False.
  """
  end = _end(contents) if contents.startswith(_FIRST) else -1
  if end < 0:
    return False
  # No 255, which would start a marker.
  noise = np.random.RandomState(0).randint(0, 255, 4096).astype(np.uint8).tobytes()
  more = contents[:end] + noise + _END
  try:
    return bool(np.any(tf.io.decode_jpeg(contents, 3) != tf.io.decode_jpeg(more, 3)))
  except tf.errors.OpError:
    return True  # Something was read of the noise.


def _end(contents):
  """Returns where the marker of the end is, -1 without one."""
  place, inside = 2, False
  while 0 <= place < len(contents) - 1:
    if inside:
      place = contents.find(b"\xff", place)
      if not 0 <= place < len(contents) - 1:
        return -1
      if contents[place + 1] in _WITHIN:
        place += 2
        continue
    if contents[place] != _MARK:
      return -1
    kind = contents[place + 1]
    if kind == _END[1]:
      return place
    if kind == _MARK:
      place += 1
      continue
    inside = kind == _SCAN
    place += 2 + int.from_bytes(contents[place + 2:place + 4], "big")
  return -1
