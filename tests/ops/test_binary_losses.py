"""Losses of object or background: independent values, ignored pixels, and the literal sum."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import binary_losses, losses


def random_batch(seed=0):
  rng = np.random.default_rng(seed)
  labels = rng.integers(0, 2, [3, 5, 6]).astype(np.uint8)
  labels[rng.random(labels.shape) < 0.3] = 255
  return labels, rng.normal(size=labels.shape).astype(np.float32) * 3


def wanted(labels, logits):
  """Returns the terms in float64, 0 where nothing is known."""
  chance = 1 / (1 + np.exp(-logits.astype(np.float64)))
  return np.where(labels == 255, 0, -np.log(np.where(labels == 1, chance, 1 - chance)))


def test_values_and_reductions():
  labels, logits = random_batch()
  terms, known = wanted(labels, logits), labels != 255
  loss, valid = binary_losses.binary_cross_entropy_map(labels, logits)
  np.testing.assert_allclose(loss, terms, rtol=1e-5, atol=1e-6)
  np.testing.assert_array_equal(valid, known)
  for reduction, value in (("mean", terms.sum() / known.sum()), ("sum", terms.sum() / 3)):
    np.testing.assert_allclose(losses.masked_binary_cross_entropy(
        labels, logits, reduction=reduction), value, rtol=1e-5)


def test_two_scores_are_one_logit():
  """A network of two classes, as all tools know them, learns by the same loss."""
  labels, _ = random_batch()
  scores = np.random.default_rng(1).normal(size=[3, 5, 6, 2]).astype(np.float32)
  np.testing.assert_allclose(
      binary_losses.masked_binary_cross_entropy(labels, binary_losses.object_logits(scores)),
      losses.masked_cross_entropy(labels, scores), rtol=1e-5)
  np.testing.assert_array_equal(binary_losses.object_logits(scores[..., :1]), scores[..., 0])
  with pytest.raises(ValueError, match=r"(?s)N,H,W,2.*3, 5, 6, 3"):
    binary_losses.object_logits(tf.zeros([3, 5, 6, 3]))


def test_ignored_pixels_have_no_gradient_whatever_is_there():
  labels, logits = random_batch(2)
  ignored = labels == 255
  garbage = np.where(ignored, 1e6, logits).astype(np.float32)
  for reduction in binary_losses.REDUCTIONS:
    found = []
    for values in (logits, garbage):
      x = tf.constant(values)
      with tf.GradientTape() as tape:
        tape.watch(x)
        loss = binary_losses.masked_binary_cross_entropy(labels, x, reduction=reduction)
      found.append((loss, tape.gradient(loss, x).numpy()))
    assert found[0][0] == found[1][0] and not found[1][1][ignored].any()


def test_nothing_labelled_gives_zero():
  x = tf.Variable(tf.ones([1, 2, 2]))
  with tf.GradientTape() as tape:
    loss = binary_losses.masked_binary_cross_entropy(np.full([1, 2, 2], 255), x)
  assert loss == 0 and not tape.gradient(loss, x).numpy().any()


@pytest.mark.parametrize("label", [2, 254, -1])
def test_class_ids_are_not_clipped_to_object(label):
  labels, logits = random_batch(3)
  labels = labels.astype(np.int32)
  labels[0, 0, 0] = label
  assert np.isnan(binary_losses.masked_binary_cross_entropy(labels, logits))
  made = binary_losses.object_labels(labels)
  assert made[0, 0, 0] == 1 and np.isfinite(binary_losses.masked_binary_cross_entropy(made, logits))


def test_object_labels_of_other_ignored_ids():
  assert binary_losses.object_labels([0, 3, 9], ignore=9).numpy().tolist() == [0, 1, 9]


def test_unknown_reduction():
  with pytest.raises(ValueError, match="Did you mean 'mean'"):
    binary_losses.masked_binary_cross_entropy([[[1]]], [[[0.0]]], reduction="men")
