"""Adversarial losses: independent values, gradients where the critic is sure, empty slots."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import adversarial


def test_values_in_float64():
  rng = np.random.default_rng(1)
  true, predicted = rng.normal(size=[2, 9]).astype(np.float32) * 4
  weights = (rng.random(9) < 0.6).astype(np.float32)
  chance = lambda x: 1 / (1 + np.exp(-x.astype(np.float64)))
  terms = -np.log(chance(true)) - np.log(1 - chance(predicted))
  np.testing.assert_allclose(adversarial.critic_loss(true, predicted), terms.mean(), rtol=1e-5)
  np.testing.assert_allclose(adversarial.critic_loss(true[:, None], predicted[:, None], weights),
                             (terms * weights).sum() / weights.sum(), rtol=1e-5)
  np.testing.assert_allclose(
      adversarial.adversarial_loss(predicted, weights),
      -(np.log(chance(predicted)) * weights).sum() / weights.sum(), rtol=1e-5)


def test_the_segmenter_has_a_gradient_where_the_critic_is_sure():
  """Non-saturating: -log D, not log(1 - D), whose gradient is gone here."""
  x = tf.constant([-30.0])
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    ours = adversarial.adversarial_loss(x)
    saturating = -tf.reduce_mean(adversarial.predicted_terms(x))
  assert abs(float(tape.gradient(ours, x)[0]) + 1) < 1e-5
  assert abs(float(tape.gradient(saturating, x)[0])) < 1e-5


def test_extreme_logits_are_finite():
  loss = adversarial.critic_loss([-1e4, 1e4], [1e4, -1e4])
  np.testing.assert_allclose(loss, 1e4, rtol=1e-6)


def test_empty_slots_count_for_nothing():
  weights = [1.0, 0.0]
  x = tf.constant([0.3, 50.0])
  with tf.GradientTape() as tape:
    tape.watch(x)
    loss = adversarial.critic_loss(x, x, weights)
  np.testing.assert_allclose(loss, adversarial.critic_loss(x[:1], x[:1]))
  assert tape.gradient(loss, x)[1] == 0
  assert adversarial.critic_loss(x, x, [0.0, 0.0]) == 0
  assert adversarial.adversarial_loss(x, [0.0, 0.0]) == 0
