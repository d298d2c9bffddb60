"""Tests of the E-step frame and of its two methods, EM-Fixed and EM-Adapt."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import em_adapt
from keras_weakseg.methods import em_fixed
from keras_weakseg.methods import updates
from keras_weakseg.ops import em


def built(tiny_plan, method, **options):
  keras.utils.set_random_seed(1)
  model = tiny_plan(method, method_options=options).phases[0].build({})
  model.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.05 * m, momentum=0.9)))
  return model


def as_tensors(batch):
  return {name: tf.constant(value) for name, value in batch.items()}


def completed(method, batch):
  scores = tf.random.stateless_normal([4, 5, 5, 4], [1, 2])
  labels = tf.cast(batch["mask"][:, ::8, ::8], tf.int32)
  has_mask = tf.constant([True, False, True, False])[:, None, None]
  return scores, labels, *method.complete(labels, scores, has_mask, batch)


@pytest.mark.parametrize("name", ["em_fixed", "em_adapt"])
def test_masks_stay_and_weak_samples_get_the_latent_mask(tiny_plan, tiny_bundle, name):
  method = built(tiny_plan, name)
  batch = as_tensors(tiny_bundle().batch(0))
  scores, labels, result, _ = completed(method, batch)
  np.testing.assert_array_equal(result[0::2], labels[0::2])
  if name == "em_fixed":
    biased = em.em_fixed_scores(scores, batch["tags"], 3.0, 5.0)
  else:
    biased = em.em_adapt_scores(scores, batch["tags"], 0.4, 0.2, seed=batch["sample_key"])
  np.testing.assert_array_equal(result[1::2], tf.argmax(biased, -1)[1::2])


def test_em_adapt_gives_every_tag_its_share(tiny_plan, tiny_bundle):
  method = built(tiny_plan, "em_adapt")
  assert isinstance(method, em_adapt.EMAdapt)
  batch = as_tensors(tiny_bundle().batch(0))
  _, _, result, health = completed(method, batch)
  assert np.mean(result[1] == 3) >= 0.2
  assert float(health["latent_tag_recall"].numerator) == float(
      health["latent_tag_recall"].denominator)


def test_censored_pixels_are_ignored(tiny_plan, tiny_bundle):
  batch = as_tensors(tiny_bundle().batch(0))
  _, _, free, _ = completed(built(tiny_plan, "em_fixed", foreground_bias=0.0,
                                  background_bias=0.0), batch)
  _, _, censored, _ = completed(built(tiny_plan, "em_fixed", foreground_bias=0.0,
                                      background_bias=0.0, censor_absent=True), batch)
  absent = np.isin(free[1], [1, 2])
  assert absent.any()
  np.testing.assert_array_equal(censored[1].numpy() == 255, absent)


def test_samples_that_grant_nothing_teach_nothing(tiny_plan, tiny_bundle):
  method = built(tiny_plan, "em_fixed")
  batch = as_tensors(tiny_bundle().batch(0))
  batch["supervision"] = tf.constant([7, 0, 7, 0])
  _, _, result, _ = completed(method, batch)
  assert (result.numpy()[1::2] == 255).all()


def test_agreement_compares_the_e_step_with_known_masks(tiny_plan, tiny_bundle):
  method = built(tiny_plan, "em_fixed")
  assert isinstance(method, em_fixed.EMFixed)
  batch = as_tensors(tiny_bundle().batch(0))
  scores, labels, _, health = completed(method, batch)
  latent = tf.argmax(em.em_fixed_scores(scores, batch["tags"], 3.0, 5.0), -1).numpy()[0::2]
  truth = labels.numpy()[0::2]
  known = truth != 255
  expected = np.mean((latent == truth)[known])
  found = health["latent_accuracy"]
  np.testing.assert_allclose(found.numerator / found.denominator, expected, rtol=1e-6)


def test_without_masks_no_agreement_is_claimed(tiny_plan, tiny_bundle):
  method = built(tiny_plan, "em_adapt")
  batch = as_tensors(tiny_bundle().batch(0))
  batch["supervision"] = tf.ones([4], tf.int32)
  del batch["mask"]
  _, health = method.loss_terms(batch)
  assert "latent_accuracy" not in health and "latent_foreground" in health


@pytest.mark.parametrize("name", ["em_fixed", "em_adapt"])
def test_garbage_in_weak_masks_changes_no_weight(tiny_plan, tiny_bundle, name):
  clean, dirty = built(tiny_plan, name), built(tiny_plan, name)
  for step in range(2):
    clean.train_step(as_tensors(tiny_bundle().batch(step)))
    dirty.train_step(as_tensors(tiny_bundle(weak_mask=1).batch(step)))
  for first, second in zip(clean.weights, dirty.weights):
    np.testing.assert_array_equal(first, second)
