"""Tests of the methods of boxes: what they train on, and that boxes make a network find objects."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg import options
from keras_weakseg.methods import boxes
from keras_weakseg.methods import registry
from keras_weakseg.ops import em

NAMES = ("bbox_rect", "bbox_seg", "bbox_em_fixed")


@pytest.fixture
def boxed(batch):
  """Returns a batch: samples 0 and 2 have a mask, 1 and 3 boxes of class 3 in their middle."""
  labels = np.zeros([4, 33, 33], np.uint8)
  labels[:, 8:25, 8:25] = 3
  labels[:, 29:] = 255
  return {**batch, fields.SUPERVISION: tf.constant([7, 3, 7, 3]),
          fields.BOX_LABELS: tf.constant(labels)}


@pytest.mark.parametrize("name", ["bbox_rect", "bbox_seg"])
def test_label_maps_are_trained_on_and_masks_are_kept(built, boxed, completed, name):
  _, labels, result, _ = completed(built(name), boxed)
  np.testing.assert_array_equal(result[0::2], labels[0::2])
  np.testing.assert_array_equal(result[1::2], boxed[fields.BOX_LABELS].numpy()[1::2, ::8, ::8])


def test_the_e_step_is_that_of_the_reference(golden, built):
  """Through the method, on the reference's scores and decimated label maps."""
  archive = golden("em.npz")
  method = built("bbox_em_fixed")
  found = method.latent(tf.constant(archive["bbox_em__scores"]),
                        tf.cast(archive["bbox_em__rect_labels"], tf.int32), {})
  np.testing.assert_array_equal(found, archive["bbox_em__labels"])


def test_the_e_step_is_biased_by_five_and_six(built, boxed, completed):
  scores, labels, result, _ = completed(built("bbox_em_fixed"), boxed)
  inside = boxed[fields.BOX_LABELS].numpy()[:, ::8, ::8] == 3
  biased = scores.numpy() + np.array([5.0, 0, 0, 0])
  biased[inside] += [0, 0, 0, 6.0]
  wanted = np.argmax(biased, -1)
  known = boxed[fields.BOX_LABELS].numpy()[:, ::8, ::8] != 255
  np.testing.assert_array_equal(result.numpy()[1::2][known[1::2]], wanted[1::2][known[1::2]])
  np.testing.assert_array_equal(result[0::2], labels[0::2])
  assert (result.numpy()[1::2][~known[1::2]] == 255).all()


def test_the_decision_between_object_and_background(built, boxed, completed):
  """What the other classes say counts for the object; boxes say which."""
  scores, labels, result, _ = completed(built("bbox_em_fixed", decision="object"), boxed)
  maps = boxed[fields.BOX_LABELS].numpy()[:, ::8, ::8]
  values = scores.numpy().astype(np.float64)
  objects = np.log(np.exp(values[..., 1:]).sum(-1)) + 6.0
  wanted = np.where(maps == 255, 255, np.where(objects > values[..., 0] + 5.0, maps, 0))
  np.testing.assert_array_equal(result.numpy()[1::2], wanted[1::2])
  np.testing.assert_array_equal(result[0::2], labels[0::2])


@pytest.mark.parametrize("decision", ["class", "object"])
def test_every_covering_box_may_count(built, boxed, completed, decision):
  """Class 1 has a large box around the box of class 3, whose network says 1 everywhere."""
  around = [[0.0, 0.0, 1.0, 1.0], [8 / 33, 8 / 33, 25 / 33, 25 / 33]]
  boxed[fields.BOXES] = tf.constant([[[0.0] * 4] * 2, around, [[0.0] * 4] * 2, around], tf.float32)
  boxed[fields.BOX_CLASSES] = tf.constant([[-1, -1], [1, 3], [-1, -1], [1, 3]])
  maps = np.where(boxed[fields.BOX_LABELS].numpy() == 0, 1, boxed[fields.BOX_LABELS].numpy())
  boxed[fields.BOX_LABELS] = tf.constant(maps.astype(np.uint8))
  smallest, every = (built("bbox_em_fixed", decision=decision, overlap=overlap)
                     for overlap in ("smallest", "all"))
  scores = np.zeros([4, 5, 5, 4], np.float32)
  scores[..., 1] = 2.0
  small = maps[:, ::8, ::8] == 3
  found = {method.overlap: method.latent(
      tf.constant(scores), tf.cast(maps[:, ::8, ::8], tf.int32), boxed).numpy()
           for method in (smallest, every)}
  assert (found["smallest"][1::2][small[1::2]] == 3).all()
  assert (found["all"][1::2][small[1::2]] == 1).all()
  # Without boxes of its own, a sample has its label map.
  np.testing.assert_array_equal(found["all"][0::2], found["smallest"][0::2])


def test_unknown_names_of_the_e_step_are_refused(built):
  with pytest.raises(ValueError, match="Did you mean 'object'"):
    built("bbox_em_fixed", decision="objects")
  with pytest.raises(ValueError, match="Did you mean 'all'"):
    built("bbox_em_fixed", overlap="al")


