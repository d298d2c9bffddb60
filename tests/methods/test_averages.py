"""Moving averages: the closed form; on several replicas see tests/frame."""
import numpy as np
import pytest
import tensorflow as tf

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
