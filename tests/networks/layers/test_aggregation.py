"""One head that serves several label spaces."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.networks.layers import preprocessing


def test_probabilities_of_the_members_add_up():
  scores = tf.constant(np.random.RandomState(0).randn(2, 3, 4, 5), tf.float32)
  groups = [[0, 3], [1], [2, 4]]
  merged = tf.nn.softmax(aggregation.AggregateClasses(groups)(scores)).numpy()
  single = tf.nn.softmax(scores).numpy()
  wanted = np.stack([single[..., group].sum(-1) for group in groups], -1)
  np.testing.assert_allclose(merged, wanted, rtol=1e-5)


def test_slice_takes_the_first_member_alone():
  scores = tf.constant([[[[1.0, 2.0, 4.0]]]])
  found = aggregation.AggregateClasses([[2, 0], [1]], "slice")(scores)
  np.testing.assert_array_equal(found, [[[[4.0, 2.0]]]])


def test_golden_forward(golden):
  data = golden("em.npz")
  groups = [[i for i in row if i >= 0] for row in data["aggregate__groups"]]
  found = aggregation.AggregateClasses(groups)(tf.constant(data["aggregate__scores"]))
  np.testing.assert_allclose(found, data["aggregate__out"], atol=1e-5)


def test_wrong_groups_are_refused():
  with pytest.raises(ValueError, match="Expected: .*Received: "):
    aggregation.AggregateClasses([[0], [7]])(tf.zeros([1, 1, 1, 3]))
  with pytest.raises(ValueError, match="aggregation mode"):
    aggregation.AggregateClasses([[0]], "mean")(tf.zeros([1, 1, 1, 3]))


def _predictor():
  record = registry.network_record("light_tiny")
  network = registry.build_network("light_tiny", (None, None, 3), 5, dropout_rate=0.0)
  return network, preprocessing.predictor(network, record)


def test_an_aggregated_predictor_shares_the_variables():
  network, predictor = _predictor()
  layer = aggregation.AggregateClasses([[0, 3], [1], [2, 4]])
  merged = aggregation.aggregated(predictor, layer)
  images = tf.constant(np.random.RandomState(1).randint(0, 255, (1, 33, 33, 3)), tf.float32)
  assert {id(v) for v in merged.variables} == {id(v) for v in network.variables}
  assert merged.output_shape == (None, None, None, 3)
  np.testing.assert_allclose(merged(images), layer(predictor(images)), atol=1e-6)


def test_config_round_trip():
  _, predictor = _predictor()
  merged = aggregation.aggregated(predictor, aggregation.AggregateClasses([[0, 1], [2, 3, 4]]))
  rebuilt = keras.Model.from_config(merged.get_config())
  rebuilt.set_weights(merged.get_weights())
  images = tf.constant(np.random.RandomState(2).randint(0, 255, (1, 33, 33, 3)), tf.float32)
  np.testing.assert_array_equal(rebuilt(images), merged(images))


def test_scores_stay_in_float32_under_mixed_precision():
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    layer = aggregation.AggregateClasses([[0], [1, 2]])
  finally:
    keras.mixed_precision.set_global_policy("float32")
  assert layer(tf.zeros([1, 2, 2, 3], tf.bfloat16)).dtype == tf.float32
