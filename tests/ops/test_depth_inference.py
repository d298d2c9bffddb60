"""Tests of the road from photograph to disparity, against other libraries' resizing."""
import cv2
import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import depth as host
from keras_weakseg.ops import depth_inference


def photos(*shape, seed=0):
  return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def brightness(images):
  return images[..., :1] / 255


def seen_by_network(images, size, flip=False):
  """Returns what the network is given."""
  seen = []
  depth_inference.depth_disparity(
      lambda x: seen.append(x.numpy()) or brightness(x), images, size, flip)
  return seen[0]


def test_images_of_the_right_size_are_seen_as_they_are():
  image = photos(2, 32, 48)
  np.testing.assert_array_equal(seen_by_network(image, (32, 48)), image)


@pytest.mark.parametrize("own", [(61, 90), (96, 48), (16, 20), (40, 48)])
def test_images_are_resized_as_another_library_does(own):
  """Pillow smooths where an image shrinks, per axis, and has the same pixel centres."""
  image = photos(1, *own)
  channels = (Image.fromarray(channel) for channel in np.float32(image[0]).transpose(2, 0, 1))
  wanted = np.stack([channel.resize((48, 32), Image.Resampling.BILINEAR)
                     for channel in channels], -1)
  found = seen_by_network(image, (32, 48))[0]
  assert np.abs(found - wanted).max() <= 0.5 + 1e-3
  np.testing.assert_array_equal(found, np.round(found))


@pytest.mark.parametrize("own", [(32, 48), (77, 61), (16, 20)])
def test_disparity_is_brought_back_as_the_published_protocol_does(own):
  small = np.random.default_rng(1).random((2, 32, 48, 1), np.float32)
  found = depth_inference.depth_disparity(lambda x: tf.constant(small), photos(2, *own), (32, 48),
                                          min_depth=0.2, max_depth=50.0)
  assert found.shape == (2, *own) and found.dtype == tf.float32
  for one, each in zip(found.numpy(), small[..., 0]):
    wanted = host.resize_disparity(0.02 + 4.98 * each, own)
    assert np.abs(one - wanted).max() <= 5e-6 * wanted.max()  # as the parity data allow


def test_depth_is_not_what_is_averaged_at_edges():
  """Between depth 1 and depth 10 lies 1 / 0.55, not 5.5."""
  edge = tf.constant([[[[1.0], [0.0]]]])
  found = depth_inference.depth_disparity(lambda x: edge, photos(1, 1, 3), (1, 2), min_depth=1.0,
                                          max_depth=10.0)
  assert 1 / found.numpy()[0, 0, 1] == pytest.approx(1 / 0.55, rel=1e-5)


def blended(disparity, flipped_back):
  """Returns float64 [...,H,W]: by the share that the image has in every column."""
  left = np.interp(np.linspace(0, 1, disparity.shape[-1]), [0.05, 0.1], [1.0, 0.0])
  share = (1 + left[::-1] - left) / 2
  return share * disparity + (1.0 - share) * flipped_back


@pytest.mark.parametrize("shape", [(2, 24, 40), (1, 3, 1), (1, 5, 2), (3, 16, 129)])
def test_blending_equals_an_independent_computation(shape):
  random = np.random.default_rng(2)
  first, second = random.random((2, *shape, 1), np.float32)
  found = depth_inference.blend_mirrored(first, second).numpy()
  np.testing.assert_allclose(found[..., 0], blended(first[..., 0], second[..., 0]),
                             atol=2e-6)


def test_the_edges_of_a_flip_come_from_one_image():
  found = depth_inference.blend_mirrored(tf.zeros([2, 3, 101, 1]), tf.ones([2, 3, 101, 1])).numpy()
  np.testing.assert_allclose(found[:, :, :6], 1, atol=1e-6)
  np.testing.assert_allclose(found[:, :, -6:], 0, atol=1e-6)
  np.testing.assert_allclose(found[:, :, 10:-10], 0.5, atol=1e-6)
  assert (np.diff(found, axis=2) <= 1e-6).all()


