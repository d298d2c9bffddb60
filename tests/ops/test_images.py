"""Tests of decoding photographs and encoding masks, as graph operations."""
import io

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.ops import images

PALETTE = ((0, 0, 0), (200, 10, 20), (0, 255, 128))


def encoded(array, fmt="PNG", **options):
  buffer = io.BytesIO()
  (array if isinstance(array, Image.Image) else Image.fromarray(array)).save(buffer, fmt, **options)
  return buffer.getvalue()


@pytest.fixture
def rgb():
  return np.random.default_rng(0).integers(0, 256, (7, 9, 3), np.uint8)


@pytest.mark.parametrize("fmt", ["PNG", "BMP"])
def test_lossless_files_give_their_pixels(rgb, fmt):
  np.testing.assert_array_equal(images.decode_image(encoded(rgb, fmt)), rgb)


def test_grey_is_repeated_and_alpha_dropped(rgb):
  np.testing.assert_array_equal(images.decode_image(encoded(rgb[..., 0])),
                                np.repeat(rgb[..., :1], 3, -1))
  clear = np.concatenate([rgb, np.zeros_like(rgb[..., :1])], -1)
  np.testing.assert_array_equal(images.decode_image(encoded(clear)), rgb)
  grey_alpha = Image.merge("LA", [Image.fromarray(rgb[..., 0]), Image.fromarray(rgb[..., 1])])
  np.testing.assert_array_equal(images.decode_image(encoded(grey_alpha)),
                                np.repeat(rgb[..., :1], 3, -1))


def test_orientation_tag_is_ignored(rgb):
  exif = Image.Exif()
  exif[0x0112] = 6  # "turn by 90 degrees"
  turned = encoded(rgb, "JPEG", quality=95, exif=exif)
  assert Image.open(io.BytesIO(turned)).getexif()[0x0112] == 6
  np.testing.assert_array_equal(images.decode_image(turned),
                                images.decode_image(encoded(rgb, "JPEG", quality=95)))


def test_sixteen_bits_are_refused_eagerly_and_in_graphs():
  deep = tf.io.encode_png(tf.zeros([3, 4, 1], tf.uint16))
  for decode in (images.decode_image, tf.function(images.decode_image)):
    with pytest.raises(tf.errors.InvalidArgumentError, match="16 bits per channel. Expected: 8"):
      decode(deep)


@pytest.mark.parametrize("contents", [b"", b"no image at all", encoded(np.zeros((20, 20, 3),
                                                                               np.uint8))[:50]])
def test_broken_bytes_raise(contents):
  with pytest.raises(tf.errors.InvalidArgumentError):
    images.decode_image(contents)


@pytest.mark.parametrize("size", [(1, 1), (3, 300), (250, 7), (64, 64)])
@pytest.mark.parametrize("palette", [(), PALETTE])
def test_masks_come_back_exactly_as_another_library_reads_them(size, palette):
  mask = np.random.default_rng(1).choice(np.uint8([0, 1, 2, 255]), size)
  png = images.encode_mask_png(tf.constant(mask), palette).numpy()
  with Image.open(io.BytesIO(png)) as picture:
    assert picture.mode == ("P" if palette else "L")
    picture.verify()  # checks every CRC
  picture = Image.open(io.BytesIO(png))
  np.testing.assert_array_equal(np.asarray(picture), mask)
  if palette:
    np.testing.assert_array_equal(np.asarray(picture.convert("RGB"))[mask == 1],
                                  [PALETTE[1]] * int((mask == 1).sum()))


def test_a_viewer_sees_the_colours_of_the_palette():
  png = images.encode_mask_png(tf.constant([[0, 1, 2]], tf.uint8), PALETTE)
  np.testing.assert_array_equal(images.decode_image(png)[0], PALETTE)


def test_both_live_inside_a_saved_model(tmp_path, rgb):
  module = tf.Module()
  module.mask = tf.function(
      lambda contents: images.encode_mask_png(images.decode_image(contents)[..., 0], PALETTE),
      input_signature=[tf.TensorSpec([], tf.string)])
  tf.saved_model.save(module, str(tmp_path / "artifact"))
  png = tf.saved_model.load(str(tmp_path / "artifact")).mask(encoded(rgb)).numpy()
  np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), rgb[..., 0])
