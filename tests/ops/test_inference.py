"""Tests of the one inference road: views, padding, windows, unknown sizes."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import inference

MEAN = (127.5, 100.25, 30.0)


def photos(*shape, seed=0):
  return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def local_scores(images):
  """Looks at one pixel only, on a grid of stride 1."""
  return tf.stack([images[..., 0], images[..., 1], images[..., 2]], -1) / 40.0


def strided_scores(images):
  """Every eighth pixel: the corner-aligned grid of a network of stride 8."""
  return local_scores(images)[:, ::8, ::8]


def softmax(x):
  x = np.exp(x - x.max(-1, keepdims=True))
  return x / x.sum(-1, keepdims=True)


def bilinear(x, size):
  """Corner-aligned resizing, written out in numpy: x [H, W, C]."""
  for axis, side in enumerate(size):
    at = np.linspace(0, x.shape[axis] - 1, side)
    low = np.floor(at).astype(int)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    part = (at - low).reshape([-1 if a == axis else 1 for a in range(3)])
    x = np.take(x, low, axis) * (1 - part) + np.take(x, high, axis) * part
  return x


@pytest.mark.parametrize("size", [(17, 25), (20, 31), (1, 13), (9, 1), (1, 1)])
def test_padding_never_leaks_into_a_local_answer(size):
  image = photos(2, *size, 3)
  found = inference.class_probabilities(local_scores, image, mean_rgb=MEAN)
  np.testing.assert_allclose(found, softmax(image / np.float32(40)), atol=1e-6)


@pytest.mark.parametrize("size, padded", [((17, 25), (17, 25)), ((18, 24), (25, 25)),
                                          ((1, 30), (9, 33))])
def test_network_sees_whole_cells_filled_with_the_mean_colour(size, padded):
  seen = []

  def spy(images):
    seen.append(images.numpy())
    return local_scores(images)

  image = photos(1, *size, 3)
  inference.class_probabilities(spy, image, mean_rgb=MEAN)
  assert seen[0].shape == (1, *padded, 3) and seen[0].dtype == np.float32
  np.testing.assert_array_equal(seen[0][:, :size[0], :size[1]], image)
  for border in (seen[0][:, size[0]:], seen[0][:, :, size[1]:]):
    np.testing.assert_array_equal(border, np.broadcast_to(np.float32(MEAN), border.shape))


def test_scores_are_enlarged_before_the_softmax_as_computed_by_hand():
  image = photos(1, 20, 30, 3, seed=1)
  canvas = np.tile(np.float32(MEAN), (25, 33, 1))
  canvas[:20, :30] = image[0]
  expected = softmax(bilinear(canvas[::8, ::8] / 40.0, (25, 33))[:20, :30])
  found = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN)
  np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_several_scales_are_the_mean_of_their_probabilities():
  image = photos(2, 20, 30, 3, seed=2)
  scales = (0.5, 1.0, 1.75)
  single = [inference.class_probabilities(strided_scores, image, mean_rgb=MEAN, scales=(scale,))
            for scale in scales]
  found = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN, scales=scales)
  np.testing.assert_allclose(found, np.mean(single, 0), atol=1e-6)
  assert np.abs(single[0] - single[2]).max() > 0.05
  np.testing.assert_allclose(tf.reduce_sum(found, -1), 1.0, atol=1e-5)


def test_a_scale_is_the_resized_image_and_its_answer_resized_back():
  image = photos(1, 20, 30, 3, seed=3)
  small = bilinear(image[0].astype(np.float64), (10, 15))
  expected = bilinear(softmax(small / 40.0), (20, 30))
  found = inference.class_probabilities(local_scores, image, scales=(0.5,))
  np.testing.assert_allclose(found[0], expected, atol=1e-5)


def test_size_is_where_the_network_looks_not_where_the_answer_lies():
  image = photos(1, 20, 30, 3, seed=4)
  sizes = []

  def spy(images):
    sizes.append(tuple(images.shape[1:3]))
    return local_scores(images)

  found = inference.class_probabilities(spy, image, size=(33, 41))
  assert sizes == [(33, 41)] and found.shape == (1, 20, 30, 3)


@pytest.mark.parametrize("window", [(), (16, 16)])
def test_flip_makes_any_network_equivariant(window):
  def lopsided(images):
    ramp = tf.range(tf.shape(images)[2], dtype=tf.float32)[None, None, :, None]
    return strided_scores(images + 3.0 * ramp)

  image = photos(1, 20, 30, 3, seed=5)
  ask = lambda x, flip: inference.class_probabilities(
      lopsided, x, mean_rgb=MEAN, flip=flip, window=window).numpy()
  np.testing.assert_allclose(ask(image[:, :, ::-1], True)[:, :, ::-1], ask(image, True), atol=1e-6)
  assert np.abs(ask(image[:, :, ::-1], False)[:, :, ::-1] - ask(image, False)).max() > 0.01


def test_flip_changes_nothing_for_a_symmetric_network():
  image = photos(2, 20, 30, 3, seed=6)
  np.testing.assert_allclose(inference.class_probabilities(local_scores, image, flip=True),
                             inference.class_probabilities(local_scores, image), atol=1e-6)


@pytest.mark.parametrize("window", [(20, 30), (64, 64), (20, 100)])
def test_a_window_at_least_as_large_as_the_image_is_the_whole_image(window):
  image = photos(2, 20, 30, 3, seed=7)
  whole = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN)
  found = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN, window=window)
  np.testing.assert_allclose(found, whole, atol=1e-6)


@pytest.mark.parametrize("stride", [(), (9, 4), (16, 12)])
def test_windows_cover_every_pixel_and_are_averaged(stride):
  image = photos(1, 41, 50, 3, seed=8)
  window = (16, 12)
  step = stride or (11, 8)
  total, count = np.zeros((41, 50, 3)), np.zeros((41, 50, 1))
  for top in sorted({min(t, 41 - 16) for t in range(0, 41, step[0])}):
    for left in sorted({min(l, 50 - 12) for l in range(0, 50, step[1])}):
      here = np.s_[top:top + 16, left:left + 12]
      patch = image[0][here][None]
      total[here] += inference.class_probabilities(strided_scores, patch, mean_rgb=MEAN)[0]
      count[here] += 1
  assert count.min() >= 1
  found = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN, window=window,
                                        window_stride=stride)
  np.testing.assert_allclose(found[0], total / count, atol=1e-6)


@pytest.mark.parametrize("options", [
    {}, {"scales": (0.75, 1.0), "flip": True}, {"window": (16, 20)}, {"size": (24, 24)}])
def test_unknown_sizes_in_a_graph_give_the_eager_answer(options):
  traces = []

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
  def graph(images):
    traces.append(1)
    return inference.class_probabilities(strided_scores, images, mean_rgb=MEAN, **options)

  for shape in ((1, 20, 30, 3), (3, 33, 17, 3), (1, 1, 40, 3)):
    image = photos(*shape, seed=9)
    eager = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN, **options)
    assert eager.shape == shape
    np.testing.assert_allclose(graph(image), eager, atol=1e-5)
  assert len(traces) == 1


@pytest.mark.parametrize("options", [{}, {"scales": (0.75, 1.0), "flip": True}])
def test_runs_under_xla(options):
  image = photos(2, 20, 30, 3, seed=10)
  ask = lambda x: inference.class_probabilities(strided_scores, x, mean_rgb=MEAN, **options)
  np.testing.assert_allclose(tf.function(ask, jit_compile=True)(image), ask(image), atol=1e-5)


def test_survives_a_saved_model_that_knows_nothing_of_this_package(tmp_path):
  module = tf.Module()
  module.probabilities = tf.function(
      lambda images: inference.class_probabilities(
          tf.function(strided_scores), images, mean_rgb=MEAN, scales=(1.0, 1.5), flip=True,
          window=(16, 16)),
      input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8)])
  tf.saved_model.save(module, str(tmp_path / "artifact"))
  image = photos(2, 21, 35, 3, seed=11)
  np.testing.assert_array_equal(
      tf.saved_model.load(str(tmp_path / "artifact")).probabilities(image),
      module.probabilities(image))


def test_half_precision_scores_become_float32_probabilities():
  half = lambda images: tf.cast(strided_scores(images), tf.float16)
  assert inference.class_probabilities(half, photos(1, 9, 9, 3)).dtype == tf.float32


def test_a_batch_is_its_images_one_by_one():
  image = photos(3, 20, 30, 3, seed=12)
  both = inference.class_probabilities(strided_scores, image, mean_rgb=MEAN, window=(16, 16))
  alone = [inference.class_probabilities(strided_scores, one[None], mean_rgb=MEAN, window=(16, 16))
           for one in image]
  np.testing.assert_allclose(both, np.concatenate(alone), atol=1e-6)


@pytest.mark.parametrize("options, words", [
    ({"scales": ()}, "at least one positive factor"),
    ({"scales": (1.0, 0.0)}, "at least one positive factor"),
    ({"window": (16,)}, "whole pixels"),
    ({"window": (16, -2)}, "whole pixels"),
    ({"size": (1.5, 2)}, "whole pixels"),
    ({"window": (16, 16), "window_stride": (8, 17)}, "at most"),
])
def test_views_that_cannot_be_used_are_refused(options, words):
  with pytest.raises(ValueError, match=words):
    inference.class_probabilities(local_scores, photos(1, 20, 30, 3), **options)


@pytest.mark.parametrize("options", [{}, {"flip": True}, {"window": (16, 16)}])
def test_probabilities_go_through_without_a_softmax(options):
  """On a grid as fine as the image nothing is resized, so both roads must meet."""
  scores = lambda images: images / 40.0
  image, fine = photos(2, 17, 25, 3, seed=12), {"multiple": 8, "mean_rgb": MEAN, **options}
  wanted = inference.class_probabilities(scores, image, **fine)
  found = inference.class_probabilities(
      lambda x: tf.nn.softmax(scores(x)), image, answers="probabilities", **fine)
  np.testing.assert_allclose(found, wanted, atol=1e-6)
  with pytest.raises(ValueError, match="mean 'probabilities'"):
    inference.class_probabilities(scores, image, answers="probabilites")
