"""Dilated convolutions by the operation that has them.

Keras calls `tf.nn.convolution`, which cuts the grid into rate x rate small ones and convolves
those: at rate 18 on the 8x16 grid of an image of 128x256 this takes fifty times as long as
`tf.nn.conv2d`, and with all rates half of a training step. Weights and values are the same.
"""
import functools

import tensorflow as tf

from keras_weakseg.framework import keras


@functools.lru_cache(maxsize=None)
def has_gradient(dtype):
  """Returns whether the device has the gradient of `tf.nn.conv2d` with dilations.

  Processors have it through oneDNN, which not every build of TensorFlow uses, and not for float16.

  Args:
    dtype: `tf.DType` of images and kernels.
  """
  # By the operations themselves: no tape records in an `init_scope`.
  options = dict(strides=[1] * 4, padding="SAME", dilations=[1, 2, 2, 1])
  with tf.init_scope():
    image, kernel = tf.ones([1, 3, 3, 1], dtype), tf.ones([3, 3, 1, 1], dtype)
    try:
      tf.raw_ops.Conv2DBackpropInput(
          input_sizes=image.shape, filter=kernel, out_backprop=image, **options)
      tf.raw_ops.Conv2DBackpropFilter(
          input=image, filter_sizes=kernel.shape, out_backprop=image, **options)
    except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError):
      return False
  return True


@keras.utils.register_keras_serializable("keras_weakseg")
class Conv2D(keras.layers.Conv2D):
  """`keras.layers.Conv2D`, fast where it is dilated."""

  def convolution_op(self, inputs, kernel):
    return _convolved(self, inputs, kernel, super().convolution_op)

  def get_build_config(self):
    """Returns None: built with its model, its variables carry its name."""
    return None


def speed_up(layer):
  """Makes a convolution that another library built as fast as those of `Conv2D`.

  Args:
    layer: `keras.layers.Conv2D`.
  """
  layer.convolution_op = functools.partial(_convolved, layer, standard=layer.convolution_op)


def _convolved(layer, inputs, kernel, standard):
  if max(layer.dilation_rate) == 1 or not has_gradient(tf.as_dtype(inputs.dtype)):
    return standard(inputs, kernel)
  return tf.nn.conv2d(inputs, kernel, layer.strides, layer.padding.upper(),
                      dilations=layer.dilation_rate)
