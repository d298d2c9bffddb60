"""Tests of `ops.image_headers`: sizes by headers equal those of the decoded pixels."""
import io

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.ops import image_headers

PIXELS = np.random.default_rng(0).integers(0, 256, (23, 41, 3), np.uint8)


def encode(form, image=None, **options):
  buffer = io.BytesIO()
  (image or Image.fromarray(PIXELS)).save(buffer, form, **options)
  return buffer.getvalue()


@pytest.fixture(scope="module")
def measured():
  function = tf.function(image_headers.measured,
                         input_signature=[tf.TensorSpec([], tf.string)])
  return lambda contents: tuple(value.numpy() for value in function(contents))


@pytest.mark.parametrize("form, options", [
    ("PNG", {}), ("BMP", {}), ("GIF", {}), ("JPEG", {}), ("JPEG", {"progressive": True}),
    ("JPEG", {"comment": b"\xff\xc0" * 400}), ("JPEG", {"exif": b"Exif\0\0" + bytes(3000)})])
def test_pixels_of_every_format(measured, form, options):
  contents = encode(form, **options)
  pixels, rest = measured(contents)
  assert pixels == 23 * 41
  np.testing.assert_array_equal(
      tf.io.decode_image(rest, expand_animations=False),
      tf.io.decode_image(contents, expand_animations=False))
  assert measured(contents[:len(contents) - 30])[0] == 23 * 41


def test_segments_may_have_fill_bytes_before_and_nothing_between(measured):
  contents = encode("JPEG")
  frame = contents.index(b"\xff\xc0")
  filled = contents[:frame] + b"\xff\xff\xff" + contents[frame:]
  assert measured(filled)[0] == 23 * 41
  assert tf.io.decode_jpeg(filled).shape[:2] == (23, 41)


def test_an_animation_is_its_first_picture_and_its_other_ones_are_cut(measured):
  frames = [Image.fromarray(np.roll(PIXELS, shift, 0)) for shift in range(20)]
  contents = encode("GIF", frames[0], save_all=True, append_images=frames[1:])
  pixels, rest = measured(contents)
  assert pixels == 23 * 41 and len(rest) < len(contents) / 10
  np.testing.assert_array_equal(tf.io.decode_gif(rest)[0], tf.io.decode_gif(contents)[0])
  assert tf.io.decode_gif(rest).shape[0] == 1


def test_a_picture_larger_than_its_screen_counts_itself(measured):
  contents = bytearray(encode("GIF"))
  contents[6:10] = b"\x01\0\x01\0"
  assert measured(bytes(contents))[0] == 23 * 41
  assert tf.io.decode_gif(bytes(contents)).shape[1:3] == (23, 41)


def test_a_bitmap_from_the_top_has_a_negative_height(measured):
  contents = bytearray(encode("BMP"))
  contents[22:26] = (-23).to_bytes(4, "little", signed=True)
  assert measured(bytes(contents))[0] == 23 * 41


def test_sizes_beyond_32_bits_do_not_wrap(measured):
  contents = bytearray(encode("PNG"))
  contents[16:24] = (1 << 20).to_bytes(4, "big") * 2
  assert measured(bytes(contents))[0] == 1 << 40
  jpeg = bytearray(encode("JPEG"))
  frame = jpeg.index(b"\xff\xc0")
  jpeg[frame + 5:frame + 9] = b"\xff\xff\xff\xff"
  assert measured(bytes(jpeg))[0] == 65535 ** 2


@pytest.mark.parametrize("contents", [
    b"", b"no picture", b"\xff\xd8\xff", b"\xff\xd8\xff\xd9" + bytes(50), b"GIF89a",
    b"GIF89a" + bytes(20),
    b"\xff\xd8" + b"\xff\xfe\0\x02" * 5000 + b"\xff\xc0\0\x0b\x08\0\x17\0\x29\x01"])
def test_what_says_no_size_has_none(measured, contents):
  pixels, rest = measured(contents)
  assert pixels == image_headers.UNKNOWN and rest == contents
