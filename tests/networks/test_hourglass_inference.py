"""The fast hourglass answers as the trained one does."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import hourglass, hourglass_inference


@pytest.fixture(scope="module")
def pair():
  """A light hourglass with statistics and offsets of its own, and its fast copy."""
  network = hourglass.light_hourglass((None, None, 3), width=0.2)
  random = np.random.RandomState(0)
  for variable in network.variables:
    if "moving_variance" in variable.name or "gamma" in variable.name:
      variable.assign(random.uniform(0.5, 1.5, variable.shape))
    elif "kernel" not in variable.name:
      variable.assign(random.normal(0, 0.3, variable.shape))
  return network, hourglass_inference.fast_hourglass(network)


def images(height=32, width=48):
  return tf.random.stateless_uniform([2, height, width, 3], [1, height])


@pytest.mark.parametrize("size", [(32, 48), (33, 49), (16, 16)])
def test_it_answers_alike(pair, size):
  network, fast = pair
  wanted = network(images(*size))
  assert np.abs(fast(images(*size)) - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_activations_golden(golden, fill_generated):
  data = golden("hourglass_activations.npz")
  network = hourglass.hourglass((None, None, 3))
  fill_generated(network, "hourglass", lambda name: name.replace(".", "_").lower())
  found = hourglass_inference.fast_hourglass(network)(data["hourglass_0__in"])
  wanted = data["hourglass_0__out"]
  assert np.abs(found - wanted).max() <= 2e-5 * np.abs(wanted).max()


def test_it_has_fewer_layers_and_nothing_to_train(pair):
  network, fast = pair
  convolutions = lambda model: sum(isinstance(x, keras.layers.Conv2D) for x in model.layers)
  assert (convolutions(network), convolutions(fast)) == (2 + 22 * 7, 2 + 22 * 4)
  assert not fast.trainable_variables
  assert not any(isinstance(x, keras.layers.BatchNormalization) for x in fast.layers)


def test_it_is_a_copy_of_the_moment(pair):
  network, fast = pair
  x = images(16, 16)
  before = fast(x).numpy()
  kernel, bias = network.get_layer("head_conv").get_weights()
  network.get_layer("head_conv").set_weights([kernel + 1, bias])
  assert np.abs(network(x) - before).max() > 1e-3
  np.testing.assert_array_equal(fast(x), before)


def test_it_is_rebuilt_from_its_configuration(pair):
  _, fast = pair
  copy = keras.Model.from_config(fast.get_config())
  copy.set_weights(fast.get_weights())
  np.testing.assert_array_equal(copy(images()), fast(images()))
