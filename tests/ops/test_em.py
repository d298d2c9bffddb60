"""E-steps: parity, properties, an independent NumPy computation, and the effect on labels."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import em

ADAPT_CASES = ["em_adapt", "em_adapt_multi", "em_adapt_negative", "em_adapt_edge",
               "em_adapt_layerdefault", "em_adapt_nosuppress"]
MODES = ["eager", "graph", "xla"]


def compiled(function, mode):
  return function if mode == "eager" else tf.function(
      function, autograph=False, jit_compile=mode == "xla")


def multi_hot(ids, classes):
  tags = np.zeros([len(ids), classes], np.float32)
  for row, listed in zip(tags, ids):
    row[[i for i in listed if i >= 0]] = 1
  return tags


def gap(scores):
  """Returns the distance between the two largest scores of every pixel."""
  top = np.sort(scores, axis=-1)
  return top[..., -1] - top[..., -2]


def random_case(images=4, size=(13, 15), classes=6, seed=0, most=4):
  rng = np.random.default_rng(seed)
  scores = rng.normal(size=[images, *size, classes]).astype(np.float32) * 3
  tags = np.zeros([images, classes], np.float32)
  tags[:, 0] = 1
  for row in tags:
    row[1 + rng.permutation(classes - 1)[:rng.integers(1, most)]] = 1
  return scores, tags


def adapt_oracle(scores, tags, order, portions=(.4, .2), margin=1e-5, valid=None):
  """EM-Adapt of one image in float64, class by class as the paper tells it."""
  f = scores.reshape(-1, scores.shape[-1]).astype(np.float64)
  valid = np.ones(len(f), bool) if valid is None else valid.ravel()
  present = np.flatnonzero(tags)
  absent = np.flatnonzero(tags == 0)
  lowest = f[:, present].min(axis=1, keepdims=True)
  f[:, absent] = np.where(f[:, absent] > lowest, lowest - margin, f[:, absent])
  before = f[:, present].max(axis=1)
  for visits in order:
    for label in [0] * int(tags[0]) + list(visits):
      distance = np.sort((f[:, present].max(axis=1) - f[:, label])[valid])
      wanted = int(portions[0 if label == 0 else 1] * valid.sum())
      f[:, label] += distance[min(wanted, valid.sum() - 1)]
  f += before[valid].mean() - f[:, present].max(axis=1)[valid].mean()
  return f.reshape(scores.shape)


# Parity with the reference implementation.


def test_tags_golden(golden):
  data = golden("em.npz")
  tags = em.tags_from_labels(data["tags__label_map"], 21)
  np.testing.assert_array_equal(tags, multi_hot(data["tags__present"], 21))


@pytest.mark.parametrize("mode", MODES)
def test_em_fixed_golden(golden, mode):
  data = golden("em.npz")
  tags = multi_hot(data["em_fixed__tags"], 21)
  background, foreground = data["em_fixed__params"]
  out = compiled(lambda s, t: em.em_fixed_scores(s, t, background, foreground), mode)(
      tf.constant(data["em_fixed__scores"]), tf.constant(tags))
  np.testing.assert_allclose(out, data["em_fixed__out"], rtol=0, atol=1e-6)
  np.testing.assert_array_equal(em.latent_labels(out), data["em_fixed__labels"])
  censored = em.latent_labels(out, tags, censor=True)
  np.testing.assert_array_equal(censored, data["em_fixed__labels_censored"])


def test_smallest_class_wins_ties_golden(golden):
  data = golden("em.npz")
  out = em.em_fixed_scores(data["em_ties__scores"], multi_hot(data["em_ties__tags"], 6), 1., 1.)
  np.testing.assert_array_equal(out, data["em_ties__out"])
  np.testing.assert_array_equal(em.latent_labels(out), data["em_ties__labels_smallest"])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", ADAPT_CASES)
def test_em_adapt_golden(golden, case, mode):
  data = golden("em.npz")
  scores, order = data[f"{case}__scores"], data[f"{case}__order"]
  iterations, background, foreground, suppress, margin = data[f"{case}__params"].tolist()
  tags = multi_hot(data[f"{case}__tags"], scores.shape[-1])
  out = compiled(lambda s, t, o: em.em_adapt_scores(
      s, t, background, foreground, int(iterations), bool(suppress), margin, order=o), mode)(
          tf.constant(scores), tf.constant(tags), tf.constant(order)).numpy()
  reference, labels = data[f"{case}__out"], data[f"{case}__labels"]
  np.testing.assert_allclose(out, reference, rtol=0, atol=1e-4)
  same = em.latent_labels(out).numpy() == labels
  assert same[gap(reference) > 2e-6].all()
  assert same.mean() >= .995


def test_em_adapt_single_tag_needs_no_order_golden(golden):
  data = golden("em.npz")
  out = em.em_adapt_scores(data["em_adapt__scores"], multi_hot(data["em_adapt__tags"], 21))
  np.testing.assert_allclose(out, data["em_adapt__out"], rtol=0, atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_bbox_em_golden(golden, mode):
  data = golden("em.npz")
  background, foreground = data["bbox_em__params"]
  out = compiled(lambda s, b: em.bbox_em_fixed_scores(s, b, background, foreground), mode)(
      tf.constant(data["bbox_em__scores"]), tf.constant(data["bbox_em__rect_labels"]))
  np.testing.assert_allclose(out, data["bbox_em__out"], rtol=0, atol=1e-6)
  np.testing.assert_array_equal(em.latent_labels(out), data["bbox_em__labels"])


# An independent computation.


@pytest.mark.parametrize("masked", [False, True])
def test_em_adapt_equals_oracle(masked):
  scores, tags = random_case(seed=1)
  valid = np.random.default_rng(2).random(scores.shape[:3]) < .7 if masked else None
  rng = np.random.default_rng(3)
  order = -np.ones([len(scores), 5, 5], np.int32)
  for image in range(len(scores)):
    for step in range(5):
      ids = rng.permutation(np.flatnonzero(tags[image, 1:]) + 1)
      order[image, step, :len(ids)] = ids
  out = em.em_adapt_scores(scores, tags, order=order, valid_mask=valid)
  for image in range(len(scores)):
    visits = [[i for i in row if i > 0] for row in order[image]]
    wanted = adapt_oracle(scores[image], tags[image], visits,
                          valid=None if valid is None else valid[image])
    np.testing.assert_allclose(out[image], wanted, rtol=0, atol=1e-4)


def test_default_order_ascends():
  scores, tags = random_case(seed=4)
  order = np.tile(np.arange(1, 6, dtype=np.int32), [len(scores), 5, 1])
  np.testing.assert_array_equal(em.em_adapt_scores(scores, tags),
                                em.em_adapt_scores(scores, tags, order=order))


def test_kth_smallest_is_exact():
  rng = np.random.default_rng(5)
  values = np.abs(rng.normal(size=[7, 301])).astype(np.float32) * 10. ** rng.integers(-9, 9, [7, 1])
  values = values.astype(np.float32)
  values[0, :200] = 0
  values[1] = 4.25
  values[2, 250:] = np.inf
  for rank in (0, 120, 249):
    wanted = np.sort(values, axis=1)[:, rank:rank + 1]
    got = em._kth_smallest(tf.constant(values), tf.fill([7, 1], float(rank)))
    np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("background", [True, False])
def test_tags_from_labels_counts_what_occurs(background):
  rng = np.random.default_rng(6)
  labels = rng.choice([0, 2, 5, 255, 254], size=[6, 3, 2]).astype(np.uint8)
  wanted = np.array([[(row == c).any() for c in range(7)] for row in labels])
  wanted[:, 0] |= background
  got = tf.function(lambda x: em.tags_from_labels(x, 7, background=background),
                    jit_compile=True)(tf.constant(labels))
  np.testing.assert_array_equal(got, wanted.astype(np.float32))


# Properties.


def test_portions_are_reached():
  scores, _ = random_case(images=3, size=(41, 41), classes=8, seed=7)
  scores[..., 3] -= 50.  # the tagged class would never win
  tags = multi_hot([[0, 3]] * 3, 8)
  labels = em.latent_labels(em.em_adapt_scores(scores, tags)).numpy()
  share = (labels == 3).mean(axis=(1, 2))
  assert (share >= .2 - 1 / 1681).all() and (share < .21).all()
  assert set(np.unique(labels)) == {0, 3}
  fixed = em.latent_labels(em.em_fixed_scores(scores, tags)).numpy()
  assert not (fixed == 3).any()


def test_classes_that_win_enough_keep_their_pixels():
  scores, tags = random_case(seed=8, most=2)
  labels = np.argmax(np.where(tags[:, None, None] > 0, scores, -np.inf), axis=-1)
  shares = np.stack([(labels == c).mean(axis=(1, 2)) for c in range(6)], axis=-1)
  assert (shares[:, 0] > .3).any()
  out = em.em_adapt_scores(scores, tags, background_portion=.1, foreground_portion=.1)
  np.testing.assert_array_equal(em.latent_labels(out), labels)


def test_portion_one_takes_every_pixel_but_one():
  scores, tags = random_case(images=2, seed=9, most=2)
  out = em.em_adapt_scores(scores, tags, 0., 1., iterations=1)
  labels = em.latent_labels(out).numpy()
  assert ((labels > 0).sum(axis=(1, 2)) >= 13 * 15 - 1).all()


@pytest.mark.parametrize("step", [em.em_fixed_scores, em.em_adapt_scores])
def test_no_tag_leaves_scores_unchanged(step):
  scores, tags = random_case(seed=10)
  tags[1] = 0
  out = step(scores, tags).numpy()
  np.testing.assert_array_equal(out[1], scores[1])
  assert np.isfinite(out).all() and not np.array_equal(out[0], scores[0])


def test_more_bias_never_loses_pixels():
  scores, tags = random_case(seed=11, most=2)
  wanted = tags[:, None, None] * (np.arange(6) > 0)
  won = [np.take_along_axis(np.broadcast_to(wanted, scores.shape), em.latent_labels(
      em.em_fixed_scores(scores, tags, 0., bias)).numpy()[..., None], -1)[..., 0]
         for bias in (0., 1., 3., 9., 99.)]
  for fewer, more in zip(won, won[1:]):
    assert (more >= fewer).all()
  assert won[-1].all() and not won[0].all()


def test_permuting_classes_permutes_the_result():
  scores, tags = random_case(seed=12)
  permutation = np.array([0, 4, 1, 5, 2, 3])
  rank = np.argsort(permutation)  # class c of the original sits at rank[c]
  order = np.tile(np.array([2, 5, 1, 3, 4], np.int32), [len(scores), 5, 1])
  plain = em.em_adapt_scores(scores, tags, order=order).numpy()
  moved = em.em_adapt_scores(scores[..., permutation], tags[:, permutation],
                             order=rank[order].astype(np.int32)).numpy()
  np.testing.assert_array_equal(moved, plain[..., permutation])
  fixed = em.em_fixed_scores(scores[..., permutation], tags[:, permutation]).numpy()
  np.testing.assert_array_equal(fixed, em.em_fixed_scores(scores, tags).numpy()[..., permutation])


def test_mean_maximum_is_kept():
  scores, tags = random_case(seed=13)
  out = em.em_adapt_scores(scores, tags).numpy()
  here = tags[:, None, None] > 0
  kept = [np.where(here, x, -np.inf).max(axis=-1).mean(axis=(1, 2)) for x in (scores, out)]
  np.testing.assert_allclose(kept[0], kept[1], rtol=0, atol=1e-5)


def test_padding_changes_nothing_with_a_valid_mask():
  scores, tags = random_case(seed=14)
  padded = np.pad(scores, [(0, 0), (0, 6), (0, 3), (0, 0)], constant_values=7.)
  valid = np.pad(np.ones(scores.shape[:3], bool), [(0, 0), (0, 6), (0, 3)])
  plain = em.em_adapt_scores(scores, tags)
  masked = em.em_adapt_scores(padded, tags, valid_mask=valid)[:, :13, :15]
  np.testing.assert_allclose(masked, plain, rtol=0, atol=1e-5)
  counted = em.em_adapt_scores(padded, tags)[:, :13, :15]
  assert np.abs(counted - plain).max() > .01  # the reference's choice does depend on padding
  nothing = em.em_adapt_scores(scores, tags, valid_mask=np.zeros_like(valid[:, :13, :15]))
  assert np.isfinite(nothing).all()


# Randomness.


def keys_of(images, seed=0):
  return np.random.default_rng(seed).integers(-2**31, 2**31, [images, 2]).astype(np.int32)


def test_a_sample_does_not_depend_on_its_place():
  scores, tags = random_case(images=6, seed=15, most=5)
  keys = keys_of(6)
  whole = em.em_adapt_scores(scores, tags, seed=keys).numpy()
  pick = np.array([4, 1, 5])
  np.testing.assert_array_equal(
      em.em_adapt_scores(scores[pick], tags[pick], seed=keys[pick]), whole[pick])
  assert not np.array_equal(em.em_adapt_scores(scores, tags, seed=keys_of(6, 1)), whole)


def test_visits_are_shuffles_of_the_tagged_classes():
  present = tf.constant(np.tile([[1, 1, 0, 1, 1, 0, 1]], [900, 1]).astype(bool))
  visits, slots = em._visits(present, 4, None, tf.constant(keys_of(900)))
  visits = visits.numpy()
  assert slots == 5 and (visits[..., 0] == 0).all() and (visits[..., 5:] == -1).all()
  np.testing.assert_array_equal(np.sort(visits[..., 1:5], axis=-1),
                                np.broadcast_to([1, 3, 4, 6], [900, 4, 4]))
  first = np.stack([(visits[..., 1] == c).mean(axis=0) for c in (1, 3, 4, 6)])
  assert np.abs(first - .25).max() < .06  # four standard deviations
  again = (visits[:, 0] == visits[:, 1]).all(axis=-1).mean()
  assert abs(again - 1 / 24) < .03  # iterations are shuffled independently


def test_one_key_gives_every_image_its_own_shuffle():
  present = tf.ones([500, 9], tf.bool)
  visits = em._visits(present, 2, None, tf.constant([3, 4]))[0].numpy()
  assert len({row.tobytes() for row in visits}) > 490


def test_both_words_of_a_key_and_their_order_matter():
  present = tf.ones([4, 40], tf.bool)
  keys = tf.constant([[1, 2], [1, 3], [0, 2], [2, 1]])
  visits = em._visits(present, 1, None, keys)[0].numpy()
  assert len({row.tobytes() for row in visits}) == 4


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_shuffles_are_the_same_compiled(mode):
  present = tf.constant(random_case(images=20, classes=30, seed=16, most=20)[1] > 0)
  for seed in (tf.constant(keys_of(20)), tf.constant([7, -1])):
    eager = em._visits(present, 5, None, seed)[0]
    other = compiled(lambda p, s: em._visits(p, 5, None, s)[0], mode)(present, seed)
    np.testing.assert_array_equal(eager, other)


@pytest.mark.parametrize("mode", ["graph", "xla"])
def test_compiled_equals_eager_with_seed(mode):
  scores, tags = random_case(seed=17)
  keys = tf.constant(keys_of(4))
  eager = em.em_adapt_scores(scores, tags, seed=keys).numpy()
  other = compiled(lambda s, t, k: em.em_adapt_scores(s, t, seed=k), mode)(
      tf.constant(scores), tf.constant(tags), keys).numpy()
  np.testing.assert_allclose(other, eager, rtol=0, atol=2e-5)
  same = em.latent_labels(other).numpy() == em.latent_labels(eager).numpy()
  assert same[gap(eager) > 2e-5].all() and same.mean() > .99


def test_dynamic_shapes_trace_once():
  signature = [tf.TensorSpec([None, None, None, 6]), tf.TensorSpec([None, 6])]
  step = tf.function(em.em_adapt_scores, input_signature=signature)
  for size in ((13, 15), (5, 9)):
    scores, tags = random_case(size=size, seed=18)
    np.testing.assert_allclose(step(scores, tags), em.em_adapt_scores(scores, tags), atol=1e-6)


# Precision, gradients, errors.


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
@pytest.mark.parametrize("step", [em.em_fixed_scores, em.em_adapt_scores])
def test_half_precision_scores_are_computed_in_float32(step, dtype):
  scores, tags = random_case(seed=19)
  scores = tf.cast(scores, dtype)
  out = step(scores, tf.cast(tags, dtype))
  assert out.dtype == tf.float32
  np.testing.assert_array_equal(out, step(tf.cast(scores, tf.float32), tags))


def test_gradients():
  scores, tags = random_case(seed=20)
  scores = tf.constant(scores)
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(scores)
    fixed = em.em_fixed_scores(scores, tags)
    adapted = em.em_adapt_scores(scores, tags)
    boxed = em.bbox_em_fixed_scores(scores, np.ones(scores.shape[:3], np.uint8))
  np.testing.assert_array_equal(tape.gradient(fixed, scores), np.ones(scores.shape))
  np.testing.assert_array_equal(tape.gradient(boxed, scores), np.ones(scores.shape))
  assert tape.gradient(adapted, scores) is None


@pytest.mark.parametrize("call, words", [
    (lambda s, t: em.em_fixed_scores(s, t[:, :5]), "tags do not fit"),
    (lambda s, t: em.em_adapt_scores(s, t[:2]), "tags do not fit"),
    (lambda s, t: em.em_adapt_scores(s, t, background_portion=40), "background portion"),
    (lambda s, t: em.em_adapt_scores(s, t, iterations=0), "round over the classes"),
    (lambda s, t: em.em_adapt_scores(s, t, order=np.ones([4, 3, 2], np.int32)), "order"),
    (lambda s, t: em.em_adapt_scores(s, t, seed=[1, 2, 3]), "seed"),
    (lambda s, t: em.latent_labels(s, censor=True), "without image tags"),
])
def test_errors_have_the_form_of_the_house(call, words):
  with pytest.raises(ValueError, match=f"(?s){words}.*Expected: .* Received: "):
    call(*random_case(seed=21))


# The effect.


def test_em_adapt_finds_objects_that_a_timid_network_misses():
  """Scores that rank pixels rightly but always prefer background: EM-Adapt recovers the object."""
  rng = np.random.default_rng(22)
  truth = np.zeros([2, 41, 41], np.int32)
  truth[0, 8:26, 5:24] = 3  # 342 of 1681 pixels: the foreground portion
  truth[1, 15:34, 12:30] = 5
  scores = rng.normal(size=[2, 41, 41, 7], scale=.3).astype(np.float32)
  scores[..., 0] += 12.
  scores[np.arange(2)[:, None, None], np.arange(41)[:, None], np.arange(41), truth] += 2.
  tags = em.tags_from_labels(truth, 7)

  def iou(labels):
    hit = (labels == truth) & (truth > 0)
    return hit.sum() / ((labels > 0) | (truth > 0)).sum()

  assert iou(em.latent_labels(scores).numpy()) == 0
  fixed = iou(em.latent_labels(em.em_fixed_scores(scores, tags)).numpy())
  adapted = iou(em.latent_labels(em.em_adapt_scores(scores, tags)).numpy())
  assert adapted > .9 and fixed < .1


# === Boxes: other decisions of the E-step ===


def boxed_scores(seed=4):
  """Returns scores [2,6,7,5], a label map with unknown pixels, and which classes cover a pixel."""
  random = np.random.RandomState(seed)
  labels = random.choice([0, 1, 2, 3, 4, 255], (2, 6, 7)).astype(np.int32)
  covered = random.rand(2, 6, 7, 5) < 0.3
  covered[..., 0] = False
  return random.normal(0, 3, (2, 6, 7, 5)).astype(np.float32), labels, covered


def test_every_covering_class_is_biased_once():
  scores, labels, covered = boxed_scores()
  found = em.bbox_em_fixed_scores(scores, labels, 2.0, 3.0, covered=covered).numpy()
  for place in np.ndindex(labels.shape):
    wanted = scores[place].copy()
    if labels[place] != 255:
      wanted[0] += 2.0
      for label in range(1, 5):
        wanted[label] += 3.0 * (covered[place][label] or labels[place] == label)
    np.testing.assert_allclose(found[place], wanted, atol=1e-6)
  nobody = em.bbox_em_fixed_scores(scores, labels, covered=np.zeros_like(covered))
  np.testing.assert_array_equal(nobody, em.bbox_em_fixed_scores(scores, labels))
