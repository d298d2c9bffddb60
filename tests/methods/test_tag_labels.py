"""Training on label maps of tags: they stand in for masks, and never for a mask that is there."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields


def with_maps(batch, labels):
  return {**batch, fields.TAG_LABELS: tf.constant(labels, tf.uint8)}


def labels_of(seed=0):
  labels = np.random.RandomState(seed).randint(0, 4, (4, 33, 33))
  labels[:, 20:] = 255
  return labels


def test_weak_samples_learn_from_maps_as_from_masks(built, batch):
  """Samples 0 and 2 have a mask, 1 and 3 tags: with the maps in their masks it is supervised."""
  labels, method = labels_of(), built("tag_labels")
  terms, _ = method.loss_terms(with_maps(batch, labels))
  masks = np.where(np.array([1, 0, 1, 0])[:, None, None] > 0, batch["mask"], labels)
  other, _ = built("supervised").loss_terms({
      **batch, "mask": tf.constant(masks, tf.uint8), "supervision": tf.constant([7] * 4)})
  for name in terms:
    np.testing.assert_array_equal(terms[name].mean.numerator, other[name].mean.numerator)
    np.testing.assert_array_equal(terms[name].mean.denominator, other[name].mean.denominator)
  assert all(float(term.mean.denominator) > 0 for term in terms.values())


def test_maps_of_samples_with_a_mask_are_not_read(built, batch):
  labels = labels_of()
  changed = labels.copy()
  changed[[0, 2]] = labels_of(1)[[0, 2]]
  method = built("tag_labels")
  (one, _), (two, _) = (method.loss_terms(with_maps(batch, maps)) for maps in (labels, changed))
  for name in one:
    np.testing.assert_array_equal(one[name].mean.numerator, two[name].mean.numerator)
  changed[1] = labels_of(1)[1]
  other, _ = method.loss_terms(with_maps(batch, changed))
  assert any(float(other[name].mean.numerator) != float(one[name].mean.numerator) for name in one)


def test_batches_without_maps_are_refused(built, batch):
  with pytest.raises(ValueError, match="(?s)no label maps of tags.*derived"):
    built("tag_labels").loss_terms(batch)
