"""Tests of the batch normalisation layers."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import batch_norm as norms

X = tf.random.stateless_normal([4, 5, 5, 3], [1, 2]) * 3 + 1


def test_frozen_uses_stored_statistics_while_training():
  layer = norms.batch_norm("frozen", "bn", epsilon=1e-5)
  layer.build(X.shape)
  gamma, beta, mean, variance = ([1, 2, 3], [0, 1, -1], [.5, .1, 0], [2, 1, .5])
  layer.set_weights([np.array(v, np.float32) for v in (gamma, beta, mean, variance)])
  wanted = (X - mean) / np.sqrt(np.array(variance) + 1e-5) * gamma + beta
  np.testing.assert_allclose(layer(X, training=True), wanted, rtol=1e-5, atol=1e-5)
  np.testing.assert_allclose(layer.moving_mean, mean)


def test_frozen_still_trains_gamma_and_beta():
  layer = norms.batch_norm("frozen", "bn")
  with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(X, training=True) ** 2)
  gradients = tape.gradient(loss, layer.trainable_variables)
  assert len(gradients) == 2 and all(np.abs(g).min() > 0 for g in gradients)


@pytest.mark.parametrize("synchronized", [False, True])
def test_train_uses_the_batch_and_moves_the_statistics(synchronized):
  layer = norms.batch_norm("train", "bn", synchronized=synchronized, momentum=0.9)
  out = layer(X, training=True)
  np.testing.assert_allclose(tf.reduce_mean(out, [0, 1, 2]), 0, atol=1e-5)
  np.testing.assert_allclose(
      layer.moving_mean, 0.1 * np.mean(X, axis=(0, 1, 2)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("policy, count", [("float32", 4), ("mixed_float16", 80000)])
def test_synchronized_keeps_the_variance_that_the_fused_kernel_stores(policy, count):
  """n / (n - 1) times the batch's, also where n is more than a half float can hold."""
  x = tf.random.stateless_normal([2, count // 4, 2, 3], [3, 4]) * 2 + 1
  keras.mixed_precision.set_global_policy(policy)
  try:
    layers = [norms.batch_norm("train", "bn", synchronized=flag, momentum=0.9)
              for flag in (False, True)]
    for layer in layers:
      layer(x, training=True)
  finally:
    keras.mixed_precision.set_global_policy("float32")
  one, ours = (layer.moving_variance for layer in layers)
  tolerance = 1e-5 if policy == "float32" else 2e-3  # Half floats see a rounded x.
  np.testing.assert_allclose(ours, one, rtol=tolerance)
  wanted = 0.9 + 0.1 * np.var(x, axis=(0, 1, 2), ddof=1)
  np.testing.assert_allclose(ours, wanted, rtol=tolerance)
  biased = 0.9 + 0.1 * np.var(x, axis=(0, 1, 2))
  assert policy != "float32" or np.abs(ours - biased).min() > 1e-3


def test_synchronized_does_not_touch_the_mean_or_the_output():
  theirs = keras.layers.BatchNormalization(synchronized=True, momentum=0.9)
  ours = norms.batch_norm("train", "bn", synchronized=True, momentum=0.9)
  np.testing.assert_array_equal(ours(X, training=True), theirs(X, training=True))
  np.testing.assert_array_equal(ours.moving_mean, theirs.moving_mean)
  assert np.all(np.asarray(ours.moving_variance) > np.asarray(theirs.moving_variance))


def test_the_variance_of_a_single_value_stays_finite():
  layer = norms.batch_norm("train", "bn", synchronized=True, momentum=0.9)
  layer(X[:1, :1, :1], training=True)
  np.testing.assert_allclose(layer.moving_variance, 0.9, rtol=1e-6)


def test_synchronized_round_trip():
  inputs = keras.Input((5, 5, 3))
  model = keras.Model(inputs, norms.batch_norm("train", "bn", synchronized=True)(inputs))
  copy = keras.Model.from_config(model.get_config()).get_layer("bn")
  assert isinstance(copy, norms.SynchronizedBatchNormalization) and copy.synchronized


@pytest.mark.parametrize("mode, synchronized", [("frozen", False), ("train", True)])
def test_a_rebuilt_model_keeps_the_names_of_its_variables(mode, synchronized):
  inputs = keras.Input((5, 5, 3))
  model = keras.Model(inputs, norms.batch_norm(mode, "own_bn", synchronized=synchronized)(inputs))
  copy = keras.models.model_from_json(model.to_json())
  assert [w.name for w in copy.weights] == [w.name for w in model.weights]
  assert all(w.name.startswith("own_bn/") for w in copy.weights)


def test_frozen_round_trip():
  inputs = keras.Input((5, 5, 3))
  model = keras.Model(inputs, norms.batch_norm("frozen", "bn", epsilon=1e-5)(inputs))
  copy = keras.Model.from_config(model.get_config()).get_layer("bn")
  assert isinstance(copy, norms.FrozenBatchNormalization) and copy.epsilon == 1e-5


def test_unknown_mode():
  with pytest.raises(ValueError, match="Did you mean 'frozen'"):
    norms.batch_norm("frosen", "bn")


@pytest.mark.parametrize("synchronized", [False, True])
def test_layers_of_other_packages_keep_the_fused_variance(synchronized):
  theirs = keras.Sequential([keras.layers.Conv2D(3, 1), keras.layers.BatchNormalization(
      synchronized=synchronized, momentum=0.9)])
  theirs.build((None, 5, 5, 3))
  names = [weight.name for weight in theirs.weights]
  norms.keep_fused_variance(theirs)
  ours = type(theirs.layers[1]) is norms.SynchronizedBatchNormalization
  assert ours == synchronized and [weight.name for weight in theirs.weights] == names
  theirs(X[:1, :1], training=True)
  hidden = theirs.layers[0](X[:1, :1])
  wanted = 0.9 + 0.1 * np.var(hidden, axis=(0, 1, 2), ddof=1)
  np.testing.assert_allclose(theirs.layers[1].moving_variance, wanted, rtol=1e-5)
