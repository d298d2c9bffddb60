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


def clipped_as_torch_does(gradients, longest):
  """Returns the gradients after `torch.nn.utils.clip_grad_norm_`, by hand."""
  norm = np.sqrt(sum(float((np.float64(g)**2).sum()) for g in gradients))
  return [np.float64(g) * min(longest / (norm + 1e-6), 1.0) for g in gradients]


@pytest.mark.parametrize("longest", [0.5, 100.0])
def test_clipping_is_that_of_all_gradients_together(longest):
  """Of all groups; before weight decay and learning rates, as in PyTorch."""
  chosen = variables()
  updater = updates.Updater(chosen, sgd, [updates.Rule("head_", 10.0)], weight_decay=0.2,
                            clip_norm=longest)
  ordered = updater.variables_in_order
  before = [v.numpy() for v in ordered]
  gradients = [np.full(v.shape, 1.0 + i, np.float32) for i, v in enumerate(ordered)]
  updater.apply([tf.constant(g) for g in gradients])
  for old, gradient, v in zip(before, clipped_as_torch_does(gradients, longest), ordered):
    rate = 1.0 if "head" in v.name else 0.1
    decay = 0.2 * old if "kernel" in v.name else 0.0
    np.testing.assert_allclose(v, old - rate * (gradient + decay), rtol=1e-5)


def test_clipping_leaves_out_what_is_frozen_or_not_reached():
  chosen = variables()
  updater = updates.Updater(chosen, sgd, [updates.Rule("head_", 0.0)], clip_norm=1.0)
  before = [v.numpy() for v in chosen]
  updater.apply([tf.constant([3.0, 4.0]), None])
  np.testing.assert_allclose(chosen[0], before[0] - 0.1 * np.array([0.6, 0.8]), rtol=1e-5)
  for index in (1, 2):
    np.testing.assert_array_equal(chosen[index], before[index])


def test_clipping_comes_after_unscaling_and_lets_overflow_be_skipped():
  keras.mixed_precision.set_global_policy("mixed_float16")
  try:
    chosen = variables()[:1]
    updater = updates.Updater(chosen, sgd, clip_norm=1.0)
    scale = float(updater.scale(tf.constant(1.0)))
    updater.apply([scale * tf.constant([3.0, 4.0])])
    np.testing.assert_allclose(chosen[0], [1.0 - 0.06, 2.0 - 0.08], rtol=1e-5)
    after = chosen[0].numpy()
    updater.apply([tf.constant([np.inf, 1.0])])
    np.testing.assert_array_equal(chosen[0], after)
    assert float(updater.scale(tf.constant(1.0))) < scale
  finally:
    keras.mixed_precision.set_global_policy("float32")


def test_rules_see_the_names_that_variables_are_given():
  """Two networks may have layers of one name; that of the network comes first."""
  first, second = (tf.Variable([1.0], name="conv1/kernel") for _ in range(2))
  named = {"depth/conv1/kernel:0": first, "pose/conv1/kernel:0": second}
  updater = updates.Updater(named, sgd, [updates.Rule("^pose/", 10.0)])
  assert updater.multipliers == [1.0, 10.0]
  assert updater.groups[0][0] is first and updater.groups[1][0] is second
  with pytest.raises(ValueError, match="matches no trainable variable") as error:
    updates.Updater(named, sgd, [updates.Rule("^segmenter/", 10.0)])
  assert "depth/conv1/kernel:0" in str(error.value) and "pose/conv1" in str(error.value)


def test_names_do_not_hinder_checkpoints(tmp_path):
  made = [tf.Variable([1.0, 2.0], name="kernel") for _ in range(2)]
  updaters = [updates.Updater({"net/kernel:0": v}, lambda m: keras.optimizers.Adam(0.1 * m))
              for v in made]
  updaters[0].apply([tf.constant([1.0, -1.0])])
  path = tf.train.Checkpoint(updater=updaters[0], v=made[0]).write(str(tmp_path / "one"))
  tf.train.Checkpoint(updater=updaters[1], v=made[1]).read(path).assert_consumed()
  for updater in updaters:
    updater.apply([tf.constant([1.0, 2.0])])
  np.testing.assert_array_equal(*made)
