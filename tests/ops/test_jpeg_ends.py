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
  return bool(jpeg_ends.may_be_filled(image)), jpeg_ends.is_filled(content)


@pytest.mark.parametrize("options", [
    {}, {"subsampling": 0}, {"quality": 30}, {"comment": b"\xff\xd9 \xff\xda"}])
@pytest.mark.parametrize("share", [0.2, 0.7, 0.95])
def test_a_rest_that_is_filled_is_found(options, share):
  content = jpeg(**options)
  assert judged(content) == (False, False)
  assert judged(closed(content, share)) == (True, True)
  assert judged(closed(content, share) + b"film \xff\xd9" * 9) == (True, True)


def test_photographed_grey_is_none():
  for options in ({}, {"progressive": True}, {"subsampling": 0}):
    content = jpeg(grey=True, **options)
    assert judged(content) == (True, False)
    assert judged(content + b"\xff\xd9 film \xff\xd9") == (True, False)


def test_other_files_are_not_looked_at():
  png = tf.io.encode_png(np.full((9, 9, 3), 128, np.uint8))
  assert not jpeg_ends.is_filled(png.numpy())
  assert not jpeg_ends.is_filled(b"\xff\xd8\xff") and not jpeg_ends.is_filled(b"")
