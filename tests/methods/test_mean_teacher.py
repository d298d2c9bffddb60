"""The mean teacher as a method: what each loss is, what it reads, and how the teacher follows."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import consistency
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import mean_teacher
from keras_weakseg.methods import mixed_lesson
from keras_weakseg.methods import ratio
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.ops import losses

SIDE, CLASSES = 32, 3
PLAIN = {"mixing": "none", "color_share": 0.0, "blur_share": 0.0, "threshold": 0.4}


def network():
  """Returns a small network whose scores have the size of the image, with batch statistics."""
  x = images = keras.Input((None, None, 3))
  x = keras.layers.Conv2D(4, 3, padding="same", name="conv")(x)
  x = keras.layers.BatchNormalization(name="bn")(x)
  return keras.Model(images, keras.layers.Conv2D(
      CLASSES, 1, dtype="float32", name="head_classifier")(keras.layers.ReLU()(x)))


def built(known=False, rate=0.1, **options):
  """Returns a method with a teacher, of parts with two masks and two images without."""
  keras.utils.set_random_seed(1)
  record = networks.network_record("unet", score_level=0)
  made = {}
  for name in ("segmenter", "teacher"):
    model = network()
    scorer = preprocessing.predictor(model, record)
    made[name] = contexts.Built(model, record, scorer, scorer, trained=name == "segmenter")
  made["teacher"].model.set_weights(made["segmenter"].model.get_weights())
  sizes = {"part_sizes": (2, 2), "part_masks": (True, False)} if known else {}
  method = mean_teacher.MeanTeacher(
      contexts.Context(made, ("mask", "none"), (1.0, 1.0), **sizes), **options)
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(rate * m)))
  return method


def make_batch(seed=0, garbage=0, **changes):
  """Returns two samples with a mask, two without, dealt evenly."""
  random = np.random.RandomState(seed)
  image = random.randint(0, 255, (4, SIDE, SIDE, 3)).astype(np.uint8)
  mask = (image[..., 0] > 127).astype(np.uint8)
  mask[:, :4] = 255
  mask[1::2] = garbage
  valid = np.ones(mask.shape, bool)
  valid[:, :, 30:] = False
  values = {
      fields.IMAGE: image, fields.MASK: mask, fields.VALID: valid,
      fields.SUPERVISION: np.array([4, 0, 4, 0], np.int32),
      fields.PART: np.array([0, 1, 0, 1], np.int32),
      fields.DISPARITY: random.rand(4, SIDE, SIDE).astype(np.float32),
      fields.SAMPLE_KEY: np.stack([np.arange(4), np.full(4, seed)], 1).astype(np.int32)}
  return {name: tf.constant(value) for name, value in {**values, **changes}.items()}


def floats(logs):
  return {name: float(value) for name, value in logs.items()}


def scores_of(method, batch, name="segmenter", rows=slice(None)):
  images = tf.cast(batch[fields.IMAGE], tf.float32)[rows]
  return method.context.networks[name].scorer(images, training=True)


def test_the_losses_are_those_computed_by_hand(figures_of):
  """Without mixing and colours: cross entropy with masks, and with the teacher's labels."""
  batch, method = make_batch(), built(known=True, mixed="unlabelled", **PLAIN)
  labelled, others = [0, 2], [1, 3]
  wanted = losses.masked_cross_entropy(
      tf.gather(batch[fields.MASK], labelled),
      scores_of(method, {fields.IMAGE: tf.gather(batch[fields.IMAGE], labelled)}))
  images = {fields.IMAGE: tf.gather(batch[fields.IMAGE], others)}
  scores = scores_of(method, images, "teacher")
  probabilities = tf.nn.softmax(scores).numpy()
  valid = batch[fields.VALID].numpy()[others]
  sure = (probabilities.max(-1) >= 0.4) & valid
  labels = np.where(valid, probabilities.argmax(-1), 255)
  entropy, _ = losses.cross_entropy_map(labels, scores_of(method, images))
  found, gradients = figures_of(method, batch)
  assert 0 < sure.mean() < 1 and set(found) >= {"loss_mask", "pseudo", "pseudo_coverage"}
  np.testing.assert_allclose(found["loss_mask"], wanted, rtol=1e-5)
  np.testing.assert_allclose(found["pseudo"], sure.mean() * np.mean(entropy), rtol=1e-5)
  np.testing.assert_allclose(found["pseudo_coverage"], sure[valid].mean(), rtol=1e-5)
  assert all(np.abs(gradient).max() > 0 for gradient in gradients)


@pytest.mark.quick(next(iter(consistency.KINDS)))
@pytest.mark.parametrize("kind", consistency.KINDS)
def test_garbage_in_masks_that_are_not_granted_changes_nothing(kind):
  found = []
  for garbage in (0, 2, 255):
    method = built(mixing=kind, threshold=0.4)
    logs = [floats(method.train_step(make_batch(seed, garbage))) for seed in range(2)]
    found.append((logs, [variable.numpy() for variable in method.weights]))
  for logs, weights in found[1:]:
    assert logs == found[0][0]
    for one, other in zip(weights, found[0][1], strict=True):
      np.testing.assert_array_equal(one, other)


