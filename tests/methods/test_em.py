"""Tests of the E-step frame: which labels it completes, and what it reports."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.methods import em as frame
from keras_weakseg.ops import em


def test_samples_that_grant_nothing_teach_nothing(built, batch, completed):
  batch["supervision"] = tf.constant([7, 0, 7, 0])
  _, _, result, _ = completed(built("em_fixed"), batch)
  assert (result.numpy()[1::2] == 255).all()


def test_padding_has_no_latent_label(built, batch, completed):
  inside = np.ones([4, 33, 33], bool)
  inside[:, 20:] = False
  _, _, whole, _ = completed(built("em_fixed"), batch)
  batch["valid"] = tf.constant(inside)
  _, _, result, _ = completed(built("em_fixed"), batch)
  assert (result.numpy()[1::2, 3:] == 255).all()
  np.testing.assert_array_equal(result[1::2, :3], whole[1::2, :3])


def test_censored_pixels_are_ignored(built, batch, completed):
  unbiased = {"foreground_bias": 0.0, "background_bias": 0.0}
  _, _, free, _ = completed(built("em_fixed", **unbiased), batch)
  _, _, censored, _ = completed(built("em_fixed", censor_absent=True, **unbiased), batch)
  absent = np.isin(free[1], [1, 2])
  assert absent.any()
  np.testing.assert_array_equal(censored[1].numpy() == 255, absent)


def test_agreement_compares_the_e_step_with_known_masks(built, batch, completed):
  scores, labels, _, health = completed(built("em_fixed"), batch)
  latent = tf.argmax(em.em_fixed_scores(scores, batch["tags"], 3.0, 5.0), -1).numpy()[0::2]
  truth = labels.numpy()[0::2]
  known = truth != 255
  found = health["latent_accuracy"]
  np.testing.assert_allclose(
      found.numerator / found.denominator, np.mean((latent == truth)[known]), rtol=1e-6)
  seen = known & ((truth > 0) | (latent > 0))
  found = health["latent_foreground_accuracy"]
  np.testing.assert_allclose(
      found.numerator / found.denominator, np.mean((latent == truth)[seen]), rtol=1e-6)


def test_coverage_counts_weak_samples_only(built, batch, completed):
  _, _, result, health = completed(built("em_fixed"), batch)
  weak = result.numpy()[1::2]
  found = health["latent_foreground"]
  np.testing.assert_allclose(found.numerator / found.denominator, np.mean(weak > 0), rtol=1e-6)
  recall = health["latent_tag_recall"]
  assert float(recall.denominator) == 2.0  # Samples 1 and 3 are tagged with class 3 alone.
  assert float(recall.numerator) == sum((3 == sample).any() for sample in weak)


def test_without_masks_no_agreement_is_claimed(built, batch):
  batch["supervision"] = tf.ones([4], tf.int32)
  del batch["mask"]
  _, health = built("em_adapt").loss_terms(batch)
  assert "latent_accuracy" not in health and "latent_foreground" in health


def test_a_frame_without_an_e_step_is_not_a_method(built, batch, completed):
  method = built("em_fixed")
  with pytest.raises(NotImplementedError):
    frame.ExpectationMaximization.biased_scores(method, None, None, None, None)
