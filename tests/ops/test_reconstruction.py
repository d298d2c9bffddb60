"""Refinement of features by reconstruction: the rules, what they may not touch, and tags."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import reconstruction
from keras_weakseg.ops.reconstruction import combine_tags, refine_features

RANDOM = np.random.RandomState(4)
MAPS = RANDOM.rand(3, 4, 5, 6).astype(np.float32)
VECTORS = RANDOM.rand(3, 6).astype(np.float32)
GOAL = RANDOM.rand(3, 4, 5, 6).astype(np.float32)


def distance(features):
  """Half the square of the distance to a goal, of the sum of both features."""
  maps, vectors = features
  return 0.5 * tf.reduce_sum((maps + vectors[:, None, None] - GOAL[:len(maps)]) ** 2, [1, 2, 3])


def rms(x):
  return np.sqrt((x.reshape(len(x), -1) ** 2).mean(1)).reshape([-1] + [1] * (x.ndim - 1))


def by_hand(steps, rate):
  """The default rule in NumPy, with the gradients of `distance` written down."""
  maps, vectors = MAPS, VECTORS
  for step in range(1, steps + 1):
    error = maps + vectors[:, None, None] - GOAL
    summed = error.sum((1, 2))
    maps, vectors = (
        np.maximum(value - rate / step * rms(first) * gradient / rms(gradient), 0)
        for value, first, gradient in ((maps, MAPS, error), (vectors, VECTORS, summed)))
  return maps, vectors


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_the_default_rule_is_the_one_written_down(mode):
  run = lambda *features: refine_features(features, distance, 7, step_size=0.3)
  if mode != "eager":
    run = tf.function(run, jit_compile=mode == "xla")
  for found, wanted in zip(run(MAPS, VECTORS), by_hand(7, 0.3), strict=True):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-6)
    assert found.dtype == tf.float32


def test_no_step_changes_nothing():
  for found, given in zip(refine_features((MAPS, VECTORS), distance, 0), (MAPS, VECTORS)):
    np.testing.assert_array_equal(found, given)


def test_the_loss_falls_and_features_stay_non_negative():
  before = distance((MAPS, VECTORS)).numpy()
  free = refine_features((MAPS, VECTORS), distance, 30, step_size=0.3, non_negative=False)
  bounded = refine_features((MAPS, VECTORS), distance, 30, step_size=0.3)
  assert all((distance(u).numpy() < 0.5 * before).all() for u in (free, bounded))
  assert min(float(tf.reduce_min(x)) for x in free) < 0
  assert min(float(tf.reduce_min(x)) for x in bounded) == 0


def test_an_image_does_not_depend_on_its_neighbours():
  together = refine_features((MAPS, VECTORS), distance, 5)

  def alone(features):
    maps, vectors = features
    return 0.5 * tf.reduce_sum((maps + vectors[:, None, None] - GOAL[1:2]) ** 2, [1, 2, 3])

  single = refine_features((MAPS[1:2], VECTORS[1:2]), alone, 5)
  for one, all_of_them in zip(single, together):
    np.testing.assert_allclose(one[0], all_of_them[1], rtol=0, atol=1e-6)


def test_every_image_may_have_its_own_number_of_steps():
  mixed = refine_features((MAPS, VECTORS), distance, tf.constant([0, 3, 9]))
  for index, steps in enumerate((0, 3, 9)):
    same = refine_features((MAPS, VECTORS), distance, steps)
    for one, other in zip(mixed, same):
      np.testing.assert_array_equal(one[index], other[index])


def test_losses_are_normalised_on_their_own():
  """A loss a million times larger decides as much as the other, not more."""
  other = lambda features: tf.reduce_sum((features[1] - 0.9) ** 2, -1)
  run = lambda scale: refine_features(
      (MAPS, VECTORS), lambda u: [scale * distance(u), other(u)], 4)
  for one, scaled in zip(run(1.0), run(1e6)):
    np.testing.assert_allclose(one, scaled, rtol=0, atol=1e-5)
  only = refine_features((MAPS, VECTORS), distance, 4)
  assert np.abs(run(1.0)[1] - only[1]).max() > 1e-3


def test_tiny_gradients_still_move_and_none_do_not():
  moved = refine_features(MAPS, lambda u: 1e-12 * tf.reduce_sum(u, [1, 2, 3]), 1, 0.1)
  np.testing.assert_allclose(
      moved, np.maximum(MAPS - 0.1 * rms(MAPS), 0), rtol=0, atol=1e-6)
  still = refine_features(MAPS, lambda u: 0 * tf.reduce_sum(u, [1, 2, 3]), 3)
  np.testing.assert_array_equal(still, MAPS)


def test_bare_gradient_and_the_way_back():
  found = refine_features((MAPS, VECTORS), distance, 1, 0.01, rule="sgd")
  error = MAPS + VECTORS[:, None, None] - GOAL
  np.testing.assert_allclose(found[0], np.maximum(MAPS - 0.01 * error, 0), rtol=0, atol=1e-6)
  held = refine_features((MAPS, VECTORS), distance, 20, decay=False, proximal=0.5)
  free = refine_features((MAPS, VECTORS), distance, 20, decay=False)
  assert np.abs(held[0] - MAPS).max() < 0.5 * np.abs(free[0] - MAPS).max()


def test_decay():
  """With one direction all the way, steps add up to the sum of their sizes."""
  away = lambda **options: float(tf.reduce_mean(refine_features(
      tf.ones([1, 4]), lambda u: -tf.reduce_sum(u, 1), 4, 0.1, **options))) - 1
  assert away(decay=False) == pytest.approx(0.4, rel=1e-5)
  assert away() == pytest.approx(0.1 * (1 + 1 / 2 + 1 / 3 + 1 / 4), rel=1e-5)
  assert away(power=0.5) == pytest.approx(0.1 * sum(t ** -0.5 for t in (1, 2, 3, 4)), rel=1e-5)


def test_adam_is_that_of_keras():
  from keras_weakseg.framework import keras
  start = MAPS / rms(MAPS)
  optimizer, value = keras.optimizers.Adam(0.02, epsilon=1e-8), tf.Variable(start)
  for _ in range(6):
    error = value - GOAL
    scale = tf.sqrt(tf.reduce_mean(error ** 2, [1, 2, 3], keepdims=True))
    optimizer.apply_gradients([(error / scale, value)])
  found = refine_features(
      start, lambda u: tf.reduce_sum((u - GOAL) ** 2, [1, 2, 3]), 6, 0.02, decay=False,
      rule="adam", non_negative=False)
  np.testing.assert_allclose(found, value, rtol=0, atol=1e-5)


def test_weights_are_left_alone_and_the_result_is_a_constant():
  weight = tf.Variable(tf.ones([6]))
  with tf.GradientTape() as tape:
    refined = refine_features(MAPS * weight, lambda u: tf.reduce_sum(u * weight, [1, 2, 3]), 3)
    total = tf.reduce_sum(refined)
  assert tape.gradient(total, weight) is None
  np.testing.assert_array_equal(weight, np.ones(6))


def test_the_graph_does_not_grow_with_the_steps():
  def operations(steps):
    graph = tf.function(lambda u: refine_features(
        u, lambda x: tf.reduce_sum(x * x, [1, 2, 3]), steps)).get_concrete_function(
            tf.TensorSpec([None, 4, 5, 6])).graph
    return len(graph.get_operations())
  assert operations(2) == operations(200)


def test_labels_get_better_where_colours_tell_classes_apart():
  """Three flat colours, scores blurred until they are wrong at borders: the colours say better."""
  random = np.random.RandomState(0)
  labels = np.kron(random.randint(0, 3, (4, 5, 5)), np.ones([1, 6, 6], int))
  colours = np.float32([[-1, -1, 0.5], [1, 0, -0.5], [0, 1, 1]])
  image = colours[labels] + random.normal(0, 0.1, (*labels.shape, 3)).astype(np.float32)
  exact = np.eye(3, dtype=np.float32)[labels] * 4
  blurred = tf.nn.avg_pool2d(exact, 9, 1, "SAME")
  unlike = lambda u: tf.reduce_mean(
      (tf.tensordot(tf.nn.softmax(u), colours, 1) - image) ** 2, [1, 2, 3])
  right = lambda u: float(np.mean(np.argmax(u, -1) == labels))
  refined = refine_features(blurred, unlike, 30, 0.1)
  assert (unlike(refined).numpy() < unlike(blurred).numpy()).all()
  assert right(refined) > right(blurred) + 0.05


def test_combined_tags_golden(golden):
  data = golden("losses.npz")
  labels, tags = data["dis_combine__label_logits"], data["dis_combine__tag_logits"]
  found = combine_tags(labels, tags)
  np.testing.assert_allclose(found, data["dis_combine__out"], rtol=0, atol=1e-6)


def test_combined_tags_are_products_of_probabilities():
  scores, tags = tf.constant(MAPS) * 3, tf.constant(VECTORS) * 5
  product = tf.nn.softmax(scores) * tf.nn.softmax(tags)[:, None, None]
  np.testing.assert_allclose(combine_tags(scores, tags),
                             product / tf.reduce_sum(product, -1, keepdims=True), atol=1e-6)
  np.testing.assert_allclose(reconstruction.tagged_scores(scores, tags, "logits"),
                             scores * tags[:, None, None])
  nothing = combine_tags(scores, tf.zeros([3, 6]))
  np.testing.assert_allclose(nothing, tf.nn.softmax(scores), atol=1e-6)


def test_unknown_names_get_the_nearest_one():
  with pytest.raises(ValueError, match="Did you mean 'adam'"):
    refine_features(MAPS, lambda u: u[:, 0, 0, 0], 1, rule="adma")
  with pytest.raises(ValueError, match="Did you mean 'logits'"):
    combine_tags(MAPS, VECTORS, "logit")
