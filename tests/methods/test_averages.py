"""Moving averages: the closed form; a network's comes and goes where it is evaluated.

On several replicas see tests/frame.
"""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import averages


def test_averages_move_by_their_share():
  average, variable = tf.Variable([1.0, 2.0]), tf.Variable([3.0, -2.0])
  for _ in range(3):
    averages.move([average], [variable], 0.75)
  np.testing.assert_allclose(average, 0.75**3 * np.array([1, 2.0])
                             + (1 - 0.75**3) * np.array([3, -2.0]), rtol=1e-6)
  np.testing.assert_array_equal(variable, [3, -2])


def test_it_works_in_graphs_with_a_changing_decay():
  average, variable = tf.Variable(0.0), tf.Variable(8.0)
  move = tf.function(lambda decay: averages.move([average], [variable], decay))
  move(tf.constant(0.5))
  move(tf.constant(0.0))
  assert float(average) == 8.0


def test_lists_of_different_lengths_are_a_mistake():
  with pytest.raises(ValueError):
    averages.move([tf.Variable(0.0)], [], 0.5)


# === Of a network that is evaluated ===


@pytest.fixture
def network():
  keras.utils.set_random_seed(1)
  return keras.Sequential([keras.layers.Input([3]), keras.layers.Dense(2),
                           keras.layers.BatchNormalization()])


def values(network):
  return [variable.numpy() for variable in network.weights]


def test_it_follows_all_weights_and_forgets_the_first_ones(network):
  """At first it keeps as little as makes it the plain mean, then its share."""
  average, expected = averages.Averaged(network, 0.6), values(network)
  for step, kept in ((1, 0.5), (2, 0.6), (3, 0.6)):
    for variable in network.weights:
      variable.assign_add(np.full(variable.shape, step, np.float32))
    average.follow(step)
    expected = [kept * old + (1 - kept) * new for old, new in zip(expected, values(network))]
  last = values(network)
  with average.in_place():
    for mine, other in zip(values(network), expected):
      np.testing.assert_allclose(mine, other, rtol=1e-5)
  for mine, other in zip(values(network), last):
    np.testing.assert_array_equal(mine, other)
  average.assign()
  for mine, other in zip(values(network), expected):
    np.testing.assert_allclose(mine, other, rtol=1e-5)
  assert np.abs(expected[0] - last[0]).min() > 0.5 and len(expected) == 6


def test_an_error_inside_gives_the_weights_back(network):
  average, before = averages.Averaged(network, 0.9), values(network)
  network.layers[0].kernel.assign_add(np.ones([3, 2], np.float32))
  average.follow(1)
  with pytest.raises(KeyError):
    with average.in_place():
      raise KeyError
  np.testing.assert_array_equal(network.layers[0].kernel, before[0] + 1)
