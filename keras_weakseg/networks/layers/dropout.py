"""Dropout without hidden state: it draws from the random scope that its caller has opened."""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks.layers import randomness
from keras_weakseg.options import Range

# The annotation of an option.
Rate = Annotated[float, Range(0, 1, open_high=True)]


@keras.utils.register_keras_serializable("keras_weakseg")
class StatelessDropout(keras.layers.Layer):
  """Zeroes a share of the values while training and scales the rest by 1 / (1 - rate).

  Its randomness is passed in by `layers.randomness.random_scope`, so it has no variables, and
  the same scope seed gives the same mask. Integers are drawn and compared, not floats: floats of
  a stateless generator differ between eager and XLA.

  Args:
    rate: share of values that become 0, in 0..1 (1 excluded).
    name: name of the layer; its random stream depends on it.

  Raises:
    ValueError: the rate is out of range.
  """

  def __init__(self, rate, name=None, **kwargs):
    super().__init__(name=name, **kwargs)
    if not 0.0 <= rate < 1.0:
      raise errors.value_error("The dropout rate is out of range.", expected="0 <= rate < 1",
                               received=rate, fix="Pass a share such as 0.5.")
    self.rate = float(rate)
    self.supports_masking = True

  def call(self, inputs, training=None):
    """Applies the layer.

    Args:
      inputs: float tensor of any shape.
      training: bool or bool tensor; None means not training.

    Returns:
      A tensor like `inputs`.

    Raises:
      ValueError: training without an open random scope.
    """
    if training is None:
      training = False
    if self.rate == 0.0:
      return inputs
    if isinstance(training, (bool, int)):
      return self._dropped(inputs) if training else tf.identity(inputs)
    return tf.cond(tf.cast(training, tf.bool), lambda: self._dropped(inputs),
                   lambda: tf.identity(inputs))

  def _dropped(self, inputs):
    seed = randomness.scope_seed(self.name)
    drawn = tf.random.stateless_uniform(
        tf.shape(inputs), seed, minval=0, maxval=1 << 24, dtype=tf.int32, alg="philox")
    keep = tf.cast(drawn >= int(round(self.rate * (1 << 24))), inputs.dtype)
    return inputs * keep * tf.cast(1.0 / (1.0 - self.rate), inputs.dtype)

  def get_config(self):
    return {**super().get_config(), "rate": self.rate}
