"""Tests of the background prior in the classifier's bias."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import prior, registry


def with_prior(name, value, classes=4, **options):
  network = registry.build_network(name, (33, 33, 3), classes, **options)
  prior.set_background_prior(network, registry.network_record(name, **options), value)
  return network


@pytest.mark.parametrize("value", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("field_of_view", ["large", "small"])
def test_an_untrained_network_believes_the_prior(value, field_of_view):
  network = with_prior("light_tiny", value, field_of_view=field_of_view)
  classifier = network.get_layer("head_classifier")
  classifier.kernel.assign(tf.zeros_like(classifier.kernel))
  probabilities = tf.nn.softmax(network(tf.random.stateless_normal([2, 33, 33, 3], [1, 2])))
  np.testing.assert_allclose(probabilities[..., 0], value, rtol=1e-5)
  np.testing.assert_allclose(probabilities[..., 1:], (1 - value) / 3, rtol=1e-5)


def summed_classifiers(classes=3):
  """Returns a network like DeepLab v2's head: the scores of two classifiers are added."""
  images = keras.Input((5, 5, 3))
  branches = [keras.layers.Conv2D(classes, 1, name=f"fc8_aspp_{rate}")(images) for rate in (6, 12)]
  return keras.Model(images, keras.layers.Add()(branches))


def test_parallel_classifiers_carry_it_once():
  network = summed_classifiers()
  record = registry.network_record("deeplab_v2_resnet101")
  prior.set_background_prior(network, record, 0.8)
  total = tf.add_n([network.get_layer(f"fc8_aspp_{rate}").bias for rate in (6, 12)])
  np.testing.assert_allclose(tf.nn.softmax(total), [0.8, 0.1, 0.1], rtol=1e-6)


def test_the_trunk_and_the_kernels_stay():
  network = registry.build_network("light_tiny", (33, 33, 3), 4)
  before = {w.name: w.numpy() for w in network.weights}
  prior.set_background_prior(network, registry.network_record("light_tiny"), 0.9)
  changed = [w.name for w in network.weights if not np.array_equal(before[w.name], w)]
  assert changed == ["head_classifier/bias:0"]


@pytest.mark.parametrize("value", [0.0, 1.0, -0.2, 1.5])
def test_what_is_no_probability_is_refused(value):
  with pytest.raises(ValueError, match="(?s)no probability.*Expected: a number between 0 and 1.*"
                     "network.background_prior"):
    with_prior("light_tiny", value)


def test_a_head_without_a_bias_is_refused():
  images = keras.Input((5, 5, 3))
  network = keras.Model(images, keras.layers.Conv2D(4, 1, use_bias=False, name="head_x")(images))
  with pytest.raises(ValueError, match="(?s)no classifier bias.*Expected: a bias of 4 values"):
    prior.set_background_prior(network, registry.network_record("light_tiny"), 0.5)


def test_both_classifiers_of_a_multitask_network_carry_it():
  """As many channels as classes: only classifiers are meant."""
  options = {"alpha": 0.25, "channels": (4, 4, 4, 4, 4)}
  network = registry.build_network("light_multitask", (32, 32, 3), 4, **options)
  before = {w.name: w.numpy() for w in network.weights}
  prior.set_background_prior(network, registry.network_record("light_multitask", **options), 0.7)
  changed = {w.name for w in network.weights if not np.array_equal(w, before[w.name])}
  assert changed == {"head_classifier/bias:0", "head_classifier_side/bias:0"}
  for name in ("head_classifier", "head_classifier_side"):
    probabilities = np.exp(network.get_layer(name).bias)
    assert probabilities[0] / probabilities.sum() == pytest.approx(0.7, rel=1e-5)


def test_a_depth_network_has_no_classes():
  network = registry.build_network("light_depth", (32, 32, 3), alpha=0.25)
  with pytest.raises(ValueError, match="(?s)'light_depth' has no classifier bias.*scores of class"):
    prior.set_background_prior(network, registry.network_record("light_depth"), 0.7)
