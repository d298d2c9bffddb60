"""Tests of the layers of the U-Net, against the formulas of numpy and TensorFlow."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import unet_layers

X = tf.random.stateless_normal([2, 5, 7, 3], [1, 2])


def gradient(function, *inputs):
  with tf.GradientTape() as tape:
    tape.watch(inputs[0])
    out = function(*inputs)
    total = tf.reduce_sum(out * tf.reshape(tf.range(tf.size(out), dtype=tf.float32), out.shape))
  return tape.gradient(total, inputs[0])


def test_reflection_is_that_of_numpy_and_so_is_its_gradient():
  paddings = [[0, 0], [1, 1], [1, 1], [0, 0]]
  layer = unet_layers.ReflectionPad()
  np.testing.assert_array_equal(layer(X), np.pad(X, paddings, mode="reflect"))
  np.testing.assert_allclose(
      gradient(layer, X), gradient(lambda x: tf.pad(x, paddings, mode="REFLECT"), X), rtol=1e-6)


@pytest.mark.parametrize("height, width", [(1, 1), (1, 4), (2, 1), (2, 2)])
def test_reflection_of_sides_too_short_for_it(height, width):
  x = np.arange(height * width, dtype=np.float32).reshape(1, height, width, 1)
  found = unet_layers.ReflectionPad()(x)
  # numpy, too, repeats the only row.
  np.testing.assert_array_equal(found, np.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]],
                                              mode="reflect"))


@pytest.mark.parametrize("height, width", [(10, 14), (9, 14), (10, 13), (9, 13)])
@pytest.mark.parametrize("known", [True, False])
def test_nearest_doubling(height, width, known):
  layer, reference = unet_layers.NearestUpLike(), tf.zeros([2, height, width, 5])
  call = lambda x, like: layer([x, like])
  if not known:
    free = tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None, None, None, 5])
    call = tf.function(call, input_signature=free)
  found = call(X, reference)
  wanted = np.repeat(np.repeat(X, 2, 1), 2, 2)[:, :height, :width]
  np.testing.assert_array_equal(found, wanted)
  direct = gradient(lambda x: tf.image.resize(x, [10, 14], "nearest")[:, :height, :width], X)
  np.testing.assert_allclose(gradient(call, X, reference), direct, rtol=1e-6)


def test_bilinear_has_half_pixel_centres():
  layer = unet_layers.BilinearLike()
  found = layer([X, tf.zeros([2, 10, 14, 1])])
  # Four pixels of an enlarged image average to one of a linear ramp.
  ramp = tf.reshape(tf.range(8.0), [1, 1, 8, 1])
  large = layer([ramp, tf.zeros([1, 1, 16, 1])])[0, 0, :, 0].numpy()
  np.testing.assert_allclose(large[1:-1], np.arange(0.25, 7, 0.5), atol=1e-6)
  np.testing.assert_allclose(found, tf.image.resize(X, [10, 14]), atol=1e-6)


def test_in_a_model_with_free_sizes_and_half_precision():
  images = keras.Input((None, None, 3))
  x = unet_layers.ReflectionPad(dtype="mixed_bfloat16")(images)
  x = keras.layers.Conv2D(4, 3, strides=2, dtype="mixed_bfloat16")(x)
  up = unet_layers.NearestUpLike(dtype="mixed_bfloat16")([x, images])
  model = keras.Model(images, [up, unet_layers.BilinearLike(dtype="float32")([x, images])])
  copy = keras.Model.from_config(model.get_config())
  copy.set_weights(model.get_weights())
  nearest, bilinear = copy(X)
  assert (nearest.dtype, bilinear.dtype) == (tf.bfloat16, tf.float32)
  assert nearest.shape == bilinear.shape == (2, 5, 7, 4)
  assert model.output_shape == [(None, None, None, 4)] * 2
  for one, other in zip(model(X), (nearest, bilinear)):
    np.testing.assert_array_equal(one, other)
