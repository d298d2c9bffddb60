"""Tests of multi-label classification: the loss by hand, what teaches, and that it learns."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import tags
from keras_weakseg.methods import updates

SUPERVISION = np.array([1, 7, 0, 1], np.int32)
TAGS = np.array([[1, 1, 0], [1, 0, 1], [1, 1, 1], [1, 0, 0]], np.float32)


def built(parts=("tags",), part_weights=(1.0,), **options):
  keras.utils.set_random_seed(1)
  image = keras.Input((None, None, 3))
  pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
  network = keras.Model(image, keras.layers.Dense(3, name="head_classifier")(pooled))
  method = tags.Tags(contexts.Context(
      {"classifier": contexts.Built(network, None, network, network)}, parts, part_weights),
      **options)
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.5 * m, momentum=0.9)))
  return method


def batch(labels=TAGS, **more):
  images = np.random.default_rng(0).integers(0, 256, (4, 8, 8, 3)).astype(np.uint8)
  images[..., 0] = np.where(labels[:, 1] > 0, 250, 5)[:, None, None]
  images[..., 1] = np.where(labels[:, 2] > 0, 250, 5)[:, None, None]
  return {name: tf.constant(value) for name, value in {
      "image": images, "tags": labels, "supervision": SUPERVISION,
      "part": np.zeros(4, np.int32), **more}.items()}


def value(method, data):
  mean = method.loss_terms(data)[0]["loss_tags"].mean
  return float(mean.numerator / mean.denominator), float(mean.denominator)


def test_losses_are_those_of_the_foreground_of_granted_samples():
  data = batch()
  method = built()
  scores = method.predictor(tf.cast(data["image"], tf.float32)).numpy().astype(np.float64)[:, 1:]
  probabilities = 1 / (1 + np.exp(-scores))
  true = TAGS[:, 1:]
  by_hand = -(true * np.log(probabilities) + (1 - true) * np.log(1 - probabilities)).mean(-1)
  loss, count = value(method, data)
  np.testing.assert_allclose(loss, by_hand[[0, 1, 3]].mean(), rtol=1e-5)
  assert count == 3
  shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
  loss, count = value(built(activation="softmax"), data)
  np.testing.assert_allclose(
      loss, -np.mean([np.log(shares[0, 0]), np.log(shares[1, 1])]), rtol=1e-5)
  assert count == 2  # An image of nothing but background has no mass to share.


def test_the_background_is_never_trained():
  method = built()
  before = method.networks["classifier"].get_layer("head_classifier").kernel.numpy()
  method.train_step(batch())
  after = method.networks["classifier"].get_layer("head_classifier").kernel.numpy()
  np.testing.assert_array_equal(before[:, 0], after[:, 0])
  assert (before[:, 1:] != after[:, 1:]).all()


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_tags_that_are_not_granted_change_nothing(activation):
  dirty = TAGS.copy()
  dirty[2] = np.nan
  first, second = (built(activation=activation) for _ in range(2))
  first.train_step(batch())
  second.train_step({**batch(), "tags": tf.constant(dirty)})
  for one, other in zip(first.weights, second.weights):
    np.testing.assert_array_equal(one, other)


def test_noisy_tags_are_asked_for_and_taken():
  noisy = 1 - TAGS
  assert tags.Tags.inputs({"labels": "noisy_tags"}) == ("noisy_tags",)
  assert tags.Tags.inputs({}) == ()
  clean = value(built(), batch())
  assert value(built(labels="noisy_tags"), batch(noisy_tags=TAGS)) == clean
  assert value(built(labels="noisy_tags"), batch(noisy_tags=noisy)) != clean


def test_it_learns_which_classes_are_shown():
  method, data = built(), batch()
  first = float(method.train_step(data)["loss_tags"])
  for _ in range(40):
    logs = method.train_step(data)
  assert float(logs["loss_tags"]) < 0.4 * first
  assert float(logs["train_precision"]) == float(logs["train_recall"]) == 1.0


def test_unknown_options_are_refused():
  with pytest.raises(ValueError, match="mean 'sigmoid'"):
    built(activation="sigmiod")
  with pytest.raises(ValueError, match="mean 'noisy_tags'"):
    built(labels="noisy")
