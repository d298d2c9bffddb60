"""The one Keras of the library: that which Model Garden is built on."""
from official.modeling import tf_utils
import tensorflow as tf

from keras_weakseg.framework import keras


def test_layers_of_model_garden_are_layers_of_ours():
  """Two Keras in one process lose each other's weights without a word."""
  assert tf_utils.tf_keras is keras or tf_utils.tf_keras.layers.Layer is keras.layers.Layer


def test_it_runs_a_custom_step_in_fit():
  assert issubclass(keras.Model, tf.Module) and hasattr(keras.Model, "train_step")
