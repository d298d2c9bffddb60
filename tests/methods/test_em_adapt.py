"""Tests of EM-Adapt as a method: shares, the key of its visiting order, its options."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.methods import em_adapt
from keras_weakseg.ops import em


def test_latent_masks_are_those_of_the_op(built, batch, completed):
  method = built("em_adapt")
  assert isinstance(method, em_adapt.EMAdapt)
  scores, labels, result, _ = completed(method, batch)
  np.testing.assert_array_equal(result[0::2], labels[0::2])
  biased = em.em_adapt_scores(scores, batch["tags"], 0.4, 0.2, seed=batch["sample_key"])
  np.testing.assert_array_equal(result[1::2], tf.argmax(biased, -1)[1::2])


@pytest.mark.parametrize("portion", [0.2, 0.6])
def test_every_tag_gets_its_share(built, batch, completed, portion):
  method = built("em_adapt", background_portion=0.1, foreground_portion=portion)
  _, _, result, health = completed(method, batch)
  assert np.mean(result.numpy()[1] == 3) >= portion
  recall = health["latent_tag_recall"]
  assert float(recall.numerator) == float(recall.denominator)


def test_shares_are_of_the_image_without_its_padding(built, batch, completed):
  inside = np.ones([4, 33, 33], bool)
  inside[:, 16:] = False  # Of 25 scores, 10 lie on the image.
  batch["valid"] = tf.constant(inside)
  method = built("em_adapt", background_portion=0.0, foreground_portion=0.5)
  _, _, result, _ = completed(method, batch)
  assert np.sum(result.numpy()[1] == 3) >= 5
  assert np.sum(result.numpy()[1] == 255) == 15


def test_absent_classes_win_only_if_they_are_not_suppressed(built, batch, completed):
  _, _, kept, _ = completed(built("em_adapt"), batch)
  assert not np.isin(kept.numpy()[1::2], [1, 2]).any()
  _, _, free, _ = completed(built(
      "em_adapt", suppress_others=False, background_portion=0.0, foreground_portion=0.0), batch)
  assert np.isin(free.numpy()[1::2], [1, 2]).any()


def test_the_result_follows_the_sample_not_its_place(built, batch, completed):
  """A sample draws its visiting order from its own key: permuting the batch permutes the result."""
  batch["tags"] = tf.ones([4, 4])
  batch["supervision"] = tf.ones([4], tf.int32)
  method = built("em_adapt", iterations=1, foreground_portion=0.5, background_portion=0.5)
  scores = tf.random.stateless_normal([4, 5, 5, 4], [1, 2])
  none = tf.zeros([4, 1, 1], tf.bool)

  def latent(order):
    moved = {name: tf.gather(value, order) for name, value in batch.items()}
    labels = tf.fill([4, 5, 5], 255)
    return method.complete(labels, tf.gather(scores, order), none, moved)[0].numpy()

  np.testing.assert_array_equal(latent([2, 0, 3, 1]), latent([0, 1, 2, 3])[[2, 0, 3, 1]])
  results = []
  for key in range(6):
    batch["sample_key"] = tf.constant([[key, 5]] * 4)
    results.append(latent([0, 1, 2, 3]).tobytes())
  assert len(set(results)) > 1  # The order of the visits matters here, so the key is used.
