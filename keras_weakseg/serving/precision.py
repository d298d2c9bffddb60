"""Single precision for an export, whatever precision the model was trained in."""
import contextlib


@contextlib.contextmanager
def single(model):
  """Lets a Keras model compute in float32 while a graph of it is made; then it is as before.

  Variables are float32 under every policy; layers cast them, and their inputs, as their policy
  says, each time they are called.

  Args:
    model: `keras.Model`, with all layers inside of it.

  Example:
    >>> import tensorflow as tf
    >>> from keras_weakseg.framework import keras
    >>> layer = keras.layers.Dense(1, dtype="mixed_bfloat16")
    >>> image = keras.Input((2,))
    >>> model = keras.Model(image, layer(image))
    >>> with single(model):
    ...   inside = model(tf.zeros([1, 2])).dtype
    >>> inside.name, model(tf.zeros([1, 2])).dtype.name
    ('float32', 'bfloat16')
  """
  # pylint: disable=protected-access
  policies = [(layer, layer._dtype_policy)
              for layer in model._flatten_layers(recursive=True, include_self=True)]
  try:
    for layer, _ in policies:
      layer._set_dtype_policy("float32")
    yield
  finally:
    for layer, policy in policies:
      layer._set_dtype_policy(policy)
