"""Tests of cross entropy on granted masks."""
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.methods import supervised
from keras_weakseg.methods import updates
from keras_weakseg.framework import keras
from keras_weakseg.ops import losses


def built(tiny_plan, method="supervised", **options):
  keras.utils.set_random_seed(1)
  model = tiny_plan(method, **options).phases[0].build({})
  model.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.05 * m, momentum=0.9)))
  return model


def as_tensors(batch):
  return {name: tf.constant(value) for name, value in batch.items()}


def test_loss_is_that_of_the_masked_samples(tiny_plan, tiny_bundle):
  method = built(tiny_plan)
  batch = as_tensors(tiny_bundle().batch(0))
  terms, health = method.loss_terms(batch)
  scores = method.predictor(tf.cast(batch["image"], tf.float32), training=True)
  strong = tf.constant([0, 2])
  expected = losses.masked_cross_entropy(
      tf.gather(batch["mask"], strong)[:, ::8, ::8], tf.gather(scores, strong))
  found = terms["loss_mask"].mean
  np.testing.assert_allclose(found.numerator / found.denominator, expected, rtol=1e-5)
  assert float(terms["loss_tags"].mean.denominator) == 0.0
  assert terms["loss_mask"].weight == 0.7
  assert "train_accuracy" in health


@pytest.mark.slow
def test_garbage_in_masks_that_are_not_granted_changes_no_weight(tiny_plan, tiny_bundle):
  clean, dirty = built(tiny_plan), built(tiny_plan)
  for step in range(2):
    clean.train_step(as_tensors(tiny_bundle().batch(step)))
    dirty.train_step(as_tensors(tiny_bundle(weak_mask=2).batch(step)))
  for first, second in zip(clean.weights, dirty.weights):
    np.testing.assert_array_equal(first, second)


def test_training_fits_a_few_samples(tiny_plan, tiny_bundle):
  method = built(tiny_plan)
  bundle = tiny_bundle()
  bundle.masks[:, 9:] = (bundle.images[:, 9:, :, 0] > 127)  # Learnable, not noise.
  bundle.images[:, :, :, 0] = np.where(np.arange(33) < 16, 20, 230)
  bundle.masks[:, 9:] = (np.arange(33) >= 16)
  batch = as_tensors(bundle.batch(0))
  step = tf.function(method.train_step, autograph=False)
  first = float(step(batch)["loss_mask"])
  for _ in range(25):
    logs = step(batch)
  assert float(logs["loss_mask"]) < 0.3 * first
  assert float(logs["train_accuracy"]) > 0.9


def test_bundle_without_masks_has_zero_loss(tiny_plan, tiny_bundle):
  method = built(tiny_plan)
  batch = as_tensors(tiny_bundle().batch(0))
  batch["supervision"] = tf.ones([4], tf.int32)
  del batch["mask"]
  terms, health = method.loss_terms(batch)
  assert float(terms["loss_mask"].mean.denominator) == 0.0
  assert not health


def test_networks_of_four_channels_are_given_the_depth_of_each_sample(tiny_bundle):
  batch = as_tensors(tiny_bundle().batch(0))
  batch["depth"] = tf.random.stateless_uniform(batch["mask"].shape, [1, 2], 0, 9)
  for channels in (3, 4):
    scorer = types.SimpleNamespace(input_shape=(None, None, None, channels))
    seen = supervised.Supervised.seen(types.SimpleNamespace(scorer=scorer), batch)
    assert seen.shape[-1] == channels and seen.dtype == tf.float32
    np.testing.assert_array_equal(seen[..., :3], batch["image"])
  np.testing.assert_array_equal(seen[..., 3], batch["depth"])
