"""Tests of the distance to the features that an encoder started with."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.methods import feature_distance
from keras_weakseg.methods import ratio


@pytest.fixture
def pair():
  """Returns two feature tensors [2,3,4,5]."""
  random = np.random.RandomState(0)
  return [tf.constant(random.normal(size=(2, 3, 4, 5)), tf.float32) for _ in range(2)]


def value_and_gradients(features, reference):
  """Returns the distance and its gradients by both."""
  with tf.GradientTape() as tape:
    tape.watch([features, reference])
    found = feature_distance.feature_distance(features, reference)
    loss = tf.math.divide_no_nan(found.numerator, found.denominator)
  return loss, *tape.gradient(loss, [features, reference])


def test_it_is_the_root_of_the_sum_of_squares(pair):
  value, gradient, of_reference = value_and_gradients(*pair)
  difference = pair[0].numpy().astype(np.float64) - pair[1].numpy()
  norm = np.sqrt((difference**2).sum())
  np.testing.assert_allclose(value, norm, rtol=1e-6)
  np.testing.assert_allclose(gradient, difference / norm, rtol=1e-5, atol=1e-7)
  assert of_reference is None


def test_its_gradient_is_that_of_the_norm(pair):
  with tf.GradientTape() as tape:
    tape.watch(pair[0])
    norm = tf.norm(pair[0] - pair[1])
  np.testing.assert_allclose(
      value_and_gradients(*pair)[1], tape.gradient(norm, pair[0]), rtol=1e-5, atol=1e-7)


def test_no_distance_has_no_gradient(pair):
  """Where that of the norm itself is not a number: the first step of every training."""
  value, gradient, _ = value_and_gradients(pair[0], tf.identity(pair[0]))
  assert float(value) == 0.0
  np.testing.assert_array_equal(gradient, np.zeros([2, 3, 4, 5]))


def test_half_precision_is_summed_in_full(pair):
  """60 squares of 100 leave float16."""
  far = [tf.cast(100 * x, tf.float16) for x in pair]
  found = feature_distance.feature_distance(*far)
  assert found.denominator.dtype == tf.float32
  difference = far[0].numpy().astype(np.float32) - far[1].numpy()
  np.testing.assert_allclose(found.denominator, np.linalg.norm(difference), rtol=1e-5)


def test_mean_over_the_batch_is_not_taken(pair):
  single = ratio.evaluate({"d": feature_distance.feature_distance(*pair)})["d"]
  double = ratio.evaluate({"d": feature_distance.feature_distance(
      *(tf.concat([x, x], 0) for x in pair))})["d"]
  np.testing.assert_allclose(double, np.sqrt(2) * single, rtol=1e-6)


def test_two_replicas_have_the_distance_and_gradient_of_the_global_batch(two_replicas):
  features, reference = (
      tf.constant(two_replicas["inputs"][name]) for name in ("features", "reference"))
  values, shares = two_replicas["distance"]
  with tf.GradientTape() as tape:
    tape.watch(features)
    norm = tf.norm(features - reference)
  np.testing.assert_allclose(values, [norm, norm], rtol=1e-6)
  np.testing.assert_allclose(np.concatenate(shares), tape.gradient(norm, features),
                             rtol=1e-5, atol=1e-7)
  # Distances that replicas took on their own would be added up.
  apart = [np.linalg.norm(features[i:i + 2] - reference[i:i + 2]) for i in (0, 2)]
  assert abs(sum(apart) - norm) > 0.1 * norm


def test_no_distance_is_finite_on_replicas_too(two_replicas):
  values, shares = two_replicas["equal"]
  assert values == [0.0, 0.0] and not np.any(shares)