def test_blending_golden(golden):
  data = golden("depth.npz")
  found = depth_inference.blend_mirrored(data["flip_pp__disp"][..., None],
                                         data["flip_pp__disp_flipped_back"][..., None])
  wanted = data["flip_pp__out"]
  assert np.abs(found.numpy()[..., 0] - wanted).max() <= 1e-6 * np.abs(wanted).max()


def test_a_flipped_answer_is_the_blend_of_two_plain_ones():
  def network(images):  # sees the left of an image differently from its right
    ramp = tf.linspace(0.2, 1.0, tf.shape(images)[2])[:, None]
    return images[..., 1:2] / 255 * ramp

  image = photos(2, 45, 70)
  plain = lambda x: depth_inference.depth_disparity(network, x, (32, 64)).numpy()
  small = [depth_inference.depth_disparity(network, tf.constant(x), (32, 64)).numpy()
           for x in (seen_by_network(image, (32, 64)),
                     seen_by_network(image, (32, 64))[:, :, ::-1])]
  wanted_of_both = blended(small[0], small[1][..., ::-1])
  found = depth_inference.depth_disparity(network, image, (32, 64), flip=True).numpy()
  for one, wanted in zip(found, wanted_of_both):
    np.testing.assert_allclose(one, cv2.resize(wanted, (70, 45)), rtol=2e-5)
  assert np.abs(found - plain(image)).max() > 0.1


def test_both_views_go_through_in_one_batch():
  seen = seen_by_network(photos(3, 8, 8), (8, 8), flip=True)
  np.testing.assert_array_equal(seen[3:], seen[:3, :, ::-1])


def test_a_constant_disparity_stays_constant():
  for flip in (False, True):
    found = depth_inference.depth_disparity(
        lambda x: tf.fill([*x.shape[:3], 1], 0.25), photos(1, 37, 53), (32, 64), flip).numpy()
    np.testing.assert_allclose(found, 0.01 + 9.99 * 0.25, rtol=1e-5)


def test_one_graph_serves_all_sizes():
  traces = []

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
  def answer(images):
    traces.append(1)
    return depth_inference.depth_disparity(brightness, images, (32, 32), flip=True)

  for shape in ((1, 32, 32), (2, 7, 50), (1, 1, 1)):
    wanted = depth_inference.depth_disparity(brightness, photos(*shape), (32, 32), flip=True)
    np.testing.assert_allclose(answer(photos(*shape)), wanted, rtol=1e-5)
  assert len(traces) == 1


def test_another_output_is_refused():
  with pytest.raises(ValueError, match="one channel. Received: 3 channels"):
    depth_inference.depth_disparity(lambda x: x, photos(1, 8, 8), (8, 8))
  with pytest.raises(ValueError, match="range of depths is empty"):
    depth_inference.depth_disparity(brightness, photos(1, 8, 8), (8, 8), min_depth=0.0)


@pytest.mark.parametrize("answers, function", [
    ("depth", lambda x: 1 / (0.1 + 1.9 * brightness(x))),
    ("log_depth", lambda x: -tf.math.log(0.1 + 1.9 * brightness(x)))])
def test_depth_and_its_logarithm_say_what_their_disparity_says(answers, function):
  options = {"flip": True, "min_depth": 0.5, "max_depth": 10.0}
  wanted = depth_inference.depth_disparity(brightness, photos(2, 19, 40), (32, 64), **options)
  found = depth_inference.depth_disparity(
      function, photos(2, 19, 40), (32, 64), answers=answers, **options)
  np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_depth_is_cut_to_the_range_and_unknown_answers_are_refused():
  far = depth_inference.depth_disparity(lambda x: tf.fill([*x.shape[:3], 1], 1e9), photos(1, 4, 4),
                                        (4, 4), max_depth=50.0, answers="depth")
  np.testing.assert_allclose(far, 1 / 50, rtol=1e-5)
  with pytest.raises(ValueError, match="mean 'depth'"):
    depth_inference.depth_disparity(brightness, photos(1, 4, 4), (4, 4), answers="depht")
