"""Losses of tags: parity, and what is no tag may not do."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import losses, tag_losses


@pytest.mark.parametrize("case", ["dis_tag", "dis_tag_soft"])
def test_softmax_golden(golden, case):
  data = golden("losses.npz")
  tags, logits = data[f"{case}__tags"], tf.constant(data["dis_tag__logits"])
  with tf.GradientTape() as tape:
    tape.watch(logits)
    loss = losses.tag_softmax_loss(tags, logits)
    mean = tf.reduce_mean(loss)
  np.testing.assert_allclose(loss, data[f"{case}__loss"], rtol=1e-5)
  if case == "dis_tag":
    np.testing.assert_allclose(mean, data["dis_tag__loss_mean"], rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(mean, logits), data["dis_tag__grad_mean"],
                               rtol=0, atol=1e-7)


def test_sigmoid_golden(golden):
  data = golden("losses.npz")
  found = losses.tag_sigmoid_loss(data["dis_tag__tags"], data["dis_tag__logits"])
  np.testing.assert_allclose(found, data["dis_tag__sigmoid_mean_over_classes"], rtol=1e-5)


def test_scale_of_the_tags_does_not_matter():
  random = np.random.RandomState(0)
  tags, logits = random.rand(4, 5).astype(np.float32), random.normal(size=(4, 5))
  np.testing.assert_allclose(tag_losses.tag_softmax_loss(7 * tags, logits),
                             tag_losses.tag_softmax_loss(tags, logits), rtol=1e-5)


def test_an_image_without_tags_teaches_nothing():
  logits = tf.constant([[3.0, -1.0]])
  with tf.GradientTape() as tape:
    tape.watch(logits)
    loss = tag_losses.tag_softmax_loss(tf.zeros([1, 2]), logits)
  np.testing.assert_array_equal(loss, [0])
  np.testing.assert_array_equal(tape.gradient(loss, logits), [[0, 0]])


def test_descent_finds_the_tags():
  tags, logits = tf.constant([[1.0, 0, 1, 0]]), tf.zeros([1, 4])
  for _ in range(200):
    with tf.GradientTape() as tape:
      tape.watch(logits)
      loss = tag_losses.tag_softmax_loss(tags, logits)
    logits -= 5.0 * tape.gradient(loss, logits)
  np.testing.assert_allclose(tf.nn.softmax(logits), tags / 2, atol=0.01)
  assert float(loss[0]) == pytest.approx(np.log(2), abs=0.02)
