"""Tests of the light network."""
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import light, registry
from keras_weakseg.networks.layers import randomness


def tiny(shape=(None, None, 3), **options):
  return light.light_tiny(shape, 4, **options)


def images(height=33, width=49, count=2):
  return tf.random.stateless_normal([count, height, width, 3], [1, 2])


@pytest.mark.parametrize("output_stride", [16, 8])
@pytest.mark.parametrize("height, width", [(33, 49), (41, 64), (97, 193)])
def test_score_grid(output_stride, height, width):
  scores = tiny(output_stride=output_stride)(images(height, width, 1))
  assert scores.shape == (1, -(-height // 8), -(-width // 8), 4)


def test_fixed_and_free_sizes_agree():
  free, fixed = tiny(), tiny((33, 49, 3))
  fixed.set_weights(free.get_weights())
  np.testing.assert_allclose(fixed(images()), free(images()), atol=1e-5)


def test_names_tell_trunk_from_head():
  network = light.light_mobilenet_v1((33, 33, 3), 4, alpha=0.25)
  pattern = registry.network_record("light_mobilenet_v1").head_pattern
  trunk = {w.name.split("/")[0] for w in network.weights if not re.search(pattern, w.name)}
  theirs = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None)
  known = {w.name.split("/")[0] for w in theirs.weights}
  assert trunk == {name for name in known if not re.search("_13", name)}
  assert all(w.name.startswith("head_") for w in network.weights
             if w.name.split("/")[0] not in known)


def test_config_round_trip():
  network = tiny(frozen_blocks=1, dropout_rate=0.2)
  copy = keras.Model.from_config(network.get_config())
  copy.set_weights(network.get_weights())
  np.testing.assert_array_equal(copy(images()), network(images()))
  with randomness.random_scope([1, 2]):
    wanted = network(images(), training=True)
  with randomness.random_scope([1, 2]):
    np.testing.assert_array_equal(copy(images(), training=True), wanted)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_scores_are_float32_under_mixed_precision(policy):
  keras.mixed_precision.set_global_policy(policy)
  try:
    network = tiny()
  finally:
    keras.mixed_precision.set_global_policy("float32")
  full = tiny()
  full.set_weights(network.get_weights())
  scores = network(images())
  assert scores.dtype == tf.float32
  assert network.get_layer("head_refine").compute_dtype == policy.removeprefix("mixed_")
  assert all(weight.dtype == tf.float32 for weight in network.weights)
  scale = np.abs(full(images())).max()
  assert np.abs(scores - full(images())).max() < 0.1 * scale


def test_every_branch_of_the_head_counts():
  network = light.light_tiny((97, 97, 3), 4)
  network.get_layer("head_classifier").set_weights(
      [np.random.default_rng(1).normal(size=(1, 1, 64, 4)), np.zeros(4)])
  base = network(images(97, 97))
  for name in ("head_reduce", "head_context_2", "head_context_4", "head_pool_project",
               "head_skip", "head_refine"):
    layer = network.get_layer(name)
    saved = layer.get_weights()
    layer.set_weights([np.zeros_like(w) for w in saved])
    assert np.abs(network(images(97, 97)) - base).max() > 1e-4, name
    layer.set_weights(saved)


@pytest.mark.slow
def test_training_step_lowers_the_loss_and_reaches_every_variable():
  keras.utils.set_random_seed(1)
  network = tiny(dropout_rate=0.1)
  labels = tf.random.stateless_uniform([2, 5, 7], [3, 4], 0, 4, tf.int32)
  optimizer = keras.optimizers.Adam(3e-3)

  @tf.function(autograph=False)
  def step(seed):
    with tf.GradientTape() as tape, randomness.random_scope(seed):
      scores = network(images(), training=True)
      loss = tf.reduce_mean(
          tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores))
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss, [tf.reduce_max(tf.abs(gradient)) for gradient in gradients]

  losses = []
  for index in range(25):
    loss, largest = step(tf.constant([5, index]))
    losses.append(float(loss))
    if index == 5:
      assert min(float(value) for value in largest) > 0
  assert losses[-1] < 0.6 * losses[0]


def test_synchronized_statistics_are_an_option_of_all_layers():
  network = tiny(synchronized_batch_norm=True)
  layers = [layer for layer in network.layers
            if isinstance(layer, keras.layers.BatchNormalization)]
  assert len(layers) > 25 and all(layer.synchronized for layer in layers)
