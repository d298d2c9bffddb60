"""What a U-Net of depth is made of: reflecting padding, nearest and bilinear upsampling."""
import tensorflow as tf

from keras_weakseg.framework import keras


@keras.utils.register_keras_serializable("keras_weakseg")
class ReflectionPad(keras.layers.Layer):
  """Adds one pixel on every side that mirrors the second outermost one; sides of 1 repeat theirs.

  Two joins in place of `tf.pad(mode="REFLECT")`: half the time, forward and backward, on a CPU.

  Example:
    >>> ReflectionPad()(tf.reshape([1., 2., 3.], [1, 1, 3, 1]))[0, 0, :, 0].numpy().tolist()
    [2.0, 1.0, 2.0, 3.0, 2.0]
  """

  def call(self, inputs):
    """Applies the layer to `inputs` [N, H, W, C]; returns [N, H+2, W+2, C]."""
    x = inputs
    # A slice that begins in front of the first row is empty beside none, so [1:2] of one row
    # would drop the padding: the last row of the first two is the second one or the only one.
    x = tf.concat([x[:, :2][:, -1:], x, x[:, -2:][:, :1]], 1)
    return tf.concat([x[:, :, :2][:, :, -1:], x, x[:, :, -2:][:, :, :1]], 2)

  def compute_output_shape(self, input_shape):
    """Returns the shape of the padded features."""
    sides = [None if side is None else side + 2 for side in input_shape[1:3]]
    return tf.TensorShape([input_shape[0], *sides, input_shape[3]])


@keras.utils.register_keras_serializable("keras_weakseg")
class NearestUpLike(keras.layers.Layer):
  """Doubles height and width by repetition, and cuts off what is beyond its second input.

  Strides halve an odd side to one more than its half, so that twice of it is one too many.

  Example:
    >>> NearestUpLike()([tf.ones([1, 3, 5, 8]), tf.ones([1, 5, 10, 2])]).shape.as_list()
    [1, 5, 10, 8]
  """

  def call(self, inputs):
    """Applies the layer.

    Args:
      inputs: pair of tensors, [N, h, w, C] and [N, H, W, any], 2h-1 <= H <= 2h, also for W.

    Returns:
      [N, H, W, C].
    """
    x, reference = inputs
    static, channels = reference.shape[1:3], x.shape[3]
    shape = tf.shape(x)
    n, h, w = [fixed if fixed is not None else shape[axis]
               for axis, fixed in enumerate(x.shape[:3])]
    # Each pixel beside itself, then each row below itself: joins are quick in both directions.
    x = tf.reshape(tf.concat([x, x], -1), [n, h, 1, 2 * w * channels])
    x = tf.reshape(tf.concat([x, x], 2), [n, 2 * h, 2 * w, channels])
    size = tf.shape(reference)
    x = x[:, :static[0] or size[1], :static[1] or size[2]]
    x.set_shape([inputs[0].shape[0], *static, channels])
    return x


@keras.utils.register_keras_serializable("keras_weakseg")
class BilinearLike(keras.layers.Layer):
  """Resizes its first input to the size of its second one, pixels being areas (half-pixel centres).

  Unlike `AlignedResizeLike`, which puts corner pixels on corner pixels.

  Example:
    >>> x = tf.reshape([0., 4.], [1, 1, 2, 1])
    >>> BilinearLike()([x, tf.ones([1, 1, 4, 1])])[0, 0, :, 0].numpy().tolist()
    [0.0, 1.0, 3.0, 4.0]
  """

  def call(self, inputs):
    """Applies the layer to a pair [N, h, w, C], [N, H, W, any]; returns [N, H, W, C]."""
    x, reference = inputs
    static = reference.shape[1:3]
    size = static if static.is_fully_defined() else tf.shape(reference)[1:3]
    resized = tf.image.resize(tf.cast(x, tf.float32), size)
    resized.set_shape([x.shape[0], *static, x.shape[3]])
    return tf.cast(resized, self.compute_dtype)