def test_a_warm_up_trains_on_the_boxes_first(built, boxed, completed):
  """Bbox-Rect's labels before its last step, the E-step's from then on."""
  warm, cold, rect = (built(name, **options) for name, options in (
      ("bbox_em_fixed", {"warmup_steps": 2}), ("bbox_em_fixed", {}), ("bbox_rect", {})))
  early, late = (completed(method, boxed)[2].numpy() for method in (rect, cold))
  assert (early != late).any()
  for step, wanted in enumerate((early, early, late, late)):
    warm.step.assign(step)
    np.testing.assert_array_equal(completed(warm, boxed)[2], wanted)


def test_a_warm_up_ends_inside_a_compiled_training(built, boxed):
  """One graph serves both halves: at first the losses are those of Bbox-Rect, then no longer."""
  warm = built("bbox_em_fixed", warmup_steps=2, background_bias=9.0)
  rect = built("bbox_rect")
  warm_step, rect_step = (
      tf.function(method.train_step, autograph=False) for method in (warm, rect))
  warm_losses, rect_losses = ([float(step(boxed)["loss"]) for _ in range(4)]
                              for step in (warm_step, rect_step))
  np.testing.assert_allclose(warm_losses[:2], rect_losses[:2], rtol=1e-5)
  assert abs(warm_losses[2] - rect_losses[2]) > 1e-3
  assert warm_step.experimental_get_tracing_count() == 1


def test_the_plan_says_what_the_e_step_starts_from():
  cls = boxes.BBoxEMFixed
  assert "first 7 steps" in cls.notes({"warmup_steps": 7}, False)[0]
  assert "warmup_steps" in cls.notes({"warmup_steps": 0}, False)[0]
  assert cls.notes({"warmup_steps": 0}, True) == boxes.BBoxRect.notes({}, False) == []


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_granted_teaches_nothing(built, boxed, completed, name):
  boxed[fields.SUPERVISION] = tf.constant([7, 1, 7, 0])
  _, _, result, health = completed(built(name), boxed)
  assert (result.numpy()[1::2] == 255).all()
  assert float(health["latent_foreground"].denominator) == 0


@pytest.mark.parametrize("name", NAMES)
def test_padding_has_no_label(built, boxed, completed, name):
  inside = np.ones([4, 33, 33], bool)
  inside[:, 10:] = False
  boxed[fields.VALID] = tf.constant(inside)
  _, _, result, _ = completed(built(name), boxed)
  assert (result.numpy()[1::2, 2:] == 255).all() and (result.numpy()[1::2, :2] < 255).all()


def test_health_compares_label_maps_with_known_masks(built, boxed, completed):
  _, labels, result, health = completed(built("bbox_rect"), boxed)
  maps = boxed[fields.BOX_LABELS].numpy()[:, ::8, ::8]
  truth = labels.numpy()[0::2]
  known = (truth != 255) & (maps[0::2] != 255)
  found = health["latent_accuracy"]
  np.testing.assert_allclose(
      found.numerator / found.denominator, np.mean((maps[0::2] == truth)[known]), rtol=1e-6)
  weak = result.numpy()[1::2]
  found = health["latent_foreground"]
  np.testing.assert_allclose(
      found.numerator / found.denominator, np.mean(weak[weak != 255] > 0), rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_without_label_maps_is_refused(built, batch, completed, name):
  with pytest.raises(ValueError, match="WithBoxLabels"):
    completed(built(name), batch)


@pytest.mark.parametrize("name", NAMES)
def test_training_from_boxes_makes_the_network_find_the_object(built, boxed, name):
  """The end-to-end effect: bright squares that are boxed are found, without any mask."""
  images = np.full([4, 33, 33, 3], 40, np.uint8)
  images[:, 8:25, 8:25] = 220
  boxed.update(image=tf.constant(images), supervision=tf.fill([4], 3), part=tf.ones([4], tf.int32))
  del boxed["mask"]
  method = built(name)
  step = tf.function(method.train_step, autograph=False)
  for _ in range(60):
    logs = step(boxed)
  assert np.isfinite(float(logs["loss"])) and "latent_accuracy" not in logs
  labels = tf.argmax(method.predictor(tf.cast(images, tf.float32), training=True), -1).numpy()
  wanted = boxed[fields.BOX_LABELS].numpy()[:, ::8, ::8]
  known = wanted != 255
  assert np.mean((labels == wanted)[known]) > 0.9


def test_the_e_step_corrects_a_box_that_the_scores_contradict():
  """What sets EM apart from Bbox-Rect: a sure background wins inside of a box."""
  scores = tf.constant([[[[9.0, 0.0], [0.0, 0.0]]]])
  method = boxes.BBoxEMFixed
  found = em.latent_labels(em.bbox_em_fixed_scores(scores, [[[1, 1]]], 5.0, 6.0))
  assert found.numpy().tolist() == [[[0, 1]]] and method.label_maps == "rect"


def test_which_label_maps_they_want():
  wanted = {name: registry.method_class(name).label_maps for name in NAMES}
  assert wanted == {"bbox_rect": "rect", "bbox_seg": "seg", "bbox_em_fixed": "rect"}
  assert registry.method_class("em_fixed").label_maps is None
  assert set(registry.method_class("bbox_seg").label_map_options) <= set(
      options.options_of(boxes.BBoxSeg))
