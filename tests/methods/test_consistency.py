"""Targets of a teacher, mixing in a step, and the loss: parity, garbage, replicas, no label."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.methods import consistency, ratio

CLASSES = 4
KEYS = np.array([[7, 1], [8, 2], [9, 3], [10, 4]], np.int32)
RANDOM = np.random.RandomState(0)
SCORES = (4 * RANDOM.normal(size=(4, 6, 8, CLASSES))).astype(np.float32)
DISPARITY = RANDOM.rand(4, 6, 8).astype(np.float32)
SURE = 0.8


def make_batch(garbage=0):
  """Returns a batch of two labelled and two unlabelled samples; padding on the right."""
  mask = np.random.RandomState(1).randint(0, CLASSES, (4, 6, 8)).astype(np.uint8)
  mask[:, 0] = 255
  mask[2:] = garbage
  valid = np.ones([4, 6, 8], bool)
  valid[:, :, 7] = False
  return {name: tf.constant(value) for name, value in {
      fields.MASK: mask, fields.VALID: valid,
      fields.SUPERVISION: np.array([4, 7, 0, 1], np.int32)}.items()}


def value(found):
  return float(ratio.evaluate({"x": found})["x"])


def test_golden(golden):
  """The whole way of the reference: its teacher, a labelled image, its mask, its loss."""
  data = golden("mixing.npz")
  truth = data["pseudo__label_image1"]
  truth = np.where(truth == data["pseudo__ignore_index"], 255, truth).astype(np.uint8)
  batch = {fields.MASK: tf.constant(np.stack([np.zeros_like(truth), truth])),
           fields.SUPERVISION: tf.constant([0, 4]), fields.VALID: tf.ones([2, 24, 40], tf.bool)}
  targets = consistency.targets_of(data["pseudo__teacher_logits"], batch)
  mixed = consistency.mixing.mix_with(data["pseudo__mask"], targets, [1, 0])
  labels = np.where(mixed[consistency.LABELS] == 255, 250, mixed[consistency.LABELS])
  np.testing.assert_array_equal(labels, data["pseudo__label"])
  student = tf.constant(data["pseudo__student_logits"])
  for weighting, name in (("batch", "loss"), ("pixel", "loss_threshold_map")):
    loss = consistency.pseudo_loss(mixed[consistency.LABELS], mixed[consistency.SURE], student,
                                   weighting)
    np.testing.assert_allclose(value(loss), data[f"pseudo__{name}"], rtol=5e-6)


def test_masks_that_are_not_granted_are_never_read():
  found = [[consistency.targets_of(SCORES, make_batch(garbage), SURE),
            ratio.evaluate(consistency.health_of(SCORES, make_batch(garbage), SURE))]
           for garbage in (0, 3, 255)]
  for other in found[1:]:
    for one, two in zip(tf.nest.flatten(found[0]), tf.nest.flatten(other)):
      np.testing.assert_array_equal(one, two)


def test_masks_stand_for_the_teacher_and_nothing_known_is_ignored():
  batch = make_batch()
  targets = consistency.targets_of(SCORES, batch, SURE)
  labels, sure = targets[consistency.LABELS].numpy(), targets[consistency.SURE].numpy()
  mask = batch[fields.MASK].numpy()
  np.testing.assert_array_equal(labels[:2, :, :7], mask[:2, :, :7])
  np.testing.assert_array_equal(labels[2:, :, :7], SCORES.argmax(-1)[2:, :, :7])
  assert (labels[:, :, 7] == 255).all() and (sure[labels == 255] == 0).all()
  assert (sure[:2][labels[:2] != 255] == 1).all() and 0 < sure[2:].mean() < 1
  alone = consistency.targets_of(SCORES, batch, SURE, use_masks=False)
  np.testing.assert_array_equal(alone[consistency.LABELS][:, :, :7],
                                SCORES.argmax(-1)[:, :, :7])


@pytest.mark.parametrize("kind", consistency.KINDS)
def test_everything_is_mixed_together_and_replicas_do_as_one(kind):
  mix = consistency.Mixing(kind, group=2)
  batch = make_batch()
  samples = {**consistency.targets_of(SCORES, batch, SURE), fields.VALID: batch[fields.VALID],
             "place": tf.reshape(tf.range(4 * 48), [4, 6, 8])}
  mixed, mask = mix(samples, KEYS, CLASSES, DISPARITY)
  origin = mixed["place"].numpy() // 48
  partners = np.array([1, 0, 3, 2]) if kind != "none" else np.arange(4)
  np.testing.assert_array_equal(
      origin, np.where(mask, np.arange(4)[:, None, None], partners[:, None, None]))
  for name in (consistency.LABELS, consistency.SURE, fields.VALID):
    np.testing.assert_array_equal(
        mixed[name], tf.gather(tf.reshape(samples[name], [-1]), mixed["place"]))
  assert mask.numpy().all() == (kind == "none")
  for half in (slice(0, 2), slice(2, 4)):
    one, _ = mix({name: part[half] for name, part in samples.items()}, KEYS[half], CLASSES,
                 DISPARITY[half])
    np.testing.assert_array_equal(one[consistency.LABELS], mixed[consistency.LABELS][half])
  run = tf.function(lambda: mix(samples, KEYS, CLASSES, DISPARITY)[0], jit_compile=True)
  np.testing.assert_array_equal(run()[consistency.LABELS], mixed[consistency.LABELS])


def test_a_blank_disparity_map_mixes_nothing():
  disparity = DISPARITY.copy()
  disparity[1] = 0
  mask = consistency.Mixing(group=2).mask(KEYS, [1, 0, 3, 2], np.zeros([4, 6, 8]), CLASSES,
                                          disparity)
  assert mask.numpy()[:2].all() and not mask.numpy()[2:].all()


def test_neighbours_stay_in_their_group():
  mix = consistency.Mixing(random_pairs=False, group=2)
  assert mix.partners(KEYS).numpy().tolist() == [1, 0, 3, 2]
  assert consistency.Mixing(random_pairs=False).partners(KEYS).numpy().tolist() == [1, 2, 3, 0]


@pytest.mark.parametrize("weighting", ["batch", "image", "pixel", "uniform", "none"])
def test_every_weighting_by_hand_and_with_nothing_known(weighting):
  targets = consistency.targets_of(SCORES, make_batch(), SURE)
  labels, sure = (targets[name].numpy() for name in (consistency.LABELS, consistency.SURE))
  student = SCORES[::-1].astype(np.float64)
  logs = student - np.log(np.exp(student).sum(-1, keepdims=True))
  known = labels != 255
  loss = -np.take_along_axis(logs, np.where(known, labels, 0)[..., None], -1)[..., 0] * known
  weights = {"batch": sure.mean(), "image": sure.mean((1, 2), keepdims=True), "pixel": sure,
             "uniform": 1.0, "none": 1.0}[weighting]
  for over in ("all", "known"):
    count = known.sum() if weighting == "none" or over == "known" else known.size
    found = consistency.pseudo_loss(labels, sure, SCORES[::-1], weighting, over)
    np.testing.assert_allclose(value(found), (loss * weights).sum() / count, rtol=1e-5)
    scores = tf.constant(SCORES)
    with tf.GradientTape() as tape:
      tape.watch(scores)
      nothing = consistency.pseudo_loss(np.full_like(labels, 255), 0 * sure, scores, weighting,
                                        over)
      total = tf.math.divide_no_nan(nothing.numerator, nothing.denominator)
    assert float(total) == 0 and not tape.gradient(total, scores).numpy().any()


@pytest.mark.parametrize("weighting", ["batch", "image", "pixel", "uniform", "none"])
def test_samples_that_do_not_learn_from_pseudo_labels_count_nowhere(weighting):
  """Micro-batches hold labelled samples that say nothing here: the loss is that without them."""
  targets = consistency.targets_of(SCORES, make_batch(), SURE)
  labels, sure = (targets[name].numpy() for name in (consistency.LABELS, consistency.SURE))
  rows = np.array([False, True, True, False])
  for over in ("all", "known"):
    alone = consistency.pseudo_loss(labels[rows], sure[rows], SCORES[rows], weighting, over)
    found = consistency.pseudo_loss(np.where(rows[:, None, None], labels, 255), sure, SCORES,
                                    weighting, over, rows)
    np.testing.assert_allclose(value(found), value(alone), rtol=1e-6)


def test_health_by_hand():
  batch = make_batch()
  found = ratio.evaluate(consistency.health_of(SCORES, batch, SURE))
  shares = np.exp(SCORES) / np.exp(SCORES).sum(-1, keepdims=True)
  sure, valid = shares.max(-1) >= SURE, batch[fields.VALID].numpy()
  mask = batch[fields.MASK].numpy()
  counted = sure & valid & (mask != 255)
  counted[2:] = False
  np.testing.assert_allclose(found["pseudo_coverage"], sure[valid].mean(), rtol=1e-6)
  np.testing.assert_allclose(found["pseudo_precision"],
                             (SCORES.argmax(-1) == mask)[counted].mean(), rtol=1e-6)


def test_unknown_choices_are_refused():
  with pytest.raises(ValueError, match="Did you mean 'depthmix'"):
    consistency.Mixing("depth_mix")
  with pytest.raises(ValueError, match="no denominator"):
    consistency.pseudo_loss(np.zeros([1, 2, 2]), np.zeros([1, 2, 2]), tf.zeros([1, 2, 2, 3]),
                            over="valid")


def told(flags):
  """Returns noisy scores [4,8,8,4] of known labels, and a batch of what flags grant of them."""
  random = np.random.RandomState(0)
  truth = np.zeros([4, 8, 8], np.int32)
  truth[:, 2:6, 1:5] = np.array([1, 2, 3, 2])[:, None, None]
  scores = 1.5 * np.eye(4)[truth] + random.normal(size=(4, 8, 8, 4))
  batch = {
      fields.SUPERVISION: tf.constant(flags, tf.int32),
      fields.TAGS: tf.constant(np.eye(4, dtype=np.float32)[[1, 2, 3, 2]]),
      fields.BOXES: tf.constant([[[.25, .125, .75, .625]]] * 4, tf.float32),
      fields.BOX_CLASSES: tf.constant([[1], [2], [3], [2]])}
  return truth, scores.astype(np.float32), batch


def test_tags_and_boxes_narrow_what_a_teacher_may_say():
  truth, scores, batch = told([0, 1, 3, 7])
  found = consistency.narrowed(scores, batch).numpy()
  np.testing.assert_array_equal(found[[0, 3]], scores[[0, 3]])  # Nothing granted, and a mask.
  labels = found.argmax(-1)
  assert set(np.unique(labels[1])) == {0, 2}
  inside = truth[2] > 0
  assert (labels[2][~inside] == 0).all() and set(np.unique(labels[2][inside])) <= {0, 3}
  np.testing.assert_array_equal(found[2][inside][:, [0, 3]], scores[2][inside][:, [0, 3]])
  right = [np.mean(consistency.narrowed(scores, told([flag] * 4)[2]).numpy().argmax(-1) == truth)
           for flag in (0, 1, 3)]
  assert right[0] + 0.05 < right[1] and right[1] + 0.05 < right[2]


def test_no_tags_say_nothing_and_no_boxes_say_background():
  _, scores, batch = told([1, 1, 2, 2])
  bare = {**batch, fields.TAGS: tf.zeros([4, 4]), fields.BOX_CLASSES: tf.fill([4, 1], -1)}
  found = consistency.narrowed(scores, bare).numpy()
  np.testing.assert_array_equal(found[:2], scores[:2])
  assert (found[2:].argmax(-1) == 0).all()
  alone = {fields.SUPERVISION: batch[fields.SUPERVISION]}
  np.testing.assert_array_equal(consistency.narrowed(scores, alone), scores)
