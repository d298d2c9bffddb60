"""The one place where Keras is imported.

Model Garden is built on `tf_keras` from TensorFlow 2.16 on and on `tf.keras` at 2.15. Both may be
installed side by side; a model that mixes them runs and silently tracks none of the foreign
weights. So nothing else in this package imports Keras: `from keras_weakseg.framework import keras`.
"""
import tensorflow as tf

if tuple(int(part) for part in tf.__version__.split(".")[:2]) >= (2, 16):
  import tf_keras as keras
else:
  keras = tf.keras

__all__ = ["keras"]
