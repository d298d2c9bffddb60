"""Tests of `evaluation.large_images`: headers, refusals with a way, and strips of windows."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import large_images
from keras_weakseg.ops import inference

SCORES = tf.function(lambda images: tf.stack(
    [images[..., 0], 30 + images[..., 1] * tf.reduce_mean(images) / 100, images[..., 2]], -1) / 20,
                     input_signature=[tf.TensorSpec([None, None, None, 3])])


def probabilities(images, **options):
  return inference.class_probabilities(SCORES, images, multiple=1, **options)


@pytest.mark.parametrize("size, window, stride", [
    ((50, 70), (20, 30), (13, 20)), ((50, 70), (20, 30), (20, 30)), ((15, 70), (20, 30), (7, 7)),
    ((50, 20), (17, 30), (1, 29)), ((20, 30), (20, 30), (13, 20))])
def test_strips_give_the_mask_of_windows_over_the_whole(size, window, stride):
  image = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
  whole = np.asarray(probabilities(image[None], window=window, window_stride=stride))[0]
  found = large_images.mask_by_strips(probabilities, image, window, stride)
  np.testing.assert_array_equal(found, whole.argmax(-1))
  assert len(np.unique(found)) == 3
  alone = np.asarray(probabilities(image[None]))[0].argmax(-1)
  # The scores know the mean of what they see, so windows matter.
  assert (found != alone).any() or size == window


def test_a_batch_counts_whole_and_no_limit_is_none():
  images = np.zeros((3, 10, 10, 3), np.uint8)
  large_images.check(images, 300, "fix")
  large_images.check(images, 0, "fix")
  with pytest.raises(ValueError, match="(?s)too large.*at most 299.*10x10.*Smaller"):
    large_images.check(tf.constant(images), 299, "Smaller.")


def test_files_are_refused_by_their_headers_all_at_once(tmp_path):
  for number, side in enumerate((10, 20, 30)):
    pixels = tf.zeros([side, side, 3], tf.uint8)
    (tmp_path / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
  # A JPEG whose size stands behind more than what is read first.
  jpeg = tf.io.encode_jpeg(tf.zeros([40, 40, 3], tf.uint8)).numpy()
  comment = b"\xff\xfe\xff\xff" + bytes(65533)
  (tmp_path / "3.jpg").write_bytes(jpeg[:2] + 6 * comment + jpeg[2:])
  paths = sorted(tmp_path.iterdir())
  assert [large_images.pixels_of(path) for path in paths] == [100, 400, 900, 1600]
  with pytest.raises(ValueError, match="(?s)2 of 4 images.*2.png: 900.*3.jpg: 1600.*Nothing"):
    large_images.check_files(paths, 400, "Fix.")
  large_images.check_files(paths, 1600, "")
