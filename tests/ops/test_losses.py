"""Masked losses and merged classes: parity, gradients, and what ignored pixels may not do."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import em, losses, resize

MODES = ["eager", "graph", "xla"]
REDUCTIONS = ["mean", "pixel_weights", "class_weights", "class_and_pixel_weights"]


def with_gradient(function, x, mode="eager"):
  """Returns function(x) and its gradient."""
  def run(x):
    with tf.GradientTape() as tape:
      tape.watch(x)
      value = function(x)
    return value, tape.gradient(value, x)

  run = run if mode == "eager" else tf.function(run, autograph=False, jit_compile=mode == "xla")
  return [result.numpy() for result in run(tf.constant(x))]


def assert_golden(got, wanted, tolerance):
  """Checks `rel_max` of the parity data: max|a - g| / max|g|."""
  assert np.abs(got - wanted).max() <= tolerance * np.abs(wanted).max()


def random_batch(seed=0, classes=4):
  rng = np.random.default_rng(seed)
  scores = rng.normal(size=[2, 5, 6, classes]).astype(np.float32)
  labels = rng.integers(0, classes, [2, 5, 6]).astype(np.uint8)
  labels[rng.random(labels.shape) < .3] = 255
  return labels, scores


# Parity.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cross_entropy_golden(golden, reduction, mode):
  data = golden("mixing.npz")
  weights = {name: data[f"ce__{name}"] for name in ("pixel_weights", "class_weights")
             if name.split("_", 1)[0] in reduction}
  loss, grad = with_gradient(lambda scores: losses.masked_cross_entropy(
      data["ce__target"], scores, ignore=int(data["ce__ignore_index"]), **weights),
                             data["ce__logits"], mode)
  assert_golden(loss, data[f"ce__loss_{reduction}"], 5e-6)
  assert_golden(grad, data[f"ce__grad_{reduction}"], 1e-5)


def test_cross_entropy_of_resized_scores_golden(golden):
  data = golden("mixing.npz")
  target = data["ce__target"]
  loss, grad = with_gradient(lambda scores: losses.masked_cross_entropy(
      target, resize.resize_aligned(scores, target.shape[1:]), ignore=250), data["ce__logits_half"])
  assert_golden(loss, data["ce__loss_upsampled"], 5e-6)
  assert_golden(grad, data["ce__grad_upsampled"], 1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_semi_loss_golden(golden, mode):
  data = golden("em.npz")
  parts = ("strong", "weak")
  total = 0.
  for part, weight in zip(parts, data["semi_loss__weights"]):
    labels = data[f"semi_loss__{part}_labels"]
    loss, grad = with_gradient(lambda scores: weight * losses.masked_cross_entropy(labels, scores),
                               data[f"semi_loss__{part}_logits"], mode)
    np.testing.assert_allclose(loss / weight, data[f"semi_loss__{part}_loss"], rtol=1e-5)
    np.testing.assert_allclose(grad, data[f"semi_loss__grad_{part}_logits"], rtol=0, atol=1e-7)
    total += loss
  np.testing.assert_allclose(total, data["semi_loss__loss"], rtol=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_aggregate_golden(golden, mode):
  data = golden("em.npz")
  grad_out = data["aggregate__grad_out"]
  for groups in (data["aggregate__groups"],
                 [np.flatnonzero(data["aggregate__group_of_input"] == k) for k in range(21)]):
    out = losses.aggregate_classes(data["aggregate__scores"], groups)
    np.testing.assert_allclose(out, data["aggregate__out"], rtol=1e-5, atol=1e-5)
    _, grad = with_gradient(lambda scores: tf.reduce_sum(
        losses.aggregate_classes(scores, groups) * grad_out), data["aggregate__scores"], mode)
    np.testing.assert_allclose(grad, data["aggregate__grad_scores"], rtol=0, atol=1e-5)


def test_aggregate_small_golden(golden):
  data = golden("em.npz")
  out = losses.aggregate_classes(data["aggregate_small__scores"], data["aggregate_small__groups"])
  np.testing.assert_allclose(out, data["aggregate_small__out"], rtol=1e-5, atol=1e-5)


# Independent computation and properties.


def test_map_equals_log_softmax_in_float64():
  labels, scores = random_batch()
  loss, valid = losses.cross_entropy_map(labels, scores)
  known = labels != 255
  np.testing.assert_array_equal(valid, known)
  exact = scores.astype(np.float64)
  wanted = np.log(np.exp(exact).sum(-1)) - np.take_along_axis(
      exact, np.where(known, labels, 0)[..., None], -1)[..., 0]
  np.testing.assert_allclose(loss, np.where(known, wanted, 0), rtol=1e-5, atol=1e-6)


def test_parts_of_a_batch_sum_to_the_whole():
  """Sums over two unequal shards, divided once, are the loss of the global batch."""
  labels, scores = random_batch(seed=1)
  labels[0, :4] = 255
  for weights in (None, np.array([.5, 2., 1., 3.], np.float32)):
    parts = [losses.cross_entropy_map(labels[i:i + 1], scores[i:i + 1], class_weights=weights)
             for i in range(2)]
    loss, valid = (sum(tf.reduce_sum(part[k]) for part in parts) for k in range(2))
    whole = losses.masked_cross_entropy(labels, scores, class_weights=weights)
    np.testing.assert_allclose(loss / valid, whole, rtol=1e-6)
  means = [losses.masked_cross_entropy(labels[i:i + 1], scores[i:i + 1]) for i in range(2)]
  plain = losses.masked_cross_entropy(labels, scores)
  assert abs(np.mean(means) - plain) > 1e-3  # the mean of means would be another number


def test_scores_at_ignored_pixels_change_nothing():
  labels, scores = random_batch(seed=2)
  ignored = labels == 255
  garbage = np.where(ignored[..., None], 1e4 * scores[..., ::-1], scores)
  for weights in ({}, {"class_weights": np.arange(1., 5.)},
                  {"pixel_weights": np.ones(labels.shape)}):
    plain = with_gradient(lambda s: losses.masked_cross_entropy(labels, s, **weights), scores)
    other = with_gradient(lambda s: losses.masked_cross_entropy(labels, s, **weights), garbage)
    np.testing.assert_allclose(other[0], plain[0], rtol=1e-6)
    np.testing.assert_array_equal(other[1][ignored], 0)
    np.testing.assert_allclose(other[1], plain[1], rtol=0, atol=1e-7)


def test_garbage_weights_at_ignored_pixels_change_nothing():
  labels, scores = random_batch(seed=3)
  weights = np.random.default_rng(4).random(labels.shape)
  garbage = np.where(labels == 255, 1e6, weights)
  np.testing.assert_array_equal(
      losses.masked_cross_entropy(labels, scores, pixel_weights=weights),
      losses.masked_cross_entropy(labels, scores, pixel_weights=garbage))


@pytest.mark.parametrize("mode", MODES)
def test_nothing_labelled_gives_zero(mode):
  _, scores = random_batch()
  loss, grad = with_gradient(lambda s: losses.masked_cross_entropy(
      np.full(s.shape[:3], 255, np.uint8), s), scores, mode)
  assert loss == 0 and not grad.any()


def test_nan_scores_are_not_hidden():
  labels, scores = random_batch(seed=5)
  labels[0, 0, 0] = 1
  scores[0, 0, 0] = np.nan
  assert np.isnan(losses.masked_cross_entropy(labels, scores))


def test_unknown_labels_are_not_clipped():
  _, scores = random_batch(seed=6)
  with pytest.raises(tf.errors.InvalidArgumentError, match="(?i)label"):
    losses.masked_cross_entropy(np.full(scores.shape[:3], 4, np.uint8), scores)


def test_gradient_equals_differences():
  labels, scores = random_batch(seed=7)
  weights = np.array([.5, 2., 1., 3.], np.float32)
  direction = np.random.default_rng(8).normal(size=scores.shape).astype(np.float32)

  def loss(s):
    return losses.masked_cross_entropy(labels, s, class_weights=weights)

  _, grad = with_gradient(loss, scores)
  difference = float(loss(scores + .01 * direction) - loss(scores - .01 * direction)) / .02
  np.testing.assert_allclose(np.sum(grad * direction), difference, rtol=2e-3)


def test_half_precision_scores_give_a_float32_loss():
  labels, scores = random_batch(seed=9)
  half = tf.cast(scores, tf.float16)
  loss = losses.masked_cross_entropy(labels, half)
  assert loss.dtype == tf.float32
  assert loss == losses.masked_cross_entropy(labels, tf.cast(half, tf.float32))


def test_aggregate_sums_probabilities():
  _, scores = random_batch(seed=10, classes=6)
  groups = [[0, 4, 5], [2], [1, 3]]
  merged = tf.nn.softmax(losses.aggregate_classes(scores, groups)).numpy()
  single = tf.nn.softmax(scores).numpy()
  wanted = np.stack([single[..., group].sum(-1) for group in groups], axis=-1)
  np.testing.assert_allclose(merged, wanted, rtol=1e-5)


def test_aggregate_slice_takes_the_first_member():
  _, scores = random_batch(seed=11, classes=6)
  out = losses.aggregate_classes(scores, [[4, 0], [2, -1]], mode="slice")
  np.testing.assert_array_equal(out, scores[..., [4, 2]])


@pytest.mark.parametrize("groups, mode, words", [
    ([[0], []], "logsumexp", "Group 1"),
    ([[0, 4]], "logsumexp", "Group 0"),
    ([[0]], "logsumexpp", "Did you mean 'logsumexp'"),
])
def test_aggregate_errors(groups, mode, words):
  with pytest.raises(ValueError, match=f"(?s){words}") as error:
    losses.aggregate_classes(tf.zeros([1, 4]), groups, mode)
  assert "Expected: " in str(error.value) and "Received: " in str(error.value)


# The effect.


@pytest.mark.parametrize("biased, jit, reached", [
    pytest.param("adapt", False, .9, marks=pytest.mark.slow), ("adapt", True, .9),
    ("none", False, 0.)])
def test_hard_em_learns_objects_from_tags_alone(biased, jit, reached):
  """A linear model of colours, trained with latent labels of its own scores and image tags.

  The E-step makes the difference: without it the model confirms what it already believes.
  """
  rng = np.random.default_rng(12)
  truth = np.zeros([8, 16, 16], np.int32)
  for image, box in enumerate(rng.integers(1, 8, [8, 2])):
    truth[image, box[0]:box[0] + 8, box[1]:box[1] + 7] = 1 + image % 2
  colours = rng.normal(size=[3, 5]).astype(np.float32) * 1.5
  images = colours[truth] + rng.normal(size=[8, 16, 16, 5], scale=.3).astype(np.float32)
  tags = em.tags_from_labels(truth, 3)
  kernel = tf.Variable(tf.zeros([6, 3]))
  kernel[5, 0].assign(3.)  # an untrained network that believes in background
  inputs = tf.concat([images, tf.ones([8, 16, 16, 1])], axis=-1)

  @tf.function(jit_compile=jit)
  def step():
    with tf.GradientTape() as tape:
      scores = tf.matmul(inputs, kernel[None])
      target = em.em_adapt_scores(scores, tags) if biased == "adapt" else scores
      loss = losses.masked_cross_entropy(em.latent_labels(target), scores)
    kernel.assign_sub(.5 * tape.gradient(loss, kernel))

  for _ in range(150):
    step()
  found = em.latent_labels(tf.matmul(inputs, kernel[None])).numpy()
  iou = ((found == truth) & (truth > 0)).sum() / ((found > 0) | (truth > 0)).sum()
  assert iou >= reached and (reached > 0 or iou == 0)
