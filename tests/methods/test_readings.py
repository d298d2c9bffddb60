"""Parts with several label spaces on one head."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import readings
from keras_weakseg.methods import registry
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.ops import losses

RECORD = networks.network_record("light_tiny")
GROUPS = ((0,), (1, 3), (2,))  # coarse: background, {1, 3}, {2}


def reading(name, parts, num_classes, groups=None):
  layer = groups and aggregation.AggregateClasses(groups)
  return readings.Reading(name, parts, num_classes, layer)


def batch(seed=0):
  """Returns two fine samples (part 0) and two coarse ones (part 1), masks in their own spaces."""
  random = np.random.RandomState(seed)
  fine = random.randint(0, 4, (2, 17, 17))
  coarse = random.randint(0, 3, (2, 17, 17))
  return {
      fields.IMAGE: tf.constant(random.randint(0, 255, (4, 17, 17, 3)), tf.uint8),
      fields.MASK: tf.constant(np.concatenate([fine, coarse]), tf.uint8),
      fields.SUPERVISION: tf.constant([7, 7, 7, 7]), fields.PART: tf.constant([0, 0, 1, 1]),
      fields.TAGS: tf.constant(random.randint(0, 2, (4, 4)), tf.float32),
      fields.VALID: tf.ones([4, 17, 17], tf.bool),
      fields.SAMPLE_KEY: tf.zeros([4, 2], tf.int32)}


def scorer():
  inputs = keras.Input((None, None, 3))
  scores = keras.layers.Conv2D(4, 3, 8, "same", kernel_initializer=keras.initializers.RandomNormal(
      stddev=0.01, seed=1))(inputs)
  return keras.Model(inputs, scores)


@pytest.fixture
def method():
  """Returns a function that makes a supervised method that reads one head in two spaces."""
  def make(name="supervised", **options):
    network = scorer()
    predictor = aggregation.aggregated(network, aggregation.AggregateClasses(GROUPS))
    return registry.method_class(name)(contexts.Context(
        {"segmenter": contexts.Built(network, RECORD, network, predictor)}, ("fine", "coarse"),
        (1.0, 1.0), (reading("a", (0,), 4), reading("b", (1,), 3, GROUPS))), **options)
  return make


def test_own_takes_the_rights_of_other_samples_away():
  own = reading("b", (1,), 3, GROUPS).own(batch())
  assert own[fields.SUPERVISION].numpy().tolist() == [0, 0, 7, 7]
  assert own[fields.TAGS].shape == (4, 3)
  assert own[fields.MASK] is not None and own[fields.IMAGE].shape == (4, 17, 17, 3)


def test_figures_are_named_after_their_space():
  assert reading("voc", (0,), 3).label("train_accuracy") == "train_accuracy_voc"
  assert reading("", (0,), 3).label("train_accuracy") == "train_accuracy"


def test_every_part_is_scored_in_its_own_space(method):
  model, data = method(), batch()
  terms, health = model.loss_terms(data)
  scores = model.scorer(tf.cast(data[fields.IMAGE], tf.float32))
  labels = data[fields.MASK][:, ::8, ::8]
  fine = losses.masked_cross_entropy(labels[:2], scores[:2])
  coarse = losses.masked_cross_entropy(labels[2:], losses.aggregate_classes(scores[2:], GROUPS))
  found = {name: float(term.mean.numerator / term.mean.denominator) for name, term in terms.items()}
  np.testing.assert_allclose(found["loss_fine"], fine, rtol=1e-5)
  np.testing.assert_allclose(found["loss_coarse"], coarse, rtol=1e-5)
  assert {"train_accuracy_a", "train_accuracy_b"} <= set(health)


def test_the_predictor_has_the_classes_of_the_target(method):
  model = method()
  assert model.predictor.output_shape[-1] == 3 and model.scorer.output_shape[-1] == 4


def test_labels_of_another_space_do_not_reach_a_part(method):
  """A fine label that no coarse class has would be an error, or worse, another class."""
  model, data = method(), batch()
  changed = dict(data)
  changed[fields.MASK] = tf.concat([tf.fill([2, 17, 17], tf.constant(3, tf.uint8)),
                                    data[fields.MASK][2:]], 0)
  before, after = (model.loss_terms(entry)[0]["loss_coarse"].mean for entry in (data, changed))
  assert float(before.numerator) == float(after.numerator)
  assert float(before.denominator) == float(after.denominator)


def test_e_steps_see_the_tags_and_scores_of_their_space(method):
  model, data = method("em_fixed"), batch()
  data[fields.SUPERVISION] = tf.constant([1, 1, 1, 1])
  terms, health = model.loss_terms(data)
  assert all(np.isfinite(float(term.mean.numerator)) for term in terms.values())
  assert {"latent_foreground_a", "latent_foreground_b"} <= set(health)
  counts = {name: float(term.mean.denominator) for name, term in terms.items()}
  assert counts == {"loss_fine": 18.0, "loss_coarse": 18.0}


def test_one_space_is_the_plain_method(method):
  """With one reading of everything the loss is that of the method without readings."""
  network = scorer()
  data = batch()
  data[fields.MASK] = data[fields.MASK] % 3
  build = lambda **options: registry.method_class("supervised")(contexts.Context(
      {"segmenter": contexts.Built(network, RECORD, network, network)}, ("fine", "coarse"),
      (0.7, 0.3), **options))
  plain, _ = build().loss_terms(data)
  shared, _ = build(readings=(reading("", (0, 1), 4),)).loss_terms(data)
  for name in plain:
    assert float(plain[name].mean.numerator) == float(shared[name].mean.numerator)
    assert plain[name].weight == shared[name].weight


def test_gradients_of_both_spaces_reach_the_head(method):
  model, data = method(), batch()
  for kept in ("loss_fine", "loss_coarse"):
    with tf.GradientTape() as tape:
      terms, _ = model.loss_terms(data)
      loss = terms[kept].mean.numerator
    gradients = tape.gradient(loss, model.scorer.trainable_variables)
    assert all(np.abs(gradient).max() > 0 for gradient in gradients)
