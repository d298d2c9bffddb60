"""The classifier of whole images: any size, and a mean that sees every place alike."""
import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry

IMAGES = np.random.default_rng(1).uniform(-1, 1, (2, 33, 49, 3)).astype(np.float32)


def test_it_answers_with_a_score_per_class_for_any_size():
  network = registry.build_network("tag_classifier", (None, None, 3), 5, alpha=0.25)
  for side in (33, 64):
    assert network(tf.zeros([2, side, 40, 3])).shape == (2, 5)
  record = registry.network_record("tag_classifier")
  assert (record.role, record.answers, record.stride) == ("tags", "tag_scores", 1)


def test_scores_are_the_mean_of_what_every_place_says():
  """So class activation maps are features times weights (Zhou et al. 2016)."""
  network = registry.build_network("tag_classifier", (None, None, 3), 5, alpha=0.25)
  features = network.get_layer("head_pool").input
  dense = network.get_layer("head_classifier")
  maps = keras.Model(network.input, features)(IMAGES) @ dense.kernel
  np.testing.assert_allclose(
      tf.reduce_mean(maps, [1, 2]) + dense.bias, network(IMAGES), atol=1e-5)