def test_masks_of_the_mixed_are_read_only_if_they_shall_be():
  """With `unlabelled` a mask says nothing in the mixed image, whether rows are known or not."""
  pseudo = {}
  for known in (False, True):
    for mixed in (mixed_lesson.ALL, mixed_lesson.UNLABELLED):
      for mask in (0, 1):
        batch = make_batch()
        batch[fields.MASK] = tf.where(batch[fields.MASK] == 255, batch[fields.MASK], mask)
        found = floats(built(known, mixed=mixed, mixing="cutmix", threshold=0.4).train_step(batch))
        pseudo[known, mixed, mask] = found["pseudo"]
  for known in (False, True):
    assert pseudo[known, "all", 0] != pseudo[known, "all", 1]
    assert pseudo[known, "unlabelled", 0] == pseudo[known, "unlabelled", 1] > 0


@pytest.mark.parametrize("change", ["ignored", "unlabelled", "padding"])
def test_batches_that_say_nothing_give_finite_losses(change):
  batch = make_batch()
  if change == "ignored":
    batch[fields.MASK] = tf.fill(batch[fields.MASK].shape, tf.constant(255, tf.uint8))
  elif change == "unlabelled":
    batch[fields.SUPERVISION] = tf.zeros([4], tf.int32)
  else:
    batch[fields.VALID] = tf.zeros_like(batch[fields.VALID])
    batch[fields.MASK] = tf.fill(batch[fields.MASK].shape, tf.constant(255, tf.uint8))
  for kind in consistency.KINDS:
    method = built(mixing=kind, weighting="none")
    logs = floats(method.train_step(batch))
    assert all(np.isfinite(value) for value in logs.values()) and logs["loss_mask"] == 0
    assert all(np.isfinite(variable.numpy()).all() for variable in method.weights)
  bare = {name: value for name, value in batch.items() if name != fields.MASK}
  assert np.isfinite(float(built().train_step(bare)["loss"]))


def test_the_teacher_is_the_closed_form_of_its_students():
  method, kept = built(alpha=0.6, rate=0.5), []
  first = method.networks["segmenter"].trainable_variables[0].numpy()
  for seed in range(4):
    method.train_step(make_batch(seed))
    kept.append(method.networks["segmenter"].trainable_variables[0].numpy())
  wanted = first
  for share, student in zip((0.5, 0.6, 0.6, 0.6), kept):
    wanted = share * wanted + (1 - share) * student
  assert np.abs(kept[-1] - first).max() > 1e-3
  np.testing.assert_allclose(
      method.networks["teacher"].trainable_variables[0].numpy(), wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("statistics", ["batch", "ema", "student"])
def test_the_teacher_runs_in_the_mode_of_its_statistics(statistics):
  """In training mode it normalises by its batches, although no optimizer moves it."""
  method = built(statistics=statistics, mixed="all", **PLAIN)
  batch, seen = make_batch(), {}
  for name, shift in (("as it was", 0.0), ("shifted", 100.0)):
    for layer in method.networks["teacher"].layers:
      if isinstance(layer, keras.layers.BatchNormalization):
        layer.moving_mean.assign(layer.moving_mean + shift)
    with mixed_lesson.randomness.random_scope([1, 2]):
      _, health = method.lesson(batch, lambda images: scores_of(method, {fields.IMAGE: images}))
    seen[name] = float(ratio.evaluate(health)["pseudo_coverage"])
  assert (seen["as it was"] == seen["shifted"]) == (statistics == "batch")
  assert not set(v.ref() for v in method.networks["teacher"].variables) & set(
      v.ref() for v in method.updater.variables_in_order)


@pytest.mark.parametrize("statistics", ["batch", "ema"])
def test_the_teacher_keeps_the_frozen_layers_of_its_student(statistics):
  """They normalise by what is stored, in training too; a teacher of batches does as its student."""
  method = built(statistics=statistics, **PLAIN)
  method.main.get_layer("bn").trainable = False
  lesson = mixed_lesson.MixedLesson(method.context, statistics=statistics, **PLAIN)
  layers = {layer.name: layer.trainable for layer in lesson._teacher.model.layers}
  assert layers["bn"] is False and layers["conv"] is (statistics == "batch")


def test_who_is_evaluated():
  student, teacher = built(), built(evaluated="teacher")
  assert student.predictor is student.context.networks["segmenter"].predictor
  assert teacher.predictor is teacher.context.networks["teacher"].predictor
  assert list(mean_teacher.MeanTeacher.networks_of({})) == ["segmenter", "teacher"]


def test_more_views_are_other_views_and_count_as_one(figures_of):
  """Without colours and mixing all views are equal, and so is their mean."""
  batch = make_batch()
  one, three = (figures_of(built(views=views, **PLAIN), batch)[0]["pseudo"] for views in (1, 3))
  np.testing.assert_allclose(three, one, rtol=1e-5)
  one, two = (figures_of(built(views=views, mixing="cutmix"), batch)[0]["pseudo"]
              for views in (1, 2))
  assert one != two


def test_features_lose_channels_and_nothing_else(figures_of):
  """Of no channel lost, the loss is that of the unmixed samples in their own colours."""
  options, batch = dict(PLAIN, mixed="unlabelled", known=True), make_batch()
  whole, _ = figures_of(built(feature_weight=0.5, feature_rate=0.0, **options), batch)
  np.testing.assert_allclose(whole["features"], whole["pseudo"], rtol=1e-5)
  method = built(feature_weight=0.5, **options)
  lost = floats(method.train_step(batch))
  np.testing.assert_allclose(lost["pseudo"], whole["pseudo"], rtol=1e-5)
  assert lost["features"] != pytest.approx(whole["features"])
  np.testing.assert_allclose(
      lost["loss"], lost["loss_mask"] + lost["pseudo"] + 0.5 * lost["features"], rtol=1e-5)
  plain, gradients = figures_of(built(**options), batch)
  assert "features" not in plain
  _, others = figures_of(built(feature_weight=0.5, **options), batch)
  # The encoder learns from them, not the head alone.
  assert np.abs(others[0] - gradients[0]).max() > 1e-6


def test_tags_and_boxes_stand_beside_masks_and_nothing():
  """In one batch; the teacher's labels obey them, and masks they do not grant stay unread."""
  weak = {
      fields.SUPERVISION: np.array([7, 1, 3, 0], np.int32),
      fields.PART: np.array([0, 1, 2, 3], np.int32),
      fields.TAGS: np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 0]], np.float32),
      fields.BOXES: np.array([[[0, 0, 0, 0]]] * 2 + [[[0, 0, .5, 1]]] + [[[0, 0, 0, 0]]],
                             np.float32),
      fields.BOX_CLASSES: np.array([[-1], [-1], [1], [-1]], np.int32)}
  found = []
  for garbage in (0, 2):
    batch = make_batch(garbage=garbage, **weak)
    mask = batch[fields.MASK].numpy()
    mask[1:] = garbage
    batch[fields.MASK] = tf.constant(mask)
    tags = weak[fields.TAGS].copy()
    tags[3] = garbage / 2  # Not granted either.
    batch[fields.TAGS] = tf.constant(tags)
    method = built(mixing="cutmix", threshold=0.4)
    found.append((floats(method.train_step(batch)), [v.numpy() for v in method.weights]))
  assert found[0][0] == found[1][0] and found[0][0]["pseudo"] > 0
  for one, other in zip(found[0][1], found[1][1], strict=True):
    np.testing.assert_array_equal(one, other)
  blind = dict(weak, **{fields.SUPERVISION: np.array([7, 0, 0, 0], np.int32)})
  logs = floats(built(mixing="cutmix", threshold=0.4).train_step(make_batch(**blind)))
  assert logs["pseudo"] != found[0][0]["pseudo"]
  assert logs["pseudo_coverage"] < found[0][0]["pseudo_coverage"]


