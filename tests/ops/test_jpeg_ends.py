"""Grey that stands for what a JPEG lacks is told from grey that was photographed."""
import io

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import jpeg_ends

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")


def jpeg(size=(120, 90), grey=False, **options):
  tiles = np.random.RandomState(0).randint(0, 255, (size[0] // 8 + 1, size[1] // 8 + 1, 3))
  picture = np.kron(tiles, np.ones((8, 8, 1))).astype(np.uint8)[:size[0], :size[1]]
  if grey:
    picture[size[0] // 2:] = 128
  file = io.BytesIO()
  Image.fromarray(picture).save(file, "JPEG", **options)
  return file.getvalue()


def closed(content, share):
  """Returns a JPEG cut off within its pixels, with an end marker again."""
  start = content.rindex(b"\xff\xda") + 14
  return content[:start + int((len(content) - start) * share)].rstrip(b"\xff") + b"\xff\xd9"


def judged(content):
  image = tf.io.decode_jpeg(content, 3)
  return bool(jpeg_ends.may_lack_a_part(content, image)), jpeg_ends.lacks_a_part(content)


@pytest.mark.parametrize("options", [
    {}, {"subsampling": 0}, {"quality": 30}, {"comment": b"\xff\xd9 \xff\xda"}])
@pytest.mark.parametrize("share", [0.2, 0.7, 0.95])
def test_a_rest_that_is_filled_is_found(options, share):
  content = jpeg(**options)
  assert judged(content) == (False, False)
  assert judged(closed(content, share)) == (True, True)
  assert judged(closed(content, share) + b"film \xff\xd9" * 9) == (True, True)


def progressive():
  """Returns a JPEG of noise, and where the pixels of each of its scans begin and end."""
  noise = np.random.RandomState(0).randint(0, 255, (60, 45, 3)).astype(np.uint8)
  file = io.BytesIO()
  Image.fromarray(noise).save(file, "JPEG", progressive=True)
  content, places, place = file.getvalue(), [], 0
  while (place := content.find(b"\xff\xda", place)) >= 0:
    place += 2 + int.from_bytes(content[place + 2:place + 4], "big")
    ends = [content.find(mark, place) for mark in (b"\xff\xc4", b"\xff\xda", b"\xff\xd9")]
    places.append((place, min(end for end in ends if end >= 0)))
  return content, places


def test_progressive_files_lack_scans_or_a_part_of_the_last_one():
  content, scans = progressive()
  # It is always asked of a file of several scans: its rest is blurred, not grey.
  assert judged(content) == (True, False) and len(scans) > 5
  for start, end in (scans[0], scans[3], scans[-1]):
    cut = content[:(start + end) // 2].rstrip(b"\xff") + b"\xff\xd9"
    assert tf.io.decode_jpeg(cut, 3).shape == (60, 45, 3), "the decoder says nothing"
    assert judged(cut) == (True, True)
  assert judged(content[:scans[-2][1]] + b"\xff\xd9") == (True, True), "without its last scan"


def test_scans_that_are_no_scans_are_followed_to_the_end():
  content = progressive()[0]
  start = content.index(b"\xff\xda")
  for place in (start + 3, start + 4, start + 5, start + 8):
    for value in (0, 1, 200):
      jpeg_ends.lacks_a_part(content[:place] + bytes([value]) + content[place + 1:])


def test_photographed_grey_is_none():
  for options in ({}, {"progressive": True}, {"subsampling": 0}):
    content = jpeg(grey=True, **options)
    assert judged(content) == (True, False)
    assert judged(content + b"\xff\xd9 film \xff\xd9") == (True, False)


def test_other_files_are_not_looked_at():
  png = tf.io.encode_png(np.full((9, 9, 3), 128, np.uint8))
  assert not jpeg_ends.lacks_a_part(png.numpy())
  assert not jpeg_ends.may_lack_a_part(png, np.full((9, 9, 3), 128, np.uint8))
  assert not jpeg_ends.lacks_a_part(b"\xff\xd8\xff") and not jpeg_ends.lacks_a_part(b"")
