"""Tests of `evaluation.predictors`: Keras models are asked in inference mode."""
import numpy as np

from keras_weakseg.evaluation import predictors
from keras_weakseg.framework import keras


def test_a_keras_model_drops_nothing_out():
  image = keras.Input((4,))
  model = keras.Model(image, keras.layers.Dropout(0.5)(image))
  ones = np.ones([3, 4], np.float32)
  np.testing.assert_array_equal(predictors.asked(model)(ones), ones)
  assert not np.array_equal(model(ones, training=True), ones)


def test_anything_else_is_asked_as_it_is():
  assert predictors.asked(abs) is abs
