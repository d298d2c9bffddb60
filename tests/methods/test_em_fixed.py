"""Tests of EM-Fixed as a method: its E-step is that of the paper, and its biases act."""
import numpy as np
import tensorflow as tf

from keras_weakseg.methods import em_fixed


def test_latent_masks_are_those_of_algorithm_1(built, batch, completed):
  method = built("em_fixed")
  assert isinstance(method, em_fixed.EMFixed)
  scores, labels, result, _ = completed(method, batch)
  np.testing.assert_array_equal(result[0::2], labels[0::2])
  # An independent computation: the paper's b_bg = 3 and b_fg = 5 on the tagged classes.
  bias = batch["tags"].numpy() * np.array([3.0, 5.0, 5.0, 5.0])
  wanted = np.argmax(scores.numpy() + bias[:, None, None], -1)
  np.testing.assert_array_equal(result[1::2], wanted[1::2])


def test_the_bias_decides_how_much_becomes_foreground(built, batch, completed):
  shares = []
  for bias in (0.0, 3.0, 1000.0):
    method = built("em_fixed", background_bias=3.0, foreground_bias=bias)
    _, _, result, _ = completed(method, batch)
    shares.append(np.mean(result.numpy()[1::2] == 3))
  assert shares[0] < shares[1] < shares[2] == 1.0


def test_training_from_tags_makes_the_network_find_the_class(built, batch):
  """The end-to-end effect: the prediction of a tagged image turns to its tagged class."""
  method = built("em_fixed", background_bias=0.0)
  bright = np.array([0, 1, 0, 1])[:, None, None, None]
  images = batch["image"].numpy() // 4 + 190 * bright.astype(np.uint8)
  batch.update(image=tf.constant(images), supervision=tf.ones([4], tf.int32),
               part=tf.ones([4], tf.int32),
               tags=tf.constant([[1.0, 1, 0, 0], [1, 0, 0, 1]] * 2))
  del batch["mask"]
  step = tf.function(method.train_step, autograph=False)
  first = float(step(batch)["loss"])
  for _ in range(60):
    logs = step(batch)
  assert float(logs["loss"]) < 0.5 * first
  labels = tf.argmax(method.predictor(tf.cast(images, tf.float32), training=True), -1).numpy()
  assert np.mean(labels[0::2] == 1) > 0.9 and np.mean(labels[1::2] == 3) > 0.9
