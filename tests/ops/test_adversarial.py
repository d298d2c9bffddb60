"""Terms of the critic: independent values, gradients where the critic is sure, extreme logits."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import adversarial


def test_values_in_float64():
  logits = np.random.default_rng(1).normal(size=9).astype(np.float32) * 4
  chance = 1 / (1 + np.exp(-logits.astype(np.float64)))
  for logits in (logits, logits[:, None]):
    np.testing.assert_allclose(adversarial.true_terms(logits), -np.log(chance), rtol=1e-5)
    np.testing.assert_allclose(adversarial.predicted_terms(logits), -np.log(1 - chance), rtol=1e-5)


def test_the_segmenter_has_a_gradient_where_the_critic_is_sure():
  """Non-saturating: -log D, not log(1 - D), whose gradient is gone here."""
  x = tf.constant([-30.0])
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(x)
    ours = adversarial.true_terms(x)
    saturating = -adversarial.predicted_terms(x)
  assert abs(float(tape.gradient(ours, x)[0]) + 1) < 1e-5
  assert abs(float(tape.gradient(saturating, x)[0])) < 1e-5


def test_extreme_logits_are_finite():
  np.testing.assert_allclose(adversarial.true_terms([-1e4, 1e4]), [1e4, 0], rtol=1e-6)
  np.testing.assert_allclose(adversarial.predicted_terms([-1e4, 1e4]), [0, 1e4], rtol=1e-6)
