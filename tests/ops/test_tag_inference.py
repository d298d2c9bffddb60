"""Probabilities of tags: activations, views, and the size that a network sees."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import tag_inference


def photos(*shape):
  return np.random.default_rng(3).integers(0, 256, (*shape, 3), np.uint8)


def shown(images):
  """Scores that depend on where bright pixels lie, so that mirroring is seen."""
  ramp = tf.linspace(0.0, 1.0, tf.shape(images)[2])[None, None, :, None]
  return tf.reduce_mean(images * ramp, [1, 2]) / 40.0 - 1.0


def test_the_background_has_no_part_in_anything():
  scores = np.array([[50.0, 1.0, -2.0], [-50.0, 1.0, -2.0]], np.float32)
  for activation in tag_inference.ACTIVATIONS:
    found = tag_inference.foreground_probabilities(scores, activation).numpy()
    assert (found[:, 0] == 0).all()
    np.testing.assert_array_equal(found[0], found[1])
  np.testing.assert_allclose(found[:, 1:].sum(-1), 1, rtol=1e-6)
  np.testing.assert_allclose(
      tag_inference.foreground_probabilities(scores)[0, 1], 1 / (1 + np.exp(-1.0)), rtol=1e-6)


def test_flipping_is_the_mean_of_both_views():
  images = photos(2, 9, 14)
  one, other = (tag_inference.tag_probabilities(shown, x) for x in (images, images[:, :, ::-1]))
  found = tag_inference.tag_probabilities(shown, images, flip=True)
  np.testing.assert_allclose(found, (one + other) / 2, rtol=1e-6)
  assert np.abs(one - other).max() > 1e-3


def test_the_network_sees_the_size_and_its_scales():
  sizes = []

  def scores(images):
    sizes.append(tuple(images.shape[1:3]))
    return tf.zeros([images.shape[0], 3])

  tag_inference.tag_probabilities(scores, photos(1, 9, 14), size=(20, 30), scales=(0.5, 1.0))
  tag_inference.tag_probabilities(scores, photos(1, 9, 14))
  assert sizes == [(10, 15), (20, 30), (9, 14)]


def test_unknown_activations_are_refused():
  with pytest.raises(ValueError, match="mean 'softmax'"):
    tag_inference.foreground_probabilities([[0.0, 1.0]], "sotfmax")
