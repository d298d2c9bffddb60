"""Dilated convolutions: the values and gradients of Keras' own, without cutting up the grid."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3
from keras_weakseg.networks.layers import dilated

OPTIONS = [(3, 1, "same"), (3, 6, "same"), (4, 4, "same"), (3, 2, "valid"), (3, 18, "same")]


def values(layer, inputs):
  """Returns outputs, and gradients by inputs and weights."""
  with tf.GradientTape() as tape:
    tape.watch(inputs)
    outputs = layer(inputs)
    loss = tf.reduce_sum(outputs * tf.cos(outputs))
  return [outputs, *tape.gradient(loss, [inputs, *layer.trainable_weights])]


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("kernel, rate, padding", OPTIONS)
def test_values_and_gradients_are_those_of_keras(kernel, rate, padding, native, monkeypatch):
  if native and not dilated.has_gradient(tf.float32):
    pytest.skip("this TensorFlow cannot train tf.nn.conv2d with dilations on this device")
  monkeypatch.setattr(dilated, "has_gradient", lambda dtype: native)
  inputs = tf.random.stateless_normal([2, 9, 13, 5], [1, 2])
  options = dict(padding=padding, dilation_rate=rate)
  ours, theirs = dilated.Conv2D(4, kernel, **options), keras.layers.Conv2D(4, kernel, **options)
  for layer in (ours, theirs):
    layer.build(inputs.shape)
  ours.set_weights(theirs.get_weights())
  for found, wanted in zip(values(ours, inputs), values(theirs, inputs)):
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_every_precision_has_gradients_on_this_device(policy):
  layer = dilated.Conv2D(4, 3, padding="same", dilation_rate=2, dtype=policy)
  gradients = values(layer, tf.random.stateless_normal([2, 4, 8, 5], [1, 2]))
  assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_a_layer_of_another_library_is_sped_up_in_place():
  inputs = tf.random.stateless_normal([1, 8, 8, 3], [1, 2])
  layer = keras.layers.Conv2D(2, 3, padding="same", dilation_rate=3)
  wanted = layer(inputs)
  dilated.speed_up(layer)
  np.testing.assert_allclose(layer(inputs), wanted, rtol=1e-4, atol=1e-5)


def test_the_grid_is_not_cut_up_in_any_branch_of_the_pyramid():
  if not dilated.has_gradient(tf.float32):
    pytest.skip("this TensorFlow cannot train tf.nn.conv2d with dilations on this device")
  pool = deeplab_v3.PyramidPooling(4, (6, 12), name="aspp")
  graph = tf.function(pool).get_concrete_function(tf.TensorSpec([1, 8, 16, 3])).graph
  kinds = [operation.type for operation in graph.get_operations()]
  assert kinds.count("Conv2D") >= 4 and "SpaceToBatchND" not in kinds


def test_models_come_back_from_their_configuration():
  image = keras.Input((8, 8, 3))
  model = keras.Model(image, dilated.Conv2D(2, 3, dilation_rate=2, padding="same")(image))
  copy = keras.Model.from_config(model.get_config())
  copy.set_weights(model.get_weights())
  x = tf.random.stateless_normal([1, 8, 8, 3], [3, 4])
  np.testing.assert_array_equal(copy(x), model(x))
