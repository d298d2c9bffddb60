"""The average of a network's weights: the recurrence; it comes and goes where it is evaluated."""
import numpy as np
import pytest

from keras_weakseg.framework import keras
from keras_weakseg.methods import averaged


@pytest.fixture
def network():
  keras.utils.set_random_seed(1)
  return keras.Sequential([keras.layers.Input([3]), keras.layers.Dense(2),
                           keras.layers.BatchNormalization()])


def values(network):
  return [variable.numpy() for variable in network.weights]


def test_it_follows_all_weights_and_forgets_the_first_ones(network):
  """At first it keeps as little as makes it the plain mean, then its share."""
  average, expected = averaged.Averaged(network, 0.6), values(network)
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
  average, before = averaged.Averaged(network, 0.9), values(network)
  network.layers[0].kernel.assign_add(np.ones([3, 2], np.float32))
  average.follow(1)
  with pytest.raises(KeyError):
    with average.in_place():
      raise KeyError
  np.testing.assert_array_equal(network.layers[0].kernel, before[0] + 1)
