"""A map tells the image it was made from: other decoders pass, other images and turns do not."""
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import image_look
from keras_weakseg.ops import images


def picture(seed, size=(60, 90)):
  """Returns coarse colours and noise, uint8 [H,W,3]."""
  random = np.random.default_rng(seed)
  coarse = random.integers(0, 255, (5, 7, 3)).astype(np.uint8)
  large = np.asarray(Image.fromarray(coarse).resize(size[::-1], Image.BICUBIC), np.int32)
  return np.clip(large + random.normal(0, 6, large.shape), 0, 255).astype(np.uint8)


def png_of(image):
  """Returns a map of two classes made from an image, and its labels."""
  labels = (image[..., 0] > 128).astype(np.uint8)
  return image_look.with_look(images.encode_mask_png(labels, [(0, 0, 0), (9, 200, 7)]).numpy(),
                              image), labels


def test_the_map_stays_what_it_is():
  """For our decoder, TensorFlow's and PIL's, whose chunks have right checksums."""
  png, labels = png_of(picture(1))
  np.testing.assert_array_equal(decode.decode_mask(tf.constant(png), 2, "a"), labels)
  loaded = Image.open(io.BytesIO(png))
  loaded.verify()
  np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), labels)
  assert loaded.mode == "P"


def test_looks_by_hand():
  image = np.zeros((32, 64, 3), np.uint8)
  image[1::2, 2::4] = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16, 1)
  assert image_look.look_of(image).numpy().tolist() == list(range(256))
  tiny = np.uint8([[[3, 6, 9]]])
  assert set(image_look.look_of(tiny).numpy()) == {6}


def test_the_same_image_passes_from_another_decoder():
  image = picture(2)
  file = io.BytesIO()
  Image.fromarray(image).save(file, "JPEG", quality=88)
  fast = tf.io.decode_jpeg(file.getvalue(), dct_method="INTEGER_FAST", fancy_upscaling=False)
  png, _ = png_of(tf.io.decode_jpeg(file.getvalue(), dct_method="INTEGER_ACCURATE").numpy())
  assert image_look.checked(tf.constant(png), fast, "a").numpy() == png


@pytest.mark.parametrize("other", [
    lambda image: picture(4), lambda image: image[:, ::-1], lambda image: image[::-1],
    lambda image: np.rot90(image), lambda image: image[:50, 12:]],
                         ids=["other", "mirrored", "upside_down", "turned", "cropped"])
def test_another_image_is_refused(other):
  image = picture(3)
  png, _ = png_of(image)
  check = tf.function(image_look.checked)
  assert check(tf.constant(png), image, tf.constant("cat/1")).numpy() == png
  with pytest.raises(tf.errors.OpError, match=r"'cat/1' was made from another(.|\n)*"
                                              r"Received: one that is \d+ apart"):
    check(tf.constant(png), other(image).copy(), tf.constant("cat/1"))


@pytest.mark.parametrize("contents", [b"", b"\x89PNG", images.encode_mask_png(
    np.zeros((4, 4), np.uint8)).numpy()], ids=["empty", "cut", "plain"])
def test_what_does_not_tell_is_taken(contents):
  assert image_look.checked(tf.constant(contents), picture(5), "a").numpy() == contents
