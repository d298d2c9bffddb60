"""Tests of the batch normalisation layers."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import batch_norm as norms

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


def test_frozen_round_trip():
  inputs = keras.Input((5, 5, 3))
  model = keras.Model(inputs, norms.batch_norm("frozen", "bn", epsilon=1e-5)(inputs))
  copy = keras.Model.from_config(model.get_config()).get_layer("bn")
  assert isinstance(copy, norms.FrozenBatchNormalization) and copy.epsilon == 1e-5


def test_unknown_mode():
  with pytest.raises(ValueError, match="Did you mean 'frozen'"):
    norms.batch_norm("frosen", "bn")
