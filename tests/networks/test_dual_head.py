"""The three subnets: parity, sizes, and inference on features whose labels are known."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import dual_head

NAMES = {"subnet1.conv": "labelmap", "subnet2.conv1": "image_1", "subnet2.conv2": "image_2",
         "subnet2.conv3": "image_3", "subnet3.fc": "tags"}


def head_model(width, classes, **options):
  features, images = keras.Input((None, None, width)), keras.Input((None, None, 3))
  head = dual_head.DualHead(classes, **options)
  return keras.Model([features, images], head([features, images])), head


def test_activations_golden(golden, fill_generated, uniform_tensor):
  data = golden("network_activations_weak.npz")
  model, head = head_model(2048, 21)
  fill_generated(model, "dis", lambda name: f"head_dual/{NAMES[name]}")
  features, vector = uniform_tensor("dis_u1", data["dis__grid"]), uniform_tensor(
      "dis_v1", data["dis__grid"][2:])
  labelmap = head.labelmap(features, vector)
  from_scores = dual_head.DualHead(21, image_from="scores")
  from_scores([features, tf.zeros([1, 72, 72, 3])])
  from_scores.set_weights(head.get_weights())
  for found, name in ((labelmap, "u3"), (head.reconstruct(labelmap), "z3_from_softmax"),
                      (from_scores.reconstruct(labelmap), "z3_from_logits"),
                      (head.tags(features, vector), "v3")):
    wanted = data[f"dis__{name}"]
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 2e-5 * np.abs(wanted).max(), name


def test_parameters_golden(golden):
  expected = json.loads(golden("networks_weak.json").read_text())
  _, head = head_model(2048, 21)
  counts = []
  for number in range(3):
    head.train_subnets(*(number == other for other in range(3)))
    counts.append(sum(int(np.prod(v.shape)) for v in head.trainable_variables))
  assert counts == [expected[f"dis_subnet{number}"]["total"] for number in (1, 2, 3)]
  assert sum(counts) == expected["dis_total"]["trainable"] == head.count_params() == 444643


# Features that tell the class of a pixel, and images painted in the colours of the classes.

COLOURS = np.float32([[-1, -1, 0.5], [1, 0, -0.5], [0, 1, 1]])


def painted(seed, count=6, blocks=4, size=5):
  """Returns features, images (each pixel is a pixel of the grid) and labels."""
  random = np.random.RandomState(seed)
  labels = np.kron(random.randint(0, 3, (count, blocks, blocks)), np.ones([1, size, size], int))
  features = 2 * np.eye(3)[labels] @ np.abs(np.random.RandomState(9).normal(size=(3, 8)))
  images = COLOURS[labels] + random.normal(0, 0.05, (*labels.shape, 3))
  return features.astype(np.float32), images.astype(np.float32), labels


@pytest.fixture(scope="module")
def trained():
  """Returns a head of stride 1 that has learned these features and colours."""
  keras.utils.set_random_seed(3)
  _, head = head_model(8, 3, stride=1, combine="")
  optimizer = keras.optimizers.Adam(0.02)
  features, images, labels = painted(0)
  tags = tf.reduce_max(tf.one_hot(labels, 3), [1, 2])

  @tf.function(autograph=False)
  def step():
    with tf.GradientTape() as tape:
      start = head.inferred(features, images)
      labelmap = head.labelmap(*start)
      loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, labelmap))
      loss += tf.reduce_mean(head.reconstruction_loss(labelmap, images))
      loss += tf.reduce_mean(dual_head.tag_losses.tag_softmax_loss(tags, head.tags(*start)))
    gradients = tape.gradient(loss, head.trainable_variables)
    optimizer.apply_gradients(zip(gradients, head.trainable_variables))
    return [tf.reduce_max(tf.abs(gradient)) for gradient in gradients]

  largest = [step() for _ in range(150)][20]
  assert min(float(value) for value in largest) > 0  # Every subnet learns.
  return head


def blurred(seed=5):
  features, images, labels = painted(seed)
  return tf.nn.avg_pool2d(features, 5, 1, "SAME"), images, labels


def accuracy(labelmap, labels):
  return float(np.mean(np.argmax(labelmap, -1) == labels))


def test_inference_mends_labels_and_lowers_the_loss_of_every_image(trained):
  features, images, labels = blurred()
  before, after = (trained.explain(features, images, steps) for steps in (0, 30))
  loss = dual_head.RECONSTRUCTION_LOSS
  assert (after[loss].numpy() < before[loss].numpy()).all()
  assert accuracy(after[dual_head.LABELMAP], labels) > accuracy(
      before[dual_head.LABELMAP], labels) + 0.03


def test_tags_pull_the_vector_to_them(trained):
  features, images, _ = blurred()
  tags = tf.one_hot([1] * len(images), 3)
  with_tags = trained.inferred_with_tags(features, images, tags, 10)
  without = trained.inferred(features, images, 10)
  says = lambda moved: tf.nn.softmax(trained.tags(*moved))[:, 1].numpy()
  assert (says(with_tags) > says(without)).all()


def test_inference_changes_no_weight_and_sends_no_gradient_back(trained):
  features, images, _ = blurred()
  kept = trained.get_weights()
  features = tf.constant(features)
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(features)
    moved = trained.inferred(features, images, 3)
    plain = trained.inferred(features, images, 0)
  assert tape.gradient(moved, features) is None and tape.gradient(plain, features) is not None
  for one, other in zip(kept, trained.get_weights()):
    np.testing.assert_array_equal(one, other)


def test_other_images_of_the_batch_do_not_matter(trained):
  features, images, _ = blurred()
  together = trained([features, images], steps=10)
  alone = trained([features[2:3], images[2:3]], steps=10)
  np.testing.assert_allclose(together[2:3], alone, rtol=0, atol=1e-3 * np.abs(alone).max())


def test_without_steps_it_is_the_plain_network(trained):
  features, images, _ = blurred()
  plain = trained([features, images])
  np.testing.assert_array_equal(plain, trained.labelmap(features, tf.reduce_mean(
      features, [1, 2])))
  np.testing.assert_array_equal(trained([features, images], steps=tf.constant(0)), plain)


def test_a_fourth_channel_is_not_reconstructed():
  head = dual_head.DualHead(3, stride=2, target_scale=0.5)
  images = np.random.RandomState(0).rand(1, 5, 7, 4).astype(np.float32)
  np.testing.assert_array_equal(head.target(images), images[:, ::2, ::2, :3] / 2)


@pytest.mark.parametrize("options, near", [
    ({"rule": "rsm"}, "rms"), ({"image_from": "score"}, "scores"),
    ({"combine": "logit"}, "logits")])
def test_unknown_names_get_the_nearest_one(options, near):
  with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
    dual_head.DualHead(3, **options)


def test_the_relu_of_the_reconstruction_is_relu_in_value_and_gradient():
  x = tf.constant([-2.0, -0.0, 0.0, 3.0, 1e-30])

  def both(function):
    with tf.GradientTape() as tape:
      tape.watch(x)
      answer = function(x)
    return answer, tape.gradient(answer, x, tf.constant([1.0, -2.0, 3.0, -4.0, 5.0]))

  for one, other in zip(both(dual_head._relu), both(tf.nn.relu)):
    np.testing.assert_array_equal(one, other)
  # A broken value must reach the loss, which stops training.
  assert np.isnan(dual_head._relu(tf.constant(np.nan)))
