"""Corner-aligned bilinear resizing as a layer, so that functional models can hold it."""
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.ops import resize


@keras.utils.register_keras_serializable("keras_weakseg")
class AlignedResizeLike(keras.layers.Layer):
  """Resizes its first input to the height and width of its second one.

  Corner pixels stay on corner pixels, as everywhere in this library: on grids of sides 8k+1 the
  feature at index i of stride 8 belongs to pixel 8i.

  Example:
    >>> layer = AlignedResizeLike()
    >>> layer([tf.zeros([1, 3, 3, 2]), tf.zeros([1, 5, 9, 7])]).shape.as_list()
    [1, 5, 9, 2]
  """

  def call(self, inputs):
    """Applies the layer.

    Args:
      inputs: pair of float tensors, [N, h, w, C] and [N, H, W, any].

    Returns:
      The first one resized, [N, H, W, C], in its own dtype.
    """
    features, reference = inputs
    static = reference.shape[1:3]
    size = tuple(static) if static.is_fully_defined() else tf.shape(reference)[1:3]
    resized = resize.resize_aligned(features, size)
    resized.set_shape([features.shape[0], static[0], static[1], features.shape[3]])
    return tf.cast(resized, features.dtype)


@keras.utils.register_keras_serializable("keras_weakseg")
class AlignedScale(keras.layers.Layer):
  """Resizes by a factor: a side n becomes floor((n - 1) * factor + 1/2) + 1, e.g. 321 -> 241.

  Args:
    factor: positive scale, e.g. 0.75.
    name: name of the layer.
  """

  def __init__(self, factor, name=None, **kwargs):
    super().__init__(name=name, **kwargs)
    self.factor = float(factor)

  def call(self, inputs):
    """Applies the layer to `inputs` [N, H, W, C]; returns the same dtype."""
    sides = tf.cast(tf.shape(inputs)[1:3] - 1, tf.float32) * self.factor
    size = tf.cast(tf.floor(sides + 0.5), tf.int32) + 1
    resized = resize.resize_aligned(inputs, size)
    static = [None if n is None else int((n - 1) * self.factor + 0.5) + 1
              for n in inputs.shape[1:3]]
    resized.set_shape([inputs.shape[0], *static, inputs.shape[3]])
    return tf.cast(resized, inputs.dtype)

  def get_config(self):
    return {**super().get_config(), "factor": self.factor}


@keras.utils.register_keras_serializable("keras_weakseg")
class AlignedResize(keras.layers.Layer):
  """Resizes to a fixed size.

  Args:
    size: (height, width).
    name: name of the layer.

  Example:
    >>> AlignedResize((3, 5))(tf.zeros([1, 9, 9, 2])).shape.as_list()
    [1, 3, 5, 2]
  """

  def __init__(self, size, name=None, **kwargs):
    super().__init__(name=name, **kwargs)
    self.size = tuple(size)

  def call(self, inputs):
    """Applies the layer to `inputs` [N, H, W, C]; returns the same dtype."""
    resized = resize.resize_aligned(inputs, self.size)
    resized.set_shape([inputs.shape[0], *self.size, inputs.shape[3]])
    return tf.cast(resized, inputs.dtype)

  def get_config(self):
    return {**super().get_config(), "size": self.size}
