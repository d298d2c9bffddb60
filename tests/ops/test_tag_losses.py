"""Losses of tags: parity, and the background that is not trained."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import losses, tag_losses


@pytest.mark.parametrize("case", ["dis_tag", "dis_tag_soft"])
def test_softmax_golden(golden, case):
  data = golden("losses.npz")
  found = losses.tag_softmax_loss(data[f"{case}__tags"], data["dis_tag__logits"])
  np.testing.assert_allclose(found, data[f"{case}__loss"], rtol=1e-5)


def test_softmax_gradient_golden(golden):
  data = golden("losses.npz")
  scores = tf.constant(data["dis_tag__logits"])
  with tf.GradientTape() as tape:
    tape.watch(scores)
    loss = tf.reduce_mean(tag_losses.tag_softmax_loss(data["dis_tag__tags"], scores))
  np.testing.assert_allclose(loss, data["dis_tag__loss_mean"], rtol=1e-5)
  np.testing.assert_allclose(tape.gradient(loss, scores), data["dis_tag__grad_mean"], atol=1e-7)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sigmoid_golden(golden, reduction):
  data = golden("losses.npz")
  found = losses.tag_sigmoid_loss(data["dis_tag__tags"], data["dis_tag__logits"], background=True,
                                  reduction=reduction)
  wanted = data[f"dis_tag__sigmoid_{reduction}_over_classes"]
  np.testing.assert_allclose(found if wanted.ndim else tf.reduce_mean(found), wanted, rtol=1e-5)


def test_sigmoid_leaves_the_background_alone():
  rng = np.random.default_rng(1)
  scores, tags = rng.normal(size=[4, 5]).astype(np.float32), (rng.random([4, 5]) < 0.5) * 1.0
  x = tf.constant(scores)
  with tf.GradientTape() as tape:
    tape.watch(x)
    loss = tag_losses.tag_sigmoid_loss(tags, x)
  gradient = tape.gradient(loss, x).numpy()
  assert not gradient[:, 0].any() and np.abs(gradient[:, 1:]).min() > 0
  chance = 1 / (1 + np.exp(-scores.astype(np.float64)))
  terms = -np.log(np.where(tags > 0, chance, 1 - chance))[:, 1:]
  np.testing.assert_allclose(loss, terms.mean(1), rtol=1e-5)
  garbage = tags.copy()
  garbage[:, 0] = 1 - tags[:, 0]
  np.testing.assert_array_equal(tag_losses.tag_sigmoid_loss(garbage, scores), loss)


def test_scale_of_the_tags_does_not_matter():
  random = np.random.RandomState(0)
  tags, scores = random.rand(4, 5).astype(np.float32), random.normal(size=(4, 5))
  np.testing.assert_allclose(tag_losses.tag_softmax_loss(7 * tags, scores),
                             tag_losses.tag_softmax_loss(tags, scores), rtol=1e-5)


def test_descent_finds_the_tags():
  tags, scores = tf.constant([[1.0, 0, 1, 0]]), tf.zeros([1, 4])
  for _ in range(200):
    with tf.GradientTape() as tape:
      tape.watch(scores)
      loss = tag_losses.tag_softmax_loss(tags, scores)
    scores -= 5.0 * tape.gradient(loss, scores)
  np.testing.assert_allclose(tf.nn.softmax(scores), tags / 2, atol=0.01)
  assert float(loss[0]) == pytest.approx(np.log(2), abs=0.02)


def test_an_image_without_tags_teaches_softmax_nothing():
  x = tf.Variable([[1.0, 2.0, 3.0]])
  with tf.GradientTape() as tape:
    loss = tag_losses.tag_softmax_loss(tf.zeros([1, 3]), x)
  assert loss == 0 and not tape.gradient(loss, x).numpy().any()


def test_they_are_offered_with_the_other_losses():
  assert losses.tag_softmax_loss is tag_losses.tag_softmax_loss


def test_unknown_reduction():
  with pytest.raises(ValueError, match="Did you mean 'sum'"):
    tag_losses.tag_sigmoid_loss([[1.0, 0.0]], [[1.0, 0.0]], reduction="summ")
