"""Pseudo labels: parity, every weighting by hand, ignored pixels from end to end."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import losses, mixing, pseudo


def relative(value, wanted):
  return np.abs(np.asarray(value) - wanted).max() / np.abs(wanted).max()


@pytest.fixture
def case(golden):
  """Returns the data and the mixed probabilities, made as the reference makes them."""
  data = golden("mixing.npz")
  teacher = tf.nn.softmax(data["pseudo__teacher_logits"]).numpy()
  truth = data["pseudo__label_image1"]
  teacher[1] = tf.one_hot(np.where(truth == data["pseudo__ignore_index"], -1, truth), 7)
  assert relative(teacher, data["pseudo__teacher_prob"]) < 5e-6
  mixed = mixing.mix_with(data["pseudo__mask"], teacher, mixing.neighbours(2))
  assert relative(mixed, data["pseudo__mixed_prob"]) < 5e-6
  return data, teacher, mixed


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_golden(case, mode):
  data, _, mixed = case

  def run(student):
    labels, weight = pseudo.pseudo_labels(mixed, ignore=250)
    with tf.GradientTape() as tape:
      tape.watch(student)
      loss = losses.masked_cross_entropy(labels, student, 250, tf.fill(tf.shape(labels), weight))
    return labels, weight, loss, tape.gradient(loss, student)

  run = run if mode == "eager" else tf.function(run, autograph=False, jit_compile=mode == "xla")
  labels, weight, loss, gradient = run(tf.constant(data["pseudo__student_logits"]))
  np.testing.assert_array_equal(labels, data["pseudo__label"])
  assert relative(weight, data["pseudo__weight"]) < 5e-6
  assert relative(loss, data["pseudo__loss"]) < 5e-6
  assert relative(gradient, data["pseudo__grad_student_logits"]) < 1e-5


def test_weights_per_pixel_golden(case):
  data, _, mixed = case
  labels, weights = pseudo.pseudo_labels(mixed, weighting="pixel", ignore=250)
  np.testing.assert_array_equal(weights, data["pseudo__weight_map"][..., 0])
  loss = losses.masked_cross_entropy(labels, data["pseudo__student_logits"], 250, weights)
  assert relative(loss, data["pseudo__loss_threshold_map"]) < 5e-6


def test_labels_mix_as_probabilities_do(case):
  data, teacher, _ = case
  mixed = mixing.mix_with(data["pseudo__mask"], pseudo.confidence(teacher, ignore=250),
                          mixing.neighbours(2))
  np.testing.assert_array_equal(mixed[0], data["pseudo__label"])
  assert relative(pseudo.weights_of(mixed[1]), data["pseudo__weight"]) < 5e-6


def test_every_weighting_by_hand():
  sure = np.float32([[[1, 0, 0, 1]], [[1, 1, 1, 0]]])
  wanted = {"batch": 0.625, "image": [[[0.5]], [[0.75]]], "pixel": sure, "uniform": 1.0}
  for name, value in wanted.items():
    np.testing.assert_array_equal(pseudo.weights_of(sure, name), np.float32(value))
  assert pseudo.weights_of(sure, "none") is None
  with pytest.raises(ValueError, match="no weighting of pseudo labels 'pixels'"):
    pseudo.weights_of(sure, "pixels")


def test_no_gradient_reaches_the_teacher():
  logits = tf.constant(np.random.RandomState(0).normal(size=(1, 2, 2, 3)), tf.float32)
  with tf.GradientTape() as tape:
    tape.watch(logits)
    _, weight = pseudo.pseudo_labels(tf.nn.softmax(logits), 0.2, "image")
    total = tf.reduce_sum(weight)
  assert tape.gradient(total, logits) is None


def test_all_ignored_is_finite():
  labels, weight = pseudo.pseudo_labels(tf.zeros([1, 2, 2, 3]))
  assert (labels.numpy() == 255).all() and float(weight) == 0
  loss = losses.masked_cross_entropy(labels, tf.zeros([1, 2, 2, 3]), pixel_weights=tf.fill(
      [1, 2, 2], weight))
  assert float(loss) == 0
