"""Small methods that are ready to take a step, and batches for them."""
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import updates


@pytest.fixture
def built(tiny_plan):
  """Returns a function that builds a method with its own options, always with the same weights."""

  def build(name, **options):
    keras.utils.set_random_seed(1)
    method = tiny_plan(name, method_options=options).phases[0].build({})
    method.prepare(lambda variables: updates.Updater(
        variables, lambda m: keras.optimizers.SGD(0.05 * m, momentum=0.9)))
    return method

  return build


@pytest.fixture
def batch(tiny_bundle):
  """Returns a batch of tensors: samples 0 and 2 have a mask, 1 and 3 tags."""
  return {name: tf.constant(value) for name, value in tiny_bundle().batch(0).items()}


@pytest.fixture
def completed():
  """Returns a function: method, batch -> scores, granted labels, completed labels, health."""

  def complete(method, batch):
    scores = tf.random.stateless_normal([4, 5, 5, 4], [1, 2])
    labels = tf.cast(batch["mask"][:, ::8, ::8], tf.int32)
    has_mask = tf.constant([True, False, True, False])[:, None, None]
    return scores, labels, *method.complete(labels, scores, has_mask, batch)

  return complete