def test_the_options_of_fixmatch_leave_no_memory(figures_of):
  """The teacher is the student, and sure pixels alone count, over those that are known."""
  options = dict(PLAIN, mixed="unlabelled", known=True, alpha=0.0, ramp=False,
                 statistics="student", weighting="pixel", over="known")
  batch, method = make_batch(), built(**options)
  teacher = method.context.networks["teacher"].scorer
  others = tf.gather(tf.cast(batch[fields.IMAGE], tf.float32), [1, 3])
  probabilities = tf.nn.softmax(teacher(others, training=False)).numpy()
  valid = batch[fields.VALID].numpy()[[1, 3]]
  entropy, _ = losses.cross_entropy_map(
      np.where(valid, probabilities.argmax(-1), 255), scores_of(method, {fields.IMAGE: others}))
  wanted = (entropy.numpy() * (probabilities.max(-1) >= 0.4)).sum() / valid.sum()
  np.testing.assert_allclose(figures_of(method, batch)[0]["pseudo"], wanted, rtol=1e-5)
  method.train_step(batch)
  for one, other in zip(*(method.networks[name].weights for name in ("segmenter", "teacher"))):
    np.testing.assert_array_equal(one, other)


def test_disparity_is_asked_for_by_depthmix_alone():
  inputs = mean_teacher.MeanTeacher.inputs
  assert inputs({"mixing": "depthmix"}) == (fields.DISPARITY,) and inputs({}) == ()


def test_what_cannot_be_is_refused():
  with pytest.raises(ValueError, match="(?s)blur.*smallest, largest"):
    built(blur=(2.0, 1.0))
  batch = make_batch(part=np.array([0, 1, 0, 1], np.int32))
  three = {name: value[:3] for name, value in batch.items()}
  with pytest.raises(ValueError, match="(?s)cannot be shared out.*batch_size"):
    built(known=True).train_step(three)


def test_unlabelled_images_teach_what_masks_have_begun():
  """Images whose one colour says the class: the pseudo labels end up right."""
  method = built(known=True, mixing="cutmix", threshold=0.6, rate=0.3)
  step = tf.function(method.train_step, autograph=False)
  for seed in range(40):
    logs = floats(step(make_batch(seed)))
  assert logs["pseudo_coverage"] > 0.5 and logs["pseudo_precision"] > 0.9
