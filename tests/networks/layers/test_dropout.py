"""Tests of dropout whose randomness is passed in."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import randomness
from keras_weakseg.networks.layers.dropout import StatelessDropout

ONES = tf.ones([4, 50, 50, 3])


def dropped(layer, seed, inputs=ONES, training=True):
  with randomness.random_scope(seed):
    return layer(inputs, training=training).numpy()


def test_share_and_scale():
  out = dropped(StatelessDropout(0.3, name="d"), [1, 2])
  kept = out != 0
  # 30,000 draws: five standard deviations are 0.013.
  assert abs(kept.mean() - 0.7) < 0.013
  np.testing.assert_allclose(out[kept], 1 / 0.7, rtol=1e-6)


def test_mask_is_a_function_of_seed_and_name():
  first, second = StatelessDropout(0.5, name="a"), StatelessDropout(0.5, name="b")
  np.testing.assert_array_equal(dropped(first, [1, 2]), dropped(first, [1, 2]))
  np.testing.assert_array_equal(
      dropped(first, [1, 2]), dropped(StatelessDropout(0.5, name="a"), [1, 2]))
  assert (dropped(first, [1, 2]) != dropped(first, [1, 3])).mean() > 0.4
  assert (dropped(first, [1, 2]) != dropped(second, [1, 2])).mean() > 0.4


@pytest.mark.parametrize("jit", [False, True])
def test_eager_equals_graph_and_xla(jit):
  layer = StatelessDropout(0.5, name="a")

  @tf.function(jit_compile=jit)
  def step(inputs, seed):
    with randomness.random_scope(seed):
      return layer(inputs, training=True)

  for seed in ([1, 2], [1, 3]):
    np.testing.assert_array_equal(step(ONES, tf.constant(seed)), dropped(layer, seed))


def test_inference_is_the_identity_and_needs_no_scope():
  layer = StatelessDropout(0.5)
  np.testing.assert_array_equal(layer(ONES, training=False), ONES)
  np.testing.assert_array_equal(layer(ONES), ONES)
  np.testing.assert_array_equal(StatelessDropout(0.0)(ONES, training=True), ONES)
  assert not layer.weights


def test_training_may_be_a_tensor():
  layer = StatelessDropout(0.5, name="a")
  np.testing.assert_array_equal(dropped(layer, [1, 2], training=tf.constant(False)), ONES)
  np.testing.assert_array_equal(
      dropped(layer, [1, 2], training=tf.constant(True)), dropped(layer, [1, 2]))


def test_training_without_a_scope_names_the_layer():
  with pytest.raises(ValueError, match="(?s)'drop6'.*Expected: .*random_scope"):
    StatelessDropout(0.5, name="drop6")(ONES, training=True)


def test_gradient_is_the_mask():
  layer = StatelessDropout(0.5, name="a")
  with tf.GradientTape() as tape, randomness.random_scope([1, 2]):
    tape.watch(ONES)
    out = layer(ONES, training=True)
  np.testing.assert_array_equal(tape.gradient(out, ONES), out)


def test_config_round_trip_in_a_model_and_half_precision():
  inputs = keras.Input((8, 8, 2))
  model = keras.Model(inputs, StatelessDropout(0.25, name="a", dtype="mixed_float16")(inputs))
  copy = keras.Model.from_config(model.get_config())
  assert copy.get_layer("a").rate == 0.25
  with randomness.random_scope([1, 2]):
    out = copy(tf.ones([1, 8, 8, 2]), training=True)
  assert out.dtype == tf.float16 and 0 < np.count_nonzero(out) < 128


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_rate_out_of_range(rate):
  with pytest.raises(ValueError, match="0 <= rate < 1"):
    StatelessDropout(rate)
