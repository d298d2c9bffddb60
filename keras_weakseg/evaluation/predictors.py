"""How a predictor is asked while nothing is trained."""
from keras_weakseg.framework import keras


def asked(predictor):
  """Returns a function of images that asks a predictor as in evaluation.

  Args:
    predictor: `keras.Model`, which is asked in inference mode, or any other callable, as it is.

  Example:
    >>> asked(len) is len
    True
  """
  if isinstance(predictor, keras.Model):
    return lambda images: predictor(images, training=False)
  return predictor
