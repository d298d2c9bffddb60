"""`get_config` round trip: a network is its configuration and its weights."""
import re

import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras


def layers_of(model):
  """Returns (name, class, output shape, trainable) of every layer, inner models unfolded."""
  found = []
  for layer in model.layers:
    found.append((layer.name, type(layer).__name__, layer.output_shape, layer.trainable))
    if isinstance(layer, keras.Model):
      found += layers_of(layer)
  return found


def names(model, network):
  """Returns the names of the trainable variables: by them, multipliers and heads are found.

  Model Garden counts its inner layers over the whole process; those numbers are left out.
  """
  found = [variable.name for variable in model.trainable_variables]
  return [re.sub(r"_\d+", "", name) for name in found] if network.garden else found


def test_a_network_is_rebuilt_from_its_configuration(network, built_network):
  """Also the copy's own configuration is the same: every layer writes down all its arguments."""
  predictor, _ = built_network()
  config = predictor.get_config()
  copies = [keras.Model.from_config(config), keras.models.model_from_json(predictor.to_json())]
  assert copies[0].get_config() == config
  pixels = network.pixels(1, 33, 49)
  wanted = predictor(pixels)
  for copy in copies:
    assert layers_of(copy) == layers_of(predictor)
    assert [w.shape for w in copy.weights] == [w.shape for w in predictor.weights]
    assert names(copy, network) == names(predictor, network)
    copy.set_weights(predictor.get_weights())
    tf.nest.map_structure(np.testing.assert_array_equal, copy(pixels), wanted)
