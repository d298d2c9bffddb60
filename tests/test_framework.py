"""The one Keras of the library: that which Model Garden is built on."""
from official.modeling.optimization import lr_schedule
from official.vision.modeling.layers import deeplab
import tensorflow as tf

from keras_weakseg.framework import keras


def test_layers_of_model_garden_are_layers_of_ours():
  """Two Keras in one process lose each other's weights without a word."""
  assert issubclass(deeplab.SpatialPyramidPooling, keras.layers.Layer)
  assert issubclass(lr_schedule.LinearWarmup, keras.optimizers.schedules.LearningRateSchedule)


def test_it_runs_a_custom_step_in_fit():
  assert issubclass(keras.Model, tf.Module) and hasattr(keras.Model, "train_step")
