"""The seam of a network: the two halves are the whole, and what changes between them is seen."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks import seam
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.layers import randomness

SMALL = {"alpha": 0.25, "dropout_rate": 0.3}
UNET = {**SMALL, "channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6)}
NETWORKS = {"light_tiny": (SMALL, (256, 64)), "light_multitask": (UNET, (256, 128, 64, 32, 16))}


def built(name):
  options = NETWORKS[name][0]
  return (registry.build_network(name, (None, None, 3), 3, **options),
          registry.network_record(name, **options))


@pytest.mark.parametrize("name", NETWORKS)
def test_the_halves_are_the_network(name):
  network, record = built(name)
  before = network.to_json()
  halves = seam.Seam(network, record)
  assert network.to_json() == before and halves.channels == NETWORKS[name][1]
  images = tf.random.stateless_uniform([2, 33, 33, 3], [1, 2], maxval=255)
  whole = preprocessing.predictor(network, record, None if name == "light_tiny" else "scores")
  with randomness.random_scope([1, 2]):
    wanted = whole(images, training=True)
  with randomness.random_scope([1, 2]):
    found = halves(images, lambda number, features: features, True)
  np.testing.assert_allclose(found, wanted, atol=1e-5)
  plain = whole(images)
  # The head sees everything that passes, the deepest features as well as the finest.
  for changed in {0, len(halves.channels) - 1}:
    other = halves(images, lambda number, features: features * float(number != changed), False)
    assert np.abs(other - plain).max() > 1e-6


def test_both_halves_learn_from_changed_features():
  network, record = built("light_tiny")
  halves = seam.Seam(network, record)
  with tf.GradientTape() as tape, randomness.random_scope([1, 2]):
    scores = halves(tf.ones([1, 33, 33, 3]) * 99, lambda number, features: 2 * features, True)
    loss = tf.reduce_sum(scores**2)
  assert all(gradient is not None for gradient in tape.gradient(
      loss, network.trainable_variables))


def test_a_network_without_a_seam_is_refused():
  images = keras.Input((None, None, 3))
  scores = keras.layers.Conv2D(3, 1, name="head_classifier")(images)
  with pytest.raises(ValueError, match="(?s)'light_tiny' has no seam.*feature_weight=0"):
    seam.Seam(keras.Model(images, scores), registry.network_record("light_tiny"))
