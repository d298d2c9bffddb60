"""Losses of tag scores: parity data, and what must hold for any scores."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import losses
from keras_weakseg.ops import tag_losses


@pytest.mark.parametrize("case", ["dis_tag", "dis_tag_soft"])
def test_the_softmax_loss_is_that_of_the_parity_data(golden, case):
  data = golden("losses.npz")
  logits = tf.constant(data["dis_tag__logits"], tf.float32)
  with tf.GradientTape() as tape:
    tape.watch(logits)
    loss = tag_losses.tag_softmax_loss(logits, data[f"{case}__tags"])
    mean = tf.reduce_mean(loss)
  np.testing.assert_allclose(loss, data[f"{case}__loss"], rtol=1e-5)
  if case == "dis_tag":
    np.testing.assert_allclose(mean, data["dis_tag__loss_mean"], rtol=1e-5)
    np.testing.assert_allclose(
        tape.gradient(mean, logits), data["dis_tag__grad_mean"], rtol=1e-4, atol=1e-6)


def test_the_sigmoid_loss_is_that_of_the_parity_data(golden):
  data = golden("losses.npz")
  np.testing.assert_allclose(
      tag_losses.tag_sigmoid_loss(data["dis_tag__logits"], data["dis_tag__tags"]),
      data["dis_tag__sigmoid_mean_over_classes"], rtol=1e-5)


def test_an_image_without_tags_has_no_softmax_loss():
  assert tag_losses.tag_softmax_loss([[3.0, 1.0]], [[0.0, 0.0]]).numpy().tolist() == [0.0]


def test_they_are_offered_with_the_other_losses():
  assert losses.tag_softmax_loss is tag_losses.tag_softmax_loss
