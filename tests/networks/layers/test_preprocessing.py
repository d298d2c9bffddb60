"""Tests of the preprocessing layer and the predictor."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing

PIXELS = np.array([[[[0, 128, 255], [10, 20, 30]]]], np.uint8)


def expected(mode, rgb):
  r, g, b = (np.float64(v) for v in rgb)
  return {
      "caffe": [b - 104.008, g - 116.669, r - 122.675],
      "tf": [r / 127.5 - 1, g / 127.5 - 1, b / 127.5 - 1],
      "depth": [(v / 255 - .45) / .225 for v in (r, g, b)],
      "imagenet": [(r / 255 - .485) / .229, (g / 255 - .456) / .224, (b / 255 - .406) / .225],
  }[mode]


@pytest.mark.parametrize("mode", ["caffe", "tf", "depth", "imagenet"])
@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32, tf.float32])
def test_values(mode, dtype):
  out = preprocessing.Preprocess(mode)(tf.cast(PIXELS, dtype))
  assert out.dtype == tf.float32
  wanted = [[[expected(mode, pixel) for pixel in PIXELS[0, 0]]]]
  np.testing.assert_allclose(out, wanted, atol=1e-4 if mode == "caffe" else 1e-6)


@pytest.mark.parametrize("mode", sorted(preprocessing.MEAN_RGB))
def test_mean_colour_becomes_zero(mode):
  colour = tf.constant(preprocessing.MEAN_RGB[mode], tf.float32)[None, None, None]
  np.testing.assert_allclose(preprocessing.Preprocess(mode)(colour), 0, atol=2e-6)


def test_half_precision_policy_does_not_round_pixels():
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    layer = preprocessing.Preprocess("tf")
    out = layer(tf.constant([[[[255., 254., 253.]]]]))
  finally:
    keras.mixed_precision.set_global_policy("float32")
  assert out.dtype == tf.float32
  np.testing.assert_allclose(out[0, 0, 0], [1, 254 / 127.5 - 1, 253 / 127.5 - 1], atol=1e-6)


def test_config_and_unknown_mode():
  copy = preprocessing.Preprocess.from_config(preprocessing.Preprocess("caffe").get_config())
  assert copy.mode == "caffe"
  with pytest.raises(ValueError, match="Did you mean 'caffe'"):
    preprocessing.Preprocess("cafe")


def test_predictor_is_preprocessing_and_network():
  network = registry.build_network("light_tiny", (None, None, 3), 4)
  record = registry.network_record("light_tiny")
  predictor = preprocessing.predictor(network, record)
  images = tf.random.stateless_uniform([2, 33, 49, 3], [1, 2], 0, 256, tf.int32)
  scores = predictor(tf.cast(images, tf.uint8), training=False)
  assert scores.shape == (2, 5, 7, 4) and scores.dtype == tf.float32
  np.testing.assert_allclose(
      scores, network(tf.cast(images, tf.float32) / 127.5 - 1, training=False), atol=1e-6)
  assert {id(v) for v in predictor.variables} == {id(v) for v in network.variables}
  np.testing.assert_array_equal(predictor(tf.cast(images, tf.float32), training=False), scores)


@pytest.mark.parametrize("mode", preprocessing.MEAN_RGB)
def test_what_is_undone_is_what_it_was(mode):
  pixels = np.random.RandomState(0).randint(0, 256, (2, 3, 4, 3)).astype(np.float32)
  found = preprocessing.undone(preprocessing.Preprocess(mode)(pixels), mode)
  np.testing.assert_allclose(found, pixels, atol=1e-4)


def test_unknown_mode_cannot_be_undone():
  with pytest.raises(ValueError, match="Did you mean 'caffe'"):
    preprocessing.undone(np.zeros([1, 1, 1, 3]), "cafe")


def test_the_network_inside_is_found_under_further_layers():
  from keras_weakseg.framework import keras
  network = registry.build_network("light_tiny", (None, None, 3), 4)
  predictor = preprocessing.predictor(network, registry.network_record("light_tiny"))
  around = keras.Model(predictor.input, keras.layers.Softmax()(predictor.output))
  assert preprocessing.network_of(predictor) is preprocessing.network_of(around) is network
  with pytest.raises(ValueError, match="no network inside"):
    preprocessing.network_of(network)
