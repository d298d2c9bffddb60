"""Tests of the resizing layers."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.layers.aligned_resize import AlignedResizeLike, AlignedScale


def test_resize_like_keeps_the_known_grid():
  x = tf.random.stateless_normal([2, 4, 5, 3], [1, 2])
  out = AlignedResizeLike()([x, tf.zeros([2, 25, 33, 1])])
  assert out.shape == (2, 25, 33, 3)
  np.testing.assert_allclose(out[:, ::8, ::8], x, atol=1e-6)


@pytest.mark.parametrize("factor, side", [(0.75, 241), (0.5, 161), (2.0, 641), (1.0, 321)])
def test_scale_sides(factor, side):
  assert AlignedScale(factor)(tf.zeros([1, 321, 17, 1])).shape[1] == side


def test_scale_by_half_is_decimation_on_odd_sides():
  x = tf.random.stateless_normal([1, 9, 13, 2], [1, 2])
  np.testing.assert_allclose(AlignedScale(0.5)(x), x[:, ::2, ::2], atol=1e-6)


def test_dynamic_sides_in_a_model_and_round_trip():
  inputs = keras.Input((None, None, 2))
  model = keras.Model(inputs, AlignedResizeLike()([AlignedScale(0.75, name="s")(inputs), inputs]))
  assert model.output_shape == (None, None, None, 2)
  copy = keras.Model.from_config(model.get_config())
  assert copy.get_layer("s").factor == 0.75
  ramp = tf.broadcast_to(tf.range(9.)[None, :, None, None], [1, 9, 17, 2])
  np.testing.assert_allclose(copy(ramp), ramp, atol=1e-5)


def test_half_precision_is_kept():
  x = tf.zeros([1, 3, 3, 1], tf.float16)
  layer = AlignedResizeLike(dtype="mixed_float16")
  assert layer([x, tf.zeros([1, 5, 5, 1], tf.float16)]).dtype == tf.float16
