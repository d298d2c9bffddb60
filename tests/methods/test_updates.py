"""Tests of learning-rate groups, weight decay and loss scaling."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import updates


def variables():
  return [tf.Variable([1.0, 2.0], name="trunk/kernel"), tf.Variable([1.0], name="trunk/bias"),
          tf.Variable([4.0], name="head_classifier/kernel")]


def sgd(multiplier):
  return keras.optimizers.SGD(0.1 * multiplier)


def test_multiplier_and_decay_follow_the_rule_of_caffe():
  chosen = variables()
  updater = updates.Updater(
      chosen, sgd, [updates.Rule("head_", 10.0, 0.5)], weight_decay=0.2)
  ordered = updater.variables_in_order
  gradients = {v.ref(): tf.ones_like(v) for v in chosen}
  updater.apply([gradients[v.ref()] for v in ordered])
  np.testing.assert_allclose(chosen[0], np.array([1.0, 2.0]) - 0.1 * (1 + 0.2 * np.array([1, 2])))
  np.testing.assert_allclose(chosen[1], [1.0 - 0.1])       # A bias does not decay.
  np.testing.assert_allclose(chosen[2], [4.0 - 1.0 * (1 + 0.1 * 4.0)], rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_a_multiplier_equals_a_larger_learning_rate(optimizer):
  make = lambda rate: getattr(keras.optimizers, optimizer)(rate)
  first, second = tf.Variable([1.0], name="kernel"), tf.Variable([1.0], name="kernel")
  multiplied = updates.Updater([first], lambda m: make(0.01 * m), [updates.Rule("kernel", 3.0)])
  plain = updates.Updater([second], lambda m: make(0.03 * m))
  for value in (1.0, -0.5, 2.0):
    multiplied.apply([tf.constant([value])])
    plain.apply([tf.constant([value])])
  np.testing.assert_array_equal(first, second)


def test_zero_multiplier_freezes():
  chosen = variables()
  updater = updates.Updater(chosen, sgd, [updates.Rule("trunk", 0.0)])
  assert [v.name for v in updater.variables_in_order] == ["head_classifier/kernel:0"]


def test_unreached_variable_stays():
  chosen = variables()[:1]
  updater = updates.Updater(chosen, sgd, weight_decay=0.1)
  updater.apply([None])
  np.testing.assert_array_equal(chosen[0], [1.0, 2.0])


def test_rule_without_variable_is_refused():
  with pytest.raises(ValueError, match="matches no trainable variable.*\n.*Expected") as error:
    updates.Updater(variables(), sgd, [updates.Rule("hed_", 10.0)])
  assert "hed_" in str(error.value)


def test_all_frozen_is_refused():
  with pytest.raises(ValueError, match="nothing to train"):
    updates.Updater(variables(), sgd, [updates.Rule("", 0.0)])


def test_legacy_optimizers_are_accepted():
  chosen = variables()[:1]
  updater = updates.Updater(chosen, lambda m: keras.optimizers.legacy.SGD(0.1 * m))
  updater.apply([tf.ones(2)])
  np.testing.assert_allclose(chosen[0], [0.9, 1.9])


def test_learning_rate_is_that_of_multiplier_one():
  updater = updates.Updater(variables(), sgd, [updates.Rule("head_", 10.0)])
  np.testing.assert_allclose(updater.learning_rate, 0.1, rtol=1e-6)


def test_half_precision_scales_the_loss_and_skips_overflow():
  keras.mixed_precision.set_global_policy("mixed_float16")
  try:
    chosen = variables()
    updater = updates.Updater(chosen, sgd, [updates.Rule("head_", 10.0)])
    scale = float(updater.scale(tf.constant(1.0)))
    assert scale > 1.0
    before = [v.numpy() for v in updater.variables_in_order]
    updater.apply([tf.fill(v.shape, scale) for v in updater.variables_in_order])
    for old, v in zip(before, updater.variables_in_order):
      rate = 1.0 if "head" in v.name else 0.1
      np.testing.assert_allclose(v, old - rate, rtol=1e-6)
    after = [v.numpy() for v in updater.variables_in_order]
    updater.apply([tf.fill(v.shape, np.inf) for v in updater.variables_in_order])
    for old, v in zip(after, updater.variables_in_order):
      np.testing.assert_array_equal(v, old)
    assert float(updater.scale(tf.constant(1.0))) < scale
  finally:
    keras.mixed_precision.set_global_policy("float32")
