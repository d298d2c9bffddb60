"""P-Net against a segmenter: losses by hand, who moves when, and what lambda = 0 leaves alone."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import registry
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing

CLASSES = 4


def built(name="adversarial", encoding="category", accumulation=1, **options):
  keras.utils.set_random_seed(1)
  image = keras.Input((None, None, 3))
  x = keras.layers.Conv2D(6, 5, 4, "same", activation="relu")(image)
  network = keras.Model(image, keras.layers.Conv2D(
      CLASSES, 3, 2, "same", dtype="float32", name="head_classifier")(x))
  record = networks.network_record("light_tiny", output_stride=8)
  scorer = preprocessing.predictor(network, record)
  made = {"segmenter": contexts.Built(network, record, scorer, scorer)}
  if name == "adversarial":
    made["critic"] = contexts.Built(networks.build_network(
        "p_net", (None, None, 3), CLASSES, encoding=encoding, grid=(9, 9)),
                                    networks.network_record("p_net"))
  method = registry.method_class(name)(contexts.Context(
      made, ("mask", "weak"), (0.7, 0.3), seed=3, accumulation=accumulation), **options)
  method.prepare(lambda variables, optimizer="": updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.05 * m, momentum=0.9), weight_decay=1e-3))
  return method


def batch(step=0):
  random = np.random.RandomState(step)
  masks = random.randint(0, CLASSES, (4, 65, 65)).astype(np.uint8)
  masks[:, :9] = 255
  masks[0][masks[0] == 3] = 0
  return {name: tf.constant(value) for name, value in {
      "image": random.randint(0, 255, (4, 65, 65, 3)).astype(np.uint8), "mask": masks,
      "tag_labels": masks[::-1].copy(), "supervision": np.array([7, 1, 7, 1], np.int32),
      "part": np.array([0, 1, 0, 1], np.int32), "tags": np.ones((4, CLASSES), np.float32),
      "valid": np.ones((4, 65, 65), bool),
      "sample_key": np.zeros((4, 2), np.int32)}.items()}


def values(network):
  return [variable.numpy() for variable in network.weights]


def same(one, other):
  return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def ratio(term):
  return float(term.mean.numerator / term.mean.denominator)


def test_the_critic_pays_for_every_category_of_strong_images_alone():
  method, data = built(slots=0), batch()
  scores = method.scorer(tf.cast(data["image"], tf.float32)).numpy()
  maps = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
  pixels = data["image"].numpy()[:, ::8, ::8] / 127.5 - 1.0
  labels = data["mask"].numpy()[:, ::8, ::8]
  true, said = [], []
  for row in (0, 2):
    for category in sorted(set(np.unique(labels[row])) - {0, 255}):
      known = (labels[row] != 255)[..., None]
      true.append(pixels[row] * (labels[row] == category)[..., None])
      said.append(pixels[row] * known * maps[row, ..., category][..., None])
  logits = [method.critic(np.float32(samples)).numpy()[:, 0] for samples in (true, said)]
  terms, health = method.critic_terms(data, tf.constant(maps))
  np.testing.assert_allclose(ratio(terms["critic_true"]), np.log1p(np.exp(-logits[0])).mean(),
                             rtol=1e-4)
  np.testing.assert_allclose(ratio(terms["critic_predicted"]), np.log1p(np.exp(logits[1])).mean(),
                             rtol=1e-4)
  assert float(terms["critic_true"].mean.denominator) == len(true) == 5
  share = health["critic_accuracy_true"]
  np.testing.assert_allclose(float(share.numerator / share.denominator), (logits[0] > 0).mean())


@pytest.mark.parametrize("encoding", ["category", "product"])
def test_the_segmenter_is_judged_in_all_images(encoding):
  method, data = built(encoding=encoding, strength=0.5, slots=0), batch()
  terms, _, _ = method.segmenter_terms(data)
  labels = np.where(np.array([1, 0, 1, 0])[:, None, None] > 0, data["mask"], data["tag_labels"])
  shown = [set(np.unique(of_image[::8, ::8])) - {0, 255} for of_image in labels]
  count = sum(map(len, shown)) if encoding == "category" else 4
  assert float(terms["adversarial"].mean.denominator) == count
  assert terms["adversarial"].weight == 0.5


@pytest.mark.parametrize("encoding", ["category", "product"])
def test_the_segmenter_is_not_judged_where_nobody_knows(encoding):
  """There the critic has learned nothing: what it says of the scores has no gradient."""
  method, data = built(encoding=encoding, strength=0.5, slots=0), batch()
  with tf.GradientTape() as tape:
    scores = method.scorer(tf.cast(data["image"], tf.float32))
    tape.watch(scores)
    labels = np.where(np.array([1, 0, 1, 0])[:, None, None] > 0, data["mask"], data["tag_labels"])
    method.scorer, scorer = lambda images, training: scores, method.scorer
    terms, _, _ = method.segmenter_terms(data)
    found = terms["adversarial"].mean
    loss = found.numerator / found.denominator
  method.scorer = scorer
  gradient = np.abs(tape.gradient(loss, scores)).max(-1)
  known = labels[:, ::8, ::8] != 255
  assert known.any() and not known.all()
  assert not gradient[~known].any() and gradient[known].any()


def test_without_strength_the_segmenter_is_trained_as_without_a_critic():
  with_critic, plain = built(strength=0.0), built("tag_labels")
  assert same(values(with_critic.main), values(plain.main))
  steps = [tf.function(method.train_step, autograph=False) for method in (with_critic, plain)]
  critic = values(with_critic.critic)
  for index in range(3):
    for step in steps:
      step(batch(index))
  assert same(values(with_critic.main), values(plain.main))
  assert not same(values(with_critic.critic), critic), "the critic goes on learning"
  judged = built(strength=0.5)
  for index in range(3):
    judged.train_step(batch(index))
  assert not same(values(judged.main), values(plain.main)), "with it, it is not the same"


def test_each_update_moves_its_own_network_alone():
  method, data = built(strength=0.5), batch()
  segmenter, critic = values(method.main), values(method.critic)
  said = []

  def segment(given):
    terms, health, maps = method.segmenter_terms(given)
    said.append(maps)
    return terms, health

  method.minimize(data, segment)
  assert not same(values(method.main), segmenter) and same(values(method.critic), critic)
  moved = values(method.main)
  method.minimize(data, lambda given: method.critic_terms(given, said.pop()), "critic")
  assert same(values(method.main), moved) and not same(values(method.critic), critic)


def test_a_critic_alone_leaves_the_segmenter_as_it_is():
  method = built(trains="critic")
  segmenter, critic = values(method.main), values(method.critic)
  weak = batch()
  logs = [tf.function(method.train_step, autograph=False)(weak) for _ in range(2)]
  assert same(values(method.main), segmenter) and not same(values(method.critic), critic)
  assert set(logs[0]) >= {"loss", "critic_true", "critic_predicted", "critic_accuracy_true"}
  assert type(method).inputs({"trains": "critic"}) == ()
  assert type(method).needed({"trains": "critic"}) == fields.Supervision.MASK


def test_micro_batches_are_judged_by_their_own_maps():
  """Two halves that are alike: accumulating them is one of them."""
  half = {name: value[:2] for name, value in batch().items()}
  twice = {name: tf.repeat(value, 2, axis=0) for name, value in half.items()}
  one, two = built(strength=0.5), built(strength=0.5, accumulation=2)
  one.train_step(half)
  two.train_step(twice)
  for a, b in zip(one.weights, two.weights, strict=True):
    np.testing.assert_allclose(a, b, atol=1e-6)


def test_a_critic_that_has_collapsed_is_named():
  method = built()
  figures = lambda value: {f"critic_accuracy_{kind}": value for kind in ("true", "predicted")}
  assert "always right" in method.warnings(figures(0.999))[0]
  assert "wrong more often" in method.warnings(figures(0.2))[0]
  assert not method.warnings(figures(0.8)) and not method.warnings({})


def test_a_critic_learns_to_tell_maps_apart():
  method, data = built(trains="critic", slots=0), batch()
  step = tf.function(method.train_step, autograph=False)
  first = step(data)
  for _ in range(60):
    last = step(data)
  assert float(last["loss"]) < 0.8 * float(first["loss"])
