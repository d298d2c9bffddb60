"""Tests of dual learning: losses by hand, what stages move, what is inferred, what is granted."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import dual as method_module
from keras_weakseg.methods import updates
from keras_weakseg.networks import dual, dual_head
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing

CLASSES, SIDE = 4, 33
PARTS = ("mask", "weak")


def built(stage="semi", parts=PARTS, part_weights=(0.7, 0.3), readings=None, **options):
  """Returns the method on one convolution behind a ReLU, with large subnets."""
  keras.utils.set_random_seed(3)
  image = keras.Input((None, None, 3))
  features = keras.layers.Conv2D(8, 3, 8, "same", activation="relu", name="features")(image)
  head = dual_head.DualHead(CLASSES, name=dual.HEAD, step_size=0.1)
  network = keras.Model(image, head([features, image]))
  for variable in head.trainable_variables:
    variable.assign(20 * variable)
  record = networks.network_record("light_dual")
  record = type(record)(**{**record.__dict__, "stride": 8})
  scorer = preprocessing.predictor(network, record)
  method = method_module.Dual(contexts.Context(
      {"segmenter": contexts.Built(network, record, scorer, scorer)}, parts, part_weights,
      readings), stage=stage, **options)
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.1 * m)))
  return method


def batch(**changes):
  """Returns six samples: two masks, two tags, one of nothing, one mask with a bare strip."""
  random = np.random.RandomState(5)
  masks = random.randint(0, CLASSES, (6, SIDE, SIDE)).astype(np.uint8)
  masks[0, :9] = 255
  valid = np.ones([6, SIDE, SIDE], bool)
  valid[2, 20:] = valid[5, :, 17:] = False
  masks = np.where(valid, masks, 255).astype(np.uint8)
  tags = np.array([[1, 1, 1, 0], [1, 0, 0, 1], [1, 1, 0, 0], [1, 0, 1, 1], [1, 0, 1, 0],
                   [1, 1, 1, 1]], np.float32)
  noisy = tags.copy()
  noisy[2] = [1, 0, 1, 0]
  return {name: tf.constant(value) for name, value in {
      "image": random.randint(0, 256, (6, SIDE, SIDE, 3)).astype(np.uint8), "mask": masks,
      "tags": tags, "noisy_tags": noisy, "valid": valid,
      "supervision": np.array([7, 7, 1, 1, 0, 7], np.int32),
      "part": np.array([0, 0, 1, 1, 1, 0], np.int32), **changes}.items()}


def figures(method, data):
  terms, health = method.loss_terms(data)
  means = {**{name: term.mean for name, term in terms.items()}, **health}
  return {name: float(mean.numerator) / max(float(mean.denominator), 1e-9)
          for name, mean in means.items()}


def seen(data):
  """Returns bool [N,h,w], where crops are not padded, on the grid of the scores."""
  return data["valid"][:, ::8, ::8]


def softmax(x):
  x = np.exp(x - x.max(-1, keepdims=True))
  return x / x.sum(-1, keepdims=True)


def plain(method, data):
  """Returns u1, u3, v3, z3 and the image to be reconstructed, in float64."""
  images = method.preprocess(data["image"])
  u1 = method.encoder(images)
  v1 = tf.reduce_mean(u1, [1, 2])
  u3 = method.head.labelmap(u1, v1)
  found = (u1, u3, method.head.tags(u1, v1), method.head.reconstruct(u3), images[:, ::8, ::8])
  return [x.numpy().astype(np.float64) for x in found]


def test_losses_of_labels_are_those_by_hand():
  method, data = built("joint"), batch()
  _, u3, v3, z3, target = plain(method, data)
  found = figures(method, data)
  labels = data["mask"].numpy()[:, ::8, ::8]
  picked = np.take_along_axis(softmax(u3), np.minimum(labels, 3)[..., None].astype(int), -1)[..., 0]
  strong = np.array([1, 1, 0, 0, 0, 1], bool)[:, None, None] & (labels != 255)
  assert found["labelmap_mask"] == pytest.approx(-np.log(picked[strong]).mean(), rel=1e-5)
  assert found["labelmap_weak"] == 0
  tags = data["tags"].numpy()
  per_image = -(tags / tags.sum(-1, keepdims=True) * np.log(softmax(v3))).sum(-1)
  assert found["tags_mask"] == pytest.approx(per_image[[0, 1, 5]].mean(), rel=1e-5)
  assert found["tags_weak"] == pytest.approx(per_image[[2, 3]].mean(), rel=1e-5)
  error = ((z3 - target) ** 2).mean(-1)
  valid = data["valid"].numpy()[:, ::8, ::8]
  for part, rows in (("mask", [0, 1, 5]), ("weak", [2, 3, 4])):
    assert found[f"image_{part}"] == pytest.approx(error[rows][valid[rows]].mean(), rel=1e-5)


@pytest.mark.parametrize("steps", [0, 4])
def test_weak_samples_learn_what_is_inferred_of_them(steps):
  method, data = built(inference_steps=steps), batch()
  u1, u3, v3, *_ = plain(method, data)
  rows, head = [2, 3], method.head
  images, tags = method.preprocess(data["image"]), data["tags"].numpy()
  moved = head.inferred_with_tags(tf.constant(u1[rows], tf.float32), tf.gather(images, rows),
                                  tf.constant(tags[rows]), steps, tf.gather(seen(data), rows))
  latent = np.argmax(head.scores(*moved), -1)
  cleaned = softmax(head.tags(*moved).numpy().astype(np.float64))
  if not steps:
    together = softmax(u3[rows]) * softmax(v3[rows])[:, None, None]
    np.testing.assert_array_equal(latent, together.argmax(-1))
  found = figures(method, data)
  picked = np.take_along_axis(softmax(u3[rows]), latent[..., None], -1)[..., 0]
  valid = data["valid"].numpy()[rows, ::8, ::8]
  assert found["labelmap_weak"] == pytest.approx(-np.log(picked[valid]).mean(), rel=1e-5)
  by_hand = -(cleaned * np.log(softmax(v3[rows]))).sum(-1).mean()
  assert found["tags_weak"] == pytest.approx(by_hand, rel=1e-5)
  assert found["latent_foreground"] == pytest.approx((latent > 0)[valid].mean())
  kept = figures(built(inference_steps=steps, clean_tags=False), data)
  given = tags[rows] / tags[rows].sum(-1, keepdims=True)
  assert kept["tags_weak"] == pytest.approx(
      -(given * np.log(softmax(v3[rows]))).sum(-1).mean(), rel=1e-5)


@pytest.mark.parametrize("steps", [0, 4])
def test_tags_that_are_right_bound_the_labels_and_are_learned_as_they_are(steps):
  method, data = built(inference_steps=steps, clean_tags=False), batch()
  images = method.preprocess(data["image"])
  weak = tf.constant([False, False, True, True, False, False])
  latent, *_ = method.complete(method.encoder(images), images, data["tags"], weak, seen(data))
  for row in (2, 3):
    assert set(np.unique(latent[row])) <= set(np.flatnonzero(data["tags"][row]))


def test_shares_are_learned_instead_of_the_largest_ones_label():
  method, data = built(inference_steps=4, soft_labels=True), batch()
  _, u3, *_ = plain(method, data)
  images, rows = method.preprocess(data["image"]), [2, 3]
  weak = tf.constant([False, False, True, True, False, False])
  latent, _, shares = method.complete(
      method.encoder(images), images, data["tags"], weak, seen(data))
  np.testing.assert_allclose(np.sum(shares, -1)[rows], 1, rtol=1e-5)
  np.testing.assert_array_equal(np.argmax(shares, -1)[rows], latent.numpy()[rows])
  assert not shares.numpy()[[0, 1, 4, 5]].any()
  by_hand = -(shares.numpy()[rows] * np.log(softmax(u3[rows]))).sum(-1)
  valid = data["valid"].numpy()[rows, ::8, ::8]
  found = figures(method, data)
  assert found["labelmap_weak"] == pytest.approx(by_hand[valid].mean(), rel=1e-4)
  hard = figures(built(inference_steps=4), data)
  assert found["labelmap_mask"] == pytest.approx(hard["labelmap_mask"], rel=1e-5)


@pytest.mark.parametrize("clean_tags", [True, False])
def test_objects_of_weak_samples_weigh_more_by_the_bias(clean_tags):
  """Against the background by exp(bias); among each other, and where no tag is, nothing changes."""
  data, shares = batch(), []
  weak = tf.constant([False, False, True, True, False, False])
  for bias in (0.0, 1.5):
    method = built(inference_steps=2, clean_tags=clean_tags, foreground_bias=bias)
    images = method.preprocess(data["image"])
    _, _, found = method.complete(
        method.encoder(images), images, data["tags"], weak, seen(data))
    shares.append(found[2:4])
  odds = [share[..., 1:] / share[..., :1] for share in shares]
  np.testing.assert_allclose(odds[1], np.exp(1.5) * odds[0], rtol=1e-3)
  assert np.any(odds[0] > 0)


def test_inference_brings_the_tags_nearer_to_those_that_are_given():
  method, data = built(inference_steps=10), batch()
  images, tags = method.preprocess(data["image"]), data["tags"]
  weak = tf.constant([False, False, True, True, False, False])
  features = method.encoder(images)
  loss = lambda cleaned: -np.sum(tags[2:4] / np.sum(tags[2:4], 1, keepdims=True)
                                 * np.log(cleaned[2:4]), 1)
  _, moved, _ = method.complete(features, images, tags, weak, seen(data))
  method.inference_steps = 0
  _, still, _ = method.complete(features, images, tags, weak, seen(data))
  floor = np.log(np.sum(tags[2:4], 1))  # of tags that share the image equally
  assert (loss(moved.numpy()) - floor < 0.7 * (loss(still.numpy()) - floor)).all()


@pytest.mark.parametrize("clean_tags", [True, False])
def test_inference_does_not_explain_what_pads_a_crop(clean_tags):
  """The pixels that are to be reconstructed may be anything there; the features see the same."""
  method, data = built(inference_steps=6, clean_tags=clean_tags), batch()
  images = method.preprocess(data["image"])
  features, weak = method.encoder(images), tf.constant([False, False, True, True, False, False])
  padded = np.ones(seen(data).shape, bool)
  padded[:, :, 3:] = False
  other = np.where(np.arange(images.shape[2])[:, None] < 3 * 8, images, 1.0)
  found = [method.complete(features, pixels, data["tags"], weak, valid)
           for valid in (tf.constant(padded), tf.ones_like(padded)) for pixels in (images, other)]
  for same, moved in zip(zip(*found[:2]), zip(*found[2:])):
    np.testing.assert_array_equal(*same)
  assert np.abs(found[2][2] - found[3][2]).max() > 1e-4


def test_inference_moves_labels_and_not_one_weight():
  method, data = built(inference_steps=6), batch()
  images = method.preprocess(data["image"])
  before = [variable.numpy() for variable in method.weights]
  weak = tf.constant([False, False, True, True, False, False])
  features = method.encoder(images)
  latent, cleaned, _ = method.complete(features, images, data["tags"], weak, seen(data))
  for old, variable in zip(before, method.weights):
    np.testing.assert_array_equal(old, variable)
  assert (latent.numpy()[[0, 1, 4, 5]] == 255).all() and not cleaned.numpy()[[0, 1, 4, 5]].any()
  method.inference_steps = 0
  still, *_ = method.complete(features, images, data["tags"], weak, seen(data))
  assert (still.numpy() != latent.numpy()).any()


def test_nobody_else_in_the_batch_matters():
  method, data = built(inference_steps=6), batch()
  images = method.preprocess(data["image"])
  features = method.encoder(images)
  inferred = lambda weak: method.complete(
      features, images, data["tags"], tf.constant(weak) > 0, seen(data))
  both, tags, _ = inferred([0, 0, 1, 1, 0, 0])
  alone, own, _ = inferred([0, 0, 0, 1, 0, 0])
  np.testing.assert_array_equal(both[3], alone[3])
  np.testing.assert_allclose(tags[3], own[3], rtol=1e-5)
  none, nothing, _ = method.complete(
      features, images, data["tags"], tf.zeros([6], tf.bool), seen(data))
  assert (none.numpy() == 255).all() and not nothing.numpy().any()


@pytest.mark.parametrize("stage, moved", [
    ("labels", {"features", "labelmap", "tags"}), ("image", {"image_1", "image_2", "image_3"}),
    ("joint", {"features", "labelmap", "tags", "image_1", "image_2", "image_3"})])
def test_stages_move_their_own_weights_alone(stage, moved):
  method = built(stage)
  before = {v.name: v.numpy() for v in method.main.variables}
  logs = method.train_step(batch())
  changed = {name for name, value in before.items() if (value != next(
      v for v in method.main.variables if v.name == name).numpy()).any()}
  assert {name.split("/")[-2] for name in changed} == moved
  assert {name.split("_")[0] for name in logs} >= ({"image"} if stage == "image" else {"labelmap"})


@pytest.mark.parametrize("stage", ["labels", "joint", "semi"])
def test_what_is_not_granted_changes_nothing(stage):
  """Not a mask of weak samples, not a label of nothing, and no number where there is none."""
  data = batch()
  masks, tags = data["mask"].numpy().copy(), data["tags"].numpy().copy()
  masks[2:5] = np.random.RandomState(8).randint(0, CLASSES, masks[2:5].shape)
  tags[4] = np.nan
  first, second = (built(stage, inference_steps=2) for _ in range(2))
  one = first.train_step(data)
  other = second.train_step({**data, "mask": tf.constant(masks), "tags": tf.constant(tags)})
  assert {k: float(v) for k, v in one.items()} == {k: float(v) for k, v in other.items()}
  for old, new in zip(first.weights, second.weights):
    np.testing.assert_array_equal(old, new)


def test_noisy_tags_are_cleaned_and_true_ones_only_counted():
  options = {"labels": "noisy_tags", "inference_steps": 3, "threshold": 0.25}
  assert method_module.Dual.inputs({"stage": "semi", **options}) == ("noisy_tags",)
  assert method_module.Dual.inputs({"stage": "joint", **options}) == ()
  data = batch()
  found = figures(built(**options), data)
  # Of the tags of samples 2 and 3, {1} and {2, 3}, the noisy ones say {2} and {2, 3}.
  assert found["noisy_tag_precision"] == pytest.approx(2 / 3)
  assert found["noisy_tag_recall"] == pytest.approx(2 / 3)
  said = built(**options)
  images, weak = said.preprocess(data["image"]), tf.constant([0, 0, 1, 1, 0, 0]) > 0
  _, cleaned, _ = said.complete(
      said.encoder(images), images, data["noisy_tags"], weak, seen(data))
  said, true = cleaned.numpy()[2:4, 1:] > 0.25, data["tags"].numpy()[2:4, 1:] > 0
  assert found["cleaned_tag_recall"] == pytest.approx((said & true).sum() / 3)
  assert found["cleaned_tag_precision"] == pytest.approx((said & true).sum() / max(said.sum(), 1))
  wrong = data["tags"].numpy().copy()
  wrong[2] = [1, 0, 1, 0]
  first, second = built(**options), built(**options)
  one = first.train_step(data)
  other = second.train_step({**data, "tags": tf.constant(wrong)})
  assert float(one["noisy_tag_recall"]) != float(other["noisy_tag_recall"])
  for old, new in zip(first.weights, second.weights):
    np.testing.assert_array_equal(old, new)


def test_a_part_without_noisy_tags_is_drawn_to_its_own():
  data = batch(noisy_tags=np.zeros([6, CLASSES], np.float32))
  options = {"inference_steps": 3, "labels": "noisy_tags"}
  first, second = built(**options), built(inference_steps=3)
  first.train_step(data)
  second.train_step(data)
  for old, new in zip(first.weights, second.weights):
    np.testing.assert_array_equal(old, new)


def test_it_learns_the_three_things():
  """Colours that mean classes: masks and tags are learned, and the image comes back."""
  random = np.random.RandomState(0)
  colors = np.array([[20, 20, 20], [230, 40, 40], [40, 230, 40], [40, 40, 230]])
  blocks = random.randint(0, CLASSES, (6, 5, 5))
  masks = np.repeat(np.repeat(blocks, 8, 1), 8, 2)[:, 3:36, 3:36].astype(np.uint8)
  tags = np.stack([(masks == c).any((1, 2)) for c in range(CLASSES)], 1).astype(np.float32)
  data = batch(image=colors[masks].astype(np.uint8), mask=masks, tags=tags, noisy_tags=tags,
               valid=np.ones([6, SIDE, SIDE], bool))
  method = built(inference_steps=3)
  step = tf.function(method.train_step, autograph=False)
  first = step(data)
  for _ in range(150):
    last = step(data)
  assert float(last["labelmap_mask"]) < 0.7 * float(first["labelmap_mask"])
  assert float(last["image_weak"]) < 0.8 * float(first["image_weak"])
  assert float(last["train_accuracy"]) > 0.7


def test_mistakes_are_refused():
  with pytest.raises(ValueError, match="mean 'semi'"):
    built("semmi")
  with pytest.raises(ValueError, match="mean 'noisy_tags'"):
    built(labels="noisytags")
  with pytest.raises(ValueError, match="one label space"):
    built(readings=("one", "other"))


def test_a_network_without_subnets_is_refused(tiny_plan):
  with pytest.raises(ValueError, match="(?s)light_tiny.*network.type=light_dual"):
    tiny_plan("dual").phases[0].build({})


def test_needs_and_notes_follow_the_stage():
  needed = method_module.Dual.needed
  assert (int(needed({"stage": "image"})), int(needed({"stage": "semi"})), int(needed({}))) == (
      0, 1, 4)
  notes = method_module.Dual.notes({"stage": "semi", "inference_steps": 5}, False)
  assert "5 steps" in notes[0] and "no sample has a mask" in notes[1]
  assert method_module.Dual.notes({"stage": "labels"}, True) == ["stage labels"]
