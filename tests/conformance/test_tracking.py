"""Every variable that a forward pass reads is tracked, trained and saved: also Model Garden's.

Two Kerases side by side (`tf_keras` and `tf.keras`) fail here and nowhere else: a foreign layer
works, but the model that holds it neither trains nor saves its weights.
"""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import supervised
from keras_weakseg.methods import updates
from keras_weakseg.networks import dual
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import randomness


def read_variables(predictor):
  """Returns the trainable variables that the forward pass really reads.

  Of a dual network: the pass with a step of inference, which asks every part.
  """
  images = tf.zeros([1, 33, 33, predictor.input_shape[-1]])
  with tf.GradientTape() as tape, randomness.random_scope(tf.constant([1, 2])):
    predictor(images, training=True)
  return tape.watched_variables()


def ids(variables):
  return {id(variable) for variable in variables}


def test_what_a_network_reads_it_tracks(built_network):
  predictor, inner = built_network()
  read = ids(read_variables(dual.with_steps(inner, 1) if dual.is_dual(inner) else predictor))
  assert read and read <= ids(predictor.variables) == ids(inner.variables)
  # A weight that is never read would be decayed to zero and stored for nothing.
  assert ids(predictor.trainable_variables) == ids(inner.trainable_variables) <= read


def test_model_garden_weights_are_tracked_trained_and_saved(network, built_network, tmp_path):
  if not network.garden:
    pytest.skip("no part of it is Model Garden's")
  predictor, inner = built_network()
  theirs = inner.get_layer(network.garden)
  assert isinstance(theirs, keras.Model) and len(theirs.trainable_variables) > 50
  assert all(isinstance(layer, keras.layers.Layer) for layer in theirs.layers)
  assert ids(theirs.variables) <= ids(predictor.variables)
  method = supervised.Supervised(contexts.Context({"segmenter": contexts.Built(
      inner, networks.network_record(network.name), predictor, predictor)}))
  method.prepare(lambda found: updates.Updater(found, lambda m: keras.optimizers.SGD(0.1 * m)))
  assert ids(theirs.trainable_variables) <= ids(method.updater.variables_in_order)
  path = tf.train.Checkpoint(method=method).write(str(tmp_path / "all"))
  values = [variable.numpy() for variable in theirs.variables]
  for variable in theirs.variables:
    variable.assign(tf.zeros_like(variable) - 3)
  tf.train.Checkpoint(method=method).read(path)
  for variable, value in zip(theirs.variables, values):
    np.testing.assert_array_equal(variable, value)


def test_a_method_tracks_its_networks_and_trains_them(method, eager_steps):
  steps = eager_steps(method)
  model = steps.model
  inside = [v for network in model.networks.values() for v in network.weights]
  assert ids(inside) | ids(model.predictor.weights) <= ids(model.weights)
  frozen = ids(v for network in model.networks.values() for v in network.non_trainable_variables)
  assert ids(read_variables(model.predictor)) <= ids(model.updater.variables_in_order) | frozen
  values = {id(variable): pair for variable, *pair in zip(model.weights, *steps.weights[:2])}
  for variable in model.updater.variables_in_order:
    assert not np.array_equal(*values[id(variable)]), variable.name
